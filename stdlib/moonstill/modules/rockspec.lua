-- A module for LuaRocks: the rockspec beside the archive.
local files = require "moonstill.modules.files"
local literal = require "moonstill.modules.literal"

local rockspec = {}

-- "sub/part.lua" of module "bell" -> "bell.sub.part"; nil for what nobody requires.
local function module_name(name, file)
  local stem = file:match "^(.*)%.lua$"
  if not stem or stem == "module" or stem:match "_test$" then return nil end
  stem = ("/" .. stem):gsub("/init$", ""):gsub("/", ".")
  return name .. stem
end

local function dependencies(data)
  local list = {}
  for name, version in pairs(data.needs or {}) do list[#list + 1] = ("%s >= %s"):format(name, version) end
  table.sort(list)
  return { "lua >= 5.4, < 5.5", table.unpack(list) }
end

--- The text of a rockspec.
--- @param data table  the manifest
--- @param contents table<string, string>  the module's files
--- @param address string  where the archive can be loaded from
--- @return string
function rockspec.text(data, contents, address)
  local modules = {}
  for _, file in ipairs(files.names(contents)) do
    local name = module_name(data.name, file)
    if name then modules[name] = file end
  end
  local parts = {
    { "rockspec_format", "3.0" },
    { "package", data.name },
    { "version", data.version .. "-1" },
    { "source", { url = address, dir = ("%s-%s"):format(data.name, data.version) } },
    { "description", { summary = data.about, license = data.licence, maintainer = data.author } },
    { "dependencies", dependencies(data) },
    { "build", { type = "builtin", modules = modules } },
  }
  local lines = { "-- For LuaRocks. The code needs the program Moonstill, " .. data.moonstill .. " or newer." }
  for i, part in ipairs(parts) do
    lines[i + 1] = part[1] .. " = " .. literal.format(part[2]):match "^return (.*)\n$"
  end
  return table.concat(lines, "\n") .. "\n"
end

return rockspec
