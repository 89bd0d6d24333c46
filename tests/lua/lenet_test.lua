-- The LeNets: parameters, and the quantum one against its parts put together by hand.
local ms, qnn = require "moonstill", require "qnn"
local test = require "moonstill.test"
local train = require "train"

local function shape_of(net, input) return net(ms.ones(input), net:initialise(ms.random(1))):shape() end

test("shapes and numbers of parameters", function()
  for _, case in ipairs {
    { qnn.lenet.classical(), { 3, 1, 28, 28 }, 61706 },
    { qnn.lenet.classical { channels = 3, size = 32 }, { 2, 3, 32, 32 }, 62006 },
    -- 50572 weights of the layers before the head; 64 * 10 + 10, 6 * 10 + 10, 10 * 10 + 10; 54 angles; alpha.
    { qnn.lenet.quantum { observable = "fixed" }, { 3, 1, 28, 28 }, 156 + 2416 + 48120 + 7744 + 650 + 70 + 110 + 54 + 1 },
    { qnn.lenet.quantum { angles = "fixed" }, { 3, 1, 28, 28 }, 156 + 2416 + 48120 + 7744 + 650 + 70 + 110 + 1 + 6 * 8 },
    { qnn.lenet.quantum(), { 3, 1, 28, 28 }, 156 + 2416 + 48120 + 7744 + 650 + 70 + 110 + 54 + 1 + 6 * 8 },
    { qnn.lenet.quantum { residual = false, qubits = 4, layers = 1, channels = 3, size = 32 }, { 2, 3, 32, 32 },
      456 + 2416 + 48120 + 1936 + 12 + 4 * 8 + 50 + 110 },
  } do
    test.section(tostring(case[1].name) .. " " .. case[3], function()
      test.equal(shape_of(case[1], case[2]), { case[2][1], 10 })
      test.equal(case[1]:count(true), case[3])
    end)
  end
end)

local ansatz = ms.circuit(6, { x = { 64 }, w = { 3, 6, 3 } }, function(c, x, w)
  c:amplitudes(x)
  for layer = 1, 3 do
    for q = 1, 6 do c:rot(q, w[layer][q]) end
    for q = 1, 6 do c:cnot(q, (q - 1 + layer) % 6 + 1) end
  end
end)

-- What the circuit gives for one sample: tr((A + A^H)/2 rho) with the density matrix of each qubit, from the state.
local function readouts_by_hand(p, features)
  local state = ansatz:state { x = features, w = p["11.1.1.w"] }
  local values = {}
  for i = 1, 6 do
    local halves = state:reshape { 1 << (i - 1), 2, 1 << (6 - i), 2 }:permute { 2, 4, 1, 3 }:reshape { 2, 2, 32 }
    local a, b = halves[1], halves[2]                              -- amplitudes of 0 and 1, each { real, imaginary }
    local matrix = p["11.1.1.hermitian"][i]
    local real = (matrix[1][2][1] + matrix[2][1][1]) / 2           -- of the entry [1][2] of (A + A^H)/2
    local imaginary = (matrix[1][2][2] - matrix[2][1][2]) / 2
    values[i] = matrix[1][1][1] * (a * a):sum() + matrix[2][2][1] * (b * b):sum()
      + 2 * (real * (a * b):sum() - imaginary * (a[1] * b[2] - a[2] * b[1]):sum())
  end
  return ms.stack(values)
end

-- The quantum LeNet without layers, from the weights' names (arXiv 2503.17935, section III).
local function by_hand(p, x)
  local function dense(h, name) return ms.matmul(h, p[name .. ".weight"]:transpose()) + p[name .. ".bias"] end
  local function stage(h, name, padding)
    local bias = p[name .. ".bias"]:reshape { -1, 1, 1 }
    return ms.nn.pool_max((ms.nn.convolve(h, p[name .. ".weight"], { padding = padding }) + bias):relu(), { window = 2 })
  end
  local batch = x:shape()[1]
  x = stage(stage(x, "1", 2), "4", 0):reshape { batch, 400 }
  x = dense(dense(x, "8"):relu(), "10")
  local readouts = {}
  for b = 1, batch do readouts[b] = readouts_by_hand(p, x[b]) end
  local quantum, alpha = dense(ms.stack(readouts), "11.1.2"), p["11.alpha"]
  return dense(alpha * quantum + (1 - alpha) * dense(x, "11.2.1"):relu(), "12")
end

local net = qnn.lenet.quantum()
-- Away from alpha = 0.5, where the two branches could change places.
local parts = net:named(net:initialise(ms.random(3), { dtype = "f64" }))
parts["11.alpha"] = ms.tensor(0.3, { dtype = "f64" })
local w = net:flat(parts)
local x = ms.data.images("digits", { train = 8, test = 8 }).train:batch({ 1, 2, 3 }, { dtype = "f64" })

test("the quantum LeNet is its parts", function()
  test.near(net(x, w), by_hand(net:named(w), x), 1e-12)
end)

test("its gradient agrees with differences along random directions", function()
  local labels = ms.nn.one_hot({ 1, 2, 3 }, 10):to "f64"
  local function loss(weights) return ms.nn.cross_entropy(net(x, weights), labels) end
  local gradient, random, h = ms.grad(loss)(w), ms.random(5), 1e-6
  for _ = 1, 3 do
    local direction = random:normal(w:shape(), { dtype = "f64" })
    direction = direction / (direction * direction):sum():sqrt()
    local slope = (loss(w + h * direction) - loss(w - h * direction)):item() / (2 * h)
    test.near((gradient * direction):sum():item(), slope, 1e-6 * math.abs(slope) + 1e-8)
  end
end)

test("fixed observables have no gradient, and the angles have one", function()
  local fixed = qnn.lenet.quantum { observable = "fixed" }
  local gradient = fixed:named(ms.grad(function(weights) return fixed(x, weights):sum() end)(w))
  test.equal(gradient["11.1.1.hermitian"]:abs():max():item(), 0.0)
  test.ok(gradient["11.1.1.w"]:abs():max():item() > 0, "the angles")
end)

test("fixed angles have no gradient, and the observables have one", function()
  local fixed = qnn.lenet.quantum { angles = "fixed" }
  local gradient = fixed:named(ms.grad(function(weights) return fixed(x, weights):sum() end)(w))
  test.equal(gradient["11.1.1.w"]:abs():max():item(), 0.0)
  test.ok(gradient["11.1.1.hermitian"]:abs():max():item() > 0, "the Hermitians")
end)

test("full training clamps trained Hermitians to [-1, 1], and leaves fixed ones as they were drawn", function()
  for observable, largest in pairs { trainable = 1, fixed = net:named(w)["11.1.1.hermitian"]:abs():max():item() } do
    local projected = qnn.lenet.quantum({ observable = observable }):project(w)
    test.equal(net:named(projected)["11.1.1.hermitian"]:abs():max():item(), largest)
  end
end)

test("on the built-in digits a LeNet learns clearly more than a linear model", function()
  local set = ms.data.images("digits", { train = 2000, test = 500 })
  local function accuracy(some, lr)
    local w_trained = train.fit { net = some, train = set.train, epochs = 3, batch = 50, quiet = true,
      optimizer = ms.optim.adam { lr = ms.optim.cosine { lr = lr, steps = 120, floor = 0.02 } } }
    return train.evaluate(some, w_trained, set.test).accuracy
  end
  local linear = accuracy(ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(784, 10) }, 5e-3)
  local lenet = accuracy(qnn.lenet.classical(), 5e-3)
  test.ok(lenet > 0.9 and lenet > linear + 0.03, ("LeNet %.3f, linear %.3f"):format(lenet, linear))
end)

test("sizes that no LeNet has are refused by name", function()
  for _, model in ipairs { "classical", "quantum" } do
    local name = "qnn.lenet." .. model
    for argument, value in pairs { channels = 0, classes = 0 } do
      test.fails(("%s: argument '%s': expected at least 1, got 0"):format(name, argument),
        function() local _ = qnn.lenet[model] { [argument] = value } end)
    end
    test.fails(name .. ": argument 'size': expected 28 or 32, got 20", function() local _ = qnn.lenet[model] { size = 20 } end)
  end
  test.fails("qnn.lenet.quantum: argument 'layers': expected at least 1, got 0",
    function() local _ = qnn.lenet.quantum { layers = 0 } end)
end)

test("without its circuit the quantum LeNet gives the same whatever the circuit reads", function()
  local small = qnn.lenet.quantum { qubits = 2, layers = 1 }
  local weights = small:initialise(ms.random(1), { dtype = "f64" })
  local named = small:named(weights)
  local images = ms.random(2):normal({ 2, 1, 28, 28 }, { dtype = "f64" })
  named["11.1.1.w"] = named["11.1.1.w"] + 1
  local other = small:flat(named)
  test.ok((small(images, weights) - small(images, other)):abs():max():item() > 1e-3)
  local function silenced(flat) return small(images, qnn.lenet.without_circuit(small, flat)) end
  test.near(silenced(weights), silenced(other), 1e-14)
  test.fails_with("expected a quantum LeNet with its residual branch, got classical LeNet", function()
    local classical = qnn.lenet.classical()
    qnn.lenet.without_circuit(classical, classical:initialise(ms.random(1)))
  end)
end)
