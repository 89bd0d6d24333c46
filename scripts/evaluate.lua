#!/usr/bin/env moonstill
-- Trains the network that some distilled images are for on these images alone, and tests it.
local ms, distill, experiment = require "moonstill", require "distill", require "experiment"

local opt = experiment.options {
  about = "Trains a network on distilled images (images.npz of a run) and tests it.",
  { "images", required = true, positional = true, help = "images.npz" },
  { "observable", default = "own", choices = { "own", "trainable", "fixed" },
    help = "the quantum LeNet's Hermitians; own: as the images were distilled" },
}
local clock = ms.timer()
local set = experiment.images(opt)
local still = distill.load(opt.images, set, { observable = opt.observable ~= "own" and opt.observable or nil })
local result = still:evaluate(set.test)
print(still)
print(("%s (%.1f s)"):format(result, clock:seconds()))
