-- Completion at the prompt: names, fields, methods, names of arguments.
local docs = require "moonstill.docs"

local complete = {}

local keywords = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
  "or", "repeat", "return", "then", "true", "until", "while",
}

-- The tables in which the names of a value's fields and methods are found, without running any code of its own.
local function tables_of(value)
  local tables, seen = {}, {}
  while value ~= nil and not seen[value] do
    seen[value] = true
    if type(value) == "table" then tables[#tables + 1] = value end
    local meta = debug.getmetatable(value)
    if not meta then break end
    local index = rawget(meta, "__index")
    value = type(index) == "table" and index or rawget(meta, "methods")
  end
  return tables
end

local function field(value, key)
  for _, fields in ipairs(tables_of(value)) do
    local found = rawget(fields, key)
    if found ~= nil then return found end
  end
end

--- The value of "a.b.c" or "a.b:c" from the globals on, or nil. Runs no code of the values' own.
--- @param path string
--- @return any
function complete.value(path)
  local value = _G
  for key in path:gmatch "[%w_]+" do
    value = field(value, key)
    if value == nil then return nil end
  end
  return value
end

local function add(found, word, partial)
  local private = word:sub(1, 1) == "_" and partial:sub(1, 1) ~= "_"
  if word:sub(1, #partial) == partial and not private then found[word] = true end
end

local function argument_names(before, partial, found)
  local path = before:match "([%a_][%w_%.:]*)%s*{[^{}]*$" or before:match "([%a_][%w_%.:]*)%s*%([^{}()]*{[^{}]*$"
  if not path or not before:match("[{,]%s*" .. partial .. "$") then return end
  local callee = complete.value(path)
  local entry = type(callee) == "function" and docs.of(callee)
  if not entry then return end
  for _, list in ipairs { entry.parameters, entry.options } do
    for _, param in ipairs(list) do add(found, param.name, partial) end
  end
end

-- The words that the end of a line may become, and the length of the part that they replace.
local function words_for(before)
  local path, separator, partial = before:match "([%a_][%w_%.]*)([%.:])([%w_]*)$"
  local found = {}
  if path then
    local value = complete.value(path)
    for _, fields in ipairs(tables_of(value)) do
      for key, member in next, fields do
        local fits = type(key) == "string" and (separator == "." or type(member) == "function")
        if fits then add(found, key, partial) end
      end
    end
  else
    partial = before:match "[%w_]*$"
    if partial:match "^%d" or before:sub(1, 1) == "?" and partial == "" then return {}, 0 end
    argument_names(before, partial, found)
    local of_value = before:sub(-#partial - 1, -#partial - 1):match "[%.:]"
    if next(found) == nil and partial ~= "" and not of_value then
      for key in next, _G do
        if type(key) == "string" then add(found, key, partial) end
      end
      for _, word in ipairs(keywords) do add(found, word, partial) end
    end
  end
  local words = {}
  for word in pairs(found) do words[#words + 1] = word end
  table.sort(words)
  return words, #partial
end

--- What may stand at the end of an input: a list of candidates with `word`, `signature` and `summary`, and its
--- `length`, of the part that the words replace.
--- @param before string  the input up to the cursor
--- @return table
function complete.candidates(before)
  local words, length = words_for(before)
  local found = { length = length }
  for i, word in ipairs(words) do found[i] = { word = word, signature = "", summary = "" } end
  return found
end

return complete
