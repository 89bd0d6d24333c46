-- Circuits, observables and qubits as scripts use them.
local ms = require "moonstill"
local test = require "moonstill.test"

local pauli = ms.observable.pauli

local function near(a, b, tolerance)
  local close = math.abs(a - b) <= (tolerance or 1e-6)  -- false for NaN
  if not close then error(("expected %.12g, got %.12g"):format(b, a), 2) end
end

local function normal(shape, seed, dtype)
  return ms.nn.initialise("normal", shape, ms.random(seed), { dtype = dtype or "f32" })
end

test("a Bell state", function()
  local q = ms.qubits(2):h(1):cnot(1, 2)
  test.equal(tostring(q), "|00⟩  0.7071\n|11⟩  0.7071\n[Qubits 2 f64]")
  local counts = q:sample(1000, ms.random(1))
  test.equal(counts["00"] + counts["11"], 1000)
  near(q:expectation(pauli "ZZ"), 1)
  near(q:expectation(pauli "XX" - 2 * pauli "YY" + 0.5), 3.5)
  near(q:expectation((pauli "XX" - pauli "YY") / 4), 0.5)
  near(q:probabilities(2):totable()[1], 0.5)
  test.equal(q:expectation { pauli("Z", 1), ms.observable.probabilities() }:shape(), { 5 })
end)

test("qubit 1 is the most significant", function()
  test.equal(tostring(ms.qubits(2):x(1)), "|10⟩  1.0000\n[Qubits 2 f64]")
  test.equal(ms.qubits(3):x(3):sample(5), { ["001"] = 5 })
end)

test("a circuit with named inputs", function()
  local circuit = ms.circuit(2, { a = { 2 } }, function(c, a) c:rx(1, a[1]):ry(2, 2 * a[2] + 0.5) end)
  local z = { pauli("Z", 1), pauli("Z", 2) }
  local one = circuit { a = ms.tensor { 0.3, 0.2 }, observable = z }
  test.equal(one:shape(), { 2 })
  near(one:totable()[1], math.cos(0.3))
  near(one:totable()[2], math.cos(0.9))
  local batch = circuit { a = ms.tensor { { 0.3, 0.2 }, { 0, 0 }, { 1, 1 } }, observable = z }
  test.equal(batch:shape(), { 3, 2 })
  near(batch:totable()[3][1], math.cos(1))
  local gradient = ms.grad(function(a) return circuit({ a = a, observable = z }):sum() end)(ms.tensor { 0.3, 0.2 })
  near(gradient:totable()[1], -math.sin(0.3))
  near(gradient:totable()[2], -2 * math.sin(0.9))
end)

test("circuits draw themselves", function()
  local circuit = ms.circuit(2, { x = { 4 }, w = { 1, 2, 3 } }, function(c, x, w)
    c:amplitudes(x)
    for q = 1, 2 do c:rot(q, w[1][q]) end
    c:cnot(1, 2)
  end)
  test.equal(tostring(circuit),
    "1: ─╭|x⟩─Rot(w[1,1])─╭●─\n2: ─╰|x⟩─Rot(w[1,2])─╰⊕─\n[Circuit of 2 qubits, 3 operations]")
  test.equal(circuit:operations()[3], { gate = "cnot", qubits = { 1, 2 }, targets = { 2 }, controls = {}, angles = {} })
end)

test("circuits and observables as plain tables", function()
  local circuit = ms.circuit(3, { x = { 8 }, w = { 2, 3 } }, function(c, x, w)
    c:amplitudes(x):ry(2, 2 * w[2][3] + 0.5):rx(1, 0.25, { controls = 3 }):unitary({ { 0, { 0, -1 } }, { { 0, 1 }, 0 } }, 1)
  end)
  test.equal(circuit:inputs(), { { name = "x", shape = { 8 }, amplitudes = true }, { name = "w", shape = { 2, 3 } } })
  local ry, rx, unitary = table.unpack(circuit:operations())
  test.equal(ry.angles, { { input = "w", index = { 2, 3 }, scale = 2, offset = 0.5 } })
  test.equal({ rx.angles, rx.controls, rx.targets }, { { 0.25 }, { 3 }, { 1 } })
  test.equal({ unitary.gate, unitary.matrix:totable() }, { "unitary", { { { 0, 0 }, { 0, -1 } }, { { 0, 1 }, { 0, 0 } } } })
  test.equal((0.5 * pauli("XIZ") + 2):parts(), { { kind = "pauli", words = {
    { coefficient = 0.5, word = "XZ", qubits = { 1, 3 } }, { coefficient = 2, word = "", qubits = {} } } } })
  test.equal(ms.observable.probabilities():parts(), { { kind = "probabilities" } })
  test.equal(ms.observable.probabilities({ 2, 1 }):parts(), { { kind = "probabilities", qubits = { 2, 1 } } })
  test.equal(ms.observable.hermitian({ { 1, 0 }, { 0, 2 } }, 2):parts()[1].matrix:totable()[2][2], { 2, 0 })
  test.equal(ms.observable.hermitian(ms.zeros { 2, 2, 2, 2 }, { 1, 3 }):parts(),
    { { kind = "hermitian", qubits = { 1 } }, { kind = "hermitian", qubits = { 3 } } })
end)

test("the template is what the loop writes", function()
  local inputs = { x = { 8 }, w = { 2, 3, 3 } }
  local template = ms.circuit(3, inputs, function(c, x, w) c:amplitudes(x):strongly_entangling(w) end)
  local loop = ms.circuit(3, inputs, function(c, x, w)
    c:amplitudes(x)
    for l = 1, #w do
      for q = 1, 3 do c:rot(q, w[l][q][1], w[l][q][2], w[l][q][3]) end
      for q = 1, 3 do c:cnot(q, (q - 1 + l) % 3 + 1) end
    end
  end)
  local x, w = normal({ 4, 8 }, 1), normal({ 2, 3, 3 }, 2)
  local a = template { x = x, w = w, observable = ms.observable.probabilities() }
  local b = loop { x = x, w = w, observable = ms.observable.probabilities() }
  test.equal(a:totable(), b:totable())
  test.equal(template:state({ x = x, w = w }):totable(), loop:state({ x = x, w = w }):totable())
end)

test("trainable Hermitians are differentiated to second order", function()
  local circuit = ms.circuit(2, { a = { 2 } }, function(c, a) c:angles(a):cnot(1, 2) end)
  local function loss(p)
    local observable = ms.observable.hermitian(ms.observable.hermitian_part(p.h), { 1, 2 })
    local f = circuit { a = p.a, observable = observable }
    return (f * f):sum()
  end
  local a = normal({ 3, 2 }, 3, "f64")
  local h = normal({ 2, 2, 2, 2 }, 4, "f64")
  ms.test.gradcheck(loss, { a = a, h = h }, { order = 2 })
end)

test("basis and angle embedding", function()
  local circuit = ms.circuit(3, { bits = { 3 } }, function(c, bits) c:basis(bits) end)
  local z = { pauli("Z", 1), pauli("Z", 2), pauli("Z", 3) }
  local f = circuit { bits = ms.tensor { { 1, 0, 1 }, { 0, 0, 1 } }, observable = z }:totable()
  for i, row in ipairs { { -1, 1, -1 }, { 1, 1, -1 } } do
    for k = 1, 3 do near(f[i][k], row[k]) end
  end
  local part = ms.circuit(2, { x = { 2, 2 } }, function(c, x) c:rx(1, x[1][1]):basis(1 - x[2]) end)
  local rows = { { { 0.5, 3 }, { 0, 1 } }, { { 0.5, 3 }, { 1, 0 } } }
  near(part({ x = rows, observable = pauli("Z", 2) })[1][1]:item(), 1)
  near(part({ x = rows, observable = pauli("Z", 2) })[2][1]:item(), -1)
  test.fails_with("input 'bits': basis embedding takes 0 and 1, got 0.5", function() circuit:state { bits = { 0.5, 1, 1 } } end)
  test.fails_with("ms.Circuit '()': input 'bits': basis embedding takes 0 and 1, got 2", function()
    ms.grad(function(bits) return circuit { bits = bits, observable = z }:sum() end)(ms.tensor { { 0, 1, 1 }, { 0, 2, 1 } })
  end)
end)

test("controls and matrices of one's own", function()
  local x = { { 0, 1 }, { 1, 0 } }
  local y = ms.observable.hermitian({ { 0, { 0, -1 } }, { { 0, 1 }, 0 } }, 1)
  local q = ms.qubits(3):x(1):x(2):unitary(x, 3, { controls = { 1, 2 } })
  test.equal(q:sample(1), { ["111"] = 1 })
  test.equal(ms.qubits(2):x(1, { controls = 2 }):sample(1), { ["00"] = 1 })
  near(ms.qubits(1):sx(1):expectation(y), -1)
end)

local cases = {
  { "ms.circuit(0)", "ms.circuit: argument 1 'qubits': expected 1 to 24 qubits, got 0" },
  { "ms.circuit(25)", "ms.circuit: argument 1 'qubits': expected 1 to 24 qubits, got 25: one state in f32 takes 2.68e+08 bytes" },
  { "ms.qubits(40)", "ms.qubits: argument 1 'qubits': expected 1 to 24 qubits, got 40: one state in f64 takes 1.76e+13 bytes" },
  { "ms.circuit(1, {x = 0})", "ms.circuit: input 'x': expected sizes of at least 1, got number 0" },
  { "ms.circuit(1, {observable = 2})",
    "ms.circuit: argument 2 'inputs': 'observable' has a meaning of its own at the call" },
  { "ms.circuit(1, {wait = 1}, function(c, wiat) end)",
    "ms.circuit: argument 3 'build': its parameter 'wiat' is not among the inputs (did you mean 'wait'?)" },
  { "ms.circuit(1, {x = 1}, function(c) end)",
    "ms.circuit: argument 3 'build': input 'x' needs a parameter of that name" },
  { "c:cnot(1, 9)", "ms.Circuit:cnot: argument 2 'target': 9 is outside 1..2" },
  { "c:cnot(1, 1)", "ms.Circuit:cnot: qubit 1 is named twice" },
  { "c:rx(1)", "ms.Circuit:rx: argument 2 'theta': expected number or angle, got nothing" },
  { "c:rx(1, w)", "ms.Circuit:rx: argument 2 'theta': expected one number of input 'w', got shape [2, 3]: index it" },
  { "c:rx(1, w[3])", "ms.Angle '[]': argument 2 'index': 3 is outside 1..2" },
  { "c:rot(1, w[1], 2)", "ms.Circuit:rot: argument 3 'theta': the row before it holds all angles already" },
  { "c:rx(1, w[1][1] * w[1][2])",
    "ms.Angle '*': an angle takes + - * / with numbers only, got angle: "
      .. "do other arithmetic on tensors before the call" },
  { "c:rx(1, ms.circuit(1, {a = {1}}):input('a')[1])",
    "ms.Circuit:rx: argument 2 'theta': the angle belongs to another circuit" },
  { "c:rz(1, 1, {controls = 1})", "ms.Circuit:rz: qubit 1 is named twice" },
  { "c:unitary({{1, 1}, {0, 1}}, 1)", "ms.Circuit:unitary: the matrix is not unitary: U^H U differs from 1 by 1" },
  { "c:unitary({{1, 0}, {0}}, 1)",
    "ms.Circuit:unitary: argument 1 'matrix': row 2: expected 2 numbers or {re, im}, got 1" },
  { "c:unitary({{1, 0}, {0, {1}}}, 1)",
    "ms.Circuit:unitary: argument 1 'matrix': row 2, column 2: expected a number or {re, im}, got table" },
  { "c:hh(1)", "circuit: no method 'hh' (did you mean 'h'?)" },
  { "c:amplitudes(w)", "ms.Circuit:amplitudes: expected 4 numbers for 2 qubits, got input 'w' of shape [2, 3]" },
  { "c{}", "ms.Circuit '()': input 'w' is missing" },
  { "c{w = ms.ones{2, 3}}", "observable: expected an observable or a list of them, got nil" },
  { "c{v = 1}", "ms.Circuit '()': unknown argument 'v' (known: w, observable, dtype)" },
  { "c{w = ms.ones{3}, observable = z}",
    "circuit: 'w' must have shape [2, 3], or one axis more for samples; got [3]" },
  { "ms.observable.pauli('XY', { 1, 1 })", "ms.observable.pauli: argument 2 'qubits': qubit 1 is named twice" },
  { "ms.observable.probabilities({ 2, 2 })", "ms.observable.probabilities: argument 1 'qubits': qubit 2 is named twice" },
  { "ms.observable.hermitian(ms.zeros { 4, 4, 2 }, { 1, 1 })",
    "ms.observable.hermitian: argument 2 'qubits': qubit 1 is named twice" },
  { "ms.observable.hermitian({ { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }, { 1, 1 })",
    "ms.observable.hermitian: argument 2 'qubits': qubit 1 is named twice" },
  { "ms.observable.hermitian({ { 1, 0 }, { 1 / 0, 1 } }, 1)",
    "ms.observable.hermitian: row 2, column 1 of the matrix is not finite" },
  { "return 2 / ms.observable.pauli 'Z'", "ms.Observable '/': an observable is divided by numbers only, got observable" },
  { "ms.observable.pauli('ZA')", "ms.observable.pauli: expected the letters I, X, Y and Z, got 'ZA'" },
  { "ms.observable.hermitian({{1, 1}, {0, 1}}, 1)",
    "ms.observable.hermitian: the matrix is not Hermitian: it differs from its adjoint by 1" },
  { "ms.observable.hermitian(ms.tensor{{{1, 0}, {1, 0}}, {{0, 0}, {1, 0}}}, 1)",
    "ms.observable.hermitian: argument 1 'matrix': matrix 1 differs from its adjoint by 1: "
      .. "use ms.observable.hermitian_part" },
  { "return ms.observable.probabilities(1) + 1",
    "ms.Observable '+': only Pauli words and their sums can be added and scaled" },
  { "ms.qubits(2):h(3)", "ms.Qubits:h: argument 1 'qubit': 3 is outside 1..2" },
  { "ms.qubits(2):expectation(ms.observable.pauli('Z', 3))", "ms.Qubits:expectation: pauli: qubit 3 is outside 1..2" },
  { "ms.grad(function(w) return c:state({w = w}):sum() end)(ms.ones{2, 3})",
    "state: derivatives are not offered; read expectation values or probabilities instead" },
}

for _, case in ipairs(cases) do
  test(case[1], function()
    local chunk = assert(load("local ms, c, w, z = ...\n" .. case[1], "@scripts/user.lua"))
    local c = ms.circuit(2, { w = { 2, 3 } })
    local fine, problem = pcall(chunk, ms, c, c:input "w", pauli "Z")
    test.equal(fine, false)
    local text = problem:gsub("^scripts/user.lua:2: ", ""):gsub("^ms%.grad: ", ""):gsub("^function .-: ", "")
    test.equal(text, case[2])
  end)
end
