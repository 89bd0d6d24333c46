#!/usr/bin/env moonstill
-- Distils a data set into a few images for the classical or the quantum LeNet (arXiv 2503.17935).
local ms, qnn, distill = require "moonstill", require "qnn", require "distill"
local experiment = require "experiment"

-- Only what differs from the defaults below, which are ours.
local presets = {
  ours = {},
  paper = {
    iterations = 23200, batch = 1024, lr = 0.01, decay_every = 40, step_size = 0.02, clip = 0, averaging = 0,
    evaluate_every = 250, hold_out = 1000,
  },
  start = { iterations = 5000, hold_out = 1000, backoff = 0.7, out = "runs/start" },
}

local function chosen_preset()
  for i = 1, #arg do
    local name = arg[i]:match "^%-%-preset=(.*)$" or arg[i] == "--preset" and arg[i + 1]
    if name then return presets[name] end
  end
end

local opt = experiment.options {
  about = "Distils a data set into a few synthetic images that train a LeNet.",
  defaults = chosen_preset(),
  { "preset", default = "ours", choices = { "ours", "paper", "start" }, help = "where the defaults come from" },
  { "model", default = "quantum", choices = { "quantum", "classical" }, help = "which LeNet" },
  { "observable", default = "trainable", choices = { "trainable", "fixed" }, help = "the quantum LeNet's Hermitians" },
  { "init", default = "known", choices = { "known", "unknown" }, help = "one set of initial weights, or fresh ones" },
  { "steps", default = 1, least = 1, help = "lists of images" },
  { "passes", default = 3, least = 1, help = "how often the inner loop takes each list" },
  { "images_per_class", default = 1, least = 1, help = "of each class in a list" },
  { "iterations", default = 12000, least = 1, help = "outer iterations" },
  { "batch", default = 256, least = 1, help = "real images in an outer iteration" },
  { "lr", default = 0.03, least = 0, help = "Adam's learning rate for the images" },
  { "decay_every", default = 0, help = "epochs between halvings of lr; 0: cycles instead" },
  { "cycle", default = 1000, least = 1, help = "iterations in which lr falls to nothing; then back to the best state" },
  { "backoff", default = 0.85, help = "factor of lr from cycle to cycle" },
  { "step_size", default = 0.3, help = "where the learned step sizes of the first pass start" },
  { "later_step_size", default = 0.02, help = "where those of the later passes start" },
  { "step_size_lr", default = 1.0, help = "learning rate of the step sizes, as a share of lr" },
  { "clip", default = 0.2, least = 0, help = "largest norm of the outer gradient; 0: no limit" },
  { "averaging", default = 0.9, least = 0, help = "decay of the moving average of the iterates; 0: none" },
  { "start", default = "normal", choices = { "normal", "real" }, help = "images start as noise, or as real ones" },
  { "hold_out", default = 5000, least = 1, help = "training images kept out, to choose the best iterate by" },
  { "evaluate_every", default = 25, least = 1, help = "iterations between evaluations on the held-out images" },
  { "resume", default = true, help = "goes on from the checkpoint in --out" },
}

local set = ms.data.images(opt.data)
local shape = set.train:shape()
local random = ms.random(opt.seed)
local real, held_out = set.train:hold_out(opt.hold_out, random:split "hold out")
local net = qnn.lenet[opt.model] {
  channels = shape[1], size = shape[2], classes = set.train:classes(),
  observable = opt.model == "quantum" and opt.observable or nil,
}
local still = distill.unrolled {
  net = net, train = real, images_per_class = opt.images_per_class, steps = opt.steps, passes = opt.passes,
  init = opt.init,
  step_size = opt.step_size, later_step_size = opt.later_step_size, start = opt.start, seed = opt.seed,
}
print(set.train)
print(net)
print(still)

local schedule
if opt.decay_every > 0 then
  schedule = ms.optim.step_decay { lr = opt.lr, every = opt.decay_every * (#real // opt.batch) }
end
still:fit {
  iterations = opt.iterations, batch = opt.batch, lr = opt.lr, schedule = schedule, step_size_lr = opt.step_size_lr,
  clip = opt.clip, averaging = opt.averaging, cycle = opt.cycle, backoff = opt.backoff, validation = held_out,
  evaluate_every = opt.evaluate_every, folder = opt.out ~= "" and opt.out or nil, fresh = not opt.resume,
}

local last = still:evaluate(set.test)
local best = still:use_best():evaluate(set.test)

-- The same protocol with other images of the same number, step sizes tuned for them.
local function lists_of(make)
  local lists = {}
  for s = 1, opt.steps do lists[s] = make(s) end
  return lists
end
local drawn = lists_of(function(s)
  return (real:per_class(opt.images_per_class, random:split "random images":split(s)):batch())
end)
local random_images = still:baseline(drawn, held_out, set.test)
local means = opt.images_per_class == 1
  and still:baseline(lists_of(function() return real:class_means() end), held_out, set.test)

print()
print(("distilled images, best by held-out images (iteration %d): %s"):format(still:best().iteration, best))
print(("distilled images, last iterate: %s"):format(last))
print(("random real images: %s"):format(random_images))
if means then print(("class means: %s"):format(means)) end
if opt.out ~= "" then
  still:save(opt.out)
  print("images in " .. opt.out .. "/images.png and images.npz")
end

experiment.finish(opt, {
  dataset = set.train:name(), model = net.name, observable = opt.model == "quantum" and opt.observable or nil,
  init = opt.init, parameters = net:count(true), images = best.images, inner_updates = best.updates,
  iterations = opt.iterations, test_accuracy = best.accuracy, test_loss = best.loss,
  test_accuracy_last = last.accuracy, held_out_accuracy = still:best().accuracy,
  best_iteration = still:best().iteration,
  test_accuracy_random_images = random_images.accuracy, test_accuracy_class_means = means and means.accuracy or nil,
  step_sizes = still:step_sizes(), seconds_per_iteration = still:seconds_per_iteration(),
})
