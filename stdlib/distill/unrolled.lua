-- Dataset distillation by unrolled gradient steps (Wang et al., arXiv 1811.10959; quantum: arXiv 2503.17935).
--
-- Learned: S lists of images (k of each class), and a step size for each of the T = S * passes inner updates. A network
-- that takes these T gradient steps from its initial weights, and sees nothing else, should then know the real data.
local ms = require "moonstill"
local check = require "moonstill.check"
local fitting = require "distill.fitting"
local image_files = require "distill.image_files"
local mean_of = require "moonstill.mean"
local record = require "distill.record"
local search = require "distill.search"
local train = require "train"
local trajectory = require "distill.trajectory"
local tune = require "distill.tune"
local warm_start = require "distill.warm_start"

local unrolled = {}

--- Images that are being distilled, with the step sizes of the inner updates. Made by distill.unrolled.
---
--- ```lua
--- local set = ms.data.images("digits", { train = 200, test = 50 })
--- local net = ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(784, 10) }
--- local still = require("distill").unrolled { net = net, train = set.train }
--- ```
--- @class distill.Still
local Still = {}
Still.__index = Still
Still.__name = "distill.Still"

local spec = check.spec("distill.unrolled", {
  { "net", "ms.nn.Layer", "A network." },
  { "train", "ms.ImageSet", "The real images to distil." },
  { "images_per_class", "integer", "k: synthetic images of each class in a step.", default = 1, least = 1 },
  { "steps", "integer", "S: how many lists of images.", default = 1, least = 1 },
  { "passes", "integer", "How often the inner loop goes through them.", default = 3, least = 1 },
  { "init", '"known"|"unknown"', "One w0 for all, or fresh ones for each iteration and test.", default = "known" },
  { "networks", "integer", "Unknown initialisation: networks in an iteration.", default = 4, least = 1 },
  { "step_size", "number", "Where the learned step sizes of the first pass start.", default = 0.3 },
  { "later_step_size", "number", "Where those of the later passes start.", default = 0.02 },
  { "sharpness", "number", "Of the smooth network that differentiates inner updates; 0 for the network itself.",
    default = 6, least = 0 },
  { "start", "string", "Synthetic images start as noise ('normal'), as 'real' images, or, with their step sizes, as "
    .. "the distilled ones of an images.npz (a warm start).", default = "normal" },
  { "seed", "integer", "Of everything drawn.", default = 1 },
  { "dtype", '"f32"|"f64"', "Of images, weights and the arithmetic.", default = "f32" },
  { "checkpoint?", "boolean", "Forget and recompute inner updates: memory nearly flat in T. On from 50 updates." },
  { "network?", "table", "For distill.load of the images: model, and observable and angles of a quantum one." },
})

local function gradient_of(net, context)
  return ms.grad(function(w, x, y) return ms.nn.cross_entropy(net(x, w, context), y) end)
end

-- The gradient of an inner update jumps wherever relu of some unit opens or closes, or another element of a window
-- becomes its largest. With a learned step size of 5 such a jump changes the outer loss by up to 1, and within a
-- hundredth of a pixel's deviation there are hundreds of them; the outer gradient knows slopes only, and leads astray.
-- So to the outer loop updates are the network's own, with the derivative of a network that has no jumps (a
-- surrogate gradient: Neftci, Mostafa and Zenke, 2019).
local function surrogate_gradient(net, sharpness)
  local own, smooth = gradient_of(net), gradient_of(net, { sharpness = sharpness })
  return function(w, x, y)
    local change = smooth(w, x, y)
    return own(ms.stop_gradient(w), ms.stop_gradient(x), y) + (change - ms.stop_gradient(change))
  end
end

-- Classes in order, k times each: the labels of every step.
local function make_labels(self)
  local labels = {}
  for class = 1, self.classes do
    for _ = 1, self.images_per_class do labels[#labels + 1] = class end
  end
  self.image_classes = labels
  return ms.nn.one_hot(labels, self.classes, { dtype = self.dtype })
end

local function draw_weights(self, random) return self.net:initialise(random, { dtype = self.dtype }) end

--- Makes a still.
---
--- ```lua
--- local distill = require "distill"
--- local set = ms.data.images("digits", { train = 500, test = 100 })
--- local net = ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(784, 10) }
--- local still = distill.unrolled { net = net, train = set.train }
--- still:fit { iterations = 2, batch = 100, quiet = true }
--- print(still:evaluate(set.test))
--- ```
--- @param options table
--- @return distill.Still
function unrolled.new(options)
  local o = check.options("distill.unrolled", options, spec)
  for _, name in ipairs { "step_size", "later_step_size" } do
    if not (o[name] > 0 and o[name] < math.huge) then
      check.fail("distill.unrolled", "argument '%s': expected a finite number above 0, got %s", name,
        check.not_finite(o[name]) or o[name])
    end
  end
  if o.start ~= "normal" and o.start ~= "real" and not o.start:find "%.npz$" then
    check.fail("distill.unrolled", "argument 'start': expected 'normal', 'real' or the path of an .npz, got '%s'",
      o.start)
  end
  local self = setmetatable(o, Still)
  self.random = ms.random(o.seed)
  self.classes = o.train:classes()
  self.updates = o.steps * o.passes
  self.w0 = draw_weights(self, self.random:split "weights")
  self.labels = make_labels(self)
  self.inner_gradient = gradient_of(o.net)
  local smooth = o.sharpness > 0 and o.net.jumps
  self.smooth_gradient = smooth and surrogate_gradient(o.net, o.sharpness) or self.inner_gradient
  if o.checkpoint == nil then self.checkpoint = self.updates >= 50 end
  self.parameters = self:_start_parameters()
  if o.start:find "%.npz$" then
    local all = { self.parameters.raw_step_sizes, table.unpack(self.parameters.images) }
    self.started_from = ms.io.fingerprint((ms.flatten(all)))
  end
  self.iteration = 0
  return self
end

function Still:_start_parameters()
  if self.start:find "%.npz$" then return warm_start.parameters(self) end
  local random = self.random:split "images"
  local images = {}
  for s = 1, self.steps do
    if self.start == "real" then
      images[s] = self.train:per_class(self.images_per_class, random:split(s)):batch(nil, { dtype = self.dtype })
    else
      local shape = self.train:shape()
      table.insert(shape, 1, #self.image_classes)
      images[s] = random:split(s):normal(shape, { dtype = self.dtype })
    end
  end
  local raw = {}
  for t = 1, self.updates do
    raw[t] = tune.raw_step_size(t <= self.steps and self.step_size or self.later_step_size)
  end
  return { images = images, raw_step_sizes = ms.tensor(raw, { dtype = self.dtype }) }
end

local function unroll(self, w, parameters, gradient)
  local _ <close> = ms.ledger.phase "inner"
  ms.ledger.step(self.updates)
  local eta = parameters.raw_step_sizes:softplus()
  local function updates(weights, first, last)
    for t = first, last do weights = trajectory.update(self, weights, t, eta, parameters, gradient) end
    return weights
  end
  if not self.checkpoint then return updates(w, 1, self.updates) end
  -- Two levels: held at once are the weights between blocks, those within one block, both of about sqrt(T) updates,
  -- and the tape of a single update, which weighs some twenty times its weights.
  local update = ms.checkpoint(updates)
  local block = ms.checkpoint(function(weights, first, last)
    for t = first, last do weights = update(weights, t, t) end
    return weights
  end)
  local length = math.ceil(self.updates ^ 0.5)
  for first = 1, self.updates, length do
    w = block(w, first, math.min(first + length - 1, self.updates))
  end
  return w
end

--- Runs the inner loop: the weights after T gradient steps on the synthetic images alone.
---
--- ```lua
--- local w = net:initialise(ms.random(1))
--- print(still:inner_loop(w))
--- ```
--- @param w ms.Tensor                initial weights
--- @param parameters? table          { images = ms.Tensor[], raw_step_sizes = ms.Tensor }; the still's own if left out
--- @return ms.Tensor w
function Still:inner_loop(w, parameters) return unroll(self, w, parameters or self.parameters, self.inner_gradient) end

--- The same, for the outer loop to differentiate: the same weights, with the smooth network's derivatives.
---
--- ```lua
--- local w = net:initialise(ms.random(1))
--- print(still:differentiable_inner_loop(w, still.parameters))
--- ```
--- @param w ms.Tensor
--- @param parameters table
--- @return ms.Tensor w
function Still:differentiable_inner_loop(w, parameters)
  return unroll(self, w, parameters, self.smooth_gradient)
end

--- Gives the initial weights that an iteration starts from: w0, or as many fresh ones as `networks` says.
---
--- ```lua
--- print(still:initial_weights(1)[1])
--- ```
--- @param iteration integer
--- @return ms.Tensor[]
function Still:initial_weights(iteration)
  if self.init == "known" then return { self.w0 } end
  local drawn = {}
  for i = 1, self.networks do
    drawn[i] = draw_weights(self, self.random:split "unknown":split((iteration - 1) * self.networks + i))
  end
  return drawn
end

--- The outer loss on a real batch, and its gradient by the images and raw step sizes: the mean over initial weights.
---
--- ```lua
--- local loss, gradient = still:outer_gradient(1, set.train:batch())
--- print(loss, gradient.images[1])
--- ```
--- @return number loss
--- @return table gradient  built like the parameters
function Still:outer_gradient(iteration, x, y)
  local function outer_loss(parameters, w)
    return ms.nn.cross_entropy(self.net(x, self:differentiable_inner_loop(w, parameters)), y)
  end
  local loss_and_grad = ms.value_and_grad(outer_loss)
  local initial = self:initial_weights(iteration)
  local total, gradient = 0, nil
  for _, w in ipairs(initial) do
    local loss, g = loss_and_grad(self.parameters, w)
    total = total + loss:item()
    gradient = gradient and search.combine(gradient, g, function(a, b) return a + b end) or g
  end
  if #initial > 1 then gradient = search.combine(gradient, gradient, function(a) return a / #initial end) end
  return total / #initial, gradient
end

local fit_spec = check.spec("still:fit", {
  { "iterations", "integer", "Outer iterations in all.", least = 1 },
  { "batch", "integer", "Real images in an iteration.", default = 512, least = 1 },
  { "lr", "number", "Adam's learning rate for the images.", default = 0.03, least = 0 },
  { "schedule?", "ms.Schedule", "A learning rate for the whole run, in place of lr and cycles." },
  { "betas", "number[]", "Adam's decay rates.", default = { 0.5, 0.999 } },
  { "step_size_lr", "number", "Learning rate of the raw step sizes, as a share of lr.", default = 1, least = 0 },
  { "clip", "number", "Largest norm of the outer gradient; 0 for no limit.", default = 0.2, least = 0 },
  { "averaging", "number", "Decay of the moving average of the iterates; 0 for none.", default = 0.95, least = 0 },
  { "validation?", "ms.ImageSet", "Held-out training images to choose the best iterate by." },
  { "evaluate_every", "integer", "Iterations between evaluations.", default = 25, least = 1 },
  { "cycle", "integer", "Iterations in which the learning rate falls to nothing; then back to the best state.",
    default = 10000, least = 1 },
  { "backoff", "number", "Factor of the learning rate from cycle to cycle.", default = 0.9, least = 0 },
  { "restart", "number", "Back to the best state when held-out accuracy (0 to 1) falls so far behind; 1 for never.",
    default = 1, least = 0 },
  { "checkpoint_every", "integer", "Evaluations between checkpoints.", default = 4, least = 1 },
  { "folder?", "string", "Where checkpoints and metrics go; the run resumes from there." },
  { "fresh", "boolean", "Starts anew even where there is a checkpoint.", default = false },
  { "on_nan", '"stop"|"backoff"',
    "After a loss or gradient that is not finite: ends the run, or goes back to the best state (or to the first) with "
      .. "a lower learning rate.", default = "stop" },
  { "live", "boolean", "Draws curves on the terminal while it runs.", default = false },
  { "quiet", "boolean", "Prints no progress.", default = false },
})

--- Distils: takes outer iterations until there were as many as asked for, or goes on from the folder's checkpoint.
---
--- ```lua
--- still:fit { iterations = 3, batch = 64, quiet = true }
--- print(still:evaluate(set.test))
--- ```
--- @param options table
--- @return distill.Still self
function Still:fit(options)
  local o = check.options("still:fit", options, fit_spec)
  if o.averaging >= 1 then
    check.fail("still:fit", "argument 'averaging': expected less than 1, got %g", o.averaging)
  end
  fitting.run(self, o)
  return self
end

local evaluate_spec = check.spec("still:evaluate", {
  { "networks", "integer", "Unknown initialisation: how many fresh test networks.", default = 20, least = 1 },
  { "parameters?", "table", "Other images and step sizes than the still's own." },
  { "change?", "function", "Changes the trained weights before the test: fun(w): ms.Tensor." },
})

--- What a test gave. Prints as one line.
--- @class distill.Result
--- @field accuracy number   0 to 1; the mean over networks
--- @field loss number
--- @field deviation number  of the accuracy over networks
--- @field networks integer
local Result = {}
Result.__index = Result

function Result:__tostring()
  local text = ("accuracy %.4f, loss %.4f"):format(self.accuracy, self.loss)
  if self.networks > 1 then
    text = text .. (", deviation %.4f over %d networks"):format(self.deviation, self.networks)
  end
  return ("%s, after %d updates on %d images"):format(text, self.updates, self.images)
end

--- Tests networks that took the inner updates on the synthetic images alone.
---
--- ```lua
--- print(still:evaluate(set.test))
--- ```
--- @param set ms.ImageSet
--- @param options? { networks?: integer, parameters?: table, change?: fun(w: ms.Tensor): ms.Tensor }
--- @return distill.Result
function Still:evaluate(set, options)
  check.argument("still:evaluate", 1, "set", "ms.ImageSet", set)
  local o = check.options("still:evaluate", options, evaluate_spec)
  local count = self.init == "known" and 1 or o.networks
  local accuracies, loss = {}, 0
  for i = 1, count do
    local w0 = self.init == "known" and self.w0 or draw_weights(self, self.random:split "test":split(i))
    local w = self:inner_loop(w0, o.parameters)
    local result = train.evaluate(self.net, o.change and o.change(w) or w, set)
    accuracies[i], loss = result.accuracy, loss + result.loss / count
  end
  local mean, deviation = mean_of(accuracies)
  return setmetatable({
    accuracy = mean, loss = loss, deviation = deviation or 0, networks = count,
    updates = self.updates, images = #self.image_classes * self.steps,
  }, Result)
end

local baseline_spec = check.spec("still:baseline", {
  { "iterations", "integer", "Random changes of the step sizes that are tried.", default = 0, least = 0 },
  { "progress?", "string", "Name of a progress bar; none if left out." },
})

--- Tests other images under the same protocol: the same initial weights and number of updates; step sizes that stay or
--- fall, then random changes of them, chosen by held-out accuracy. This is what distilled images must be compared with.
---
--- ```lua
--- local train, validation = set.train:hold_out(50, ms.random(1))
--- local images = { (train:per_class(1, ms.random(2)):batch()) }
--- print(still:baseline(images, validation, set.test, { iterations = 2 }))
--- ```
--- @param images ms.Tensor[]        S lists, classes in order
--- @param validation ms.ImageSet    to choose the step sizes by
--- @param test ms.ImageSet
--- @param options? { iterations?: integer, progress?: string }
--- @return distill.Result           with the field step_sizes
function Still:baseline(images, validation, test, options)
  check.argument("still:baseline", 1, "images", "ms.Tensor[]", images)
  check.argument("still:baseline", 2, "validation", "ms.ImageSet", validation)
  check.argument("still:baseline", 3, "test", "ms.ImageSet", test)
  local o = check.options("still:baseline", options, baseline_spec)
  if #images ~= self.steps then
    check.fail("still:baseline", "argument 1 'images': expected %d lists of images, got %d", self.steps, #images)
  end
  for s, list in ipairs(images) do
    if list:size(1) ~= #self.image_classes then
      check.fail("still:baseline", "argument 1 'images': expected %d images in list %d, got %d", #self.image_classes, s,
        list:size(1))
    end
  end
  local raw = tune.step_sizes(self, images, validation, o.iterations, o.progress)
  local parameters = { images = images, raw_step_sizes = raw }
  local result = self:evaluate(test, { parameters = parameters })
  result.step_sizes = raw:softplus():totable()
  return result
end

--- Gives what the still was made with but for network and data: plain data, which ms.lua_of writes and distill.unrolled
--- takes again.
---
--- ```lua
--- local plan = still:plan()
--- print(ms.lua_of(plan))
--- plan.net, plan.train = net, set.train
--- print(require("distill").unrolled(plan))
--- ```
--- @return table
function Still:plan()
  local plan = {}
  for _, entry in ipairs(spec) do
    local name = entry[1]:match "^[^?]+"
    if name ~= "net" and name ~= "train" then plan[name] = self[name] end
  end
  return plan
end

--- Gives the step sizes, one for each inner update.
---
--- ```lua
--- print(table.concat(still:step_sizes(), " "))
--- ```
--- @return number[]
function Still:step_sizes() return self.parameters.raw_step_sizes:softplus():totable() end

--- Gives how long an outer iteration took: the median, evaluation and saving left out.
---
--- ```lua
--- still:fit { iterations = 3, quiet = true }
--- print(still:seconds_per_iteration())
--- ```
--- @return number?
function Still:seconds_per_iteration() return self.run and self.run:median() end

--- Counts the outer iterations taken, those before a resume included.
---
--- ```lua
--- print(still:iterations())
--- ```
--- @return integer
function Still:iterations() return self.iteration end

--- Gives the seconds that the run had taken already when it went on from its checkpoint; 0 for one from the start.
---
--- ```lua
--- print(still:seconds_before())
--- ```
--- @return number
function Still:seconds_before() return self.run and self.run.earlier or 0 end

--- Gives the best state by held-out loss: { parameters, loss, accuracy, iteration, kind }, or nil without validation.
---
--- ```lua
--- print(still:best())
--- ```
--- @return table?
function Still:best() return self.search and self.search.best end

--- Gives the moving average of the iterates, or the last one where there is none.
---
--- ```lua
--- print(still:evaluate(set.test, { parameters = still:averaged() }))
--- ```
--- @return table parameters
function Still:averaged() return self.search and self.search:average() or self.parameters end

--- Takes the best state as the still's images and step sizes.
---
--- ```lua
--- print(still:use_best():evaluate(set.test))
--- ```
--- @return distill.Still self
function Still:use_best()
  local best = self:best()
  if best then self.parameters = best.parameters end
  return self
end

--- Rounds the images as files of them are: see distill.record.
---
--- ```lua
--- print(still:round_images():evaluate(set.test))
--- ```
--- @return distill.Still self
function Still:round_images()
  local raw = self.parameters.raw_step_sizes
  self.parameters = { images = record.rounded(self.parameters.images), raw_step_sizes = raw }
  return self
end

--- Writes the images as .npz (with labels and step sizes) and as a sheet.
---
--- ```lua
--- local folder = os.tmpname()
--- os.remove(folder)
--- still:save(folder)
--- print(ms.io.load(folder .. "/images.npz").images)
--- ```
--- @param folder string
function Still:save(folder)
  check.argument("still:save", 1, "folder", "string", folder)
  image_files.save(self, folder, self.parameters)
end

function Still:__tostring()
  return ("still: %d images%s, %d updates, %s initialisation%s"):format(#self.image_classes * self.steps,
    self.steps > 1 and (" in %d lists"):format(self.steps) or "", self.updates, self.init,
    self.iteration > 0 and (", after %d iterations"):format(self.iteration) or "")
end

return unrolled
