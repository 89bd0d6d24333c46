-- One whole experiment: distil a data set for a LeNet, test the last and the best images, and beside them as many
-- random real images and class means under the same protocol.
local ms, qnn = require "moonstill", require "qnn"
local check = require "moonstill.check"
local estimate = require "distill.estimate"
local image_files = require "distill.image_files"
local record = require "distill.record"
local tune = require "distill.tune"
local unrolled = require "distill.unrolled"

local trial = {}

local spec = check.spec("distill.trial", {
  { "set", "table", "{ train = ms.ImageSet, test = ms.ImageSet }." },
  { "model", '"quantum"|"classical"', "Which LeNet.", default = "quantum" },
  { "observable", '"trainable"|"fixed"', "The quantum LeNet's Hermitians.", default = "trainable" },
  { "angles", '"trainable"|"fixed"', "The quantum LeNet's angles.", default = "trainable" },
  { "hold_out", "integer", "Training images kept out, to choose the best iterate by; 0 for none.", default = 5000 },
  { "tune", "integer", "Changes tried of the step sizes of other images; no more than distilling takes iterations.",
    default = 300, least = 0 },
  { "decay_every", "integer", "Epochs between halvings of lr; 0 for cycles instead.", default = 0 },
  { "seed", "integer", "Of everything drawn.", default = 1 },
  { "folder?", "string", "Where everything is kept." },
  { "still", "table", "Further options of distill.unrolled.", default = {} },
  { "fit", "table", "Further options of still:fit." },
})

local function with(table, more)
  local copy = {}
  for name, value in pairs(table) do copy[name] = value end
  for name, value in pairs(more) do copy[name] = value end
  return copy
end

--- Builds the network that a trial's options name.
--- @param o { set: table, model: string, observable?: string, angles?: string }
--- @return ms.nn.Layer
function trial.network(o)
  local shape = o.set.train:shape()
  local quantum = o.model == "quantum"
  return qnn.lenet[o.model] {
    channels = shape[1], size = shape[2], classes = o.set.train:classes(),
    observable = quantum and o.observable or nil, angles = quantum and o.angles or nil,
  }
end

--- Splits off the images to choose by; the same ones for a seed, whatever is done with them.
--- @return ms.ImageSet real
--- @return ms.ImageSet? held_out
function trial.split(set, count, seed)
  if count == 0 then return set.train, nil end
  return set.train:hold_out(count, ms.random(seed):split "hold out")
end

-- Every n-th image, from the first-th on.
local function every(set, n, first)
  local indices = {}
  for i = first, #set, n do indices[#indices + 1] = i end
  return set:subset(indices)
end

-- Images to compare with: random real ones, and the class means of disjoint parts of the data.
local function others(real, still, random)
  local drawn, means = {}, still.images_per_class == 1 and {} or nil
  for s = 1, still.steps do
    drawn[s] = real:per_class(still.images_per_class, random:split "random images":split(s)):batch()
    if means then means[s] = every(real, still.steps, s):class_means() end
  end
  return drawn, means
end

local load_spec = check.spec("distill.load", {
  { "observable?", '"trainable"|"fixed"', "The Hermitians; those that the images were distilled for if left out." },
})

--- Puts distilled images to the test again: the still that they are from, as their file describes it.
---
--- ```lua
--- local set = ms.data.images("digits", { train = 200, test = 50 })
--- local folder = os.tmpname()
--- os.remove(folder)
--- local distill = require "distill"
--- local network = { model = "quantum", observable = "trainable", angles = "trainable" }
--- distill.unrolled({ net = require("qnn").lenet.quantum(), network = network, train = set.train }):save(folder)
--- print(distill.load(folder .. "/images.npz", set):evaluate(set.test))
--- ```
--- @param path string  images.npz
--- @param set { train: ms.ImageSet, test: ms.ImageSet }  the data that they were distilled from
--- @param options? { observable?: "trainable"|"fixed" }   Hermitians other than those that they were distilled for
--- @return distill.Still
function trial.load(path, set, options)
  local o = check.options("distill.load", options, load_spec)
  local parameters, about = image_files.load(path)
  if not about.network then check.fail("distill.load", "'%s' does not say for which network its images are", path) end
  if about.dataset ~= set.train:name() then
    check.fail("distill.load", "'%s' is distilled from %s, got %s", path, about.dataset, set.train:name())
  end
  if o.observable and about.network.model ~= "quantum" then
    check.fail("distill.load", "argument 'observable': '%s' is distilled for a network without Hermitians", path)
  end
  local network = with(about.network, { observable = o.observable or about.network.observable })
  local still = unrolled.new {
    net = trial.network(with(network, { set = set })), network = network, train = set.train, seed = about.seed,
    steps = about.steps, passes = about.passes, images_per_class = about.images_per_class, init = about.init,
    dtype = about.dtype, sharpness = about.sharpness,
  }
  still.parameters = parameters
  return still
end

-- Everything that a trial is made of.
local function prepare(o)
  local random = ms.random(o.seed)
  local real, held_out = trial.split(o.set, o.hold_out, o.seed)
  local still = unrolled.new(with(o.still, {
    net = trial.network(o), network = { model = o.model, observable = o.observable, angles = o.angles },
    train = real, seed = o.seed,
  }))
  -- Drawn first: a class that has too few ends the run at once.
  local drawn, means = others(real, still, random)
  -- Others are tuned on images that are not the test's; so many of them tell good step sizes from bad ones.
  local judge = held_out or select(2, real:hold_out(#real // 2, random:split "judge"))
  judge = every(judge, math.ceil(#judge / 2000), 1)
  return { still = still, real = real, held_out = held_out, drawn = drawn, means = means, judge = judge }
end

local function changes_of(o) return math.min(o.fit.iterations, o.tune) end

-- Says how long the comparison will take beside the distillation, which says that itself.
local function print_estimate(o, t)
  if o.fit.quiet then return end
  local _ <close> = ms.ledger.pause()
  local text = estimate.comparison({ "random real images", t.means and "class means" },
    tune.evaluations(changes_of(o)), function() t.still:evaluate(t.judge, { networks = 3 }) end)
  if text then io.stderr:write(text, "\n") end
end

-- The other images take as many updates, with step sizes tuned for them. Fields of a result.
local function compare(o, t)
  local function tuned(images, name)
    return t.still:baseline(images, t.judge, o.set.test,
      { iterations = changes_of(o), progress = not o.fit.quiet and name or nil })
  end
  local random_images = tuned(t.drawn, "random real images")
  local class_means = t.means and tuned(t.means, "class means")
  print(("random real images: %s"):format(random_images))
  if class_means then print(("class means: %s"):format(class_means)) end
  return {
    test_accuracy_random_images = random_images.accuracy, step_sizes_random_images = random_images.step_sizes,
    test_accuracy_class_means = class_means and class_means.accuracy,
    step_sizes_class_means = class_means and class_means.step_sizes,
  }
end

--- Tests only the images that distilled ones are compared with.
---
--- ```lua
--- local result = require("distill.trial").baselines {
---   set = ms.data.images("digits", { train = 200, test = 20 }), model = "classical", hold_out = 20, tune = 1,
---   fit = { iterations = 2 },
--- }
--- print(result.test_accuracy_class_means)
--- ```
--- @param options table  of distill.trial
--- @return table         those fields of its result
function trial.baselines(options)
  local o = check.options("distill.trial.baselines", options, spec)
  return compare(o, prepare(o))
end

--- Runs a trial, or goes on with it where its folder has a checkpoint; writes its images there.
---
--- ```lua
--- local result = require("distill").trial {
---   set = ms.data.images("digits", { train = 200, test = 20 }), model = "classical", hold_out = 20, tune = 1,
---   fit = { iterations = 2, batch = 32, quiet = true },
--- }
--- print(result.test_accuracy)
--- ```
--- @param options table
--- @return table result  numbers and names, for a .json file
--- @return distill.Still still
function trial.run(options)
  local o = check.options("distill.trial", options, spec)
  local t = prepare(o)
  local still, net = t.still, t.still.net
  print(o.set.train)
  print(net)
  print(still)
  if o.folder then record.draw_circuit(o.folder, net) end

  print_estimate(o, t)
  local schedule
  if o.decay_every > 0 then
    schedule = ms.optim.step_decay { lr = o.fit.lr, every = o.decay_every * math.ceil(#t.real / o.fit.batch) }
  end
  still:fit(with(o.fit, { schedule = schedule, validation = t.held_out, folder = o.folder }))

  local iterate = still:evaluate(o.set.test)
  local last = still:evaluate(o.set.test, { parameters = still:averaged() })
  local choice = still:best()
  local best = still:use_best():round_images():evaluate(o.set.test)

  print()
  if choice then
    print(("distilled images, best by held-out images (iteration %d): %s"):format(choice.iteration, best))
  end
  print(("distilled images, moving average at the end: %s"):format(last))
  print(("distilled images, last iterate: %s"):format(iterate))
  return with(compare(o, t), {
    dataset = o.set.train:name(), model = net.name, observable = o.model == "quantum" and o.observable or nil,
    angles = o.model == "quantum" and o.angles or nil, init = still.init, parameters = net:count(true),
    images = best.images, inner_updates = best.updates, iterations = still:iterations(),
    test_accuracy = best.accuracy, test_loss = best.loss, test_networks = best.networks,
    test_deviation = best.networks > 1 and best.deviation or nil, test_accuracy_last = last.accuracy,
    test_accuracy_last_iterate = iterate.accuracy,
    held_out_accuracy = choice and choice.accuracy, best_iteration = choice and choice.iteration,
    step_sizes = still:step_sizes(),
    seconds_before = still:seconds_before(), seconds_per_iteration = still:seconds_per_iteration(),
  }), still
end

return trial
