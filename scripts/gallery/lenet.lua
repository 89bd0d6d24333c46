#!/usr/bin/env moonstill
-- The paper's network (Phalak, Li and Ghosh, arXiv 2503.17935): convolutions, 64 features as amplitudes of six qubits,
-- entangling layers, trainable Hermitians, and a classical branch beside them.
local ms, qnn, train = require "moonstill", require "qnn", require "train"
local experiment, plot = require "experiment", require "plot"

local opt = experiment.options {
  about = "Trains the quantum LeNet on handwritten digits.",
  { "images", default = 4000, least = 100, help = "to train on" },
  { "epochs", default = 2, least = 1, help = "passes over them" },
}

local net = qnn.lenet.quantum()
print(net)

local set = ms.data.images(opt.data, { train = opt.images, test = 1000, seed = opt.seed })
local w = train.fit {
  net = net, train = set.train, epochs = opt.epochs, batch = 64, seed = opt.seed,
  optimizer = ms.optim.adam { lr = 0.002 }, quiet = true,
}
local result = train.evaluate(net, w, set.test)

-- Some test images, and what the network makes of them. Class 1 is the digit 0.
local x = set.test:batch { 1, 2, 3, 4, 5 }
local answers = net(x, w):argmax(2):totable()
for i, class in ipairs(answers) do answers[i] = class - 1 end
experiment.show(plot.images { images = x, columns = 5 })
print("The network reads " .. table.concat(answers, ", "))
experiment.conclude(("After %d epochs on %d images it reads %.1f %% of 1,000 unseen digits."):format(
  opt.epochs, opt.images, 100 * result.accuracy))

experiment.finish(opt, { accuracy = result.accuracy, parameters = net:count() })
