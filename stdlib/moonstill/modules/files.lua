-- A module's files: read from its folder or archive into a table of contents by name, and written from there.
local host = require "moonstill.host"
local literal = require "moonstill.modules.literal"
local manifest = require "moonstill.modules.manifest"
local native = require "moonstill.native"
local places = require "moonstill.modules.places"

local files = {}

local most_files, most_bytes = 10000, 64 << 20

-- Hidden files, what editors leave, installed modules and what `moonstill pack` wrote are no part of a module.
local foreign = { "^%.", "~$", "^#.*#$", "%.swp$", "%.rockspec$", "%.tar%.gz$" }

local function belongs(name)
  for _, pattern in ipairs(foreign) do
    if name:find(pattern) then return false end
  end
  return name ~= places.folder and name ~= places.lock
end

local function read_below(folder, prefix, found)
  for _, entry in ipairs(host.list(folder .. "/" .. prefix) or {}) do
    local name = prefix .. entry.name
    if belongs(entry.name) then
      if entry.kind == "folder" then
        read_below(folder, name .. "/", found)
      elseif entry.kind == "file" then
        found.count, found.bytes = found.count + 1, found.bytes + host.size(folder .. "/" .. name)
        if found.count > most_files or found.bytes > most_bytes then
          error(("'%s' is too large for a module: more than %d files or %d MiB"):format(folder, most_files,
            most_bytes >> 20), 0)
        end
        found.files[name] = native.io.read_text(folder .. "/" .. name)
      else
        error(("'%s/%s' is a link or a device, which a module cannot hold"):format(folder, name), 0)
      end
    end
  end
end

--- Reads a module's folder.
--- @param folder string
--- @return table<string, string>
function files.of_folder(folder)
  if host.kind(folder .. "/" .. places.manifest) ~= "file" then
    error(("'%s' is no module: it has no %s (`moonstill new NAME` makes a module)"):format(folder, places.manifest), 0)
  end
  local found = { files = {}, count = 0, bytes = 0 }
  read_below(folder, "", found)
  return found.files
end

-- The folder, with its slash, in which the manifest and everything else lies: often an archive has one.
local function top_of(packed)
  if packed[places.manifest] then return "" end
  local top
  for path in pairs(packed) do
    local folder, name = path:match "^([^/]+/)(.*)$"
    if not folder then return nil end
    if name == places.manifest then top = folder end
  end
  for path in pairs(packed) do
    if not top or path:sub(1, #top) ~= top then return nil end
  end
  return top
end

--- Reads an archive, without the folder that holds everything in it. Writes nothing.
--- @param bytes string
--- @param name string  the archive's, for errors
--- @return table<string, string>
function files.of_archive(bytes, name)
  local packed = host.unpack(bytes, name)
  local top = top_of(packed)
  if not top then
    error(("the archive '%s' is refused: no %s in it, or not in the one folder that holds everything"):format(name,
      places.manifest), 0)
  end
  local contents = {}
  for path, content in pairs(packed) do
    local inner, kept = path:sub(#top + 1), true
    for part in inner:gmatch "[^/]+" do kept = kept and belongs(part) end
    if kept then contents[inner] = content end
  end
  for path in pairs(contents) do
    for slash in path:gmatch "()/" do
      local above = path:sub(1, slash - 1)
      if contents[above] then
        error(("the archive '%s' is refused: '%s' is a file in it and a folder"):format(name, above), 0)
      end
    end
  end
  return contents
end

--- The names, sorted.
--- @param contents table<string, string>
--- @return string[]
function files.names(contents)
  local names = {}
  for name in pairs(contents) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- The checksum of a module's files: SHA-256 of a line for each ("DIGITS  NAME", as `sha256sum` writes it), by name;
--- the manifest counts as data, without its own checksum.
--- @param contents table<string, string>
--- @param data table  its manifest
--- @return string  "sha256:" and 64 digits
function files.checksum(contents, data)
  local lines, bare = {}, {}
  for key, value in pairs(data) do bare[key] = value end
  bare.checksum = nil
  for i, name in ipairs(files.names(contents)) do
    local content = name == places.manifest and literal.format(bare) or contents[name]
    lines[i] = ("%s  %s\n"):format(host.sha256(content), name)
  end
  return "sha256:" .. host.sha256(table.concat(lines))
end

--- Reads the manifest among a module's files, and holds the files against it: Lua that can be read, an init.lua, the
--- checksum. Runs none of them.
--- @param contents table<string, string>
--- @param where string  the folder or archive, for errors
--- @return table manifest
--- @return string checksum
function files.verify(contents, where)
  local data = manifest.read(contents[places.manifest], where .. "/" .. places.manifest)
  if not contents["init.lua"] then error(("%s: a module needs an init.lua, which `require` runs"):format(where), 0) end
  for _, name in ipairs(files.names(contents)) do
    local chunk, problem = true, nil
    if name:match "%.lua$" then
      local text = contents[name]:gsub("^\xEF\xBB\xBF", "")   -- a byte-order mark, which `require` skips too
      chunk, problem = load(text, "@" .. where .. "/" .. name, "t", {})
    end
    if not chunk then error(("%s/%s cannot be read as Lua: %s"):format(where, name, problem), 0) end
  end
  local checksum = files.checksum(contents, data)
  if data.checksum and data.checksum ~= checksum then
    error(("%s: the checksum differs: its manifest says %s, its files have %s"):format(where, data.checksum,
      checksum), 0)
  end
  return data, checksum
end

--- Writes a module's files into a folder.
--- @param contents table<string, string>
--- @param folder string
function files.write(contents, folder)
  for name, content in pairs(contents) do native.io.write_text(folder .. "/" .. name, content) end
end

return files
