-- OpenQASM: circuits written as version 3, read from versions 2 and 3.
--
-- What is written: every gate of the table (with a definition where stdgates.inc has none), further controls, a matrix
-- on one qubit. An input becomes one `input float` for each of its numbers, w_0_1 for w[1][2]; or numbers, where they
-- are given. Angle and basis embedding are gates. Amplitude embedding is written where its numbers are given. What
-- OpenQASM cannot hold: amplitudes as parameters, and matrices on two or more qubits; circuit:data() (and so JSON) can.
--
-- What is read: registers, gates on qubits and whole registers, definitions, modifiers (ctrl, negctrl, inv, pow),
-- inputs, constants, expressions. Barriers and annotations are accepted and ignored; so are a global phase and
-- measurements, as long as no gate follows on that qubit. Loops, conditions, classical variables, aliases, resets after
-- gates and further includes are refused. Qubits count from 0 in OpenQASM, from 1 here; registers follow one another.
local ms = require "moonstill"
local check = require "moonstill.check"
local parameters = require "qasm.parameters"
local reader = require "qasm.reader"
local writer = require "qasm.writer"

local qasm = {}

-- The operations' angles with the inputs that single parameters were grouped to.
local function with_places(operations, places)
  for _, operation in ipairs(operations) do
    for i, angle in ipairs(operation.angles) do
      if type(angle) == "table" then
        local place = places[angle.input]
        operation.angles[i] = { input = place.input, index = place.index, scale = angle.scale, offset = angle.offset }
      end
    end
  end
  return operations
end

local function circuit_of(name, text)
  local program = reader.read(text, function(token, format, ...)
    check.fail(name, "line %d, column %d: %s", token.line, token.column, format:format(...))
  end)
  local inputs, places = parameters.group(program.inputs)
  return ms.circuit_from {
    qubits = program.qubits, inputs = inputs, operations = with_places(program.operations, places),
  }
end

--- Reads a circuit from OpenQASM 2 or 3.
---
--- Parameters w_0, w_1, .. become one input w; measurements at the end and barriers are left out.
---
--- ```lua
--- local qasm = require "qasm"
--- print(qasm.read 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0], q[1];')
--- ```
--- @param text string
--- @return ms.Circuit
function qasm.read(text)
  check.argument("qasm.read", 1, "text", "string", text)
  local circuit = circuit_of("qasm.read", text)
  return circuit
end

--- Reads a circuit from a file of OpenQASM 2 or 3.
---
--- ```lua
--- local path = os.tmpname()
--- ms.io.write_text(path, "OPENQASM 3.0; qubit[2] q; h q[0]; cx q[0], q[1];")
--- print(require("qasm").load(path))
--- os.remove(path)
--- ```
--- @param path string
--- @return ms.Circuit
function qasm.load(path)
  check.argument("qasm.load", 1, "path", "string", path)
  local text = ms.io.read_text(path)
  local circuit = circuit_of("qasm.load: " .. path, text)
  return circuit
end

local write_spec = check.spec("qasm.write", {
  { "values", "table", "Numbers of inputs, by name, that are to be no parameters.", default = {} },
})

-- Values by input, as numbers and tables of them, in the input's shape.
local function checked_values(circuit, values)
  local shapes, amplitudes, out = {}, {}, {}
  for _, input in ipairs(circuit:inputs()) do
    shapes[input.name], amplitudes[input.name] = input.shape, input.amplitudes
  end
  for name, value in pairs(values) do
    if not shapes[name] then check.fail("qasm.write", "argument 'values': the circuit has no input '%s'", name) end
    local tensor = type(value) == "userdata" and value or ms.tensor(value, { dtype = "f64" })
    local expected, got = table.concat(shapes[name], ", "), table.concat(tensor:shape(), ", ")
    if expected ~= got then
      check.fail("qasm.write", "argument 'values': expected '%s' of shape [%s], got [%s]", name, expected, got)
    end
    if amplitudes[name] then tensor = tensor:reshape { -1 } end
    out[name] = #shapes[name] == 0 and tensor:item() or tensor:totable()
  end
  return out
end

--- Writes a circuit as OpenQASM 3.
---
--- ```lua
--- local qasm = require "qasm"
--- local circuit = ms.circuit(2, { w = { 2 } }, function(c, w) c:h(1):rx(2, w[1]):crz(1, 2, 2 * w[2]) end)
--- print(qasm.write(circuit))
--- print(qasm.write(circuit, { values = { w = { 0.5, math.pi / 2 } } }))
--- ```
--- @param circuit ms.Circuit
--- @param options? { values?: table<string, ms.Tensor|table|number> }
--- @return string
function qasm.write(circuit, options)
  check.argument("qasm.write", 1, "circuit", "ms.Circuit", circuit)
  local o = check.options("qasm.write", options, write_spec)
  local text = writer.write(circuit:data(), checked_values(circuit, o.values), function(format, ...)
    check.fail("qasm.write", format, ...)
  end)
  return text
end

return qasm
