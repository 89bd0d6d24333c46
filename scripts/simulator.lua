#!/usr/bin/env moonstill
-- A tour of the simulator: a Bell state, a circuit as a function, gradients, and a variational quantum eigensolver.
local ms, experiment = require "moonstill", require "experiment"
local pauli = ms.observable.pauli

local opt = experiment.options {
  about = "A tour of the simulator, from a Bell state to a variational quantum eigensolver.",
  { "steps", default = 100, least = 1, help = "steps of the eigensolver" },
}
local random = ms.random(opt.seed)

print "1. A Bell state. Gates act at once; qubits count from 1.\n"
local bell = ms.qubits(2):h(1):cnot(1, 2)
print(bell)
local counts = bell:sample(1000, random:split "shots")
print(("1000 shots: 00 %d times, 11 %d times"):format(counts["00"] or 0, counts["11"] or 0))
print(("<ZZ> = %.3f, <XX> = %.3f, <Z1> = %.3f"):format(
  bell:expectation(pauli "ZZ"), bell:expectation(pauli "XX"), bell:expectation(pauli("Z", 1))))

print "\n2. A circuit is a function of its angles, and draws itself.\n"
local circuit = ms.circuit(3, { angle = { 3 } }, function(c, angle)
  for q = 1, 3 do c:ry(q, angle[q]) end
  c:cnot(1, 2):cnot(2, 3)
end)
print(circuit)
local function value(angle) return circuit { angle = angle, observable = pauli "XZY" + pauli("Z", 3) } end
local angles = ms.tensor({ 0.1, 0.2, 0.3 }, { dtype = "f64" })
print(("f(0.1, 0.2, 0.3) = %.6f"):format(value(angles):item()))

print "\n3. Gradients are exact: as the parameter-shift rule has them, two runs of the circuit an angle."
local gradient = ms.grad(value)(angles):totable()
for q = 1, 3 do
  local shift = ms.nn.one_hot({ q }, 3, { dtype = "f64" }):reshape { 3 } * (math.pi / 2)
  local shifted = (value(angles + shift) - value(angles - shift)):item() / 2
  print(("df/dangle[%d]: gradient %+.12f, parameter shift %+.12f"):format(q, gradient[q], shifted))
end

-- The transverse-field Ising model at its critical point, H = -sum Z_i Z_{i+1} - sum X_i on a ring of n spins.
local n = 4
local function following(q) return q % n + 1 end
local hamiltonian = 0
for q = 1, n do hamiltonian = hamiltonian - pauli("ZZ", { q, following(q) }) - pauli("X", q) end

-- Its ground energy, by free fermions (Pfeuty, 1970): an even number of them, so momenta (2m - 1) pi / n.
local exact = 0
for m = 1, n do exact = exact - 2 * math.abs(math.sin((2 * m - 1) * math.pi / (2 * n))) end

print(("\n4. A variational eigensolver: the Ising model on a ring of %d spins.\n"):format(n))
-- n/2 layers of couplings and fields, two angles each, reach the ground state (Ho and Hsieh, 2019).
local ansatz = ms.circuit(n, { w = { n // 2, 2 } }, function(c, w)
  for q = 1, n do c:h(q) end
  for layer = 1, n // 2 do
    for q = 1, n do c:isingzz(q, following(q), w[layer][1]) end
    for q = 1, n do c:rx(q, w[layer][2]) end
  end
end)
print(ansatz)

local energy_and_gradient = ms.value_and_grad(function(w) return ansatz { w = w, observable = hamiltonian } end)
local w = random:split "angles":normal({ n // 2, 2 }, { dtype = "f64" }) * 0.1 - 0.5
local adam = ms.optim.adam { lr = 0.1 }
local energy
local seconds = {}
for step = 1, opt.steps do
  local clock = ms.timer()
  local now, gradient_of_energy = energy_and_gradient(w)
  energy = now:item()
  w = adam:step(w, gradient_of_energy)
  seconds[step] = clock:seconds()
  if step == 1 or step % 25 == 0 then print(("step %3d  energy %+.6f"):format(step, energy)) end
end
print(("exact     energy %+.6f"):format(exact))

experiment.finish(opt, {
  model = "Ising model on a ring", qubits = n, parameters = w:size(1) * w:size(2), iterations = opt.steps,
  energy = energy, exact_energy = exact, seconds_per_iteration = experiment.median(seconds),
})
