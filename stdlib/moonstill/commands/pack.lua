-- pack [PATH]: make one archive of a module, and a rockspec
local checking = require "moonstill.modules.checking"
local files = require "moonstill.modules.files"
local host = require "moonstill.host"
local manifest = require "moonstill.modules.manifest"
local native = require "moonstill.native"
local places = require "moonstill.modules.places"
local rockspec = require "moonstill.modules.rockspec"

local function run(o)
  local contents = files.of_folder(o.path)
  local data = manifest.read(contents[places.manifest], o.path .. "/" .. places.manifest)
  data.checksum = nil
  data.checksum = files.checksum(contents, data)
  contents[places.manifest] = manifest.write(data)
  files.verify(contents, o.path)
  checking.hold_exports(o.path)
  local full, packed = ("%s-%s"):format(data.name, data.version), {}
  for name, content in pairs(contents) do packed[full .. "/" .. name] = content end
  local archive = ("%s/%s.tar.gz"):format(o.out, full)
  local spec = ("%s/%s-1.rockspec"):format(o.out, full)
  local bytes = host.pack(packed)
  native.io.write_text(archive, bytes)
  native.io.write_text(spec, rockspec.text(data, contents, o.url ~= "" and o.url or full .. ".tar.gz"))
  for _, name in ipairs(files.names(contents)) do print("  " .. name) end
  print(("\n%s   %d bytes\n%s\n%s"):format(archive, #bytes, spec, data.checksum))
end

return {
  options = {
    about = "Packs a module into NAME-VERSION.tar.gz, with its checksum in the manifest, and writes a rockspec. The "
      .. "same files give the same bytes. Hidden files, what editors leave, and " .. places.folder .. " are left out.",
    { "path", positional = true, default = ".", help = "the module's folder" },
    { "out", default = ".", help = "folder for both files" },
    { "url", default = "", help = "where the archive will lie, for the rockspec" },
  },
  run = run,
}
