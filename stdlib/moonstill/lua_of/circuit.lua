-- A circuit as the call of ms.circuit that makes it: gates by their methods, angles as expressions of the inputs.
local ms = require "moonstill.native"
local numbers = require "moonstill.numbers"

local circuit_text = {}

local widest = 100

local gates   -- by name; read when first asked for, so that loading calls nothing

local function is_gate(name)
  if not gates then
    gates = {}
    for _, row in ipairs(ms.gates()) do gates[row.name] = true end
  end
  return gates[name]
end

local function number_text(x) return (numbers.text(x):gsub("pi", "math.pi"):gsub("[*/]", " %0 ")) end

local function place_text(input, index)
  local words = { input }
  for i, place in ipairs(index) do words[i + 1] = ("[%d]"):format(place) end
  return table.concat(words)
end

local function angle_text(angle)
  if type(angle) == "number" then return number_text(angle) end
  local place = place_text(angle.input, angle.index)
  local text = angle.scale == 1 and place or angle.scale == -1 and "-" .. place
    or number_text(angle.scale) .. " * " .. place
  if angle.offset == 0 then return text end
  return ("%s %s %s"):format(text, angle.offset < 0 and "-" or "+", number_text(math.abs(angle.offset)))
end

-- "w[2]" where the angles are all numbers of that row, in order; else nil.
local function row_text(angles, shapes)
  local first = angles[1]
  if #angles < 2 or type(first) ~= "table" or shapes[first.input][#first.index] ~= #angles then return nil end
  local row = table.concat(first.index, ",", 1, #first.index - 1)
  for i, angle in ipairs(angles) do
    local plain = type(angle) == "table" and angle.input == first.input and angle.scale == 1 and angle.offset == 0
    if not plain or table.concat(angle.index, ",", 1, #angle.index - 1) ~= row or angle.index[#angle.index] ~= i then
      return nil
    end
  end
  return place_text(first.input, table.move(first.index, 1, #first.index - 1, 1, {}))
end

local function list_text(values)
  return #values == 1 and tostring(values[1]) or "{ " .. table.concat(values, ", ") .. " }"
end

local function call_text(operation, shapes, text_of)
  local words
  if is_gate(operation.gate) then
    words = table.move(operation.qubits, 1, #operation.qubits, 1, {})
    local row = row_text(operation.angles, shapes)
    for _, angle in ipairs(row and {} or operation.angles) do words[#words + 1] = angle_text(angle) end
    words[#words + 1] = row
  else
    words = { text_of(operation.matrix:totable()), list_text(operation.qubits) }
  end
  if #operation.controls > 0 then words[#words + 1] = ("{ controls = %s }"):format(list_text(operation.controls)) end
  return (":%s(%s)"):format(operation.gate, table.concat(words, ", "))
end

-- Chains of calls, as many as a line takes.
local function lines_of(calls, name, indent)
  local lines, line = {}, indent .. name
  for _, call in ipairs(calls) do
    if #line + #call > widest and line ~= indent .. name then
      lines[#lines + 1] = line
      line = indent .. name
    end
    line = line .. call
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

local function free_name(taken)
  local name = "c"
  while taken[name] do name = name .. "_" end
  return name
end

local function is_name(name) return name:match "^[%a_][%w_]*$" and load("local " .. name) ~= nil end

--- The text of a circuit.
--- @param circuit ms.Circuit
--- @param indent string  of the line that it stands in
--- @param text_of fun(value: any, indent?: string): string  of plain data
--- @return string
function circuit_text.of(circuit, indent, text_of)
  local shapes, names, declared, taken, named = {}, {}, {}, {}, true
  local calls = {}
  for i, input in ipairs(circuit:inputs()) do
    shapes[input.name], names[i], taken[input.name] = input.shape, input.name, true
    declared[i] = ("%s = %s"):format(input.name, text_of(input.shape))
    named = named and is_name(input.name) and input.name ~= "ms" and input.name ~= "math"
    if input.amplitudes then calls[1] = (":amplitudes(%s)"):format(input.name) end
  end
  if not named then return "ms.circuit_from " .. text_of(circuit:data(), indent) end
  for _, operation in ipairs(circuit:operations()) do calls[#calls + 1] = call_text(operation, shapes, text_of) end
  local head = ("ms.circuit(%d"):format(circuit:qubits())
  local chain = head .. ")" .. table.concat(calls)
  if #names == 0 and #indent + #chain <= widest then return chain end
  local inputs = #names == 0 and "{}" or "{ " .. table.concat(declared, ", ") .. " }"
  if #calls == 0 then return ("%s, %s)"):format(head, inputs) end
  local name = free_name(taken)
  table.insert(names, 1, name)
  return ("%s, %s, function(%s)\n%s\n%send)"):format(head, inputs, table.concat(names, ", "),
    lines_of(calls, name, indent .. "  "), indent)
end

return circuit_text
