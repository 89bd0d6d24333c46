-- What the expression before the cursor stands for, without running any code: a value that there is, or, behind a
-- call, an object of the class that the function's documentation says it gives.
local docs = require "moonstill.docs"

local resolve = {}

-- The tables in which the names of a value's fields and methods are found.
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

--- The value of "a.b.c" or "a.b:c" from the globals on, or nil.
--- @param path string
--- @return any
function resolve.value(path)
  local value = _G
  for key in path:gmatch "[%w_]+" do
    value = field(value, key)
    if value == nil then return nil end
  end
  return value
end

--- What is found: a value, a function known by its documentation only, or an object of a class.
--- @class complete.Found
--- @field value? any
--- @field entry? table    documentation of a function
--- @field class? string
--- @field is_method? boolean  of the object whose member it is

local function member(found, key)
  if not found then return nil end
  if found.class then
    local entry = docs.named(found.class .. ":" .. key)
    return entry and { entry = entry }
  end
  local value = field(found.value, key)
  return value ~= nil and { value = value } or nil
end

--- The documentation of a function that was found, or nil.
--- @param found complete.Found|nil
--- @return table|nil
function resolve.entry(found)
  if not found then return nil end
  return found.entry or type(found.value) == "function" and docs.of(found.value) or nil
end

-- What a call gives, by the function's documentation: "ms.Qubits: itself".
local function result(found)
  local entry = resolve.entry(found)
  local class = entry and entry.returns:match "^[%a_][%w_%.]*"
  return class and #docs.within(class) > 0 and { class = class } or nil
end

-- Whether a name is what ms.circuit calls the function with that is being written: circuit(3, {}, function(c, ...
local function is_circuit(before, name)
  return before:find("%f[%w_]circuit%s*%(.*%f[%w_]function%s*%(%s*" .. name .. "%s*[,)]") ~= nil
end

--- What ends at a place of a text: a name behind names, a call, a string in brackets.
--- @param place complete.Place
--- @param last integer  its last character
--- @return complete.Found|nil
function resolve.at(place, last)
  last = #place.text:sub(1, last):match "^(.-)%s*$"
  local begin = place.partner[last]
  if begin then
    local before = #place.text:sub(1, begin - 1):match "^(.-)%s*$"
    if place.text:match("^[%w_%)]", before) then return result(resolve.at(place, before)) end
    if place.text:match("^%(", begin) then return resolve.at(place, last - 1) end
    return place.text:match("^[\"'%[]", begin) and { value = "" } or nil
  end
  local path, name = place.text:sub(1, last):match "^(.-)([%a_][%w_]*)$"
  if not name then return nil end
  local rest = path:match "^(.-)%s*[%.:]%s*$"
  if rest and not rest:match "%.$" then return member(resolve.at(place, #rest), name) end
  if is_circuit(path, name) then return { class = "ms.Circuit" } end
  return member({ value = _G }, name)
end

--- Calls visit(name, member) for what can stand behind a dot or colon: the member is a value, or the documentation of a
--- method where only the class is known.
--- @param found complete.Found
--- @param visit fun(name: string, member: complete.Found)
function resolve.members(found, visit)
  if found.class then
    for _, entry in ipairs(docs.within(found.class)) do
      visit(entry.name:match "[%w_]+$", { entry = entry, is_method = entry.name:find(":", 1, true) ~= nil })
    end
    return
  end
  local seen = {}
  for _, fields in ipairs(tables_of(found.value)) do
    for key, value in next, fields do
      local is_method = fields ~= found.value and type(value) == "function"
      if type(key) == "string" and not seen[key] then visit(key, { value = value, is_method = is_method }) end
      seen[key] = true
    end
  end
end

return resolve
