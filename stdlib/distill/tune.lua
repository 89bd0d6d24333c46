-- Step sizes for images that are not distilled, to show these at their best by held-out accuracy: from the first update
-- to the last they stay or fall; then one of the best is changed at random, again and again. No gradient is asked: the
-- loss jumps (see distill.unrolled), and along it the step sizes get no better.
local ms = require "moonstill"
local check = require "moonstill.check"

local tune = {}

local firsts = { 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2 }
local lasts = { 1, 0.1, 0.01 }                         -- as shares of the first
local least_change, most_change = 0.01, 1              -- deviations of the logarithms
local kept = 8                                         -- of the best: changing one alone soon ends at what it is near

--- Gives the number whose softplus is the step size, which so stays positive.
--- @param step_size number
--- @return number
function tune.raw_step_size(step_size)
  if step_size > 30 then return step_size end                       -- beyond the last digit, and exp overflows
  if step_size < 1e-5 then return math.log(step_size) end           -- where exp(x) - 1 would lose digits
  return math.log(math.exp(step_size) - 1)
end

-- Keeps those of the largest held-out accuracy, the best first.
local function chooser(still, images, validation)
  local best = {}
  return best, function(logarithms)
    local raw = {}
    for t, logarithm in ipairs(logarithms) do raw[t] = tune.raw_step_size(math.exp(logarithm)) end
    local parameters = { images = images, raw_step_sizes = ms.tensor(raw, { dtype = still.dtype }) }
    local held = still:evaluate(validation, { parameters = parameters, networks = 3 })
    local accuracy, place = check.not_finite(held.loss) and 0 or held.accuracy, #best + 1
    while place > 1 and accuracy > best[place - 1].accuracy do place = place - 1 end
    table.insert(best, place, { accuracy = accuracy, logarithms = logarithms, raw = parameters.raw_step_sizes })
    best[kept + 1] = nil
  end
end

-- The logarithms of step sizes that fall by a constant factor.
local function falling(first, last, updates)
  local logarithms = {}
  for t = 1, updates do
    logarithms[t] = math.log(first) + math.log(last) * (t - 1) / math.max(1, updates - 1)
  end
  return logarithms
end

-- All of them, by normal numbers of a deviation that is small as often as large.
local function changed(logarithms, random)
  local deviation = least_change * (most_change / least_change) ^ random:split("deviation"):uniform()
  local moved, noise = {}, random:split("noise"):normal({ #logarithms }):totable()
  for t, logarithm in ipairs(logarithms) do moved[t] = logarithm + deviation * noise[t] end
  return moved
end

--- Counts the evaluations that finding step sizes takes.
--- @param iterations integer
--- @return integer
function tune.evaluations(iterations) return #firsts * #lasts + iterations end

--- Finds step sizes for images.
--- @param still distill.Still
--- @param images ms.Tensor[]
--- @param validation ms.ImageSet  to choose by
--- @param iterations integer      how many changes are tried
--- @param label? string           of a progress bar
--- @return ms.Tensor raw          [updates]
function tune.step_sizes(still, images, validation, iterations, label)
  local best, assess = chooser(still, images, validation)
  local bar = ms.progress { total = tune.evaluations(iterations), label = label or "", quiet = not label }
  local done = 0
  local function try(logarithms)
    assess(logarithms)
    done = done + 1
    bar:update(done, ("held out %.4f"):format(best[1].accuracy))
  end
  for _, first in ipairs(firsts) do
    for _, last in ipairs(lasts) do try(falling(first, last, still.updates)) end
  end
  local random = still.random:split "tune"
  for i = 1, iterations do
    local parent = best[random:split(i):integer { high = #best }]
    try(changed(parent.logarithms, random:split(i)))
  end
  bar:finish()
  return best[1].raw
end

return tune
