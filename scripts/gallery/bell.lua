#!/usr/bin/env moonstill
-- Bell and GHZ states: correlations that no local theory allows (Clauser et al., 1969; Mermin, 1990).
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"
local pauli = ms.observable.pauli

local opt = experiment.options { data = false, about = "Bell and GHZ states, and the inequalities that they break." }

experiment.show(ms.circuit(2):h(1):cnot(1, 2))
local bell = ms.qubits(2):h(1):cnot(1, 2)
print(bell)
experiment.show(plot.probabilities(bell))

-- Alice measures Z or X, Bob one of the two directions between: (Z + X) / sqrt 2 and (Z - X) / sqrt 2.
local zz, zx, xz, xx = pauli "ZZ", pauli "ZX", pauli "XZ", pauli "XX"
local chsh = bell:expectation((zz + zx + xz + xx + zz - zx - xz + xx) / math.sqrt(2))
print(("CHSH: %.6f, that is 2 sqrt 2\n"):format(chsh))

experiment.show(ms.circuit(3):h(1):cnot(1, 2):cnot(2, 3))
local ghz = ms.qubits(3):h(1):cnot(1, 2):cnot(2, 3)
print(ghz)
local mermin = ghz:expectation(pauli "XXX" - pauli "XYY" - pauli "YXY" - pauli "YYX")
print(("Mermin: %.6f"):format(mermin))
experiment.conclude(("CHSH reaches %.4f and Mermin's sum %.4f: without entanglement both are at most 2."):format(
  chsh, mermin))

experiment.finish(opt, { chsh = chsh, mermin = mermin, counts = ghz:sample(1000, ms.random(opt.seed)) })
