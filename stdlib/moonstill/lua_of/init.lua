-- Values as Lua that makes them again: plain data, tensors, circuits, observables, networks, learning rates.
local check = require "moonstill.check"
local host = require "moonstill.host"

local lua_of = {}

local widest = 100

local text_of   -- fun(value, indent, path): string

local function number_text(x)
  if x == math.mininteger and math.type(x) == "integer" then return "math.mininteger" end
  if math.type(x) == "integer" then return tostring(x) end
  if x ~= x then return "0 / 0" end
  if math.abs(x) == math.huge then return x > 0 and "math.huge" or "-math.huge" end
  for digits = 15, 17 do
    local text = ("%%.%dg"):format(digits):format(x)
    if tonumber(text) == x then return text:find "[.e]" and text or text .. ".0" end
  end
end

local function key_text(key)
  if type(key) == "string" and key:match "^[%a_][%w_]*$" and load("local " .. key) then return key end
  return ("[%s]"):format(type(key) == "string" and ("%q"):format(key) or number_text(key))
end

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #value) then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)
    if type(a) ~= type(b) then return type(a) == "number" end
    return a < b
  end)
  return keys
end

-- Entries in lines: numbers as many as fit, others one each.
local function filled(entries, indent, are_numbers)
  if not are_numbers then return table.concat(entries, ",\n" .. indent) end
  local lines, line = {}, ""
  for i, entry in ipairs(entries) do
    local more = (line == "" and "" or line .. " ") .. entry .. (i < #entries and "," or "")
    if #indent + #more > widest and line ~= "" then
      lines[#lines + 1] = line
      more = entry .. (i < #entries and "," or "")
    end
    line = more
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. indent)
end

local function table_text(value, indent, path, open)
  if open[value] then check.fail("ms.lua_of", "%s: a table that holds itself has no text", path) end
  open[value] = true
  local entries, deeper, are_numbers = {}, indent .. "  ", true
  for _, key in ipairs(sorted_keys(value)) do
    if type(key) ~= "string" and type(key) ~= "number" then
      check.fail("ms.lua_of", "%s: expected keys that are strings or numbers, got %s", path, host.describe(key))
    end
    are_numbers = false
    local entry_path = ("%s.%s"):format(path, tostring(key))
    entries[#entries + 1] = key_text(key) .. " = " .. text_of(value[key], deeper, entry_path, open)
  end
  for i, element in ipairs(value) do
    are_numbers = are_numbers and type(element) == "number"
    entries[#entries + 1] = text_of(element, deeper, ("%s[%d]"):format(path, i), open)
  end
  open[value] = nil
  if #entries == 0 then return "{}" end
  local line = "{ " .. table.concat(entries, ", ") .. " }"
  if #indent + #line <= widest and not line:find("\n", 1, true) then return line end
  return "{\n" .. deeper .. filled(entries, deeper, are_numbers) .. ",\n" .. indent .. "}"
end

local function call_text(name, arguments, indent, path)
  local words = {}
  for i, argument in ipairs(arguments) do
    words[i] = text_of(argument, indent, ("%s: argument %d"):format(path, i), {})
  end
  if #words == 1 and words[1]:sub(1, 1) == "{" then return ("%s %s"):format(name, words[1]) end
  return ("%s(%s)"):format(name, table.concat(words, ", "))
end

local by_class = {}

by_class["ms.Circuit"] = require("moonstill.lua_of.circuit").of
by_class["ms.Observable"] = require("moonstill.lua_of.observable").of

by_class["ms.Schedule"] = function(schedule)
  return "ms.optim." .. tostring(schedule):gsub("{(.*)}", " { %1 }")
end

by_class["ms.Optimizer"] = function(optimizer, indent)
  local settings = optimizer:settings()
  local rule = settings.rule
  settings.rule = nil
  return ("ms.optim.%s %s"):format(rule, text_of(settings, indent, rule, {}))
end

by_class["ms.Tensor"] = function(tensor, indent)
  local options = tensor:dtype() == "f32" and "" or (", { dtype = %q }"):format(tensor:dtype())
  if tensor:size() == 0 then
    return ("ms.zeros(%s%s)"):format(text_of(tensor:shape(), indent, "shape", {}), options)
  end
  return ("ms.tensor(%s%s)"):format(text_of(tensor:totable(), indent, "tensor", {}), options)
end

by_class["distill.Still"] = function() return nil, "a still holds images; its plan, still:plan(), is plain data" end

by_class["ms.nn.Layer"] = function(net, indent, _, path)
  if net.lua then return net.lua end
  if not net.maker then
    return nil, ("'%s' is a layer of one's own, whose functions have no text: give ms.nn.layer { lua = '...' }"):format(
      net.name)
  end
  return call_text(net.maker, net.arguments, indent, path)
end

local function plain(value, indent) return text_of(value, indent or "", "value", {}) end

function text_of(value, indent, path, open)
  local kind, meta = type(value), debug.getmetatable(value)
  if kind == "string" then return (("%q"):format(value):gsub("\\\n", "\\n")) end
  if kind == "number" then return number_text(value) end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  local write = type(meta) == "table" and by_class[meta.__name]
  if write then
    local text, problem = write(value, indent, plain, path)
    if not text then check.fail("ms.lua_of", "%s: %s", path, problem) end
    return text
  end
  if kind ~= "table" or meta then check.fail("ms.lua_of", "%s: %s has no text", path, host.describe(value)) end
  return table_text(value, indent, path, open)
end

--- Gives Lua that makes a value again: an expression in which `ms` is the module.
---
--- Values are numbers, strings, booleans, tensors, circuits, observables, networks, schedules of learning rates,
--- optimisers (as they are before their first step), plans of distillation (still:plan()), and tables of these. A layer
--- of one's own holds functions: its `lua` says what makes it, see ms.nn.layer.
---
--- ```lua
--- local circuit = ms.circuit(2, { w = { 2 } }, function(c, w) c:h(1):crx(1, 2, w[1]):ry(2, 2 * w[2]) end)
--- local text = ms.lua_of { circuit = circuit, observable = 0.5 * ms.observable.pauli "ZZ" - 1 }
--- print(text)
--- local again = load("local ms = ...\nreturn " .. text)(ms)
--- print(again.circuit)
--- ```
--- @param value any
--- @return string
function lua_of.text(value)
  local text = text_of(value, "", "value", {})
  return text
end

return lua_of
