#!/usr/bin/env moonstill
-- Two ways to a gradient: the parameter-shift rule, which hardware can follow (Schuld et al., arXiv 1811.11184), and
-- one backward sweep over the state (Jones and Gacon, arXiv 2009.02823), which a simulator may take.
local ms, experiment = require "moonstill", require "experiment"

local opt = experiment.options {
  data = false,
  about = "Compares parameter shifts with the adjoint gradient: the numbers, the circuits run, the time.",
  { "qubits", default = 8, least = 2, most = 16, help = "of the circuit" },
  { "layers", default = 4, least = 1, help = "strongly entangling layers" },
}
local n, layers = opt.qubits, opt.layers
local count = layers * n * 3

local circuit = ms.circuit(n, { w = { layers, n, 3 } }, function(c, w) c:strongly_entangling(w) end)
if n <= 8 then experiment.show(circuit) end
local function value(w) return circuit { w = w, observable = ms.observable.pauli "ZZ", dtype = "f64" } end

local w = ms.random(opt.seed):normal({ layers, n, 3 }, { dtype = "f64" })

local clock = ms.timer()
local adjoint = ms.grad(function(angles) return value(angles):sum() end)(w):reshape { count }
local adjoint_seconds = clock:seconds()

-- Every angle by a quarter turn forwards and backwards: two circuits for each, here as one batch.
clock = ms.timer()
local identity = {}
for i = 1, count do identity[i] = i end
local turns = ms.nn.one_hot(identity, count, { dtype = "f64" }):reshape { count, layers, n, 3 } * (math.pi / 2)
local shifted = (value(w + turns) - value(w - turns)):reshape { count } / 2
local shift_seconds = clock:seconds()

local difference = (adjoint - shifted):abs():max():item()
for i = 1, math.min(count, 6) do
  print(("angle %d:  adjoint %+.12f  shifts %+.12f"):format(i, adjoint[i]:item(), shifted[i]:item()))
end
experiment.conclude(("They agree to %.0e. Shifts ran %d circuits in %.1f ms, the sweep took %.1f ms."):format(
  difference, 2 * count, 1000 * shift_seconds, 1000 * adjoint_seconds))

experiment.finish(opt, { difference = difference, circuits = 2 * count, angles = count })
