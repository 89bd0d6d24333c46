-- From statements of OpenQASM to the plain data of a circuit: registers become qubits in the order of their
-- declaration, definitions and modifiers become gates of the table.
local counted = require "moonstill.counted"
local expressions = require "qasm.expressions"
local gates = require "qasm.gates"
local parser = require "qasm.parser"

local most_qubits = 24
local most_operations = 1000000

--- @class qasm.Reader
local Reader = {}
Reader.__index = Reader

function Reader:whole(token, value, least, what)
  local number = value(self.scope)
  local whole = type(number) == "number" and math.tointeger(number)
  if not whole or whole < least then
    self.refuse(token, "expected %s, got %s", what, tostring(type(number) == "number" and number or "a parameter"))
  end
  return whole
end

function Reader:declare(statement)
  if self.names[statement.name] then self.refuse(statement.token, "'%s' is declared twice", statement.name) end
  self.names[statement.name] = true
end

-- The qubits (or bits, among other registers) that an operand names, and whether it is one.
function Reader:operand(operand, registers)
  registers = registers or self.registers
  local register, kind = registers[operand.name], registers == self.bits and "bit" or "qubit"
  if not register then
    self.refuse(operand.token, "no %ss are called '%s'%s", kind, operand.name, parser.near(operand.name, registers))
  end
  local function place(value)
    local index = self:whole(operand.token, value, -register.size, "the number of a " .. kind)
    if index >= register.size then
      self.refuse(operand.token, "%s[%d] is outside 0..%d", operand.name, index, register.size - 1)
    end
    return index % register.size
  end
  local first = operand.first and place(operand.first) or 0
  local last = operand.last and place(operand.last) or operand.first and first or register.size - 1
  local qubits = {}
  for index = first, last do qubits[#qubits + 1] = register.first + index end
  return qubits, operand.first and not operand.last
end

-- A gate on registers acts on their first qubits, then on their second ones, and so on.
function Reader:broadcast(call)
  local operands, single, count = {}, {}, nil
  for i, operand in ipairs(call.operands) do
    operands[i], single[i] = self:operand(operand)
    if not single[i] then
      count = count or #operands[i]
      if #operands[i] ~= count then
        self.refuse(operand.token, "registers of one size are needed, got %d and %d qubits", count, #operands[i])
      end
    end
  end
  local rows = {}
  for k = 1, count or 1 do
    rows[k] = {}
    for i, qubits in ipairs(operands) do rows[k][i] = qubits[single[i] and 1 or k] end
  end
  return rows
end

local modify = {}

function modify.inv(operations)
  local reversed = {}
  for i = #operations, 1, -1 do
    for _, operation in ipairs(gates.inverse(operations[i])) do reversed[#reversed + 1] = operation end
  end
  return reversed
end

-- A global phase that is controlled is a phase of the qubit that controls it.
local function controlled(operation, qubit)
  if operation.gate == "gphase" then
    return { gate = "phase", qubits = { qubit }, controls = operation.controls, angles = operation.angles }
  end
  local controls = { qubit, table.unpack(operation.controls) }
  return { gate = operation.gate, qubits = operation.qubits, controls = controls, angles = operation.angles }
end

function modify.ctrl(operations, qubits)
  for last = #qubits, 1, -1 do
    local more = {}
    for i, operation in ipairs(operations) do more[i] = controlled(operation, qubits[last]) end
    operations = more
  end
  return operations
end

local function flips(qubits)
  local list = {}
  for i, qubit in ipairs(qubits) do list[i] = { gate = "x", qubits = { qubit }, controls = {}, angles = {} } end
  return list
end

function modify.negctrl(operations, qubits)
  local list = flips(qubits)
  table.move(modify.ctrl(operations, qubits), 1, #operations, #list + 1, list)
  return table.move(flips(qubits), 1, #qubits, #list + 1, list)
end

-- A power of a rotation is one of its angle; of anything else it must be a whole number.
function Reader:power(modifier, operations)
  local exponent = modifier.value(self.scope)
  local one = operations[1]
  if type(exponent) == "number" and #operations == 1 and #one.angles == 1 then
    local angle = expressions.scaled(one.angles[1], exponent)
    return { { gate = one.gate, qubits = one.qubits, controls = one.controls, angles = { angle } } }
  end
  local times = self:whole(modifier.token, modifier.value, -math.huge, "a whole power (or one rotation)")
  if times < 0 then operations, times = modify.inv(operations), -times end
  if math.max(times, times * #operations) > most_operations then
    self.refuse(modifier.token, "more than a million gates")
  end
  local list = {}
  for _ = 1, times do table.move(operations, 1, #operations, #list + 1, list) end
  return list
end

local function is_finite(angle)
  if type(angle) == "table" then return is_finite(angle.scale) and is_finite(angle.offset) end
  return angle == angle and math.abs(angle) < math.huge
end

function Reader:angles(call, scope)
  local angles = {}
  for i, angle in ipairs(call.angles) do
    angles[i] = angle(scope)
    if not is_finite(angles[i]) then self.refuse(call.token, "an angle is not finite") end
  end
  return angles
end

function Reader:check_counts(call, angles, qubits, expected_angles, expected_qubits)
  if angles ~= expected_angles then
    self.refuse(call.token, "%s: expected %s, got %d", call.name, counted(expected_angles, "angle"), angles)
  end
  if qubits ~= expected_qubits then
    self.refuse(call.token, "%s: expected %s%s, got %d", call.name, counted(expected_qubits, "qubit"),
      #call.modifiers > 0 and " besides controls" or "", qubits)
  end
end

-- What the call means: a definition of the file, a row of the table, or a further name.
function Reader:meaning(call)
  local name = call.name
  local found = self.definitions[name] or gates.by_name[name] or self:further()[name]
  if found then return found end
  local known = {}
  for _, list in ipairs { self.definitions, gates.by_name, self:further() } do
    for each in pairs(list) do known[each] = true end
  end
  self.refuse(call.token, "no gate is called '%s'%s", name, parser.near(name, known))
end

-- The operations of a call on given qubits, with angles that may name what the scope holds.
function Reader:expand(call, qubits, scope)
  local angles = self:angles(call, scope)
  local controls = 0
  for _, modifier in ipairs(call.modifiers) do
    if modifier.kind == "ctrl" or modifier.kind == "negctrl" then
      modifier.count = modifier.value and self:whole(modifier.token, modifier.value, 1, "a number of controls") or 1
      controls = controls + modifier.count
    end
  end
  if controls > #qubits then self.refuse(call.token, "%d controls need as many qubits, got %d", controls, #qubits) end
  local operations = self:plain(call, table.move(qubits, controls + 1, #qubits, 1, {}), angles)
  local last = controls
  for i = #call.modifiers, 1, -1 do
    local modifier = call.modifiers[i]
    if modifier.kind == "pow" then
      operations = self:power(modifier, operations)
    elseif modifier.kind == "inv" then
      operations = modify.inv(operations)
    else
      local first = last - modifier.count
      operations = modify[modifier.kind](operations, table.move(qubits, first + 1, last, 1, {}))
      last = first
    end
  end
  return operations
end

-- Without modifiers.
function Reader:plain(call, qubits, angles)
  if call.name == "gphase" then
    self:check_counts(call, #angles, #qubits, 1, 0)
    return { { gate = "gphase", qubits = {}, controls = {}, angles = angles } }
  end
  local meaning = call.meaning or self:meaning(call)
  if not meaning.body then
    self:check_counts(call, #angles, #qubits, #meaning.angles, meaning.controls + meaning.targets)
    return { { gate = meaning.name, qubits = qubits, controls = {}, angles = angles } }
  end
  self:check_counts(call, #angles, #qubits, #meaning.angles, #meaning.qubits)
  local places, scope = {}, setmetatable({}, { __index = self.scope })
  for i, name in ipairs(meaning.qubits) do places[name] = qubits[i] end
  for i, name in ipairs(meaning.angles) do scope[name] = angles[i] end
  local operations = {}
  for _, inner in ipairs(meaning.body) do
    local inner_qubits = {}
    for i, operand in ipairs(inner.operands) do inner_qubits[i] = places[operand.name] end
    local part = self:expand(inner, inner_qubits, scope)
    table.move(part, 1, #part, #operations + 1, operations)
    if #operations > most_operations then self.refuse(call.token, "more than a million gates") end
  end
  return operations
end

local visit = {}

function Reader:gate(statement)
  local own = {}
  for _, name in ipairs(statement.qubits) do own[name] = true end
  for _, call in ipairs(statement.body) do
    if call.name ~= "gphase" then call.meaning = self:meaning(call) end
    for _, operand in ipairs(call.operands) do
      if operand.first or not own[operand.name] then
        self.refuse(operand.token, "'%s' is no qubit of gate '%s'", operand.name, statement.name)
      end
    end
  end
end

function visit.gate(self, statement)
  if self.definitions[statement.name] then self.refuse(statement.token, "'%s' is defined twice", statement.name) end
  self:gate(statement)
  if not gates.is_own(statement) then self.definitions[statement.name] = statement end
end

-- The further names, each of which may use those before it.
function Reader:further()
  if not self.library then
    self.library = {}
    for _, statement in ipairs(gates.further()) do
      self:gate(statement)
      self.library[statement.name] = statement
    end
  end
  return self.library
end

function visit.qubits(self, statement)
  self:declare(statement)
  local size = statement.size and self:whole(statement.token, statement.size, 1, "a number of qubits") or 1
  self.registers[statement.name] = { first = self.qubits + 1, size = size }
  self.qubits = self.qubits + size
  if self.qubits > most_qubits then
    self.refuse(statement.token, "%d qubits: a circuit has at most %d", self.qubits, most_qubits)
  end
end

function visit.bits(self, statement)
  self:declare(statement)
  local size = statement.size and self:whole(statement.token, statement.size, 1, "a number of bits") or 1
  self.bits[statement.name] = { first = 1, size = size }
  if statement.measured then visit.measure(self, statement.measured) end
end

function visit.input(self, statement)
  self:declare(statement)
  self.inputs[#self.inputs + 1] = statement.name
  self.scope[statement.name] = { input = statement.name, scale = 1, offset = 0 }
end

function visit.const(self, statement)
  self:declare(statement)
  self.scope[statement.name] = statement.value(self.scope)
end

function visit.barrier(self, statement)
  for _, operand in ipairs(statement.operands) do self:operand(operand) end
end

function visit.include() end

function visit.measure(self, statement)
  local count = 0
  for _, operand in ipairs(statement.operands) do
    local qubits = self:operand(operand)
    count = count + #qubits
    for _, qubit in ipairs(qubits) do self.measured[qubit] = true end
  end
  local bits = statement.into and self:operand(statement.into, self.bits)
  if bits and #bits ~= count then
    self.refuse(statement.into.token, "as many bits as qubits are needed, got %d and %d", #bits, count)
  end
end

function visit.reset(self, statement)
  for _, operand in ipairs(statement.operands) do
    for _, qubit in ipairs((self:operand(operand))) do
      if self.touched[qubit] then
        self.refuse(statement.token, "'reset' after a gate is not read: it is no unitary")
      end
    end
  end
end

function Reader:append(call, operation)
  if operation.gate == "gphase" then return end
  local seen = {}
  for _, list in ipairs { operation.controls, operation.qubits } do
    for _, qubit in ipairs(list) do
      if self.measured[qubit] then
        self.refuse(call.token, "'%s' after the measurement of its qubit: measurements are read at the end only",
          call.name)
      end
      if seen[qubit] then self.refuse(call.token, "'%s': a qubit is named twice", call.name) end
      seen[qubit], self.touched[qubit] = true, true
    end
  end
  self.operations[#self.operations + 1] = operation
  if #self.operations > most_operations then self.refuse(call.token, "more than a million gates") end
end

function visit.call(self, call)
  for _, qubits in ipairs(self:broadcast(call)) do
    for _, operation in ipairs(self:expand(call, qubits, self.scope)) do self:append(call, operation) end
  end
end

local reader = {}

--- Reads a program into the statements' meaning.
--- @param text string
--- @param refuse fun(token: qasm.Token, format: string, ...)  raises an error about a place
--- @return { qubits: integer, inputs: string[], operations: table[] }
function reader.read(text, refuse)
  local self = setmetatable({
    refuse = refuse, scope = {}, names = {}, registers = {}, bits = {}, definitions = {}, qubits = 0, inputs = {},
    operations = {}, measured = {}, touched = {},
  }, Reader)
  local program = parser.read(text, refuse)
  for _, statement in ipairs(program.statements) do visit[statement.kind](self, statement) end
  if self.qubits == 0 then refuse({ line = 1, column = 1 }, "the program has no qubits") end
  return { qubits = self.qubits, inputs = self.inputs, operations = self.operations }
end

return reader
