-- The outer optimiser of a distillation: learning rates in cycles, clipping, averages, the best state.
local ms = require "moonstill"
local search = require "distill.search"
local test = require "moonstill.test"

local start = { images = { ms.zeros(2) }, raw_step_sizes = ms.zeros(1) }

local function options(more)
  local o = { lr = 0.1, cycle = 10, backoff = 0.5, betas = { 0.5, 0.999 }, step_size_lr = 1, clip = 0, averaging = 0.9 }
  for name, value in pairs(more or {}) do o[name] = value end
  return o
end

local function gradient(value) return { images = { ms.full(2, value) }, raw_step_sizes = ms.full(1, value) } end

local function first(parameters) return parameters.images[1][1]:item() end

test("the learning rate falls along a cosine in each cycle, and the next cycle is lower", function()
  local one = search.new(start, options())
  local p, moved = start, {}
  for step = 1, 20 do
    p = one:begin(p)
    local before = first(p)
    p = one:step(p, gradient(1))
    moved[step] = before - first(p)
    one:judge(p, step, function() return { loss = 20 - step, accuracy = 0 } end)
  end
  test.near(moved[1], 0.1, 1e-4)                 -- Adam moves by the rate where the gradient never changes
  test.near(moved[6], 0.1 * (0.01 + 0.99 * 0.5), 1e-3)
  test.ok(moved[10] < 0.1 * 0.05, ("last step of the cycle: %g"):format(moved[10]))
  test.near(moved[11], 0.05, 1e-4)
  test.near(one.rate, 0.25, 0)
end)

test("backing off lowers the rate and keeps the place in the cycle", function()
  local function steps(one, p, count)
    local before
    for _ = 1, count do
      before, p = first(p), one:step(p, gradient(1))
    end
    return p, before - first(p)
  end
  local one, other = search.new(start, options()), search.new(start, options())
  local p = steps(one, start, 5)
  steps(other, start, 5)
  one:back_off()
  test.near(select(2, steps(one, p, 1)), select(2, steps(other, p, 1)) * search.lower, 1e-6)
  test.equal({ one.steps, one.rate }, { 6, search.lower })
end)

test("a fall of the held-out accuracy leads back to the best state, if asked for", function()
  local p = search.new(start, options()):step(start, gradient(1))
  local function after(restart, accuracy)
    local one = search.new(start, options { restart = restart, averaging = 0 })
    one:judge(start, 1, function() return { loss = 1, accuracy = 0.9 } end)
    return one:recover(p, one:judge(p, 2, function() return { loss = 2, accuracy = accuracy } end))
  end
  test.ok(after(0.05, 0.8) == start, "back")
  test.ok(after(0.05, 0.86) == p, "on")
  test.ok(after(1, 0) == p, "never")
end)

test("a cycle begins at the best state that ever was", function()
  local one = search.new(start, options { cycle = 3, averaging = 0 })
  local losses, p, second = { 3, 1, 2 }, start, nil
  for step = 1, 3 do
    p = one:begin(p)
    p = one:step(p, gradient(1))
    if step == 2 then second = p end
    one:judge(p, step, function() return { loss = losses[step], accuracy = 0.5 } end)
  end
  test.ok(one:begin(p) == second, "the state of step 2")
  test.ok(one.averaged == second, "the average begins there too")
  test.equal({ one.best.iteration, one.best.kind, one.best.loss }, { 2, "last", 1 })
  test.ok(one:begin(one:step(second, gradient(1))) ~= second, "and then goes on from there")
end)

test("gradients are clipped together, before Adam sees them", function()
  for _, clip in ipairs { 0.2, 0 } do
    local one = search.new(start, options { clip = clip })
    local by_hand = ms.optim.adam { lr = ms.optim.cosine { lr = 0.1, steps = 10, floor = 0.01 }, betas = { 0.5, 0.999 } }
    local p, w = start, ms.zeros(2)
    for _, value in ipairs { 10, -0.01, 3 } do
      local norm
      p, norm = one:step(p, gradient(value))
      test.near(norm, math.abs(value) * 3 ^ 0.5, 1e-5)
      local factor = clip > 0 and math.min(1, clip / (math.abs(value) * 3 ^ 0.5)) or 1
      w = by_hand:step(w, ms.full(2, value * factor))
    end
    test.near(p.images[1], w, 1e-6)
  end
end)

test("step sizes have a learning rate of their own", function()
  local p = search.new(start, options { step_size_lr = 0.1 }):step(start, gradient(1))
  test.near({ first(p), p.raw_step_sizes:item() }, { -0.1, -0.01 }, 1e-4)
end)

test("the average follows closely at first, then by its decay", function()
  local one = search.new(start, options { averaging = 0.5 })
  local p, average = start, 0
  for step = 1, 20 do
    p = one:step(p, gradient(1))
    local decay = math.min(0.5, step / (step + 10))
    average = decay * average + (1 - decay) * first(p)
    test.near(first(one.averaged), average, 1e-5)
  end
end)

test("a gradient that is not finite moves nothing", function()
  local one = search.new(start, options())
  local p, norm = one:step(start, gradient(0 / 0))
  test.ok(p == nil and norm ~= norm, "nil, NaN")
  test.equal(one.steps, 0)
end)
