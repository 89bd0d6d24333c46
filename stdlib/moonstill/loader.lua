-- Where chunks come from: text only; modules from the standard library, the script's folder and LUA_PATH, never from
-- the current directory as such.
local strict = require "moonstill.strict"

local loader = {}

local raw_load, raw_loadfile = load, loadfile

-- The absolute templates of a search path.
local function absolute_entries(path)
  local kept = {}
  for entry in (path or ""):gmatch "[^;]+" do
    if entry:sub(1, 1) == "/" then kept[#kept + 1] = entry end
  end
  return kept
end

local function script_folder(script)
  return script:match "^(.*)/[^/]*$" or "."
end

local function search_file(name)
  if package.path == "" then return "no folder of a script to search" end
  local file, problem = package.searchpath(name, package.path)
  if not file then return problem end
  local chunk, message = raw_loadfile(file, "t")
  if not chunk then error(("error loading module '%s':\n\t%s"):format(name, message), 0) end
  return chunk, file
end

-- load, loadfile and dofile refuse binary chunks, whatever mode they are asked for. Their arguments are passed on as
-- they come, since an environment of nil differs from none.
local function text_only()
  function load(chunk, name, _, ...) return raw_load(chunk, name, "t", ...) end
  function loadfile(file, _, ...) return raw_loadfile(file, "t", ...) end
  function dofile(file)
    local chunk, message = raw_loadfile(file, "t")
    if not chunk then error(message, 0) end
    return chunk()
  end
end

--- Prepares a state for scripts.
--- @param script? string  file whose folder is searched for modules
function loader.open(script)
  local path = absolute_entries(os.getenv "LUA_PATH_5_4" or os.getenv "LUA_PATH")
  if script then
    local folder = script_folder(script)
    table.insert(path, 1, folder .. "/?.lua")
    table.insert(path, 2, folder .. "/?/init.lua")
  end
  package.path = table.concat(path, ";")
  package.cpath = table.concat(absolute_entries(package.cpath), ";")
  package.searchers[3] = search_file
  text_only()
  strict.open()
end

return loader
