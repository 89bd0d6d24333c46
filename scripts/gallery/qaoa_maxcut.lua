#!/usr/bin/env moonstill
-- MaxCut by the quantum approximate optimisation algorithm (Farhi, Goldstone and Gutmann, 2014): on a ring, p layers
-- cut (2p + 1) / (2p + 2) of the edges.
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"
local pauli = ms.observable.pauli

local opt = experiment.options {
  data = false,
  about = "Cuts the edges of a ring of vertices, by QAOA.",
  { "vertices", default = 8, least = 4, most = 16, help = "an even number of them" },
  { "layers", default = 2, least = 1, help = "p, the depth" },
  { "steps", default = 80, least = 1, help = "steps of the optimiser" },
}
local n, layers = opt.vertices, opt.layers

local edges, cut = {}, 0
for q = 1, n do
  edges[q] = { q, q % n + 1 }
  cut = cut + 0.5 * (1 - pauli("ZZ", edges[q]))
end

local ansatz = ms.circuit(n, { w = { layers, 2 } }, function(c, w)
  for q = 1, n do c:h(q) end
  for layer = 1, layers do
    for _, edge in ipairs(edges) do c:isingzz(edge[1], edge[2], w[layer][1]) end
    for q = 1, n do c:rx(q, w[layer][2]) end
  end
end)

local loss_and_gradient = ms.value_and_grad(function(w)
  return -ansatz { w = w, observable = cut, dtype = "f64" }:sum()
end)
local w = ms.random(opt.seed):normal({ layers, 2 }, { dtype = "f64" }) * 0.1 + 0.5
local adam = ms.optim.adam { lr = 0.1 }
local ratios = {}
for step = 1, opt.steps do
  local loss, gradient = loss_and_gradient(w)
  ratios[step] = -loss:item() / n
  w = adam:step(w, gradient)
end
experiment.show(plot.line { y = ratios, title = "Share of the edges that are cut", x_label = "step" })

-- The likeliest division of the vertices, around the ring.
local probabilities = ansatz { w = w, observable = ms.observable.probabilities() }
local sides, state = {}, probabilities:argmax():item() - 1
for q = 1, n do sides[q] = state >> (n - q) & 1 == 1 and "●" or "○" end
print("\nLikeliest: " .. table.concat(sides, "─"))

local ratio, expected = ratios[opt.steps], (2 * layers + 1) / (2 * layers + 2)
experiment.conclude(("%d layers cut %.4f of a ring of %d; theory: %.4f."):format(layers, ratio, n, expected))

experiment.finish(opt, { ratio = ratio, expected = expected })
