-- What states tell of themselves: density matrices, Bloch vectors, entanglement, against closed forms.
local ms = require "moonstill"
local plot = require "plot"
local test = require "moonstill.test"

test("Bloch vectors of product states, and of entangled qubits", function()
  local theta, phi = 0.7, 1.9
  local q = ms.qubits(3):ry(2, theta):rz(2, phi):h(1):cnot(1, 3)
  test.near(q:bloch(2), { math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta) })
  test.near(q:bloch(1), { 0, 0, 0 })
  for k, axis in ipairs { "X", "Y", "Z" } do
    test.near(q:bloch(2)[k], q:expectation(ms.observable.pauli(axis, 2)))
  end
end)

test("density matrices of a Bell pair, of its half, and of a pure state", function()
  local bell = ms.qubits(2):h(1):cnot(1, 2)
  local half, none = { 0.5, 0 }, { 0, 0 }
  local outer, inner = { half, none, none, half }, { none, none, none, none }
  test.near(bell:density(), { outer, inner, inner, outer })
  test.near(bell:density(2), { { half, none }, { none, half } })
  test.near(ms.qubits(1):h(1):s(1):density(1), { { half, { 0, -0.5 } }, { { 0, 0.5 }, half } })
  test.near(ms.qubits(2):x(2):density { 2, 1 }, ms.qubits(2):x(1):density())
end)

test("entropy: none in products, one bit in Bell and GHZ states, half a chain of pairs", function()
  test.near(ms.qubits(3):h(1):ry(2, 0.3):entropy(1), 0)
  test.near(ms.qubits(2):h(1):cnot(1, 2):entropy(1), 1)
  local ghz = ms.qubits(5):h(1)
  for q = 1, 4 do ghz:cnot(q, q + 1) end
  for cut = 1, 4 do test.near(ghz:entropy(cut), 1) end
  test.near(ghz:entropy { 2, 5 }, 1)
  local pairs_ = ms.qubits(6):h(1):h(2):h(3):cnot(1, 4):cnot(2, 5):cnot(3, 6)
  for cut, bits in ipairs { 1, 2, 3, 2, 1 } do test.near(pairs_:entropy(cut), bits) end
  local p = math.cos(0.4) ^ 2
  test.near(ms.qubits(2):ry(1, 0.8):cnot(1, 2):entropy(1), -p * math.log(p, 2) - (1 - p) * math.log(1 - p, 2))
end)

test("a random state: parts of it agree with its amplitudes", function()
  local amplitudes = ms.random(4):normal({ 16, 2 }, { dtype = "f64" })
  local q = ms.qubits(4):set_amplitudes(amplitudes)
  local a, rho = q:amplitudes():totable(), q:density({ 1, 3 }):totable()
  -- Index of the basis state with these bits of qubits 1 to 4.
  local function at(b1, b2, b3, b4) return a[8 * b1 + 4 * b2 + 2 * b3 + b4 + 1] end
  for row = 0, 3 do
    for column = 0, 3 do
      local re, im = 0, 0
      for rest = 0, 3 do
        local u = at(row // 2, rest // 2, row % 2, rest % 2)
        local v = at(column // 2, rest // 2, column % 2, rest % 2)
        re, im = re + u[1] * v[1] + u[2] * v[2], im + u[2] * v[1] - u[1] * v[2]
      end
      test.near(rho[row + 1][column + 1], { re, im })
    end
  end
  test.near(q:entropy { 1, 3 }, q:entropy { 2, 4 }, 1e-10)
  test.ok(q:entropy(2) > 0.5 and q:entropy(2) < 2, q:entropy(2))
end)

test("what is refused", function()
  test.fails_with("density: expected 1 to 10 qubits, got 11", function() ms.qubits(11):density() end)
  test.fails_with("argument 1 'cut': 3 is outside 1..2", function() ms.qubits(2):entropy(3) end)
  test.fails_with("argument 1 'qubit': 3 is outside 1..2", function() ms.qubits(2):bloch(3) end)
end)

test("Bloch vectors fit into 80 columns, and zero has no sign", function()
  local text = plot.bloch(ms.qubits(2):h(1):cnot(1, 2)):text { width = 80, colour = false }
  for line in text:gmatch "[^\n]+" do test.ok(utf8.len(line) <= 80, line) end
  test.equal(text:find("-0.000", 1, true), nil)
end)
