-- Step sizes for images that are not distilled, to show these at their best: one for all updates, chosen from a few;
-- then one for each update, learned as those of a still are.
local ms = require "moonstill"
local check = require "moonstill.check"
local finite = require "train.finite"

local tune = {}

local tried = { 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2 }
local settings = { batch = 256, lr = 0.1, evaluations = 10 }

--- Gives the number whose softplus is the step size, which so stays positive.
--- @param step_size number
--- @return number
function tune.raw_step_size(step_size)
  if step_size > 30 then return step_size end                       -- beyond the last digit, and exp overflows
  if step_size < 1e-5 then return math.log(step_size) end           -- where exp(x) - 1 would lose digits
  return math.log(math.exp(step_size) - 1)
end

-- Keeps the step sizes of the largest held-out accuracy.
local function chooser(still, images, validation)
  local best = {}
  return best, function(raw)
    local held = still:evaluate(validation, { parameters = { images = images, raw_step_sizes = raw }, networks = 3 })
    if not check.not_finite(held.loss) and (not best.raw or held.accuracy > best.accuracy) then
      best.raw, best.accuracy = raw, held.accuracy
    end
  end
end

-- Adam on the outer loss by the step sizes alone, from the best ones so far.
local function learn(still, images, iterations, raw, try)
  local batches = still.train:batches {
    batch = math.min(settings.batch, #still.train), random = still.random:split "tune", drop_last = true,
    dtype = still.dtype,
  }
  local optimizer = ms.optim.adam { lr = ms.optim.cosine { lr = settings.lr, steps = iterations } }
  local gradient_of = ms.grad(function(r, w, x, y)
    local trained = still:differentiable_inner_loop(w, { images = images, raw_step_sizes = r })
    return ms.nn.cross_entropy(still.net(x, trained), y)
  end)
  for i = 1, iterations do
    local gradient = gradient_of(raw, still:initial_weights(i)[1], batches:at(i))
    if not finite.all(gradient) then return end
    raw = optimizer:step(raw, gradient)
    if i % math.ceil(iterations / settings.evaluations) == 0 or i == iterations then try(raw) end
  end
end

--- Finds step sizes for images.
--- @param still distill.Still
--- @param images ms.Tensor[]
--- @param validation ms.ImageSet  to choose by
--- @param iterations integer      for which they are learned; 0 for one step size for all updates
--- @return ms.Tensor raw          [updates]
function tune.step_sizes(still, images, validation, iterations)
  local best, try = chooser(still, images, validation)
  for _, step_size in ipairs(tried) do
    try(ms.full(still.updates, tune.raw_step_size(step_size), { dtype = still.dtype }))
  end
  if iterations > 0 then learn(still, images, iterations, best.raw, try) end
  return best.raw
end

return tune
