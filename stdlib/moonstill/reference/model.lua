-- What there is to document, from the one source: modules with their functions, classes with their methods and fields.
-- The editor's annotations, the reference pages and a test are made from it.
local docs = require "moonstill.docs"
local host = require "moonstill.host"
local types = require "moonstill.reference.types"

local model = {}

-- "distill.unrolled" -> the function of that name in what `require "distill"` gives, or nil.
local function reached(name)
  local value
  for key in name:gmatch "[^%.]+" do
    if value == nil then value = host.loaded[key] else value = type(value) == "table" and rawget(value, key) or nil end
    if value == nil then return nil end
  end
  return type(value) == "function" and value or nil
end

--- Whether a function is for scripts: one of `ms`, of what a module of the standard library gives, or a method of a
--- class. What such modules keep in files of their own is not.
--- @param entry table  as from docs.all
--- @return boolean
function model.is_public(entry)
  if entry.name:match "^moonstill" then return false end
  if entry.name:match "^ms%." or entry.alias then return true end
  return reached(entry.name) ~= nil
end

local function results_of(entry)
  if not entry.results then return types.results(entry.returns) end
  local list = {}
  for i, text in ipairs(entry.results) do list[i] = types.result(text) end
  return list
end

-- The class that a comment declares: text, "@class NAME", "@field NAME TYPE DOC", "@operator ..."; or nil.
local function class_of_comment(lines)
  local class
  for _, line in ipairs(lines) do
    local name = line:match "^@class%s+([%w_%.]+)"
    local field, rest = line:match "^@field%s+(%S+)%s+(.*)$"
    if name then class = { name = name, fields = {}, operators = {} } end
    if class and line:match "^@operator" then class.operators[#class.operators + 1] = line end
    if class and field then
      local type, doc = types.cut(rest)
      class.fields[#class.fields + 1] = { name = field:gsub("%?$", ""), optional = field:sub(-1) == "?", type = type,
        doc = doc:match "^%s*(.*)$" }
    end
  end
  if not class then return nil end
  local comment = docs.read_comment(lines)
  class.documentation, class.example = comment.documentation, comment.example
  return class
end

local function read_classes(source, add)
  local lines = {}
  for line in (source.text .. "\n"):gmatch "(.-)\n" do
    local comment = line:match "^%-%-%-%s?(.*)$"
    if comment then
      lines[#lines + 1] = comment
    elseif #lines > 0 then
      local class = class_of_comment(lines)
      if class then add(class) end
      lines = {}
    end
  end
end

local function all_classes()
  local list, by_name = {}, {}
  local function add(class)
    local known = by_name[class.name]
    if known then
      if known.documentation == "" then known.documentation = class.documentation end
      table.move(class.fields, 1, #class.fields, #known.fields + 1, known.fields)
      return
    end
    class.methods, class.events = {}, {}
    list[#list + 1], by_name[class.name] = class, class
  end
  for _, class in ipairs(host.classes()) do
    add { name = class.name, documentation = class.documentation, example = "", fields = {}, operators = {} }
  end
  for _, source in ipairs(host.sources()) do
    read_classes(source, add)
  end
  return list, by_name
end

--- Everything for scripts.
--- Modules are { name, documentation, functions }; classes { name, documentation, example, fields, methods, events },
--- events being metamethods; a function is an entry of docs.all with its `results`.
--- @return { modules: table[], classes: table[], functions: table[] }
function model.read()
  local classes, class_of = all_classes()
  local functions, modules, module_of = {}, {}, {}
  for _, entry in ipairs(docs.all()) do
    local owner, separator, key = entry.name:match "^(.*)([%.:])([^%.:]*)$"
    if model.is_public(entry) then
      local row = setmetatable({ results = results_of(entry), owner = owner, key = key }, { __index = entry })
      local class = separator == ":" and class_of[owner]
      if separator == ":" and not class then
        class = { name = owner, documentation = "", example = "", fields = {}, operators = {} }
        class.methods, class.events = {}, {}
        classes[#classes + 1], class_of[owner] = class, class
      end
      if class then
        local list = key:match "^__" and class.events or class.methods
        list[#list + 1] = row
      else
        if not module_of[owner] then
          local about = docs.of_module((owner:gsub("^ms%f[%W]", "moonstill"))) or ""
          module_of[owner] = { name = owner, documentation = about, functions = {} }
          modules[#modules + 1] = module_of[owner]
        end
        local list = module_of[owner].functions
        list[#list + 1] = row
      end
      functions[#functions + 1] = row
    end
  end
  return { modules = modules, classes = classes, functions = functions }
end

return model
