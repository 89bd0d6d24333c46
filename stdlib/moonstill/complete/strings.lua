-- Candidates inside strings: modules after `require`, the words that an option may be, names of files.
local collect = require "moonstill.complete.collect"
local docs = require "moonstill.docs"
local host = require "moonstill.host"

local strings = {}

local function on_search_path(visit)
  for folder in package.path:gmatch "([^;]*)/%?%.lua" do
    for _, name in ipairs(host.folder(folder) or {}) do
      local module = name:match "^([%w_%-]+)%.lua$" or name:match "^([%w_%-]+)/$"
      if module and (name:sub(-1) ~= "/" or package.searchpath(module, folder .. "/?/init.lua")) then visit(module) end
    end
  end
end

-- Calls visit(name) for modules that a script may require: the standard library's public ones, those on the search
-- path, those loaded.
local function each_module(visit)
  for _, source in ipairs(host.sources()) do visit(source.module) end
  for name in pairs(package.loaded) do visit(tostring(name)) end
  on_search_path(visit)
end

--- Names of modules. Parts of modules only once the module is typed.
--- @param partial string
--- @return table candidates
function strings.modules(partial)
  local found, add = collect.begin(partial)
  local _, typed = partial:gsub("%.", "")
  each_module(function(name)
    local _, dots = name:gsub("%.", "")
    local own = name == "_G" or name:match "^moonstill%."
    if dots <= typed and not own then add(name, "", (docs.of_module(name) or ""):match "^[^\n]*") end
  end)
  return collect.sorted(found)
end

--- The words of a type such as '"mean"|"sum"', each with its quotes.
--- @param type string
--- @return string[]
function strings.words_of(type)
  local words = {}
  for word in type:gmatch '"[^"]*"' do words[#words + 1] = word end
  return words
end

--- Files and folders that a path may go on with. Hidden ones only when the dot is typed.
--- @param path string
--- @return table candidates
function strings.files(path)
  local folder, partial = path:match "^(.*/)([^/]*)$"
  partial = partial or path
  local found, add = collect.begin(partial)
  for _, name in ipairs(host.folder(folder or ".") or {}) do
    if name:sub(1, 1) ~= "." or partial:sub(1, 1) == "." then add(name) end
  end
  return collect.sorted(found)
end

return strings
