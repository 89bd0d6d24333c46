#!/usr/bin/env moonstill
-- Grover's search: the marked one of N states is found after about pi/4 sqrt N questions instead of N/2.
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"

local opt = experiment.options {
  data = false,
  about = "Finds a marked basis state by amplitude amplification.",
  { "qubits", default = 5, least = 2, most = 16, help = "the search space has 2^qubits states" },
  { "marked", default = 3, least = 0, help = "number of the marked state, from 0" },
}
local n, states = opt.qubits, 1 << opt.qubits
local marked = opt.marked
if marked >= states then error(("--marked: expected 0 to %d, got %d"):format(states - 1, marked), 0) end

local all, others = {}, {}
for q = 1, n do
  all[q] = q
  if q < n then others[q] = q end
end

-- Changes the sign of one basis state: X where its bit is 0, then Z controlled by all.
local function flip_sign(q, state)
  local zeros = {}
  for qubit = 1, n do
    if state >> (n - qubit) & 1 == 0 then zeros[#zeros + 1] = qubit end
  end
  for _, qubit in ipairs(zeros) do q:x(qubit) end
  q:z(n, { controls = others })
  for _, qubit in ipairs(zeros) do q:x(qubit) end
end

local function hadamards(q)
  for _, qubit in ipairs(all) do q:h(qubit) end
end

local function iterate(q)
  flip_sign(q, marked)                              -- the oracle
  hadamards(q)
  flip_sign(q, 0)                                   -- inversion about the mean
  hadamards(q)
end

if n <= 5 then
  local drawing = ms.circuit(n)
  iterate(drawing)
  print "One iteration:"
  experiment.show(drawing)
end

local q = ms.qubits(n)
hadamards(q)
local angle = math.asin(1 / math.sqrt(states))
local best = math.floor(math.pi / (4 * angle))
local found, theory, labels = {}, {}, {}
for k = 0, best do
  if k > 0 then iterate(q) end
  found[k + 1] = q:probabilities()[marked + 1]:item()
  theory[k + 1] = math.sin((2 * k + 1) * angle) ^ 2
  labels[k + 1] = ("%d questions"):format(k)
end
experiment.show(plot.bars {
  values = found, labels = labels, range = { 0, 1 }, title = "Probability of the marked state",
})
experiment.conclude(("State %d of %d is found with probability %.4f after %d questions; theory: %.4f."):format(
  marked, states, found[#found], best, theory[#theory]))

experiment.finish(opt, { probability = found[#found], expected = theory[#theory], questions = best })
