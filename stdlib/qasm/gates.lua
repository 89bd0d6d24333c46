-- What gates are called in OpenQASM: the rows of the table by their names, further names of qelib1.inc and stdgates.inc
-- in terms of these, and inverses.
local ms = require "moonstill.native"
local expressions = require "qasm.expressions"
local lexer = require "qasm.lexer"
local parser = require "qasm.parser"

local gates = {}

-- Rows of the table by their own name, and by that in OpenQASM.
gates.rows, gates.by_name = {}, {}
for _, row in ipairs(ms.gates()) do gates.rows[row.name], gates.by_name[row.qasm.name] = row, row end

local qubit_names, angle_names = { "a", "b", "c", "d" }, { "alpha", "beta", "gamma" }

--- The definition of a row that stdgates.inc does not have: "(alpha) a, b { rz(alpha) b; }"; nil for others.
--- @param row table
--- @return string|nil
function gates.definition(row)
  if not row.qasm.body then return nil end
  local angles = #row.angles > 0 and ("(%s)"):format(table.concat(angle_names, ", ", 1, #row.angles)) or ""
  return ("%s %s { %s }"):format(angles, table.concat(qubit_names, ", ", 1, row.controls + row.targets), row.qasm.body)
end

-- U is that of the OpenQASM 3 specification, whose phase differs from that of u; cu3 is qelib1's.
local further = [[
gate U(theta, phi, lambda) a { gphase(theta/2); u(theta, phi, lambda) a; }
gate CX a, b { cx a, b; }
gate u0(gamma) a { id a; }
gate u1(lambda) a { p(lambda) a; }
gate u2(phi, lambda) a { gphase(-(phi + lambda)/2); u(pi/2, phi, lambda) a; }
gate u3(theta, phi, lambda) a { gphase(-(phi + lambda)/2); u(theta, phi, lambda) a; }
gate phase(lambda) a { p(lambda) a; }
gate cphase(lambda) a, b { cp(lambda) a, b; }
gate cu1(lambda) a, b { cp(lambda) a, b; }
gate cu3(theta, phi, lambda) a, b { ctrl @ u(theta, phi, lambda) a, b; }
gate cu(theta, phi, lambda, gamma) a, b { p(gamma) a; ctrl @ u(theta, phi, lambda) a, b; }
gate ch a, b { ctrl @ h a, b; }
gate csx a, b { ctrl @ sx a, b; }
gate c3x a, b, c, d { ctrl(3) @ x a, b, c, d; }
gate c3sqrtx a, b, c, d { ctrl(3) @ sx a, b, c, d; }
gate rccx a, b, c { h c; t c; cx b, c; tdg c; cx a, c; t c; cx b, c; tdg c; h c; }
gate rc3x a, b, c, d {
  h d; t d; cx c, d; tdg d; h d; cx a, d; t d; cx b, d; tdg d; cx a, d; t d; cx b, d; tdg d;
  h d; t d; cx c, d; tdg d; h d;
}
gate c4x a, b, c, d, e { ctrl(4) @ x a, b, c, d, e; }
]]

--- Statements that define the further names.
--- @return table[]
function gates.further() return parser.read(further, error).statements end

--- Whether a definition in a file is that of the row of its name.
--- @param statement { name: string, text: string }
--- @return boolean
function gates.is_own(statement)
  local row = gates.by_name[statement.name]
  local definition = row and gates.definition(row)
  if not definition then return false end
  local words = {}
  for i, token in ipairs(lexer.tokens(definition)) do words[i] = token.text end
  return statement.text == table.concat(words, " ", 1, #words - 1)
end

-- Of gates without angles that are not their own inverse, and of angles where more than the sign changes.
local partners = { s = "sdg", sdg = "s", t = "tdg", tdg = "t", sx = "sxdg", sxdg = "sx" }
local order_of_angles = { rot = { 3, 2, 1 }, crot = { 3, 2, 1 }, u3 = { 1, 3, 2 } }

--- The operations that undo one.
--- @param operation table
--- @return table[]
function gates.inverse(operation)
  if operation.gate == "iswap" then return { operation, operation, operation } end
  local angles = {}
  for i = 1, #operation.angles do
    local order = order_of_angles[operation.gate]
    angles[i] = expressions.scaled(operation.angles[order and order[i] or i], -1)
  end
  return { {
    gate = partners[operation.gate] or operation.gate, qubits = operation.qubits, controls = operation.controls,
    angles = angles,
  } }
end

return gates
