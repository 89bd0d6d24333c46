#!/usr/bin/env moonstill
-- Barren plateaus: in random deep circuits, gradients vanish exponentially with the number of qubits (McClean et al.,
-- arXiv 1803.11173).
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"
local pauli = ms.observable.pauli

local opt = experiment.options {
  data = false,
  about = "Measures the variance of a gradient over random circuits of growing size.",
  { "qubits", default = 8, least = 3, most = 14, help = "the largest number of qubits" },
  { "samples", default = 200, least = 10, help = "random circuits of each size" },
}

-- Layers enough to be as good as a random unitary.
local function ansatz(n, layers)
  return ms.circuit(n, { w = { layers, n, 2 } }, function(c, w)
    for layer = 1, layers do
      for q = 1, n do c:rx(q, w[layer][q][1]):ry(q, w[layer][q][2]) end
      for q = 1, n - 1 do c:cz(q, q + 1) end
    end
  end)
end

-- The variance, over random angles, of the derivative by the first angle.
local function variance(n, random)
  local layers = 5 * n
  local circuit = ansatz(n, layers)
  local w = random:rand { opt.samples, layers, n, 2 } * (2 * math.pi)
  local gradient = ms.grad(function(angles)
    return circuit { w = angles, observable = pauli("ZZ", { 1, 2 }) }:sum()
  end)(w)
  return gradient:reshape { opt.samples, -1 }:take({ 1 }, 2):square():mean():item()
end

local random = ms.random(opt.seed)
local sizes, variances = {}, {}
for n = 2, opt.qubits do
  sizes[#sizes + 1], variances[#variances + 1] = n, variance(n, random)
end
experiment.show(plot.line {
  x = sizes, y = variances, log_y = true, title = "Variance of a gradient", x_label = "qubits",
})

-- The slope of log2(variance), by least squares.
local mean, above, below = (2 + opt.qubits) / 2, 0, 0
for i, n in ipairs(sizes) do
  above = above + (n - mean) * math.log(variances[i], 2)
  below = below + (n - mean) ^ 2
end
local slope = above / below
experiment.conclude(("With each qubit the variance falls by a factor of %.2f: nothing is left to follow."):format(
  2 ^ -slope))

experiment.finish(opt, { slope = slope, variances = variances })
