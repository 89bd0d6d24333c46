#!/usr/bin/env moonstill
-- What quantum hardware would have had to execute to train the quantum LeNet on all images, and on distilled ones, to
-- the same accuracy. With the same --out the distillation goes on where it was stopped.
local ms, qnn, distill, train = require "moonstill", require "qnn", require "distill", require "train"
local experiment, trial = require "experiment", require "distill.trial"

local opt = experiment.options {
  about = "Counts the quantum executions of training on all images and on distilled ones.",
  folder = { name = "runs/ledger",
    unlike = { "iterations", "steps", "shots", "price_per_task", "price_per_shot" } },
  { "run", default = "", help = "folder of a run that has ended, whose images to take; none if empty: distils some" },
  { "iterations", default = 1000, least = 1, help = "outer iterations of the distillation" },
  { "hold_out", default = 1000, least = 1, help = "training images to measure accuracy on; --run: those of the run" },
  { "steps", default = 20000, least = 1, help = "gradient steps that a training on real images takes at most" },
  { "shots", default = 1000, least = 1, help = "repetitions of an execution" },
  { "price_per_task", default = 0.3, least = 0, help = "money for an execution, such as Amazon Braket's, in dollars" },
  { "price_per_shot", default = 0.0009, least = 0, help = "money for a shot of it, such as a Rigetti Ankaa's there" },
}

local set = experiment.images(opt)

-- The images of a run, and what it kept out of distillation.
local function of_run()
  local still = distill.load(opt.run .. "/images.npz", set)
  local settings = ms.io.parse_json(ms.io.read_text(opt.run .. "/settings.json"))
  local count = math.tointeger((settings.validation or ""):match ": (%d+) images")
  if not count then error(("'%s' held no images out of distillation: nothing to measure on"):format(opt.run), 0) end
  if not still.net:circuit() then error(("'%s' is of a network without a circuit"):format(opt.run), 0) end
  return still, opt.run, trial.split(set, count, settings.seed)
end

local function distilled()
  local real, held_out = trial.split(set, opt.hold_out, opt.seed)
  local shape = set.train:shape()
  local net = qnn.lenet.quantum { channels = shape[1], size = shape[2], classes = set.train:classes() }
  local still = distill.unrolled { net = net, train = real, seed = opt.seed }
  still:fit { iterations = opt.iterations, batch = 256, validation = held_out, folder = opt.out }
  return still:use_best(), opt.out, real, held_out
end

local still, folder, real, held_out = (opt.run ~= "" and of_run or distilled)()
local net, random = still.net, ms.random(opt.seed)
local gradient_of = ms.grad(function(w, x, y) return ms.nn.cross_entropy(net(x, w), y) end)
local book = ms.ledger.from(ms.io.parse_json(ms.io.read_text(folder .. "/ledger.json")))

-- Tests are the same for all, and not counted.
local function accuracy(w, images)
  local _ <close> = ms.ledger.pause()
  return train.evaluate(net, w, images).accuracy
end

local function train_on_distilled()
  local _ <close> = ms.ledger.phase "distilled images"
  return still:inner_loop(still.w0)
end
local trained = train_on_distilled()
local target = accuracy(trained, held_out)
local accuracies, full = { ["distilled images"] = accuracy(trained, set.test) }, {}
print(("distilled images: held-out accuracy %.4f, test accuracy %.4f"):format(target, accuracies["distilled images"]))

-- A step on the mean gradient over so many chunks of images, from the first-th on.
local function step(w, adam, chunks, first, count)
  local sum = gradient_of(w, chunks:at(first))
  for i = first + 1, first + count - 1 do sum = sum + gradient_of(w, chunks:at(i)) end
  ms.ledger.step()
  return net:project(adam:step(w, sum / count))
end

-- Trains on real images until those held out are read as well as after the distilled ones. Gives the steps that this
-- took, or nothing, and the weights.
local function train_to_target(o, lr, steps, test_every)
  local chunks = real:batches { batch = o.chunk, random = random:split(o.name), drop_last = true }
  local count = o.count or chunks:count()
  local adam, w = ms.optim.adam { lr = lr }, still.w0
  for i = 1, steps do
    w = step(w, adam, chunks, (i - 1) * count + 1, count)
    if i % test_every == 0 and accuracy(w, held_out) >= target then return i, w end
  end
end

-- The learning rate of Adam that takes the fewest steps, and these: from a first one on by factors of two, up and down
-- for as long as that helps. Trying is not counted.
local function best_rate(o)
  local _ <close> = ms.ledger.pause()
  local best, fewest, tried = o.lr, nil, {}
  local function is_better(lr)
    tried[#tried + 1] = lr
    local steps = train_to_target(o, lr, fewest and fewest - 1 or opt.steps, o.test_every)
    if steps then best, fewest = lr, steps end
    return steps ~= nil
  end
  is_better(o.lr)
  for _, factor in ipairs { 2, 0.5 } do
    local lr = o.lr * factor
    while is_better(lr) do lr = lr * factor end
  end
  table.sort(tried)
  return best, fewest, tried
end

local rates = {}

-- The training at its best learning rate, counted.
local function count_training(o)
  local lr, steps, tried = best_rate(o)
  rates[o.name] = { best = steps and lr, tried = tried }
  local among = ("learning rates tried: %g to %g"):format(tried[1], tried[#tried])
  if not steps then return print(("%s: not reached in %d steps (%s)"):format(o.name, opt.steps, among)) end
  local _ <close> = ms.ledger.phase(o.name)
  local _, w = train_to_target(o, lr, steps, steps)
  full[#full + 1], accuracies[o.name] = o.name, accuracy(w, set.test)
  print(("%s: %d step%s at a learning rate of %g (%s), test accuracy %.4f"):format(o.name, steps,
    steps == 1 and "" or "s", lr, among, accuracies[o.name]))
end

for _, images in ipairs { 1, 2, 4, 8, 16, 32, 64 } do
  count_training { name = "mini-batches of " .. images, chunk = images, count = 1, lr = 0.001, test_every = 20 }
end
count_training { name = "full batch", chunk = math.min(1000, #real), lr = 0.01, test_every = 1 }

local report = book:report {
  full = full, distilled = "distilled images", distilling = "distil", shots = opt.shots,
  price_per_task = opt.price_per_task, price_per_shot = opt.price_per_shot,
}
print(("\n%s\n\n%s"):format(book, report))
ms.io.write_text(opt.out .. "/report.md", tostring(report) .. "\n")
local counts = book:totable()
experiment.finish(opt, {
  dataset = set.train:name(), model = net.name, iterations = counts.distil.steps, images = #real,
  seconds_before = still:seconds_before(), held_out_accuracy = target, test_accuracies = accuracies,
  learning_rates = rates, ledger = counts, report = report,
})
