#!/usr/bin/env moonstill
-- Data re-uploading: one qubit tells points inside a circle from those outside, since the point comes into the circuit
-- again and again (Perez-Salinas et al., arXiv 1907.02085).
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"

local opt = experiment.options {
  data = false,
  about = "Classifies points of the plane with a single qubit.",
  { "layers", default = 4, least = 1, help = "how often the point comes into the circuit" },
  { "points", default = 400, least = 10, help = "to train on" },
  { "steps", default = 150, least = 1, help = "of the optimiser" },
}
local radius = math.sqrt(2 / math.pi)               -- half of the square [-1, 1] x [-1, 1] lies inside

local circuit = ms.circuit(1, { angles = { opt.layers, 3 } }, function(c, angles)
  for layer = 1, opt.layers do c:rot(1, angles[layer]) end
end)
experiment.show(circuit)

local function points(random, count)
  local x = random:rand { count, 2 } * 2 - 1
  return x, ms.lt(x:square():sum(2), radius ^ 2):to "f32" * 2 - 1
end

-- Angles are a trained affine function of the point: what mixes inputs happens before the call.
local function predict(x, p)
  local angles = (x:matmul(p.scale) + p.shift):reshape { x:size(1), opt.layers, 3 }
  return circuit { angles = angles, observable = ms.observable.pauli "Z" }:reshape { x:size(1) }
end

local random = ms.random(opt.seed)
local x, y = points(random, opt.points)
local p = { scale = random:normal { 2, 3 * opt.layers }, shift = random:normal { 3 * opt.layers } }
local loss_and_gradient = ms.value_and_grad(function(q) return (predict(x, q) - y):square():mean() end)
local adam = ms.optim.adam { lr = 0.05 }
for _ = 1, opt.steps do
  local _, gradient = loss_and_gradient(p)
  p = adam:step(p, gradient)
end

local fresh, truth = points(random, 2000)
local accuracy = ms.lt(0, predict(fresh, p) * truth):to("f32"):mean():item()

-- What the qubit says of the square.
local rows = {}
for row = 1, -1, -0.1 do
  local line = {}
  for column = -1, 1, 0.05 do line[#line + 1] = { column, row } end
  rows[#rows + 1] = predict(ms.tensor(line), p):totable()
end
experiment.show(plot.heatmap { values = rows, title = "<Z> over the square" })
experiment.conclude(("One qubit with %d uploads tells %.1f %% of fresh points right; half would be chance."):format(
  opt.layers, 100 * accuracy))

experiment.finish(opt, { accuracy = accuracy })
