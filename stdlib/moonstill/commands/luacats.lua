-- luacats DIR: write annotations and settings for lua-language-server
local host = require "moonstill.host"
local luacats = require "moonstill.reference.luacats"
local native = require "moonstill.native"

local folder = "luacats"

local settings = {
  ["$schema"] = "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
  ["runtime.version"] = "Lua 5.4",
  ["workspace.library"] = { folder },
  ["workspace.checkThirdParty"] = false,
}

local function run(o)
  local names = {}
  for name, text in pairs(luacats.files()) do
    native.io.write_text(("%s/%s/%s"):format(o.folder, folder, name), text)
    names[#names + 1] = name
  end
  table.sort(names)
  print(("%s/%s: %s"):format(o.folder, folder, table.concat(names, ", ")))
  local file = o.folder .. "/.luarc.json"
  if host.kind(file) then
    print(("%s is there already and stays as it is: it needs \"workspace.library\": [%q]"):format(file, folder))
    return
  end
  native.io.write_text(file, native.io.json(settings, { indent = 2 }) .. "\n")
  print(file .. ": settings for lua-language-server")
end

return {
  options = {
    about = "Writes what lua-language-server needs to complete and explain everything of Moonstill in an editor: "
      .. "annotations in the folder luacats, and .luarc.json beside it, which names them. Open DIR as the editor's "
      .. "folder.",
    { "folder", positional = true, default = ".", help = "the folder of your scripts" },
  },
  run = run,
}
