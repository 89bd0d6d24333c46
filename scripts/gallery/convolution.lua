#!/usr/bin/env moonstill
-- A quantum convolutional network: the same gates on neighbouring qubits, then half of the qubits are left out, and so
-- on until one is read (Cong, Choi and Lukin, arXiv 1810.03787).
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"
local nn = ms.nn

local opt = experiment.options {
  about = "Tells handwritten zeros from ones with a quantum convolutional network of four qubits.",
  { "images", default = 2000, least = 50, help = "to train on, of all ten digits" },
  { "steps", default = 80, least = 1, help = "of the optimiser" },
}

local inputs = { x = { 16 }, turn = { 2, 2, 3 }, couple = { 2 }, pool = {} }
local circuit = ms.circuit(4, inputs, function(c, x, turn, couple, pool)
  local function convolve(a, b, level)
    local before, after = turn[level][1], turn[level][2]
    c:rot(a, before):rot(b, before):isingzz(a, b, couple[level]):rot(a, after):rot(b, after)
  end
  c:amplitudes(x)
  for _, pair in ipairs { { 1, 2 }, { 3, 4 }, { 2, 3 }, { 4, 1 } } do convolve(pair[1], pair[2], 1) end
  c:crx(1, 2, pool):crx(3, 4, pool)                 -- qubits 1 and 3 turn their neighbours and are left out
  convolve(2, 4, 2)
  c:cnot(2, 4)
end)
experiment.show(circuit)

-- Images as 4 x 4 means, of the classes 1 and 2 only: the digits 0 and 1, which become +1 and -1.
local function zeros_and_ones(set)
  local x, classes = set:batch()
  local kept = {}
  for i, class in ipairs(classes:totable()) do
    if class <= 2 then kept[#kept + 1] = i end
  end
  local small = nn.pool_average(x:take(kept, 1), { window = 7 })
  return small:reshape { #kept, 16 }, 3 - 2 * classes:take(kept, 1):to "f32"
end

local set = ms.data.images(opt.data, { train = opt.images, test = 1000, seed = opt.seed })
local x, y = zeros_and_ones(set.train)
local fresh, truth = zeros_and_ones(set.test)

local function predict(images, w)
  local z = circuit {
    x = images, turn = w.turn, couple = w.couple, pool = w.pool, observable = ms.observable.pauli("Z", 4),
  }
  return z:reshape { images:size(1) }
end
local loss_and_gradient = ms.value_and_grad(function(w) return (predict(x, w) - y):square():mean() end)
local function accuracy(w) return ms.lt(0, predict(fresh, w) * truth):to("f32"):mean():item() end

local random, adam = ms.random(opt.seed), ms.optim.adam { lr = 0.1 }
local w = { turn = random:normal { 2, 2, 3 }, couple = random:normal { 2 }, pool = random:normal {} }
local losses = {}
for step = 1, opt.steps do
  local loss, gradient = loss_and_gradient(w)
  losses[step] = loss:item()
  w = adam:step(w, gradient)
end
experiment.show(plot.line { y = losses, title = "Loss", x_label = "step" })
experiment.conclude(("With 15 angles, four qubits tell %.1f %% of %d unseen zeros and ones right."):format(
  100 * accuracy(w), #truth))

experiment.finish(opt, { accuracy = accuracy(w) })
