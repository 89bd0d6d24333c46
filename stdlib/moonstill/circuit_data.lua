-- Circuits as plain data: circuit:data() gives it, ms.circuit_from makes the circuit again. JSON and Lua text carry it.
local ms = require "moonstill.native"
local check = require "moonstill.check"
local counted = require "moonstill.counted"
local host = require "moonstill.host"

local circuit_data = {}

local Circuit = ms.Circuit
Circuit.__name = "ms.Circuit"

--- @class ms.CircuitData
--- @field qubits integer
--- @field inputs? table<string, integer[]>  shapes by name
--- @field amplitudes? string  the input that the first state is made of
--- @field operations { gate: string, qubits: integer[], controls?: integer[], angles?: table, matrix?: table }[]

local function list(values, convert)
  if #values == 0 then return nil end
  local out = {}
  for i, value in ipairs(values) do out[i] = convert and convert(value) or value end
  return out
end

local function angle_data(angle)
  if type(angle) == "number" then return angle end
  return {
    input = angle.input, index = list(angle.index), scale = angle.scale ~= 1 and angle.scale or nil,
    offset = angle.offset ~= 0 and angle.offset or nil,
  }
end

--- Gives the circuit as plain data, from which ms.circuit_from makes it again.
---
--- Angles are numbers, or { input, index, scale = 1, offset = 0 }; a matrix of one's own is rows of { re, im }.
---
--- ```lua
--- local circuit = ms.circuit(2, { w = { 1 } }, function(c, w) c:h(1):crx(1, 2, w[1]) end)
--- print(ms.io.json(circuit:data()))
--- ```
--- @return ms.CircuitData
function Circuit:data()
  local data = { qubits = self:qubits(), operations = {} }
  for _, input in ipairs(self:inputs()) do
    data.inputs = data.inputs or {}
    data.inputs[input.name] = input.shape
    if input.amplitudes then data.amplitudes = input.name end
  end
  for i, operation in ipairs(self:operations()) do
    data.operations[i] = {
      gate = operation.gate, qubits = operation.qubits, controls = list(operation.controls),
      angles = list(operation.angles, angle_data), matrix = operation.matrix and operation.matrix:totable() or nil,
    }
  end
  return data
end

local rows

local function row_of(name)
  if not rows then
    rows = {}
    for _, row in ipairs(ms.gates()) do rows[row.name] = row end
  end
  return rows[name]
end

local angle_spec = {
  { "input", "string", "Name of an input." },
  { "index", "integer[]", "Which number of it.", default = {} },
  { "scale", "number", "Factor.", default = 1 },
  { "offset", "number", "Added to the product.", default = 0 },
}

local function angle_of(circuit, place, angle)
  if type(angle) == "number" then return angle end
  local o = check.options(place, angle, angle_spec)
  local value = circuit:input(o.input)
  for _, index in ipairs(o.index) do value = value[index] end
  return value * o.scale + o.offset
end

local operation_spec = {
  { "gate", "string", "Name of a gate, or unitary." },
  { "qubits", "integer[]", "Qubits." },
  { "controls", "integer[]", "Further qubits that must be 1.", default = {} },
  { "angles", "table", "Numbers, or { input, index, scale, offset }.", default = {} },
  { "matrix?", "table", "Of a unitary: rows of { re, im }." },
}

local function count(place, what, expected, values)
  if #values ~= expected then check.fail(place, "expected %s, got %d", counted(expected, what), #values) end
end

local function append(circuit, place, operation)
  local o = check.options(place, operation, operation_spec)
  local controls = { controls = o.controls }
  if o.gate == "unitary" then
    if not o.matrix then check.fail(place, "argument 'matrix': expected table, got nothing") end
    circuit:unitary(o.matrix, o.qubits, controls)
    return
  end
  local row = row_of(o.gate)
  if not row then
    local names = {}
    for i, gate in ipairs(ms.gates()) do names[i] = gate.name end
    check.fail(place, "no gate is called '%s'%s", o.gate, host.suggestion(o.gate, names))
  end
  count(place, "qubit", row.controls + row.targets, o.qubits)
  count(place, "angle", #row.angles, o.angles)
  local arguments = table.move(o.qubits, 1, #o.qubits, 1, {})
  for i, angle in ipairs(o.angles) do arguments[#o.qubits + i] = angle_of(circuit, place .. ": angle " .. i, angle) end
  arguments[#arguments + 1] = controls
  circuit[o.gate](circuit, table.unpack(arguments))
end

-- Appends, and says of which operation a gate's own error tells.
local function append_at(circuit, i, operation)
  local place = "ms.circuit_from: operation " .. i
  local fine, problem = pcall(append, circuit, place, operation)
  local inner = not fine and type(problem) == "string" and problem:match "ms%.Circuit:(.*)$"
  if inner then check.fail(place, "%s", inner) end
  if not fine then error(problem, 0) end
end

local data_spec = check.spec("ms.circuit_from", {
  { "qubits", "integer", "Their number.", least = 1 },
  { "inputs", "table", "Shapes by name.", default = {} },
  { "amplitudes?", "string", "The input that the first state is made of." },
  { "operations", "table[]", "In the order of time." },
})

--- Makes a circuit from plain data, as circuit:data() gives it or JSON holds it.
---
--- ```lua
--- local bell = ms.circuit(2):h(1):cnot(1, 2)
--- local json = ms.io.json(bell:data())
--- print(ms.circuit_from(ms.io.parse_json(json)))
--- ```
--- @param data ms.CircuitData
--- @return ms.Circuit
function circuit_data.from(data)
  local o = check.options("ms.circuit_from", data, data_spec)
  local circuit = ms.circuit(o.qubits, o.inputs)
  if o.amplitudes then circuit:amplitudes(circuit:input(o.amplitudes)) end
  for i, operation in ipairs(o.operations) do append_at(circuit, i, operation) end
  return circuit
end

return circuit_data
