#!/usr/bin/env moonstill
-- Phase estimation: the quantum Fourier transform reads the phase of an eigenvalue, bit by bit (Kitaev, 1995).
local ms, experiment, plot = require "moonstill", require "experiment", require "plot"

local opt = experiment.options {
  data = false,
  about = "Estimates the phase that a gate gives to its eigenstate.",
  { "bits", default = 5, least = 1, most = 12, help = "how many bits of the phase are read" },
  { "phase", default = 0.3, help = "the phase, as a part of a full turn" },
}
local n = opt.bits
local target = n + 1

-- The Fourier transform of the qubits 1 to n, undone: rotations by halves, quarters, ... and a reversal.
local function inverse_fourier(c)
  for q = 1, n // 2 do c:swap(q, n + 1 - q) end
  for q = n, 1, -1 do
    for other = n, q + 1, -1 do c:cphase(other, q, -math.pi / (1 << (other - q))) end
    c:h(q)
  end
end

local function estimate(c)
  c:x(target)                                       -- the eigenstate |1> of a phase gate
  for q = 1, n do c:h(q) end
  for q = 1, n do c:cphase(q, target, 2 * math.pi * opt.phase * (1 << (n - q))) end
  inverse_fourier(c)
  return c
end

if n <= 5 then experiment.show(estimate(ms.circuit(target))) end

local counting = {}
for q = 1, n do counting[q] = q end
local probabilities = estimate(ms.qubits(target)):probabilities(counting)
local likeliest = probabilities:argmax():item()
local values, labels = {}, {}
for k, p in ipairs(probabilities:totable()) do
  if p > 0.01 then
    values[#values + 1], labels[#labels + 1] = p, ("%g turns"):format((k - 1) / (1 << n))
  end
end
experiment.show(plot.bars { values = values, labels = labels, range = { 0, 1 }, title = "Probability of each phase" })
local read, p = (likeliest - 1) / (1 << n), probabilities[likeliest]:item()
experiment.conclude(("%d bits read a phase of %g turns as %g with probability %.4f, 4/pi^2 = %.4f at least."):format(
  n, opt.phase, read, p, 4 / math.pi ^ 2))

experiment.finish(opt, { read = read, probability = p })
