-- Completion inside strings: modules after `require`, the words that an option may be, else names of files.
local docs = require "moonstill.docs"
local host = require "moonstill.host"

local strings = {}

-- Modules that a script may require: the standard library's public ones, those loaded, those on the search path.
local function modules()
  local names = {}
  for _, source in ipairs(host.sources()) do
    if not source.module:match "^moonstill%." then names[source.module] = true end
  end
  for name in pairs(package.loaded) do
    if type(name) == "string" and name ~= "_G" and not name:match "^moonstill%." then names[name] = true end
  end
  for folder in package.path:gmatch "([^;]*)/%?%.lua" do
    for _, name in ipairs(host.folder(folder) or {}) do
      local module = name:match "^([%w_%-]+)%.lua$" or host.folder(folder .. "/" .. name .. "init.lua") and name
      if module then names[module] = true end
    end
  end
  return names
end

--- Parts of modules only once the module is typed.
--- @param partial string
--- @param add fun(word: string, signature?: string, summary?: string)
function strings.modules(partial, add)
  for name in pairs(modules()) do
    local _, dots = name:gsub("%.", "")
    local _, typed = partial:gsub("%.", "")
    if dots <= typed then add(name, "", (docs.of_module(name) or ""):match "^[^\n]*") end
  end
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
--- @param add fun(word: string, signature?: string, summary?: string)
--- @return string partial  what of the path the words replace
function strings.files(path, add)
  local folder, partial = path:match "^(.*/)([^/]*)$"
  partial = partial or path
  for _, name in ipairs(host.folder(folder or ".") or {}) do
    if name:sub(1, 1) ~= "." or partial:sub(1, 1) == "." then add(name) end
  end
  return partial
end

return strings
