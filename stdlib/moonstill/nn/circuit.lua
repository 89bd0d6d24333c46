-- A quantum circuit as a layer.
local ms = require "moonstill.native"
local check = require "moonstill.check"
local counted = require "moonstill.counted"
local layer = require "moonstill.nn.layer"
local ledger = require "moonstill.ledger"

local circuits = {}

local spec = check.spec("ms.nn.circuit", {
  { "input", "string", "The circuit's input that the layer's input becomes.", default = "x" },
  { "observable", '"hermitian"|ms.Observable|ms.Observable[]',
    '"hermitian": a 2x2 Hermitian on each qubit, of 8 numbers among the weights; or fixed observables.',
    default = "hermitian" },
  { "trainable", "boolean", "False keeps the weights of the Hermitians at their initial values.", default = true },
  { "train_angles", "boolean", "False keeps the circuit's own weights at their initial values.", default = true },
  { "init", layer.initialisers, "Initialiser of the circuit's angles.", default = "xavier_normal" },
  { "gain", "number", "Factor of its deviation.", default = 1 },
})

-- One qubit for each Hermitian, and the map A -> (A + A^H) / 2 from 8 free numbers each.
local function hermitians(ansatz, trainable)
  local qubits = {}
  for q = 1, ansatz:qubits() do qubits[q] = { q } end
  local parameter = {
    name = "hermitian", shape = { #qubits, 2, 2, 2 }, init = "normal", trainable = trainable,
    range = trainable and { -1, 1 } or nil,
  }
  local function observable(p) return ms.observable.hermitian(ms.observable.hermitian_part(p.hermitian), qubits) end
  return parameter, observable
end

local function elements(shape)
  local count = 1
  for _, size in ipairs(shape) do count = count * size end
  return count
end

local function text_of(observable)
  if type(observable) ~= "table" then return tostring(observable) end
  local texts = {}
  for i, one in ipairs(observable) do texts[i] = tostring(one) end
  return table.concat(texts, ", ")
end

--- Makes a layer of a circuit: one of its inputs is the layer's input, the others are weights, its outputs are
--- expectation values.
---
--- ```lua
--- local ansatz = ms.circuit(2, { x = { 4 }, w = { 1, 2, 3 } }, function(c, x, w)
---   c:amplitudes(x):strongly_entangling(w)
--- end)
--- print(ms.nn.circuit(ansatz, { observable = ms.observable.pauli "ZZ" }))
--- ```
--- @param ansatz ms.Circuit
--- @param options? { input?: string, observable?: any, trainable?: boolean, train_angles?: boolean, init?: string,
---   gain?: number }
--- @return ms.nn.Layer  [batch, inputs] -> [batch, outputs]
function circuits.circuit(ansatz, options)
  check.argument("ms.nn.circuit", 1, "ansatz", "ms.Circuit", ansatz)
  local o = check.options("ms.nn.circuit", options, spec)
  local parameters, input_shape = {}, nil
  for _, input in ipairs(ansatz:inputs()) do
    if input.name == "hermitian" and o.observable == "hermitian" then
      check.fail("ms.nn.circuit", "argument 'ansatz': its input 'hermitian' has the name of the layer's own weights")
    end
    if input.name == o.input then
      input_shape = input.shape
    else
      parameters[#parameters + 1] = {
        name = input.name, shape = input.shape, init = o.init, gain = o.gain, trainable = o.train_angles,
      }
    end
  end
  if not input_shape then check.fail("ms.nn.circuit", "argument 'input': the circuit has no input '%s'", o.input) end
  local observable = function() return o.observable end
  if o.observable == "hermitian" then
    parameters[#parameters + 1], observable = hermitians(ansatz, o.trainable)
  end
  local count, expected = elements(input_shape), ("[batch, %s]"):format(table.concat(input_shape, ", "))
  local self = layer.new {
    name = ("circuit(%s, %s)"):format(counted(ansatz:qubits(), "qubit"),
      counted(#ansatz:operations(), "operation")),
    detail = ("%sinput %s, observable %s"):format(ansatz:draw(), o.input, text_of(o.observable)),
    ansatz = ansatz,
    observable = function() return observable { hermitian = ms.zeros { ansatz:qubits(), 2, 2, 2 } } end,
    parameters = parameters,
    output = function(_, shape, refuse)
      if #shape ~= #input_shape or elements(shape) ~= count then refuse(expected) end
      -- As many outputs as the readout has; known by trying one sample.
      local _ <close> = ledger.pause()
      local hermitian = ms.zeros { ansatz:qubits(), 2, 2, 2 }
      local one = { [o.input] = ms.ones(input_shape), observable = observable { hermitian = hermitian } }
      for _, p in ipairs(parameters) do
        if p.name ~= "hermitian" then one[p.name] = ms.zeros(p.shape) end
      end
      return { ansatz(one):size() }
    end,
    apply = function(_, x, p)
      local call = { [o.input] = x, observable = observable(p) }
      for _, parameter in ipairs(parameters) do
        if parameter.name ~= "hermitian" then call[parameter.name] = p[parameter.name] end
      end
      return ansatz(call)
    end,
  }
  return layer.made(self, "ms.nn.circuit", ansatz, options)
end

return circuits
