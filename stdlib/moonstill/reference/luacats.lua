-- Annotations for lua-language-server, made from the reference model: a file for each module that scripts require.
local host = require "moonstill.host"
local model = require "moonstill.reference.model"

local luacats = {}

-- Lua's keywords cannot be names of parameters.
local keywords = { ["end"] = true, ["function"] = true, ["repeat"] = true, ["not"] = true }

local operators = {
  __add = "add", __sub = "sub", __mul = "mul", __div = "div", __pow = "pow", __unm = "unm", __len = "len",
  __shr = "shr", __concat = "concat",
}

local function one_line(text) return (text:gsub("%s*\n%s*", " ")) end

local function comment(lines, text)
  for line in (text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line == "" and "---" or "--- " .. line end
end

local function parameter(name) return keywords[name] and name .. "_" or name end

local function noted(option)
  local notes = {}
  if option.least then notes[1] = "at least " .. option.least end
  if option.default then notes[#notes + 1] = "default: " .. option.default end
  return one_line(option.doc .. (#notes > 0 and (" (%s)"):format(table.concat(notes, ", ")) or ""))
end

local function is_optional(option) return option.optional or option.default ~= nil end

-- A class for the table of named arguments.
local function add_options(lines, name, rows)
  lines[#lines + 1] = "---@class (exact) " .. name
  for _, row in ipairs(rows) do
    lines[#lines + 1] = ("---@field %s%s %s %s"):format(row.name, is_optional(row) and "?" or "", row.type, noted(row))
  end
  lines[#lines + 1] = ""
end

local function options_name(entry) return (entry.name:gsub(":", ".")) .. ".Options" end

local function result_types(entry)
  local list = {}
  for i, result in ipairs(entry.results) do list[i] = result.type end
  return table.concat(list, ", ")
end

-- Named arguments may stand for all of them: f { a = 1, b = 2 }.
local function add_overload(lines, entry, is_method)
  if entry.module or is_method or #entry.parameters == 0 then return end
  if entry.parameters[1].type:find("table", 1, true) or entry.parameters[1].name == "..." then return end
  local fields = {}
  for _, list in ipairs { entry.parameters, entry.options } do
    for _, row in ipairs(list) do
      fields[#fields + 1] = ("%s%s: %s"):format(row.name, is_optional(row) and "?" or "", row.type)
    end
  end
  local types = result_types(entry)
  lines[#lines + 1] = ("---@overload fun(named: { %s })%s"):format(table.concat(fields, ", "),
    types ~= "" and ": " .. types or "")
end

-- One function, as `function HOLDER.key(...) end`.
local function add_function(lines, entry, holder, separator)
  local names, body = {}, {}
  comment(body, entry.documentation)
  if entry.example ~= "" then comment(body, "\n```lua\n" .. entry.example .. "\n```") end
  for _, param in ipairs(entry.parameters) do
    local name = parameter(param.name)
    names[#names + 1] = name
    body[#body + 1] = ("---@param %s%s %s %s"):format(name, is_optional(param) and name ~= "..." and "?" or "",
      param.type, noted(param))
  end
  if #entry.options > 0 then
    local optional = true
    for _, option in ipairs(entry.options) do optional = optional and is_optional(option) end
    add_options(lines, options_name(entry), entry.options)
    names[#names + 1] = "options"
    body[#body + 1] = ("---@param options%s %s"):format(optional and "?" or "", options_name(entry))
  end
  for _, result in ipairs(entry.results) do
    local doc = one_line(result.doc)
    local name = result.name and " " .. result.name or ""
    body[#body + 1] = ("---@return %s%s%s"):format(result.type, name, doc ~= "" and " # " .. doc or "")
  end
  add_overload(body, entry, separator == ":")
  table.move(body, 1, #body, #lines + 1, lines)
  lines[#lines + 1] = ("function %s%s%s(%s) end\n"):format(holder, separator, entry.key, table.concat(names, ", "))
end

-- What stands in the class itself: operators, calls, indices.
local function add_event(lines, entry)
  local result = result_types(entry)
  local operator, second = operators[entry.key], entry.parameters[2]
  if operator and (operator == "unm" or operator == "len") then
    lines[#lines + 1] = ("---@operator %s: %s"):format(operator, result)
  elseif operator and second then
    lines[#lines + 1] = ("---@operator %s(%s): %s"):format(operator, second.type, result)
  elseif entry.key == "__index" and second then
    lines[#lines + 1] = ("---@field [%s] %s"):format(second.type, result)
  elseif entry.key == "__call" then
    local names = {}
    for i = 2, #entry.parameters do
      local param = entry.parameters[i]
      names[#names + 1] = ("%s%s: %s"):format(parameter(param.name), param.optional and "?" or "", param.type)
    end
    if #entry.options > 0 then names[#names + 1] = "options: table" end
    lines[#lines + 1] = ("---@overload fun(%s): %s"):format(table.concat(names, ", "), result)
  end
end

local function add_class(lines, class)
  comment(lines, class.documentation)
  lines[#lines + 1] = "---@class " .. class.name
  for _, field in ipairs(class.fields) do
    lines[#lines + 1] = ("---@field %s%s %s %s"):format(field.name, field.optional and "?" or "", field.type, field.doc)
  end
  for _, line in ipairs(class.operators) do lines[#lines + 1] = "---" .. line end
  for _, event in ipairs(class.events) do add_event(lines, event) end
  local name = class.name:gsub("%.", "_")
  lines[#lines + 1] = ("local %s = {}\n"):format(name)
  for _, method in ipairs(class.methods) do add_function(lines, method, name, ":") end
end

-- The tables inside a module ("ms.nn"), and its constants.
local function add_tables(lines, module, path)
  local keys = {}
  for key in next, module do keys[#keys + 1] = key end
  table.sort(keys)
  for _, key in ipairs(keys) do
    local value, name = rawget(module, key), path .. "." .. key
    if type(value) == "table" and not (getmetatable(value) or {}).__name and key:match "^%l" then
      lines[#lines + 1] = name .. " = {}\n"
      add_tables(lines, value, name)
    elseif type(value) ~= "function" and type(value) ~= "table" then
      lines[#lines + 1] = ("---@type %s\n%s = nil\n"):format(math.type(value) or type(value), name)
    end
  end
end

local function module_text(root, module_name, data)
  local lines = { "---@meta " .. module_name, "" }
  comment(lines, (require("moonstill.docs").of_module(module_name) or ""))
  lines[#lines + 1] = ("local %s = {}\n"):format(root)
  add_tables(lines, host.loaded[module_name], root)
  for _, module in ipairs(data.modules) do
    if module.name:match "^[^%.]+" == root then
      for _, entry in ipairs(module.functions) do add_function(lines, entry, entry.owner, ".") end
    end
  end
  for _, class in ipairs(data.classes) do
    local owner = class.name:match "^[^%.]+"
    if owner == root then add_class(lines, class) end
  end
  lines[#lines + 1] = "return " .. root
  return (table.concat(lines, "\n"):gsub(" +\n", "\n")) .. "\n"
end

--- The annotation files: texts by name ("train.lua"), one for each module that scripts require.
--- @return table<string, string>
function luacats.files()
  local data = model.read()
  local files = { ["moonstill.lua"] = module_text("ms", "moonstill", data) }
  for _, source in ipairs(host.sources()) do
    local name = source.module
    local nested = name:find(".", 1, true) or name == "moonstill"
    if not nested then files[name .. ".lua"] = module_text(name, name, data) end
  end
  return files
end

return luacats
