#!/usr/bin/env moonstill
-- What quantum hardware would have had to execute to train the quantum LeNet on all images, and on distilled ones, to
-- the same accuracy. The same command goes on where it was stopped: the distillation from its checkpoint, then with the
-- first training that has not ended.
local ms, qnn, distill, train = require "moonstill", require "qnn", require "distill", require "train"
local estimate, experiment, kept = require "distill.estimate", require "experiment", require "experiment.kept"
local grouped, lock, trial = require "moonstill.grouped", require "moonstill.folder_lock", require "distill.trial"

local opt = experiment.options {
  about = "Counts the quantum executions of training on all images and on distilled ones.",
  folder = { name = "runs/ledger",
    unlike = { "iterations", "steps", "shots", "price_per_task", "price_per_shot", "fresh" } },
  { "run", default = "", help = "folder of a run that has ended, whose images to take; none if empty: distils some" },
  { "iterations", default = 1000, least = 1, help = "outer iterations of the distillation" },
  { "hold_out", default = 1000, least = 1, help = "training images to measure accuracy on; --run: those of the run" },
  { "steps", default = 20000, least = 1, help = "gradient steps that a training on real images takes at most" },
  { "shots", default = 1000, least = 1, help = "repetitions of an execution" },
  { "price_per_task", default = 0.3, least = 0, help = "dollars for an execution, such as Amazon Braket's" },
  { "price_per_shot", default = 0.0009, least = 0, help = "dollars for a shot of it, such as a Rigetti Ankaa's there" },
  { "fresh", default = false, help = "starts anew where --out has a checkpoint or trainings" },
}
if opt.out == opt.run then error("--out: expected a folder of its own", 0) end
local taken <close>, process = lock.take(opt.out)
if not taken then error(("process %s is at work in '%s'"):format(process, opt.out), 0) end
lock.clean(opt.out)

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

-- Images that are yet to be distilled.
local function of_noise()
  local real, held_out = trial.split(set, opt.hold_out, opt.seed)
  local shape = set.train:shape()
  local net = qnn.lenet.quantum { channels = shape[1], size = shape[2], classes = set.train:classes() }
  return distill.unrolled { net = net, train = real, seed = opt.seed }, opt.out, real, held_out
end

local still, folder, real, held_out = (opt.run ~= "" and of_run or of_noise)()
local net, random = still.net, ms.random(opt.seed)
local gradient_of = ms.grad(function(w, x, y) return ms.nn.cross_entropy(net(x, w), y) end)

-- Tests are the same for all, and not counted.
local function accuracy(w, images)
  local _ <close> = ms.ledger.pause()
  return train.evaluate(net, w, images).accuracy
end

-- The trainings on real images. A step is on the mean gradient over `count` chunks of images.
local plan = {}
for i, images in ipairs { 1, 2, 4, 8, 16, 32, 64 } do
  plan[i] = { name = "mini-batches of " .. images, chunk = images, count = 1, lr = 0.001, test_every = 20 }
end
local chunk = math.min(1000, #real)
plan[#plan + 1] = { name = "full batch", chunk = chunk, count = #real // chunk, lr = 0.01, test_every = 1 }

local function chunks_of(o)
  return real:batches { batch = o.chunk, random = random:split(o.name), drop_last = true }
end

local function text_of(images) return ("%s, fingerprint %s"):format(images, images:fingerprint()) end

-- Those that have ended.
local trainings = kept.open(opt.out .. "/trainings.json", {
  net = net:description(), initial_weights = ms.io.fingerprint(still.w0), train = text_of(real),
  held_out = text_of(held_out), test = text_of(set.test), seed = opt.seed,
}, opt.fresh)

-- Says how long the trainings from the first-th on will take.
local function print_estimate(first)
  local list = {}
  for i = first, #plan do
    local o = plan[i]
    local chunks = chunks_of(o)
    list[#list + 1] = { name = o.name, count = o.count, test_every = o.test_every,
      step = function() gradient_of(still.w0, chunks:at(1)) end }
  end
  local text = estimate.trainings(list, 3, opt.steps, function() accuracy(still.w0, held_out) end)
  if text then io.stderr:write(text, "\n") end
end

-- A run that goes on has one when it comes to what is left.
local has_estimate = trainings:count() == 0
if has_estimate then print_estimate(1) end

if opt.run == "" then
  still:fit { iterations = opt.iterations, batch = 256, validation = held_out, folder = opt.out, fresh = opt.fresh }
  still:use_best()
end

local counts = ms.io.parse_json(ms.io.read_text(folder .. "/ledger.json"))
local function train_on_distilled()
  local book <close> = ms.ledger.from(counts)
  local _ <close> = ms.ledger.phase "distilled images"
  local w = still:inner_loop(still.w0)
  counts = book:totable()
  return w
end
local trained = train_on_distilled()
local target = accuracy(trained, held_out)
local accuracies, full, notes = { ["distilled images"] = accuracy(trained, set.test) }, {}, {}
local function note(format, ...)
  notes[#notes + 1] = format:format(...)
  print(notes[#notes])
end
note("distilled images: held-out accuracy %.4f, test accuracy %.4f", target, accuracies["distilled images"])

-- Trains until the held-out images are read as well as after the distilled ones: what this took, without steps where
-- it was not to be reached.
local function train_to_target(o, lr, most)
  local book <close> = ms.ledger()
  local _ <close> = ms.ledger.phase(o.name)
  local bar = ms.progress { total = most, label = ("%s, learning rate %g"):format(o.name, lr), after = 1 }
  local clock, chunks = ms.timer(), chunks_of(o)
  local adam, w = ms.optim.adam { lr = lr }, still.w0
  local steps
  for i = 1, most do
    local first = (i - 1) * o.count + 1
    local sum = gradient_of(w, chunks:at(first))
    for j = first + 1, first + o.count - 1 do sum = sum + gradient_of(w, chunks:at(j)) end
    w = net:project(adam:step(w, sum / o.count))
    ms.ledger.step()
    if i % o.test_every == 0 then
      local reached = accuracy(w, held_out)
      bar:update(i, ("%.4f of %.4f"):format(reached, target))
      if reached >= target then
        steps = i
        break
      end
    end
  end
  bar:finish()
  return {
    lr = lr, most = most, steps = steps, counts = steps and book:totable()[o.name],
    test_accuracy = steps and accuracy(w, set.test), seconds = clock:seconds(),
  }
end

local seconds_before = still:seconds_before()

-- The same, or what is kept of it; nil where the target is not reached.
local function training(place, lr, most)
  local o = plan[place]
  local name = ("%s to %.6f, learning rate %g"):format(o.name, target, lr)
  local done = trainings:get(name)
  if done and (done.steps or done.most >= most) then
    seconds_before = seconds_before + done.seconds
  else
    if not has_estimate then print_estimate(place) end
    has_estimate = true
    done = train_to_target(o, lr, most)
    trainings:put(name, done)
  end
  return done.steps and done.steps <= most and done or nil
end

-- The training at the learning rate of Adam that takes the fewest steps: from a first rate on by factors of two, up and
-- down for as long as that helps; and the rates. What other rates took is not counted.
local function best_training(place)
  local best, tried = nil, {}
  local function is_better(lr)
    tried[#tried + 1] = lr
    local done = training(place, lr, best and best.steps - 1 or opt.steps)
    best = done or best
    return done ~= nil
  end
  local first = plan[place].lr
  is_better(first)
  for _, factor in ipairs { 2, 0.5 } do
    local lr = first * factor
    while is_better(lr) do lr = lr * factor end
  end
  table.sort(tried)
  return best, tried
end

local rates = {}
for place, o in ipairs(plan) do
  local best, tried = best_training(place)
  rates[o.name] = { best = best and best.lr, tried = tried }
  local among = ("learning rates tried: %g to %g"):format(tried[1], tried[#tried])
  if best then
    full[#full + 1], accuracies[o.name], counts[o.name] = o.name, best.test_accuracy, best.counts
    note("%s: %d step%s at a learning rate of %g (%s), test accuracy %.4f", o.name, best.steps,
      best.steps == 1 and "" or "s", best.lr, among, best.test_accuracy)
  else
    note("%s: not reached in %d steps (%s)", o.name, opt.steps, among)
  end
end

local book <close> = ms.ledger.from(counts)
local report = book:report {
  full = full, distilled = "distilled images", distilling = "distil", shots = opt.shots,
  price_per_task = opt.price_per_task, price_per_shot = opt.price_per_shot,
  currency = "dollars",
}
print(("\n%s\n\n%s\n"):format(book, report))

-- What the report comes to.
local function conclude()
  local cheapest
  for _, row in ipairs(report.rows) do
    local is_full = report.pays_after[row.name] ~= nil
    if is_full and (not cheapest or row.executions < cheapest.executions) then cheapest = row end
  end
  if not cheapest then return experiment.conclude "No training on real images reads as many of those held out." end
  local after = report.pays_after[cheapest.name]
  experiment.conclude(("Training on the distilled images takes %.1f times fewer executions than the cheapest training"
    .. " on real ones (%s); distilled on hardware, they pay %s."):format(cheapest.times, cheapest.name,
    after and ("after %s training%s"):format(grouped(after), after == 1 and "" or "s") or "never"))
end
conclude()

local heading = [[
# Quantum executions of training: %s, %s

What quantum hardware would have had to execute to train it on all images, and on distilled ones, until it reads as many
of the images held out; counted by `scripts/ledger.lua`.
]]
ms.io.write_text(opt.out .. "/report.md", ("%s\n%s\n\n- %s\n"):format(heading:format(net.name, set.train:name()),
  report, table.concat(notes, "\n- ")))
experiment.finish(opt, {
  dataset = set.train:name(), model = net.name, iterations = counts.distil.steps, images = #real,
  seconds_before = seconds_before, held_out_accuracy = target, test_accuracies = accuracies,
  learning_rates = rates, ledger = book:totable(), report = report,
})
