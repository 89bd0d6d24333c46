-- Validation for public functions written in Lua, with the texts and the blame of the described functions in C++.
--
--   local spec = check.spec("qnn.lenet.new", {                        -- what help shows too
--     { "qubits", "integer", "Qubits of the first layer." },          -- required
--     { "depth", "integer", "Layers.", default = 2 },
--     { "bias?", "boolean", "Adds a bias." },                         -- may be left out
--   })
--   function lenet.new(options)
--     local o = check.options("qnn.lenet.new", options, spec)         -- a copy with the defaults filled in
--     if o.depth < 1 then check.fail("qnn.lenet.new", "argument 'depth': expected at least 1, got %d", o.depth) end
--
-- A public function that validates must not be reached by a tail call of ours: that erases the caller's line.
local host = require "moonstill.host"
local pretty = require "moonstill.pretty"

local check = {}

local specs = {}   -- by the function's name

--- Raises an error at the script's line: "file:line: name: text".
--- @param name string  full name of the public function
--- @param format string  as for string.format
function check.fail(name, format, ...)
  error(("%s%s: %s"):format(host.blame(), name, format:format(...)), 0)
end

-- As in messages: of NaN some platforms write a sign.
local function show(value) return value ~= value and "NaN" or tostring(value) end

--- Says what a number is that is not finite: "NaN", "infinity" or "-infinity"; nil for a finite one.
--- @param number number
--- @return string|nil
function check.not_finite(number)
  if number ~= number then return "NaN" end
  if math.abs(number) == math.huge then return number > 0 and "infinity" or "-infinity" end
end

--- Checks one positional argument.
--- @param name string  full name of the public function
--- @param place integer  which argument, from 1
--- @param argument string  its name
--- @param type string  LuaCATS type: "integer", "ms.Tensor|number", '"mean"|"sum"', "string[]"
--- @param value any
--- @return any value
function check.argument(name, place, argument, type, value)
  local problem = host.mismatch(type, value)
  if problem then check.fail(name, "argument %d '%s': %s", place, argument, problem) end
  return value
end

local function split_name(entry)
  local name, optional = entry[1]:match "^([^?]+)(%??)$"
  return name, optional == "?"
end

--- Declares the named arguments of a public function, for check.options and for its help.
--- @param name string  full name of the public function, as in its errors
--- @param spec table  list of { "name", "type", "documentation", default = value, least = number }
--- @return table spec
function check.spec(name, spec)
  specs[name] = spec
  return spec
end

--- The named arguments of a function as its help shows them, or nil where none were declared.
--- @param name string  as given to check.spec
--- @return { name: string, type: string, doc: string, default?: string, least?: number }[]|nil
function check.described(name)
  if not specs[name] then return nil end
  local rows = {}
  for i, entry in ipairs(specs[name]) do
    local default = entry.default ~= nil and pretty.format(entry.default) or nil
    local key, optional = split_name(entry)
    rows[i] = { name = key, optional = optional, type = entry[2], doc = entry[3], default = default,
      least = entry.least }
  end
  return rows
end

-- The smallest key (so that the message does not depend on the order of the table) that the spec does not know.
local function unknown_key(options, spec)
  local known, names, worst = {}, {}, nil
  for i, entry in ipairs(spec) do
    names[i] = split_name(entry)
    known[names[i]] = true
  end
  for key in pairs(options) do
    if not known[key] and (worst == nil or tostring(key) < tostring(worst)) then worst = key end
  end
  return worst, names
end

--- Checks a closed table of named arguments. Returns a copy, with the defaults filled in.
--- @param name string  full name of the public function
--- @param options table|nil
--- @param spec table  as given to check.spec
--- @return table
function check.options(name, options, spec)
  local problem = host.mismatch("table|nil", options)
  if problem then check.fail(name, "%s", (problem:gsub("table or nil", "table of named arguments"))) end
  options = options or {}
  local worst, names = unknown_key(options, spec)
  if type(worst) == "string" then
    check.fail(name, "%s", host.unknown(worst, names))
  elseif worst ~= nil then
    check.fail(name, "expected a table of named arguments, got one with values that have no name")
  end
  local filled = {}
  for i, entry in ipairs(spec) do
    local key, optional = names[i], select(2, split_name(entry))
    local value = options[key]
    if value == nil then
      if entry.default ~= nil then
        value = entry.default
      elseif not optional then
        check.fail(name, "argument '%s': expected %s, got nothing", key,
          host.mismatch(entry[2], nil):match "^expected (.*), got")
      end
    else
      local why = host.mismatch(entry[2], value)
      if why then check.fail(name, "argument '%s': %s", key, why) end
      if entry.least and (value < entry.least or value ~= value) then
        check.fail(name, "argument '%s': expected at least %s, got %s", key, entry.least, show(value))
      end
    end
    filled[key] = value
  end
  return filled
end

return check
