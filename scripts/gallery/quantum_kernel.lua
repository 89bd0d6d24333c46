#!/usr/bin/env moonstill
-- A quantum kernel: two points are as alike as their states overlap (Havlicek et al., arXiv 1804.11326).
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"

local opt = experiment.options {
  data = false,
  about = "Classifies two interleaved half moons by the overlap of quantum states.",
  { "points", default = 60, least = 4, help = "of each class to learn from; as many to test on" },
}

-- Each coordinate turns two qubits, twice, with couplings between: a state of four qubits for each point.
local embedding = ms.circuit(4, { x = { 2 } }, function(c, x)
  for _ = 1, 2 do
    for q = 1, 4 do c:h(q):rz(q, 2 * x[(q - 1) % 2 + 1]) end
    for q = 1, 3 do c:isingzz(q, q + 1, x[q % 2 + 1]) end
  end
end)
experiment.show(embedding)

-- Two half circles, one upside down, with noise.
local function moons(random, count)
  local turn = random:rand { count } * math.pi
  local upper = turn:cos():reshape { count, 1 }
  local height = turn:sin():reshape { count, 1 }
  local noise = random:normal { 2 * count, 2 } * 0.08
  local one = ms.concat({ upper, height }, 2)
  local other = ms.concat({ 1 - upper, 0.4 - height }, 2)
  return ms.concat({ one, other }, 1) + noise
end

-- |<a_i|b_j>|^2 of all pairs, from real and imaginary parts.
local function kernel(a, b)
  local s, t = embedding:state { x = a }, embedding:state { x = b }
  local function part(state, i) return state:take({ i }, 3):reshape { state:size(1), state:size(2) } end
  local sr, si, tr, ti = part(s, 1), part(s, 2), part(t, 1):transpose(), part(t, 2):transpose()
  local real, imaginary = sr:matmul(tr) + si:matmul(ti), sr:matmul(ti) - si:matmul(tr)
  return real:square() + imaginary:square()
end

local random = ms.random(opt.seed)
local count = opt.points
local learned, fresh = moons(random, count), moons(random, count)
local y = ms.concat({ ms.ones { count }, -ms.ones { count } }, 1)

-- Kernel ridge regression: (K + 0.01) alpha = y, by gradient descent with momentum.
local k = kernel(learned, learned)
local alpha, momentum = ms.zeros { 2 * count }, ms.optim.sgd { lr = 0.5 / count, momentum = 0.95 }
local function apply(matrix, v) return matrix:matmul(v:reshape { 2 * count, 1 }):reshape { 2 * count } end
for _ = 1, 300 do alpha = momentum:step(alpha, apply(k, alpha) + 0.01 * alpha - y) end
local accuracy = ms.lt(0, apply(kernel(fresh, learned), alpha) * y):to("f32"):mean():item()

local some = {}
for i = 1, 2 * count, math.max(1, count // 20) do some[#some + 1] = i end
experiment.show(plot.heatmap { values = k:take(some, 1):take(some, 2), title = "The kernel, half of each class" })
experiment.conclude(("Trained on %d points, the kernel tells %.1f %% of fresh ones right."):format(
  2 * count, 100 * accuracy))

experiment.finish(opt, { accuracy = accuracy, diagonal = k[1][1]:item() })
