#!/usr/bin/env moonstill
-- The ground state of the hydrogen molecule at 0.735 angstrom, by a variational eigensolver (Peruzzo et al., 2014).
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"
local pauli = ms.observable.pauli

local opt = experiment.options {
  data = false,
  about = "Finds the ground state energy of the hydrogen molecule.",
  { "steps", default = 40, least = 1, help = "steps of gradient descent" },
}

-- STO-3G, mapped to two qubits by parity, in hartree (O'Malley et al., 2016, and Qiskit's textbook).
local hamiltonian = -1.052373245772859 - 0.39793742484318045 * pauli("Z", 1) + 0.39793742484318045 * pauli("Z", 2)
  - 0.01128010425623538 * pauli "ZZ" + 0.18093119978423156 * pauli "XX"
local repulsion = 0.7199689944489797                -- of the nuclei
local exact = -1.857275030202382 + repulsion

-- One electron pair, either in the lower or in the upper orbital: cos(w/2) |01> + sin(w/2) |10>.
local ansatz = ms.circuit(2, { w = {} }, function(c, w) c:ry(1, w):cnot(1, 2):x(2) end)
experiment.show(ansatz)
print(hamiltonian)

local function energy(w) return ansatz { w = w, observable = hamiltonian, dtype = "f64" }:sum() + repulsion end
local energy_and_gradient = ms.value_and_grad(energy)

local w = ms.tensor(0, { dtype = "f64" })           -- Hartree and Fock's state
local hartree_fock, energies = energy(w):item(), {}
for step = 1, opt.steps do
  local value, gradient = energy_and_gradient(w)
  energies[step] = value:item() - exact
  w = w - 0.4 * gradient
end
experiment.show(plot.line { y = energies, log_y = true, title = "Hartree above the ground state", x_label = "step" })
local now = energies[opt.steps] + exact
experiment.conclude(("The energy is %.6f hartree (exactly %.6f), %.1f millihartree below Hartree and Fock's."):format(
  now, exact, 1000 * (hartree_fock - now)))

experiment.finish(opt, { energy = now, exact_energy = exact, hartree_fock = hartree_fock, angle = w:item() })
