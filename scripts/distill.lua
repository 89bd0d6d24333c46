#!/usr/bin/env moonstill
-- Distils a data set into a few images for the classical or the quantum LeNet (arXiv 2503.17935).
local ms, qnn, distill = require "moonstill", require "qnn", require "distill"
local experiment = require "experiment"

-- Only what differs from the defaults below, which are ours.
local presets = {
  ours = {},
  -- 400 epochs of 59 batches, no images held out.
  paper = {
    iterations = 23600, batch = 1024, lr = 0.01, decay_every = 40, step_size = 0.02, clip = 0, averaging = 0,
    evaluate_every = 250, hold_out = 0,
  },
  start = { iterations = 5000, hold_out = 1000, backoff = 0.7 },
}
local preset = experiment.given "preset"

local opt = experiment.options {
  about = "Distils a data set into a few synthetic images that train a LeNet.",
  defaults = presets[preset],
  folder = preset == "start" and { name = "runs/start", unlike = { "preset", "iterations", "resume" } } or nil,
  { "preset", default = "ours", choices = { "ours", "paper", "start" }, help = "where the defaults come from" },
  { "model", default = "quantum", choices = { "quantum", "classical" }, help = "which LeNet" },
  { "observable", default = "trainable", choices = { "trainable", "fixed" }, help = "the quantum LeNet's Hermitians" },
  { "init", default = "known", choices = { "known", "unknown" }, help = "one set of initial weights, or fresh ones" },
  { "steps", default = 1, least = 1, help = "lists of images" },
  { "passes", default = 3, least = 1, help = "how often the inner loop takes each list" },
  { "images_per_class", default = 1, least = 1, help = "of each class in a list" },
  { "iterations", default = 20000, least = 1, help = "outer iterations" },
  { "batch", default = 256, least = 1, help = "real images in an outer iteration" },
  { "lr", default = 0.03, least = 0, help = "Adam's learning rate for the images" },
  { "decay_every", default = 0, least = 0, help = "epochs between halvings of lr; 0: cycles instead" },
  { "cycle", default = 1000, least = 1, help = "iterations in which lr falls to nothing; then back to the best state" },
  { "backoff", default = 0.9, help = "factor of lr from cycle to cycle" },
  { "step_size", default = 0.3, help = "where the learned step sizes of the first pass start" },
  { "later_step_size", default = 0.02, help = "where those of the later passes start" },
  { "step_size_lr", default = 1.0, help = "learning rate of the step sizes, as a share of lr" },
  { "clip", default = 0.2, least = 0, help = "largest norm of the outer gradient; 0: no limit" },
  { "averaging", default = 0.9, least = 0, help = "decay of the moving average of the iterates; 0: none" },
  { "start", default = "normal", choices = { "normal", "real" }, help = "images start as noise, or as real ones" },
  { "hold_out", default = 5000, least = 0, help = "training images kept out, to choose the best iterate by; 0: none" },
  { "evaluate_every", default = 25, least = 1, help = "iterations between evaluations on the held-out images" },
  { "resume", default = true, help = "goes on from the checkpoint in --out" },
}

local set = experiment.images(opt)
local shape = set.train:shape()
local random = ms.random(opt.seed)
local real, held_out = set.train, nil
if opt.hold_out > 0 then real, held_out = real:hold_out(opt.hold_out, random:split "hold out") end
-- The paper takes ten lists for CIFAR-10 and for unknown initialisation.
if opt.preset == "paper" and not experiment.given "steps" and (shape[1] == 3 or opt.init == "unknown") then
  opt.steps = 10
end

-- Other images of the same number, for comparison. Drawn first: a class that has too few ends the run at once.
local function lists_of(make)
  local lists = {}
  for s = 1, opt.steps do lists[s] = make(s) end
  return lists
end
local drawn = lists_of(function(s)
  return (real:per_class(opt.images_per_class, random:split "random images":split(s)):batch())
end)
local means = opt.images_per_class == 1 and lists_of(function() return real:class_means() end)

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
  schedule = ms.optim.step_decay { lr = opt.lr, every = opt.decay_every * math.ceil(#real / opt.batch) }
end
still:fit {
  iterations = opt.iterations, batch = opt.batch, lr = opt.lr, schedule = schedule, step_size_lr = opt.step_size_lr,
  clip = opt.clip, averaging = opt.averaging, cycle = opt.cycle, backoff = opt.backoff, validation = held_out,
  evaluate_every = opt.evaluate_every, folder = opt.out ~= "" and opt.out or nil, fresh = not opt.resume,
}

local last = still:evaluate(set.test)
local best = still:use_best():evaluate(set.test)

if opt.out ~= "" then still:save(opt.out) end

-- The others take the same number of updates, with a step size tuned for them on images that are not the test's.
local judge = held_out or select(2, real:hold_out(math.min(5000, #real // 2), random:split "judge"))
local random_images = still:baseline(drawn, judge, set.test)
local class_means = means and still:baseline(means, judge, set.test)

print()
local choice = still:best()
if choice then
  print(("distilled images, best by held-out images (iteration %d): %s"):format(choice.iteration, best))
end
print(("distilled images, last iterate: %s"):format(last))
print(("random real images: %s"):format(random_images))
if class_means then print(("class means: %s"):format(class_means)) end
if opt.out ~= "" then print("images in " .. opt.out .. "/images.png and images.npz") end

experiment.finish(opt, {
  dataset = set.train:name(), model = net.name, observable = opt.model == "quantum" and opt.observable or nil,
  init = opt.init, parameters = net:count(true), images = best.images, inner_updates = best.updates,
  iterations = still:iterations(), test_accuracy = best.accuracy, test_loss = best.loss,
  test_accuracy_last = last.accuracy, held_out_accuracy = choice and choice.accuracy or nil,
  best_iteration = choice and choice.iteration or nil, test_accuracy_random_images = random_images.accuracy,
  test_accuracy_class_means = class_means and class_means.accuracy or nil, seconds_before = still:seconds_before(),
  step_sizes = still:step_sizes(), seconds_per_iteration = still:seconds_per_iteration(),
})
