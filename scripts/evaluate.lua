#!/usr/bin/env moonstill
-- Trains the network that some distilled images are for on these images alone, and tests it.
local ms, distill, experiment, qnn = require "moonstill", require "distill", require "experiment", require "qnn"

local opt = experiment.options {
  about = "Trains a network on distilled images (images.npz of a run) and tests it.",
  { "images", required = true, positional = true, help = "images.npz" },
  { "observable", default = "own", choices = { "own", "trainable", "fixed" },
    help = "the quantum LeNet's Hermitians; own: as the images were distilled" },
  { "without_circuit", default = false, help = "tests the trained quantum LeNet with its circuit silenced" },
}
local clock = ms.timer()
local set = experiment.images(opt)
local still = distill.load(opt.images, set, { observable = opt.observable ~= "own" and opt.observable or nil })
local silence = opt.without_circuit and function(w) return qnn.lenet.without_circuit(still.net, w) end or nil
local result = still:evaluate(set.test, { change = silence })
print(("%s (%.1f s)"):format(result, clock:seconds()))
