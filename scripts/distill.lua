#!/usr/bin/env moonstill
-- Distils a data set into a few images for the classical or the quantum LeNet (arXiv 2503.17935).
local distill, experiment = require "distill", require "experiment"

-- Only what differs from the defaults below, which are ours.
local presets = {
  ours = {},
  -- 400 epochs of 59 batches, no images held out.
  paper = {
    iterations = 23600, batch = 1024, lr = 0.01, decay_every = 40, step_size = 0.02, sharpness = 0, clip = 0,
    averaging = 0, evaluate_every = 250, hold_out = 0,
  },
  start = { iterations = 2000, cycle = 2000, hold_out = 1000 },
}
local preset = experiment.given "preset"

-- What distill.trial itself takes from the command line, what distill.unrolled does, and what its method fit does.
local whole = {
  { "model", default = "quantum", choices = { "quantum", "classical" }, help = "which LeNet" },
  { "observable", default = "trainable", choices = { "trainable", "fixed" }, help = "the quantum LeNet's Hermitians" },
  { "angles", default = "trainable", choices = { "trainable", "fixed" }, help = "the quantum LeNet's circuit angles" },
  { "hold_out", default = 5000, least = 0, help = "training images kept out, to choose the best iterate by; 0: none" },
  { "decay_every", default = 0, least = 0, help = "epochs between halvings of lr; 0: cycles instead" },
}
local inner = {
  { "init", default = "known", choices = { "known", "unknown" }, help = "one set of initial weights, or fresh ones" },
  { "steps", default = 1, least = 1, help = "lists of images" },
  { "passes", default = 3, least = 1, help = "how often the inner loop takes each list" },
  { "images_per_class", default = 1, least = 1, help = "of each class in a list" },
  { "start", default = "normal", help = "images start as noise (normal), as real ones, or as those of an .npz" },
  { "step_size", default = 0.3, help = "where the learned step sizes of the first pass start" },
  { "later_step_size", default = 0.02, help = "where those of the later passes start" },
  { "sharpness", default = 6.0, least = 0,
    help = "of the smooth network that differentiates inner updates; 0: the network itself" },
}
local outer = {
  { "iterations", default = 10000, least = 1, help = "outer iterations" },
  { "batch", default = 256, least = 1, help = "real images in an outer iteration" },
  { "lr", default = 0.03, least = 0, help = "Adam's learning rate for the images" },
  { "cycle", default = 10000, least = 1,
    help = "iterations in which lr falls to nothing; then back to the best state" },
  { "backoff", default = 0.9, help = "factor of lr from cycle to cycle" },
  { "step_size_lr", default = 1.0, help = "learning rate of the step sizes, as a share of lr" },
  { "clip", default = 0.2, least = 0, help = "largest norm of the outer gradient; 0: no limit" },
  { "averaging", default = 0.95, least = 0, help = "decay of the moving average of the iterates; 0: none" },
  { "evaluate_every", default = 50, least = 1, help = "iterations between evaluations on the held-out images" },
  { "restart", default = 1, type = "number", least = 0,
    help = "back to the best state when held-out accuracy falls so far (0 to 1) below its; 1: never" },
  { "on_nan", default = "stop", choices = { "stop", "backoff" },
    help = "after numbers that are not finite: stop, or back to the best state with a lower lr" },
  { "fresh", default = false, help = "starts anew where --out has a checkpoint" },
  { "live", default = false, help = "draws curves on the terminal meanwhile" },
}

local declared = {
  about = "Distils a data set into a few synthetic images that train a LeNet.",
  defaults = presets[preset],
  folder = preset == "start"
    and { name = "runs/start", unlike = { "preset", "iterations", "on_nan", "fresh", "live" } } or nil,
  { "preset", default = "ours", choices = { "ours", "paper", "start" }, help = "where the defaults come from" },
}
for _, group in ipairs { whole, inner, outer } do table.move(group, 1, #group, #declared + 1, declared) end
local opt = experiment.options(declared)

local set = experiment.images(opt)
-- The paper takes ten lists for CIFAR-10 and for unknown initialisation.
if opt.preset == "paper" and not experiment.given "steps" and (set.train:shape()[1] == 3 or opt.init == "unknown") then
  opt.steps = 10
end

local function values_of(group)
  local values = {}
  for _, entry in ipairs(group) do values[entry[1]] = opt[entry[1]] end
  return values
end

local trial = values_of(whole)
trial.set, trial.seed, trial.folder = set, opt.seed, opt.out ~= "" and opt.out or nil
trial.still, trial.fit = values_of(inner), values_of(outer)
local result = distill.trial(trial)
if opt.out ~= "" then print("images in " .. opt.out .. "/images.png and images.npz") end
experiment.finish(opt, result)
