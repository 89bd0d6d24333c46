#!/usr/bin/env moonstill
-- What quantum hardware would have had to execute to train the quantum LeNet on all images, and on distilled ones, to
-- the same accuracy. With the same --out the distillation goes on where it was stopped.
local ms, qnn, distill, train = require "moonstill", require "qnn", require "distill", require "train"
local experiment = require "experiment"

local opt = experiment.options {
  about = "Counts the quantum executions of training on all images and on distilled ones.",
  folder = { name = "runs/ledger", unlike = { "iterations", "steps", "shots", "price_per_task", "price_per_shot" } },
  { "iterations", default = 1000, least = 1, help = "outer iterations of the distillation" },
  { "hold_out", default = 1000, least = 1, help = "training images kept out, to measure accuracy on" },
  { "steps", default = 2000, least = 1, help = "gradient steps that a training on real images takes at most" },
  { "shots", default = 1000, least = 1, help = "repetitions of an execution" },
  { "price_per_task", default = 0.3, least = 0, help = "money for an execution, such as Amazon Braket's, in dollars" },
  { "price_per_shot", default = 0.0009, least = 0, help = "money for a shot of it, such as a Rigetti Ankaa's there" },
}

local set = experiment.images(opt)
local shape, random = set.train:shape(), ms.random(opt.seed)
local real, held_out = set.train:hold_out(opt.hold_out, random:split "hold out")
local net = qnn.lenet.quantum { channels = shape[1], size = shape[2], classes = set.train:classes() }
local gradient_of = ms.grad(function(w, x, y) return ms.nn.cross_entropy(net(x, w), y) end)

local still = distill.unrolled { net = net, train = real, seed = opt.seed }
still:fit { iterations = opt.iterations, batch = 256, validation = held_out, folder = opt.out }
local book = ms.ledger.from(ms.io.parse_json(ms.io.read_text(opt.out .. "/ledger.json")))

-- Tests are the same for all, and not counted.
local function accuracy(w, images)
  local _ <close> = ms.ledger.pause()
  return train.evaluate(net, w, images).accuracy
end

local function train_on_distilled()
  local _ <close> = ms.ledger.phase "distilled images"
  return still:use_best():inner_loop(still.w0)
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

-- Trains on real images until those held out are read as well as after the distilled ones.
local function train_to_target(name, chunk, count, lr, test_every)
  local _ <close> = ms.ledger.phase(name)
  local chunks = real:batches { batch = chunk, random = random:split(name), drop_last = true }
  count = count or chunks:count()
  local adam, w, held = ms.optim.adam { lr = lr }, still.w0, 0
  for i = 1, opt.steps do
    w = step(w, adam, chunks, (i - 1) * count + 1, count)
    if i % test_every == 0 then held = accuracy(w, held_out) end
    if held >= target then
      accuracies[name], full[#full + 1] = accuracy(w, set.test), name
      return print(("%s: %d steps, test accuracy %.4f"):format(name, i, accuracies[name]))
    end
  end
  print(("%s: not reached in %d steps"):format(name, opt.steps))
end
train_to_target("full batch", math.min(1000, #real), nil, 0.01, 1)
for _, images in ipairs { 4, 16, 64 } do train_to_target("mini-batches of " .. images, images, 1, 0.002, 10) end

local report = book:report {
  full = full, distilled = "distilled images", distilling = "distil", shots = opt.shots,
  price_per_task = opt.price_per_task, price_per_shot = opt.price_per_shot,
}
print(("\n%s\n\n%s"):format(book, report))
ms.io.write_text(opt.out .. "/report.md", tostring(report) .. "\n")
experiment.finish(opt, {
  dataset = set.train:name(), model = net.name, iterations = still:iterations(), images = #real,
  seconds_before = still:seconds_before(), test_accuracies = accuracies, ledger = book:totable(), report = report,
})
