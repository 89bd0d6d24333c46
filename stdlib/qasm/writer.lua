-- From a circuit's plain data to OpenQASM 3. Qubit 1 becomes q[0].
local gates = require "qasm.gates"
local numbers = require "moonstill.numbers"
local parameters = require "qasm.parameters"
local preparation = require "qasm.preparation"

--- @class qasm.Writer
local Writer = {}
Writer.__index = Writer

function Writer:add(format, ...) self.lines[#self.lines + 1] = format:format(...) end

function Writer:operands(...)
  local words = {}
  for _, qubits in ipairs { ... } do
    for _, qubit in ipairs(qubits) do words[#words + 1] = ("%s[%d]"):format(self.register, qubit - 1) end
  end
  return table.concat(words, ", ")
end

local function controlled(count)
  return count == 0 and "" or count == 1 and "ctrl @ " or ("ctrl(%d) @ "):format(count)
end

-- The number at one place of an input whose values are given.
local function value_at(values, index)
  for _, place in ipairs(index) do values = values[place] end
  return values
end

-- Names of gates are taken.
local function parameter_name(input, index)
  local name = parameters.name(input, index)
  return gates.by_name[name] and name .. "_" or name
end

function Writer:angle(angle)
  if type(angle) == "number" then return numbers.text(angle) end
  local index, scale, offset = angle.index or {}, angle.scale or 1, angle.offset or 0
  local values = self.values[angle.input]
  if values then return numbers.text(scale * value_at(values, index) + offset) end
  return numbers.affine(parameter_name(angle.input, index), scale, offset)
end

function Writer:call(gate, angles, controls, qubits)
  local row = gates.rows[gate]
  self.used[gate] = true
  local words = {}
  for i, angle in ipairs(angles) do words[i] = self:angle(angle) end
  local list = #words > 0 and ("(%s)"):format(table.concat(words, ", ")) or ""
  self:add("%s%s%s %s;", controlled(#controls), row.qasm.name, list, self:operands(controls, qubits))
end

-- A 2 x 2 unitary is a phase times u(theta, phi, lambda).
local function angles_of(matrix)
  local function size(entry) return math.sqrt(entry[1] * entry[1] + entry[2] * entry[2]) end
  local function argument(entry, sign) return math.atan(sign * entry[2], sign * entry[1]) end
  local a, b, c, d = matrix[1][1], matrix[1][2], matrix[2][1], matrix[2][2]
  local theta = 2 * math.atan(size(c), size(a))
  if size(c) < 1e-12 then return argument(a, 1), theta, 0, argument(d, 1) - argument(a, 1) end
  if size(a) < 1e-12 then return argument(b, -1), theta, argument(c, 1) - argument(b, -1), 0 end
  local phase = argument(a, 1)
  return phase, theta, argument(c, 1) - phase, argument(b, -1) - phase
end

function Writer:unitary(operation, controls)
  if #operation.qubits > 1 then
    self.refuse("a matrix on %d qubits cannot be written in OpenQASM; circuit:data() holds it", #operation.qubits)
  end
  local phase, theta, phi, lambda = angles_of(operation.matrix)
  if phase ~= 0 then
    local operands = #controls > 0 and " " .. self:operands(controls) or ""
    self:add("%sgphase(%s)%s;", controlled(#controls), numbers.text(phase), operands)
  end
  self:call("u3", { theta, phi, lambda }, controls, operation.qubits)
end

function Writer:operation(operation)
  local controls = operation.controls or {}
  if operation.matrix then
    self:unitary(operation, controls)
  else
    self:call(operation.gate, operation.angles or {}, controls, operation.qubits)
  end
end

function Writer:amplitudes(input)
  local values = self.values[input]
  if not values then
    self.refuse("input '%s' gives the first state's amplitudes, which cannot be parameters in OpenQASM: pass their "
      .. "numbers, { values = { %s = ... } }", input, input)
  end
  preparation.each(values, function(qubit, angle, bits)
    local words, qubits = {}, {}
    for i, bit in ipairs(bits) do words[i], qubits[i] = bit == 1 and "ctrl @ " or "negctrl @ ", i end
    qubits[qubit] = qubit
    self:add("%sry(%s) %s;", table.concat(words), numbers.text(angle), self:operands(qubits))
  end)
end

function Writer:declare_inputs(data)
  local names, seen = {}, {}
  for name in pairs(data.inputs or {}) do names[#names + 1] = name end
  table.sort(names)
  local out = {}
  for _, name in ipairs(names) do
    if not name:match "^[%a_\x80-\xff][%w_\x80-\xff]*$" then self.refuse("'%s' is no name in OpenQASM", name) end
    if not self.values[name] and name ~= data.amplitudes then
      parameters.each(data.inputs[name], function(index)
        local parameter = parameter_name(name, index)
        if seen[parameter] then self.refuse("two inputs have a number called '%s' in OpenQASM", parameter) end
        seen[parameter] = true
        out[#out + 1] = ("input float[64] %s;"):format(parameter)
      end)
    end
  end
  while seen[self.register] do self.register = self.register .. "q" end
  return out
end

local function definitions(used)
  local out = {}
  for name in pairs(used) do
    local definition = gates.definition(gates.rows[name])
    if definition then out[#out + 1] = ("gate %s%s"):format(gates.rows[name].qasm.name, definition) end
  end
  table.sort(out)
  return out
end

local head = {
  "// Qubits count from 0 here: q[0] is qubit 1 of Moonstill, the most significant bit of a basis state.",
  "OPENQASM 3.0;",
  'include "stdgates.inc";',
}

local writer = {}

--- Writes a circuit's data as OpenQASM 3.
--- @param data ms.CircuitData
--- @param values table<string, number|table>  numbers of inputs that are not to be parameters
--- @param refuse fun(format: string, ...)  raises an error
--- @return string
function writer.write(data, values, refuse)
  local self = setmetatable({ lines = {}, used = {}, values = values, register = "q", refuse = refuse }, Writer)
  local inputs = self:declare_inputs(data)
  if data.amplitudes then self:amplitudes(data.amplitudes) end
  for _, operation in ipairs(data.operations) do self:operation(operation) end
  local parts = {}
  for _, lines in ipairs {
    head, definitions(self.used), inputs, { ("qubit[%d] %s;"):format(data.qubits, self.register) }, self.lines,
  } do
    if #lines > 0 then parts[#parts + 1] = table.concat(lines, "\n") .. "\n" end
  end
  return table.concat(parts, "\n")
end

return writer
