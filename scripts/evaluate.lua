#!/usr/bin/env moonstill
-- Trains the network that some distilled images are for on these images alone, and tests it.
local ms, distill, experiment, qnn = require "moonstill", require "distill", require "experiment", require "qnn"

local opt = experiment.options {
  about = "Trains a network on distilled images (images.npz of a run) and tests it; of several files, each.",
  { "images", required = true, positional = true, many = true, help = "images.npz" },
  { "observable", default = "own", choices = { "own", "trainable", "fixed" },
    help = "the quantum LeNet's Hermitians; own: as the images were distilled" },
  { "without_circuit", default = false, help = "tests the trained quantum LeNet with its circuit silenced" },
}
local set = experiment.images(opt)

local function evaluate(path)
  local clock = ms.timer()
  local still = distill.load(path, set, { observable = opt.observable ~= "own" and opt.observable or nil })
  local silence = opt.without_circuit and function(w) return qnn.lenet.without_circuit(still.net, w) end or nil
  local result = still:evaluate(set.test, { change = silence })
  print(("%s%s (%.1f s)"):format(#opt.images > 1 and path .. ": " or "", result, clock:seconds()))
  return result.accuracy
end

local accuracies = {}
for i, path in ipairs(opt.images) do accuracies[i] = evaluate(path) end
local mean, deviation = experiment.mean(accuracies)
if deviation then print(("mean accuracy %.4f ± %.4f"):format(mean, deviation)) end
experiment.finish(opt, { dataset = set.train:name(), test_accuracies = accuracies, test_accuracy = mean,
  test_deviation = deviation })
