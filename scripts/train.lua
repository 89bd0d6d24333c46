#!/usr/bin/env moonstill
-- Trains the classical or the quantum LeNet on a whole data set.
local ms, qnn, train, experiment = require "moonstill", require "qnn", require "train", require "experiment"
local plot = require "plot"

local opt = experiment.options {
  about = "Trains a LeNet on a whole data set.",
  { "model", default = "quantum", choices = { "quantum", "classical" }, help = "which LeNet" },
  { "observable", default = "trainable", choices = { "trainable", "fixed" }, help = "the quantum LeNet's Hermitians" },
  { "epochs", default = 3, least = 1, help = "passes over the images" },
  { "batch", default = 128, least = 1, help = "images in a step" },
  { "live", default = false, help = "draws loss and accuracy on the terminal meanwhile" },
  { "lr", default = 2e-3, least = 0, help = "Adam's learning rate; falls along a cosine" },
}

local set = experiment.images(opt)
local shape = set.train:shape()
local net = qnn.lenet[opt.model] {
  channels = shape[1], size = shape[2], classes = set.train:classes(),
  observable = opt.model == "quantum" and opt.observable or nil,
}
print(set.train)
print(net)

local function save(w, metadata)
  if opt.out ~= "" then ms.io.save(opt.out .. "/weights.safetensors", net:named(w), { metadata = metadata }) end
end

local steps = opt.epochs * math.max(1, #set.train // opt.batch)
local w, history = train.fit {
  net = net, train = set.train, test = set.test, epochs = opt.epochs, batch = opt.batch, seed = opt.seed,
  optimizer = ms.optim.adam { lr = ms.optim.cosine { lr = opt.lr, steps = steps, floor = 0.02, warmup = 20 } },
  on_failure = function(w, step) save(w, { model = net.name, seed = opt.seed, step = step }) end,
  live = opt.live,
  -- Lines in between would tear the drawing.
  on_epoch = not (opt.live and plot.live():shows()) and function(e)
    print(("epoch %d  loss %.4f  test accuracy %.4f  test loss %.4f  %.1f s"):format(
      e.epoch, e.loss, e.accuracy, e.test_loss, e.seconds))
  end or nil,
}

save(w, { model = net.name, seed = opt.seed })
local last = history[#history]
experiment.finish(opt, {
  dataset = set.train:name(), model = net.name, observable = opt.model == "quantum" and opt.observable or nil,
  parameters = net:count(true), images = #set.train, inner_updates = steps, iterations = steps, epochs = opt.epochs,
  test_accuracy = last.accuracy, test_loss = last.test_loss, seconds_per_iteration = last.seconds_per_step,
  history = history,
})
