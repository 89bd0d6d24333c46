-- LeNet, classical and quantum (arXiv 2503.17935, section III).
local ms = require "moonstill"
local check = require "moonstill.check"
local nn = ms.nn

local lenet = {}

local function convolutions(channels, size)
  -- 28x28 is padded to what 32x32 gives: 16 maps of 5x5.
  local padding = (32 - size) // 2
  return nn.conv2d(channels, 6, { kernel = 5, padding = padding }), nn.relu(), nn.max_pool(),
    nn.conv2d(6, 16, { kernel = 5 }), nn.relu(), nn.max_pool(), nn.flatten()
end

local function chain(name, layers, ...)
  local list = { name = name, table.unpack(layers) }
  for _, more in ipairs { ... } do list[#list + 1] = more end
  return nn.sequential(list)
end

local classical_spec = check.spec("qnn.lenet.classical", {
  { "channels", "integer", "1 for grey images, 3 for colour.", default = 1, least = 1 },
  { "size", "integer", "Height and width of an image: 28 or 32.", default = 28 },
  { "classes", "integer", "How many there are.", default = 10, least = 1 },
})

local function check_size(name, o)
  if o.size ~= 28 and o.size ~= 32 then check.fail(name, "argument 'size': expected 28 or 32, got %d", o.size) end
end

--- Makes the classical LeNet: two convolutions, three dense layers.
---
--- ```lua
--- local qnn = require "qnn"
--- print(qnn.lenet.classical { channels = 1, size = 28 })
--- ```
--- @param options? { channels?: integer, size?: integer, classes?: integer }
--- @return ms.nn.Layer  [batch, channels, size, size] -> [batch, classes]
function lenet.classical(options)
  local o = check.options("qnn.lenet.classical", options, classical_spec)
  check_size("qnn.lenet.classical", o)
  return chain("classical LeNet", { convolutions(o.channels, o.size) },
    nn.linear(400, 120), nn.relu(), nn.linear(120, 84), nn.relu(), nn.linear(84, o.classes))
end

local quantum_spec = check.spec("qnn.lenet.quantum", {
  { "channels", "integer", "1 for grey images, 3 for colour.", default = 1, least = 1 },
  { "size", "integer", "Height and width of an image: 28 or 32.", default = 28 },
  { "classes", "integer", "How many there are.", default = 10, least = 1 },
  { "qubits", "integer", "n: the circuit embeds 2^n features.", default = 6 },
  { "layers", "integer", "Strongly entangling layers.", default = 3, least = 1 },
  { "observable", '"trainable"|"fixed"', "Whether the Hermitians are trained.", default = "trainable" },
  { "angles", '"trainable"|"fixed"', "Whether the circuit's angles are trained.", default = "trainable" },
  { "residual", "boolean", "Adds the classical branch beside the circuit.", default = true },
  { "circuit?", "ms.Circuit", "Another circuit, with an input x of 2^n amplitudes." },
})

local function entangling_circuit(qubits, layers)
  return ms.circuit(qubits, { x = { 1 << qubits }, w = { layers, qubits, 3 } }, function(c, x, w)
    c:amplitudes(x):strongly_entangling(w)
  end)
end

--- Makes the quantum LeNet: convolutions, 2^n features as amplitudes of n qubits, a circuit read out by a Hermitian on
--- each qubit, and beside it a classical branch: alpha * quantum + (1 - alpha) * residual, then a dense layer.
---
--- ```lua
--- local qnn = require "qnn"
--- print(qnn.lenet.quantum { qubits = 4, layers = 2, observable = "fixed" })
--- ```
--- @param options? table
--- @return ms.nn.Layer  [batch, channels, size, size] -> [batch, classes]
function lenet.quantum(options)
  local o = check.options("qnn.lenet.quantum", options, quantum_spec)
  check_size("qnn.lenet.quantum", o)
  if o.qubits < 2 or o.qubits > 16 then
    check.fail("qnn.lenet.quantum", "argument 'qubits': expected 2 to 16, got %d", o.qubits)
  end
  local ansatz = o.circuit or entangling_circuit(o.qubits, o.layers)
  local features = 1 << ansatz:qubits()
  local quantum = nn.sequential {
    name = "quantum branch",
    nn.circuit(ansatz, { trainable = o.observable == "trainable", train_angles = o.angles == "trainable" }),
    nn.linear(ansatz:qubits(), o.classes),
  }
  local head = quantum
  if o.residual then
    head = nn.blend { quantum, nn.sequential { name = "residual branch", nn.linear(features, o.classes), nn.relu() } }
  end
  return chain("quantum LeNet", { convolutions(o.channels, o.size) },
    nn.linear(400, 120), nn.relu(), nn.linear(120, features), head, nn.linear(o.classes, o.classes))
end

-- Of the dense layer behind the circuit, in a network with the residual branch.
local readout_weight = "11.1.2.weight"

--- Gives the weights of a quantum LeNet with which its circuit says nothing: what is left when the quantum branch gives
--- the same for each image. Tells how much of what the network knows is the circuit's.
---
--- ```lua
--- local lenet = require("qnn").lenet
--- local net = lenet.quantum()
--- local w = net:initialise(ms.random(1))
--- print(net:named(lenet.without_circuit(net, w))["11.1.2.weight"])
--- ```
--- @param net ms.nn.Layer  with the residual branch
--- @param w ms.Tensor
--- @return ms.Tensor
function lenet.without_circuit(net, w)
  check.argument("qnn.lenet.without_circuit", 1, "net", "ms.nn.Layer", net)
  local named = net:named(w)
  local weight = named[readout_weight]
  if not weight then
    check.fail("qnn.lenet.without_circuit",
      "argument 1 'net': expected a quantum LeNet with its residual branch, got %s", net.name)
  end
  named[readout_weight] = weight * 0
  return net:flat(named)
end

return lenet
