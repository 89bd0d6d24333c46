-- Where chunks come from: text only, and modules from, in this order: the script's folder (and the module that it lies
-- in), the project's modules, the user's, LuaRocks' trees and LUA_PATH, the standard library. Never from the current
-- directory as such.
--
-- `moonstill` and `moonstill.*` are always the standard library's; what else it has can be hidden by a file of that
-- name, with a warning, but never from its own files. A program (a file that begins with "#!", or the running script)
-- is no module.
local host = require "moonstill.host"
local literal = require "moonstill.modules.literal"
local places = require "moonstill.modules.places"
local strict = require "moonstill.strict"

local loader = {}

local raw_load, raw_loadfile = load, loadfile

local search_own = package.searchers[2]
local search_c = package.searchers[4]
local rocks            -- templates of LuaRocks' trees
local titles = {}      -- of templates, for the text of a failed require
local script_file      -- the running script from the root on, or nil
local own_module       -- { name =, folder = }: the module that the script lies in, or nil
local project          -- { root =, passed_over = }, as places.project gives them

-- The absolute templates of a search path.
local function absolute_entries(path)
  local kept = {}
  for entry in path:gmatch "[^;]+" do
    if entry:sub(1, 1) == "/" then kept[#kept + 1] = entry end
  end
  return kept
end

local function add(list, title, ...)
  for _, template in ipairs { ... } do
    list[#list + 1] = template
    titles[template] = titles[template] or title
  end
end

-- What `luarocks` and Debian fill: LUA_PATH or Lua's own default, the user's tree, and packages that Debian has for
-- Lua 5.3 only, which 5.4 runs.
local function rock_templates(path)
  local list, home = {}, os.getenv "HOME"
  local user = home and home .. "/.luarocks/share/lua/5.4"
  add(list, "LuaRocks", table.unpack(absolute_entries(path)))
  if user then add(list, "LuaRocks", user .. "/?.lua", user .. "/?/init.lua") end
  add(list, "LuaRocks", "/usr/share/lua/5.3/?.lua", "/usr/share/lua/5.3/?/init.lua")
  return list
end

local function add_store(list, title, store)
  if not store then return end
  local folder = store .. "/" .. places.folder
  add(list, title, folder .. "/?.lua", folder .. "/?/init.lua")
end

local function module_around(folder)
  local root = host.find_above(folder, places.manifest)
  local text = root and io.open(root .. "/" .. places.manifest)
  if not text then return nil end
  local manifest = literal.parse(text:read "a")
  text:close()
  return manifest and type(manifest.name) == "string" and { name = manifest.name, folder = root } or nil
end

-- Looks for modules from this folder on; without one, from the project around the current directory.
local function search_from(folder)
  local list = {}
  if folder then add(list, "the script's folder", folder .. "/?.lua", folder .. "/?/init.lua") end
  local root, passed_over = places.project(folder or ".")
  project = { root = root, passed_over = passed_over }
  add_store(list, "the project's modules", root)
  add_store(list, "the user's modules", places.user())
  table.move(rocks, 1, #rocks, #list + 1, list)
  package.path = table.concat(list, ";")
  own_module = folder and module_around(folder)
end

local function is_reserved(name) return name == "moonstill" or name:match "^moonstill%." ~= nil end

-- Why a file is a program and no module, or nil.
local function program(file)
  if script_file and host.absolute(file) == script_file then return "the running script" end
  local handle <close> = io.open(file)
  return handle and handle:read(2) == "#!" and "a program" or nil
end

-- A line for a module that the project's lock file names and that is not there, or nil.
local function hint(name)
  local file = project.root and io.open(project.root .. "/" .. places.lock)
  if not file then return nil end
  local text <close> = file
  local top, lock = name:match "^[^%.]*", literal.parse(text:read "a" or "")
  if type(lock) ~= "table" or not lock[top] then return nil end
  if host.kind(("%s/%s/%s"):format(project.root, places.folder, top)) then return nil end
  return ("%s/%s names '%s': `moonstill add`, alone, installs it"):format(project.root, places.lock, top)
end

-- The first file that a template gives for a name, and lines that tell of those passed by.
local function find(name)
  local lines, title = {}, nil
  for template in package.path:gmatch "[^;]+" do
    if titles[template] ~= title then
      title = titles[template]
      lines[#lines + 1] = (title or "package.path") .. ":"
    end
    local file = package.searchpath(name, template)
    local why = file and program(file)
    if file and not why then return file, title end
    file = file or template:gsub("%?", (name:gsub("%.", "/")))
    lines[#lines + 1] = why and ("  '%s' is %s"):format(file, why) or ("  no file '%s'"):format(file)
  end
  if project.passed_over then lines[#lines + 1] = "the project's modules: " .. project.passed_over end
  lines[#lines + 1] = hint(name)
  return nil, table.concat(lines, "\n\t")
end

local function find_in_own_module(name)
  if not own_module then return nil end
  local rest = name:sub(#own_module.name + 1)
  if name:sub(1, #own_module.name) ~= own_module.name or not (rest == "" or rest:match "^%.") then return nil end
  local below = own_module.folder .. rest:gsub("%.", "/")
  return package.searchpath("", rest == "" and below .. "/init.lua" or below .. ".lua;" .. below .. "/init.lua")
end

-- The files that are being loaded from this one on, innermost last; nil where it is not.
local function loading_from(file)
  local files, level = {}, 2
  while true do
    local info = debug.getinfo(level, "S")
    if not info then return nil end
    if info.what == "main" then
      table.insert(files, 1, info.source:sub(2))
      if files[1] == file then return files end
    end
    level = level + 1
  end
end

local function search_file(name)
  if is_reserved(name) then return nil end
  local file, title = find_in_own_module(name), nil
  if not file then
    file, title = find(name)
    if not file then return title end
  end
  local ring = loading_from(file)
  if ring then
    ring[#ring + 1] = file
    error(("modules require one another in a ring: %s"):format(table.concat(ring, " -> ")), 0)
  end
  local chunk, message = raw_loadfile(file, "t")
  if not chunk then error(("error loading module '%s':\n\t%s"):format(name, message), 0) end
  if title == "LuaRocks" then strict.exempt("@" .. file) end
  if type(search_own(name)) == "function" then
    warn(("'%s' is '%s' here, which hides the standard library's"):format(name, file))
  end
  return chunk, file
end

local function search_libraries(name)
  if is_reserved(name) then return nil end
  local open, file = search_c(name)
  if type(open) ~= "string" then return open, file end
  return "libraries in C:\n\t" .. open:gsub("no file", "  %0")
end

-- The names that modules beside the wanted one have.
local function neighbours(name)
  local above, names, seen = name:match "^(.*%.)[^%.]*$" or "", {}, {}
  local function found(other)
    if not seen[other] then names[#names + 1] = other end
    seen[other] = true
  end
  for template in package.path:gmatch "[^;]+" do
    local folder = template:match "^(.*)/%?%.lua$"
    folder = folder and folder .. "/" .. above:gsub("%.", "/")
    for _, entry in ipairs(folder and host.list(folder) or {}) do
      local stem = entry.name:match "^([%w_%-]+)%.lua$"
      if stem and not program(folder .. "/" .. entry.name) then found(above .. stem) end
      local inside = entry.kind ~= "file" and host.kind(("%s/%s/init.lua"):format(folder, entry.name))
      if inside then found(above .. entry.name) end
    end
  end
  for _, source in ipairs(host.sources()) do found(source.module) end
  return names
end

local function search_library(name)
  local open, file = search_own(name)
  if type(open) ~= "string" then return open, file end
  return ("%s%s"):format(open, host.suggestion(name, neighbours(name)))
end

-- load, loadfile and dofile refuse binary chunks, whatever mode they are asked for. Their arguments are passed on as
-- they come, since an environment of nil differs from none.
local text_only = {}
function text_only.load(chunk, name, _, ...) return raw_load(chunk, name, "t", ...) end
function text_only.loadfile(file, _, ...) return raw_loadfile(file, "t", ...) end
function text_only.dofile(file)
  local chunk, message = raw_loadfile(file, "t")
  if not chunk then error(message, 0) end
  return chunk()
end

--- Searches modules from another folder on. Gives what undoes that.
--- @param folder string
--- @return function
function loader.enter(folder)
  local path, module, before = package.path, own_module, project
  search_from(folder)
  return function() package.path, own_module, project = path, module, before end
end

--- Prepares a state for scripts.
--- @param script? string  file whose folder is searched for modules
function loader.open(script)
  rocks = rock_templates(package.path)
  script_file = script and host.absolute(script)
  search_from(script and places.folder_of(script))
  package.cpath = table.concat(absolute_entries(package.cpath), ";")
  package.searchers[2] = function(name)
    if is_reserved(name) then return search_library(name) end
  end
  package.searchers[3], package.searchers[4] = search_file, search_libraries
  package.searchers[6] = search_library
  for name, replaced in pairs(text_only) do
    rawset(_G, name, replaced)
    rawset(_ENV, name, replaced)   -- for what is typed at the prompt
  end
  strict.open()
end

return loader
