-- Circuits as OpenQASM and as plain data: what is written reads back to the same unitary; errors name the place.
local ms = require "moonstill"
local qasm = require "qasm"
local test = require "moonstill.test"

local pi = math.pi

-- The unitary, by columns: the circuit on every basis state, which an embedding prepares.
local function unitary(circuit, values)
  local columns = {}
  local n = circuit:qubits()
  local data = circuit:data()
  data.inputs = data.inputs or {}
  data.inputs.basis_state = { 1 << n }
  data.amplitudes = "basis_state"
  local embedded = ms.circuit_from(data)
  local given = { dtype = "f64" }
  for name, value in pairs(values or {}) do given[name] = value end
  for state = 1, 1 << n do
    given.basis_state = ms.nn.one_hot({ state }, 1 << n, { dtype = "f64" }):reshape { -1 }
    columns[state] = embedded:state(given):totable()
  end
  return columns
end

local function same_unitary(a, b, values_of_a, values_of_b)
  test.near(unitary(a, values_of_a), unitary(b, values_of_b or values_of_a), 1e-12)
end

-- Every gate of the table on some of four qubits, with further controls if asked for.
local function one_gate(row, controls)
  local order = { 3, 1, 4, 2 }
  local arguments = table.move(order, 1, row.controls + row.targets, 1, {})
  for i = 1, #row.angles do arguments[#arguments + 1] = 0.3 * i - 0.75 end
  arguments[#arguments + 1] = { controls = controls and { order[row.controls + row.targets + 1] } or {} }
  local circuit = ms.circuit(4)
  return circuit[row.name](circuit, table.unpack(arguments))
end

for _, row in ipairs(ms.gates()) do
  test("gate " .. row.name .. " is written and read, with controls, inverted and defined", function()
    for _, controls in ipairs { false, true } do
      local circuit = one_gate(row, controls)
      local text = qasm.write(circuit)
      test.equal(qasm.read(text):data(), circuit:data())
      -- Under another name its definition is no row's, and its statements are read.
      local other, renamed = text:gsub("gate " .. row.qasm.name .. "%f[%W]", "gate other")
      if renamed > 0 then
        other = other:gsub("%f[%w]" .. row.qasm.name .. "%f[%W]([^;\n]*;\n?)$", "other%1")
        test.ok(qasm.read(other):operations()[1].gate ~= row.name, other)
        same_unitary(circuit, qasm.read(other))
      end
      local call = text:match "([^\n]*);\n$"
      same_unitary(ms.circuit(4), qasm.read(text .. "inv @ " .. call .. ";"))
      same_unitary(ms.circuit(4), qasm.read(text .. "pow(-1) @ " .. call .. ";"))
    end
  end)
end

local function random_circuit(random, n, length, inputs)
  local rows = ms.gates()
  local circuit = ms.circuit(n, inputs)
  for _ = 1, length do
    local row = rows[random:integer(#rows)]
    local order = random:permutation(n)
    local size = row.controls + row.targets
    local arguments = table.move(order, 1, size, 1, {})
    for _ = 1, #row.angles do
      local number = random:uniform() * 8 - 4
      local angle = number
      if inputs and random:integer(2) == 1 then
        angle = circuit:input("w")[random:integer(2)][random:integer(3)] * number + random:integer(3)
      end
      arguments[#arguments + 1] = angle
    end
    local further = table.move(order, size + 1, size + random:integer(n - size + 1) - 1, 1, {})
    arguments[#arguments + 1] = { controls = further }
    circuit[row.name](circuit, table.unpack(arguments))
  end
  return circuit
end

test("random circuits, with numbers and with parameters", function()
  local random = ms.random(5)
  for _ = 1, 12 do
    local circuit = random_circuit(random, 4, 20)
    local back = qasm.read(qasm.write(circuit))
    test.equal(back:data(), circuit:data())
    same_unitary(circuit, back)
    circuit = random_circuit(random, 4, 20, { w = { 2, 3 } })
    back = qasm.read(qasm.write(circuit))
    local w = random:normal({ 2, 3 }, { dtype = "f64" })
    same_unitary(circuit, back, { w = w })
    same_unitary(circuit, qasm.read(qasm.write(circuit, { values = { w = w } })), { w = w }, {})
  end
end)

test("the text is what one would write by hand", function()
  local circuit = ms.circuit(3, { x = { 2 }, w = { 1, 3 }, a = {} }, function(c, x, w, a)
    c:angles(x, { gate = "rx" }):rot(3, w[1]):h(1, { controls = { 2, 3 } }):cphase(1, 3, pi / 2 - a):ry(2, -0.1)
  end)
  test.equal(qasm.write(circuit), [[
// Qubits count from 0 here: q[0] is qubit 1 of Moonstill, the most significant bit of a basis state.
OPENQASM 3.0;
include "stdgates.inc";

gate rot(alpha, beta, gamma) a { rz(alpha) a; ry(beta) a; rz(gamma) a; }

input float[64] a;
input float[64] w_0_0;
input float[64] w_0_1;
input float[64] w_0_2;
input float[64] x_0;
input float[64] x_1;

qubit[3] q;

rx(x_0) q[0];
rx(x_1) q[1];
rot(w_0_0, w_0_1, w_0_2) q[2];
ctrl(2) @ h q[1], q[2], q[0];
cp(-a + pi/2) q[0], q[2];
ry(-0.1) q[1];
]])
  test.equal(qasm.read(qasm.write(circuit)):data(), circuit:data())
  local odd = ms.circuit(1, { q = {}, h = {} }, function(c, q, h) c:rx(1, q):ry(1, h) end)
  test.ok(qasm.write(odd):find("rx(q) qq[0];\nry(h_) qq[0];", 1, true), qasm.write(odd))
end)

test("embeddings: angles and bits are gates, amplitudes need their numbers", function()
  local circuit = ms.circuit(3, { x = { 8 }, y = { 3 }, bits = { 3 } }, function(c, x, y, bits)
    c:amplitudes(x):angles(y):basis(bits)
  end)
  test.fails("qasm.write: input 'x' gives the first state's amplitudes, which cannot be parameters in OpenQASM: "
    .. "pass their numbers, { values = { x = ... } }", qasm.write, circuit)
  local x = ms.random(3):normal({ 8 }, { dtype = "f64" })
  local values = { x = x, y = ms.tensor({ 0.1, -0.2, 0.3 }, { dtype = "f64" }), bits = { 1, 0, 1 }, dtype = "f64" }
  local back = qasm.read(qasm.write(circuit, { values = { x = x } }))
  test.near(back:state { y = values.y, bits = values.bits, dtype = "f64" }, circuit:state(values))
  local sparse = ms.circuit(3, { x = { 8 } })
  sparse:amplitudes(sparse:input "x")
  for _, numbers in ipairs { { 0, 0, 0, 0, 0, 0, 0, -2 }, { 0, 1, 0, 0, -1, 0, 0, 0 }, { 1, 0, 0, 0, 0, 0, 0, 0 } } do
    local tensor = ms.tensor(numbers, { dtype = "f64" })
    test.near(qasm.read(qasm.write(sparse, { values = { x = tensor } })):state { dtype = "f64" },
      sparse:state { x = tensor, dtype = "f64" })
  end
end)

test("matrices of one's own: on one qubit, up to a global phase", function()
  local random = ms.random(8)
  for _, controls in ipairs { {}, { 2 }, { 3, 2 } } do
    for _ = 1, 4 do
      local a = random:normal({ 4 }, { dtype = "f64" }):totable()
      local q = ms.circuit(1):u3(1, a[1], a[2], a[3]):state { dtype = "f64" }:totable()
      local p = ms.circuit(1):x(1):u3(1, a[1], a[2], a[3]):state { dtype = "f64" }:totable()
      local phase = { math.cos(a[4]), math.sin(a[4]) }
      local function turned(z) return { z[1] * phase[1] - z[2] * phase[2], z[1] * phase[2] + z[2] * phase[1] } end
      local matrix = { { turned(q[1]), turned(p[1]) }, { turned(q[2]), turned(p[2]) } }
      local circuit = ms.circuit(3):unitary(matrix, 1, { controls = controls })
      local back = qasm.read(qasm.write(circuit))
      if #controls > 0 then
        same_unitary(circuit, back)
      else
        local probabilities = ms.observable.probabilities()
        local function seen(c) return c:h(1) { observable = probabilities, dtype = "f64" } end
        test.near(seen(back), seen(circuit))
      end
    end
  end
  for _, matrix in ipairs { { { 0, 1 }, { 1, 0 } }, { { 1, 0 }, { 0, { 0, 1 } } }, { { 0, { 0, -1 } }, { -1, 0 } } } do
    local circuit = ms.circuit(2):unitary(matrix, 1, { controls = { 2 } })
    same_unitary(circuit, qasm.read(qasm.write(circuit)))
  end
  local swap = { { 1, 0, 0, 0 }, { 0, 0, 1, 0 }, { 0, 1, 0, 0 }, { 0, 0, 0, 1 } }
  local two = ms.circuit(2):unitary(swap, { 1, 2 })
  test.fails("qasm.write: a matrix on 2 qubits cannot be written in OpenQASM; circuit:data() holds it", qasm.write, two)
  same_unitary(ms.circuit_from(ms.io.parse_json(ms.io.json(two:data()))), two)
end)

test("JSON", function()
  local random = ms.random(11)
  for _ = 1, 5 do
    local circuit = random_circuit(random, 4, 20, { w = { 2, 3 }, unused = {} })
    local back = ms.circuit_from(ms.io.parse_json(ms.io.json(circuit:data())))
    test.equal(back:data(), circuit:data())
    local values = { w = random:normal({ 2, 3 }, { dtype = "f64" }), unused = 1 }
    same_unitary(circuit, back, values)
  end
  local embedded = ms.circuit(2, { x = { 4 } }, function(c, x) c:amplitudes(x):h(1) end)
  test.equal(embedded:data(), { qubits = 2, inputs = { x = { 4 } }, amplitudes = "x",
    operations = { { gate = "h", qubits = { 1 } } } })
  test.equal(ms.circuit_from(embedded:data()):data(), embedded:data())
end)

for _, case in ipairs {
  { { qubits = 1, operations = { { gate = "hh", qubits = { 1 } } } },
    "ms.circuit_from: operation 1: no gate is called 'hh' (did you mean 'h'?)" },
  { { qubits = 1, operations = { { gate = "h", qubits = { 1, 2 } } } },
    "ms.circuit_from: operation 1: expected 1 qubit, got 2" },
  { { qubits = 1, operations = { { gate = "rx", qubits = { 1 } } } },
    "ms.circuit_from: operation 1: expected 1 angle, got 0" },
  { { qubits = 1, operations = { { gate = "rx", qubits = { 1 }, angles = { { inputs = "w" } } } } },
    "ms.circuit_from: operation 1: angle 1: unknown argument 'inputs' (did you mean 'input'?)" },
  { { qubits = 1, operations = { { gate = "rx", qubits = { 1 }, angles = { true } } } },
    "ms.circuit_from: operation 1: angle 1: expected table of named arguments, got boolean true" },
  { { qubits = 2, operations = { { gate = "h", qubits = { 1 } }, { gate = "x", qubits = { 3 } } } },
    "ms.circuit_from: operation 2: x: argument 1 'qubit': 3 is outside 1..2" },
  { { qubits = 1, operations = { { gate = "rx", qubits = { 1 }, angles = { { input = "w" } } } } },
    "ms.circuit_from: operation 1: input: argument 1 'name': no input is called 'w'" },
  { { qubits = 1, operation = {} }, "ms.circuit_from: unknown argument 'operation' (did you mean 'operations'?)" },
} do
  test(case[2], function() test.fails(case[2], ms.circuit_from, case[1]) end)
end

-- What is read: text, and the same by methods.
local readings = {
  { "OpenQASM 2", [[
      OPENQASM 2.0;
      include "qelib1.inc";
      // two registers
      qreg a[2]; qreg b[1]; creg c[3];
      gate majority(theta) x, y { cx x, y; barrier x, y; u1(-theta/2) y; }
      U(pi/2, 0, pi) a[0]; CX a[0], a[1];
      majority(pi/3 + sin(0.5)^2) a[1], b[0];
      barrier a, b;
      measure a -> c[0:1];  measure b[0] -> c[2]; ]],
    function() return ms.circuit(3):u3(1, pi / 2, 0, pi):cnot(1, 2):cnot(2, 3)
      :phase(3, -(pi / 3 + math.sin(0.5) ^ 2) / 2) end },
  { "registers", "qubit[3] a; qubit[3] b; h a; cx a, b; cx a[0], b; ry(1) b[-1]; x a[0:1]; reset c; qubit c; ",
    nil, "line 1, column 80: no qubits are called 'c'" },
  { "what is ignored", "\xEF\xBB\xBFOPENQASM 3;\n@first one; two\n#pragma x\nqubit q;\n@a\n@b.c d\nh q;\nctrl @x q;\n@end",
    nil, "line 8, column 7: x: expected 1 qubit besides controls, got 0" },
  { "annotations", "@first one; two\nqubit q;\n@a\n@b.c d\nh q;\n@end", function() return ms.circuit(1):h(1) end },
  { "broadcasting", "qubit[2] a; qubit[2] b; reset a; h a; cx a, b; cz a[0], b; ry(1) b[-1]; x b[0:1];",
    function() return ms.circuit(4):h(1):h(2):cnot(1, 3):cnot(2, 4):cz(1, 3):cz(1, 4):ry(4, 1):x(3):x(4) end },
  { "modifiers", [[
      qubit[3] q;
      ctrl @ inv @ s q[0], q[1];  negctrl @ x q[0], q[1];  pow(2) @ rx(0.3) q[0];  inv @ pow(2) @ t q[2];
      pow(0.5) @ rz(pi) q[1];  ctrl(2) @ h q[0], q[1], q[2];  ctrl @ negctrl @ y q[0], q[1], q[2];
      ctrl @ gphase(pi/4) q[0];  gphase(1.5);  pow(0) @ x q[0];]],
    function() return ms.circuit(3):sdg(2, { controls = 1 }):x(1):cnot(1, 2):x(1):rx(1, 0.6):tdg(3):tdg(3):rz(2, pi / 2)
      :h(3, { controls = { 1, 2 } }):x(2):y(3, { controls = { 1, 2 } }):x(2):phase(1, pi / 4) end },
  { "further names", [[
      include "stdgates.inc";
      qubit[5] q;
      u1(0.1) q[0]; u2(0.1, 0.2) q[1]; u3(0.1, 0.2, 0.3) q[2]; phase(0.4) q[0]; cphase(0.5) q[0], q[1];
      cu1(0.6) q[1], q[2]; cu3(0.1, 0.2, 0.3) q[0], q[1]; cu(0.1, 0.2, 0.3, 0.4) q[2], q[0]; ch q[0], q[1];
      csx q[0], q[1]; c3x q[0], q[1], q[2], q[3]; c3sqrtx q[0], q[1], q[2], q[3]; c4x q[0], q[1], q[2], q[3], q[4];
      CX q[0], q[1]; u0(1) q[0]; ctrl @ u3(0.1, 0.2, 0.3) q[0], q[1];]],
    function() return ms.circuit(5):phase(1, 0.1):u3(2, pi / 2, 0.1, 0.2):u3(3, 0.1, 0.2, 0.3):phase(1, 0.4)
      :cphase(1, 2, 0.5):cphase(2, 3, 0.6):u3(2, 0.1, 0.2, 0.3, { controls = 1 }):phase(3, 0.4)
      :u3(1, 0.1, 0.2, 0.3, { controls = 3 }):h(2, { controls = 1 }):sx(2, { controls = 1 })
      :x(4, { controls = { 1, 2, 3 } }):sx(4, { controls = { 1, 2, 3 } }):x(5, { controls = { 1, 2, 3, 4 } })
      :cnot(1, 2):i(1):crot(1, 2, 0.3, 0.1, 0.2) end },
  { "constants and expressions", [[
      OPENQASM 3;
      const float θ = 2 ** 3 ** -1 * pi;  const int n = 1 + 1;
      qubit[n] q; bit[n] c;
      rx(-θ + 1e-1 - .5 * (3 - 1)) q[n - 1];  ry(arccos(1/2) + τ/4 % 2 + mod(7, 4)) q[0];  rz(1_000.5e-3) q;
      c = measure q;]],
    function() return ms.circuit(2):rx(2, -(2 ^ (3 ^ -1)) * pi + 0.1 - 0.5 * 2):ry(1, math.acos(0.5) + pi / 2 % 2 + 3)
      :rz(1, 1.0005):rz(2, 1.0005) end },
}

for _, case in ipairs(readings) do
  test("reading: " .. case[1], function()
    if case[4] then
      test.fails("qasm.read: " .. case[4], qasm.read, case[2])
    else
      same_unitary(qasm.read(case[2]), case[3]())
    end
  end)
end

test("parameters become inputs", function()
  local circuit = qasm.read [[
    input float[64] w_0_0; input float[64] w_0_1; input angle theta; input float w_1_0; input float w_1_1;
    input float b_1;
    qubit q;
    rx(-(w_1_0 - pi)/2 + w_1_0) q; ry(theta + theta) q; rz(2*b_1) q;]]
  test.equal(circuit:data().inputs, { w = { 2, 2 }, theta = {}, b_1 = {} })
  local rx, ry, rz = table.unpack(circuit:operations())
  test.equal(rx.angles, { { input = "w", index = { 2, 1 }, scale = 0.5, offset = pi / 2 } })
  test.equal(ry.angles, { { input = "theta", index = {}, scale = 2, offset = 0 } })
  test.equal(rz.angles[1].input, "b_1")
  -- As Qiskit writes elements of vectors.
  local vector = qasm.read "input float _w_0_; input float _w_1_; qubit q; rx(_w_1_) q; ry(_w_0_) q;"
  test.equal(vector:data().inputs, { w = { 2 } })
  test.equal(vector:operations()[1].angles[1].index, { 2 })
end)

-- Errors say where.
for _, case in ipairs {
  { "", "line 1, column 1: the program has no qubits" },
  { "qubit q;\n\n  swp q;", "line 3, column 3: no gate is called 'swp' (did you mean 'swap'?)" },
  { "qubit q;\nh q", "line 2, column 4: expected ';', got 'the end'" },
  { "qubit left; h lef;", "line 1, column 15: no qubits are called 'lef' (did you mean 'left'?)" },
  { "qubit[2] q; h q[2];", "line 1, column 15: q[2] is outside 0..1" },
  { "qubit[2] q; cx q[0], q[0];", "line 1, column 13: 'cx': a qubit is named twice" },
  { "qubit[2] q; cx q[0];", "line 1, column 13: cx: expected 2 qubits, got 1" },
  { "qubit q; rx q;", "line 1, column 10: rx: expected 1 angle, got 0" },
  { "qubit q; rx(thta) q;", "line 1, column 13: 'thta' is not defined" },
  { "input float theta; qubit q; rx(thta) q;", "line 1, column 32: 'thta' is not defined (did you mean 'theta'?)" },
  { "input float a; input float b; qubit q; rx(a*b) q;",
    "line 1, column 44: an angle is scale * parameter + offset, with numbers: this '*' makes another" },
  { "input float a; qubit q; rx(sin(a)) q;",
    "line 1, column 28: sin of a parameter: a parameter can be scaled and shifted by numbers only" },
  { "qubit q; rx(1/0) q;", "line 1, column 10: an angle is not finite" },
  { "qubit q; rx(2^3) q;", "line 1, column 14: '^' is no power in OpenQASM 3: write '**'" },
  { "qubit q; rx(sine(1)) q;", "line 1, column 13: no function is called 'sine' (did you mean 'sin'?)" },
  { "qubit[25] q;", "line 1, column 11: 25 qubits: a circuit has at most 24" },
  { "qubit[0] q;", "line 1, column 10: expected a number of qubits, got 0" },
  { "qubit q; qubit q;", "line 1, column 16: 'q' is declared twice" },
  { "qubit[2] a; qubit[3] b; cx a, b;", "line 1, column 31: registers of one size are needed, got 2 and 3 qubits" },
  { "/* π */ qubit q; if (c == 1) x q;",
    "line 1, column 18: 'if' is not read: a circuit is made of registers, inputs, constants and gates" },
  { "qubit q; bit c; c = measure q; x q;",
    "line 1, column 32: 'x' after the measurement of its qubit: measurements are read at the end only" },
  { "qubit q; x q; reset q;", "line 1, column 15: 'reset' after a gate is not read: it is no unitary" },
  { 'include "more.inc";', "line 1, column 9: only stdgates.inc and qelib1.inc can be included, got 'more.inc'" },
  { "OPENQASM 4;", "line 1, column 10: expected version 2 or 3, got '4'" },
  { "gate loop a { loop a; } qubit q; loop q;", "line 1, column 15: no gate is called 'loop'" },
  { "gate g a { x b; } qubit q; g q;", "line 1, column 14: 'b' is no qubit of gate 'g'" },
  { "qubit q; pow(0.5) @ x q;", "line 1, column 10: expected a whole power (or one rotation), got 0.5" },
  { "qubit q; pow(1e9) @ x q;", "line 1, column 10: more than a million gates" },
  { "qubit q; pow(1e30) @ x q;", "line 1, column 10: expected a whole power (or one rotation), got 1e+30" },
  { "qubit q; pow(4611686018427387904) @ cx q, q;", "line 1, column 10: more than a million gates" },
  { "qubit[1e30] q;", "line 1, column 13: expected a number of qubits, got 1e+30" },
  { "qubit q; ctrl @ x q;", "line 1, column 17: x: expected 1 qubit besides controls, got 0" },
  { "qubit q; c = measure q;", "line 1, column 10: no bits are called 'c'" },
  { "qubit q; measure q -> c;", "line 1, column 23: no bits are called 'c'" },
  { "qubit q; bit[2] c; c[2] = measure q;", "line 1, column 20: c[2] is outside 0..1" },
  { "qubit[2] q; bit[3] c; c = measure q;", "line 1, column 23: as many bits as qubits are needed, got 3 and 2" },
  { "qubit[2] q; bit c = measure q;", "line 1, column 17: as many bits as qubits are needed, got 1 and 2" },
  { "qubit q;\n h q; /* and so on", "line 2, column 7: a comment that does not end" },
} do
  test(("%s: %s"):format(case[1], case[2]), function() test.fails("qasm.read: " .. case[2], qasm.read, case[1]) end)
end

test("no text ends in anything but a circuit or an error with its place", function()
  local random, text = ms.random(2), qasm.write(random_circuit(ms.random(1), 3, 12, { w = { 2, 3 } }))
  local pieces = {}
  for piece in text:gmatch "[%w_.]+%s*" do pieces[#pieces + 1] = piece end
  for _ = 1, 300 do
    local at = random:integer(#text)
    local piece = random:integer(2) == 1 and pieces[random:integer(#pieces)] or string.char(random:integer(255))
    local broken = text:sub(1, at) .. piece .. text:sub(at + random:integer(8))
    local fine, problem = pcall(qasm.read, broken)
    test.ok(fine or tostring(problem):find "qasm%.read: line %d+, column %d+: ", tostring(problem))
  end
end)

test("wrong calls of writing", function()
  local circuit = ms.circuit(1, { w = { 2 } }, function(c, w) c:rx(1, w[1]) end)
  test.fails("qasm.write: argument 'values': the circuit has no input 'v'", qasm.write, circuit, { values = { v = 1 } })
  test.fails("qasm.write: argument 'values': expected 'w' of shape [2], got []", qasm.write, circuit, { values = { w = 1 } })
  test.fails("qasm.write: argument 1 'circuit': expected circuit, got string \"x\"", qasm.write, "x")
  test.fails_with("cannot read '/nonexistent.qasm'", function() qasm.load "/nonexistent.qasm" end)
end)

test("what Qiskit writes", function()
  local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
  local golden = ms.io.parse_json(ms.io.read_text(here .. "/../golden/qasm.json"))
  for i, case in ipairs(golden.cases) do
    for _, version in ipairs { "qasm2", "qasm3" } do
      test.section(("%s %d"):format(version, i), function()
        local state = qasm.read(case[version]):state { dtype = "f64" }:totable()
        local re, im = 0, 0
        for k, a in ipairs(state) do
          local b = case.state[k]
          re, im = re + a[1] * b[1] + a[2] * b[2], im + a[1] * b[2] - a[2] * b[1]
        end
        test.near(re * re + im * im, 1)
      end)
    end
  end
end)
