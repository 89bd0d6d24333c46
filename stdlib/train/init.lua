-- Training a network on a whole data set.
local ms = require "moonstill"
local check = require "moonstill.check"
local finite = require "train.finite"
local median = require "moonstill.median"
local metrics = require "plot.metrics"

local train = {}

local batch_of_evaluation = 1000

--- What a test gave. Prints as one line.
--- @class train.Result
--- @field accuracy number  0 to 1
--- @field loss number
local Result = {}
Result.__index = Result

function Result:__tostring() return ("accuracy %.4f, loss %.4f"):format(self.accuracy, self.loss) end

--- Tests a network: the share of right answers, and the mean cross entropy.
---
--- ```lua
--- local set = ms.data.images("digits", { train = 10, test = 10 })
--- local net = ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(784, 10) }
--- print(require("train").evaluate(net, net:initialise(ms.random(1)), set.test).accuracy)
--- ```
--- @param net ms.nn.Layer
--- @param w ms.Tensor  its weights
--- @param set ms.ImageSet
--- @return train.Result
function train.evaluate(net, w, set)
  check.argument("train.evaluate", 1, "net", "ms.nn.Layer", net)
  check.argument("train.evaluate", 2, "w", "ms.Tensor", w)
  check.argument("train.evaluate", 3, "set", "ms.ImageSet", set)
  local _ <close> = ms.ledger.phase "test"
  local right, loss = 0, 0
  for x, y in set:batches { batch = batch_of_evaluation, dtype = w:dtype() } do
    local logits = net(x, w)
    right = right + ms.nn.accuracy(logits, y) * #y
    loss = loss + ms.nn.cross_entropy(logits, y):item() * #y
  end
  return setmetatable({ accuracy = right / #set, loss = loss / #set }, Result)
end

local spec = check.spec("train.fit", {
  { "net", "ms.nn.Layer", "A network." },
  { "train", "ms.ImageSet", "Images to train on." },
  { "test?", "ms.ImageSet", "Images to test on after each epoch." },
  { "epochs", "integer", "Passes over the images.", default = 3, least = 1 },
  { "batch", "integer", "Images in a batch.", default = 128, least = 1 },
  { "optimizer?", "ms.Optimizer", "Adam with lr = 1e-3 and cosine decay if left out." },
  { "seed", "integer", "Of the initial weights and of the order.", default = 1 },
  { "dtype", '"f32"|"f64"', "Of the weights and the arithmetic.", default = "f32" },
  { "weights?", "ms.Tensor", "Where to start; drawn from the seed if left out." },
  { "on_epoch?", "function", "Called with { epoch, loss, seconds, seconds_per_step, accuracy, test_loss }." },
  { "on_failure?", "function",
    "Called when a loss or gradient is not finite, with the last weights that gave finite ones, and their step." },
  { "live", "boolean", "Draws loss and accuracy on the terminal while it trains.", default = false },
  { "quiet", "boolean", "Prints no progress.", default = false },
})

--- Trains a network on all images, epoch after epoch.
---
--- ```lua
--- local train = require "train"
--- local set = ms.data.images("digits", { train = 200, test = 50 })
--- local net = ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(784, 10) }
--- local w = train.fit { net = net, train = set.train, epochs = 1, quiet = true }
--- print(train.evaluate(net, w, set.test).accuracy > 0.1)
--- ```
--- Parameters with a range (trainable Hermitians: [-1, 1], as in arXiv 2503.17935) are put back into it after each
--- step.
--- @param options table
--- @return ms.Tensor w      the trained weights
--- @return table[] history  one entry an epoch: { epoch, loss, seconds, seconds_per_step, accuracy?, test_loss? }; the
---   seconds are those since the start, those of a step the median up to here, tests left out
function train.fit(options)
  local o = check.options("train.fit", options, spec)
  local random = ms.random(o.seed)
  local w = o.weights or o.net:initialise(random:split "weights", { dtype = o.dtype })
  local batches = o.train:batches {
    batch = o.batch, random = random:split "order", drop_last = #o.train >= o.batch, dtype = w:dtype(),
  }
  local steps = o.epochs * batches:count()
  local optimizer = o.optimizer or ms.optim.adam { lr = ms.optim.cosine { lr = 1e-3, steps = steps, floor = 0.05 } }
  local context = { train = true, random = random:split "dropout" }
  local loss_and_grad = ms.value_and_grad(function(weights, x, y)
    return ms.nn.cross_entropy(o.net(x, weights, context), y)
  end)

  local show = o.live and metrics.live() or function() end
  local bar = ms.progress { total = steps, label = "train", quiet = o.quiet }
  local clock, history, step, step_seconds = ms.timer(), {}, 0, {}
  local good = { w = w, step = 0 }
  local function stop(problem)
    if o.on_failure then o.on_failure(good.w, good.step) end
    check.fail("train.fit", "step %d: %s", step, problem)
  end
  for epoch = 1, o.epochs do
    local total = 0
    for x, y in batches do
      local _ <close> = ms.ledger.phase "train"
      step = step + 1
      local step_clock = ms.timer()
      local loss, gradient = loss_and_grad(w, x, y)
      local number = loss:item()
      local problem = check.not_finite(number)
      if problem then stop(("the loss is %s (%s)"):format(problem, finite.source(o.net, w))) end
      local culprit = finite.culprit(o.net, gradient)
      if culprit then stop(("the gradient by '%s' is not finite"):format(culprit)) end
      good.w, good.step = w, step - 1
      w = o.net:project(optimizer:step(w, gradient))
      ms.ledger.step()
      step_seconds[step] = step_clock:seconds()
      total = total + number
      bar:update(step, ("loss %.4f"):format(number))
      show { epoch = step / batches:count(), loss = number }
    end
    local entry = {
      epoch = epoch, loss = total / batches:count(), seconds = clock:seconds(), seconds_per_step = median(step_seconds),
    }
    if o.test then
      local test = train.evaluate(o.net, w, o.test)
      entry.accuracy, entry.test_loss = test.accuracy, test.loss
    end
    history[epoch] = entry
    show({ epoch = epoch, accuracy = entry.accuracy, test_loss = entry.test_loss }, epoch == o.epochs)
    if o.on_epoch then o.on_epoch(entry) end
  end
  bar:finish()
  return w, history
end

return train
