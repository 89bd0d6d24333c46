-- The outer optimiser. The outer loss is not smooth: an inner step size of 2 or 3 turns small changes of the images
-- into large ones of the weights. At a constant learning rate progress soon ends, and most of it comes while the rate
-- falls. So it falls in cycles (Loshchilov and Hutter, 2017); each begins at the best state on held-out images that
-- there was, at a lower rate than the one before. Gradients are clipped, and a moving average of the iterates stands
-- beside the last one.
local ms = require "moonstill"

local search = {}

--- Factor of the learning rate after a step that failed. That tells little about the steps to come, and the rate falls
--- by itself.
search.lower = 0.8

--- @class distill.Search
--- @field rate number      factor of the learning rate, smaller with each cycle
--- @field averaged table   moving average of the parameters
--- @field best? table      { parameters, loss, accuracy, iteration, kind }
--- @field steps integer    of this cycle
local Search = {}
Search.__index = Search

-- Those of a new cycle: moments start anew too.
local function make_optimizers(o, rate)
  local schedule = (o.schedule or ms.optim.cosine { lr = o.lr, steps = o.cycle, floor = 0.01 }):scaled(rate)
  return {
    images = ms.optim.adam { lr = schedule, betas = o.betas },
    raw_step_sizes = ms.optim.adam { lr = schedule:scaled(o.step_size_lr), betas = o.betas },
  }
end

--- Starts a search.
--- @param parameters table  { images = ms.Tensor[], raw_step_sizes = ms.Tensor }
--- @param o table           options of Still:fit
--- @return distill.Search
function search.new(parameters, o)
  return setmetatable({
    options = o, rate = 1, averaged = parameters, steps = 0, optimizers = make_optimizers(o, 1),
  }, Search)
end

--- Combines two sets of parameters, tensor by tensor.
function search.combine(a, b, f)
  local images = {}
  for s = 1, #a.images do images[s] = f(a.images[s], b.images[s]) end
  return { images = images, raw_step_sizes = f(a.raw_step_sizes, b.raw_step_sizes) }
end

--- Gives the parameters to go on from: the best ones where a cycle has just ended, or else the last ones.
function Search:begin(last)
  if self.steps > 0 or not self.best then return last end
  self.averaged = self.best.parameters
  return self.best.parameters
end

--- Takes one step. Returns the new parameters and the gradient's norm, or nil and the norm when that is not finite.
function Search:step(parameters, gradient)
  local o = self.options
  local clipped, norm = ms.optim.clip_norm(gradient, o.clip > 0 and o.clip or math.huge)
  if norm ~= norm or norm == math.huge then return nil, norm end
  local moved = {
    images = self.optimizers.images:step(parameters.images, clipped.images),
    raw_step_sizes = self.optimizers.raw_step_sizes:step(parameters.raw_step_sizes, clipped.raw_step_sizes),
  }
  self.steps = self.steps + 1
  -- Early on the average follows closely: a decay of at most n / (n + 10) after n steps.
  local decay = math.min(o.averaging, self.steps / (self.steps + 10))
  self.averaged = search.combine(self.averaged, moved, function(a, p) return p + decay * (a - p) end)
  return moved, norm
end

--- Goes back after a step that failed: a lower rate, at the same place of the cycle. Gives the best parameters, or nil
--- without any.
--- @return table?
function Search:back_off()
  self.rate = self.rate * search.lower
  local before = self.optimizers
  self.optimizers = make_optimizers(self.options, self.rate)
  for name, optimizer in pairs(self.optimizers) do optimizer:restore(before[name]:state()) end
  local parameters = self.best and self.best.parameters
  self.averaged = parameters or self.averaged
  return parameters
end

--- Gives the moving average of the iterates, or nil where none is taken.
--- @return table?
function Search:average() return self.options.averaging > 0 and self.averaged or nil end

--- Judges the last and the averaged parameters on held-out images, and keeps the best (by loss) that ever was.
--- @param evaluate fun(parameters: table): distill.Result
--- @return table results  by name: last, averaged
function Search:judge(parameters, iteration, evaluate)
  local o = self.options
  local candidates = { last = parameters, averaged = self:average() }
  local results = {}
  for _, kind in ipairs { "last", "averaged" } do
    local candidate = candidates[kind]
    local result = candidate and evaluate(candidate)
    if result and result.loss < (self.best and self.best.loss or math.huge) then
      self.best = {
        parameters = candidate, loss = result.loss, accuracy = result.accuracy, iteration = iteration, kind = kind,
      }
    end
    results[kind] = result
  end
  if not o.schedule and self.steps >= o.cycle and self.best then
    self.rate, self.steps = self.rate * o.backoff, 0
    self.optimizers = make_optimizers(o, self.rate)
  end
  return results
end

--- Gives the parameters to go on from after an evaluation: the best that ever were where the accuracy has fallen too
--- far behind theirs, or else the last ones.
--- @param results table  of Search:judge
--- @return table
function Search:recover(parameters, results)
  local best, now = self.best, (results.averaged or results.last).accuracy
  if not best or now >= best.accuracy - self.options.restart then return parameters end
  self.averaged = best.parameters
  return best.parameters
end

-- ---- for the checkpoint ----

--- Gives everything that a search needs to go on: tensors, and numbers and texts.
function Search:state()
  local best, moments = self.best or {}, {}
  for name, optimizer in pairs(self.optimizers) do moments[name] = optimizer:state().moments end
  return { averaged = self.averaged, best = best.parameters, moments = moments }, {
    rate = ("%.17g"):format(self.rate), steps = self.steps,
    best_loss = best.loss and ("%.17g"):format(best.loss),
    best_accuracy = best.accuracy and ("%.17g"):format(best.accuracy),
    best_iteration = best.iteration, best_kind = best.kind,
  }
end

--- Puts back what state() gave; `texts` are the numbers as texts.
function Search:restore(tensors, texts)
  self.rate, self.steps = tonumber(texts.rate), math.tointeger(texts.steps)
  self.averaged = tensors.averaged
  if tensors.best then
    self.best = {
      parameters = tensors.best, loss = tonumber(texts.best_loss), accuracy = tonumber(texts.best_accuracy),
      iteration = math.tointeger(texts.best_iteration), kind = texts.best_kind,
    }
  end
  self.optimizers = make_optimizers(self.options, self.rate)
  for name, optimizer in pairs(self.optimizers) do
    optimizer:restore { steps = self.steps, moments = tensors.moments[name] }
  end
end

return search
