-- Training a network, and what stops it.
local ms = require "moonstill"
local test = require "moonstill.test"
local train = require "train"

local nn = ms.nn
local set = ms.data.images("digits", { train = 400, test = 200 })

local function small_net() return nn.sequential { nn.flatten(), nn.linear(784, 10) } end

test("a linear model learns the digits, the same for one seed and any number of threads", function()
  local net, threads = small_net(), ms.threads()
  local function fit(count, seed)
    ms.set_threads(count)
    local w, history = train.fit { net = net, train = set.train, test = set.test, epochs = 4, batch = 50, seed = seed, quiet = true,
      optimizer = ms.optim.adam { lr = 0.01 } }
    ms.set_threads(threads)
    return w, history
  end
  local w, history = fit(1, 1)
  test.equal(#history, 4)
  test.ok(history[4].loss < history[1].loss / 2, "the loss falls")
  test.ok(history[4].accuracy > 0.7, ("accuracy %g"):format(history[4].accuracy))
  local result = train.evaluate(net, w, set.test)
  test.equal(result.accuracy, history[4].accuracy)
  test.equal(tostring(result), ("accuracy %.4f, loss %.4f"):format(result.accuracy, result.loss))
  test.equal(fit(2, 1):totable(), w:totable())
  test.ok((fit(1, 2) - w):abs():max():item() > 1e-3, "another seed")
end)

test("dropout is on in training and off in tests", function()
  local seen = {}
  local spy = nn.layer { name = "spy", apply = function(_, x, _, context)
    seen[tostring(context.train)] = true
    return x
  end }
  local net = nn.sequential { nn.flatten(), spy, nn.dropout { p = 0.5 }, nn.linear(784, 10) }
  train.fit { net = net, train = set.train, test = set.test, epochs = 1, batch = 200, quiet = true }
  test.equal(seen, { ["true"] = true, ["nil"] = true })
end)

-- A layer whose loss, or only whose gradient, is NaN from its third step on.
local poisons = {
  loss = { "the loss is NaN (the network's outputs)", function(x, p) return x * p.s * (0 / 0) end },
  gradient = { "the gradient by '2.s' is not finite", function(x, p) return x * p.s + (p.s * 0):sqrt() end },
}

for name, poison in pairs(poisons) do
  test(("a %s that is not finite names the step and keeps the last good weights"):format(name), function()
    local steps, kept, message = 0, nil, poison[1]
    local trap = nn.layer { name = "trap", parameters = { { name = "s", shape = {}, init = "ones" } },
      apply = function(_, x, p)
        steps = steps + 1
        return steps < 3 and x * p.s or poison[2](x, p)
      end }
    local net = nn.sequential { nn.flatten(), trap, nn.linear(784, 10) }
    local options = { net = net, train = set.train, batch = 100, epochs = 1, seed = 4, quiet = true,
      optimizer = ms.optim.sgd { lr = 0.1 }, on_failure = function(w, step) kept = { w = w, step = step } end }
    local chunk = assert(load("local train, options = ...\ntrain.fit(options)", "@scripts/user.lua"))
    test.fails("scripts/user.lua:2: train.fit: step 3: " .. message, function() chunk(train, options) end)
    -- Those after step 2 gave the NaN.
    test.equal(kept.step, 1)
    test.ok(kept.w:abs():max():item() < 10, "finite weights")
  end)
end

test("weights that gave a loss which is not finite are not the last good ones", function()
  local kept
  local w0 = small_net():initialise(ms.random(1))
  test.fails_with("train.fit: step 2: the loss is", function()
    train.fit { net = small_net(), train = set.train, batch = 100, quiet = true, weights = w0,
      optimizer = ms.optim.sgd { lr = 1e38 }, on_failure = function(w, step) kept = { w = w, step = step } end }
  end)
  test.equal({ kept.step, kept.w:totable() }, { 0, w0:totable() })
end)

test("a loss that is not finite blames the script's line", function()
  local steps, kept = 0, nil
  local poison = nn.layer { name = "poison", apply = function(_, x)
    steps = steps + 1
    return steps == 3 and x * (0 / 0) or x
  end }
  local net = nn.sequential { nn.flatten(), poison, nn.linear(784, 10) }
  local code = [[
local train, net, set, on_failure = ...
train.fit { net = net, train = set.train, batch = 100, quiet = true, on_failure = on_failure }
]]
  local chunk = assert(load(code, "@scripts/user.lua"))
  test.fails("scripts/user.lua:2: train.fit: step 3: the loss is NaN (the network's outputs)",
    function() chunk(train, net, set, function(w, step) kept = { w = w, step = step } end) end)
  test.equal(kept.step, 1)
  test.ok(kept.w:abs():max():item() < 10, "finite weights")
end)

test("parameters with a range are put back into it after each step", function()
  local seen = {}
  local bounded = nn.layer { name = "bounded", parameters = { { name = "s", shape = { 3 }, init = "ones", range = { -0.5, 1 } } },
    apply = function(_, x, p)
      seen[#seen + 1] = p.s:stop_gradient()
      return x * (p.s:sum() + 1)
    end }
  local net = nn.sequential { nn.flatten(), bounded, nn.linear(784, 10) }
  local w = train.fit { net = net, train = set.train, batch = 100, epochs = 2, quiet = true, optimizer = ms.optim.sgd { lr = 30 } }
  seen[#seen + 1] = net:named(w)["2.s"]
  local moved = false
  for _, s in ipairs(seen) do
    for _, number in ipairs(s:totable()) do
      test.ok(number >= -0.5 and number <= 1, ("%g"):format(number))
      moved = moved or number ~= 1
    end
  end
  test.ok(moved, "it is trained")
end)

test("infinity among the data", function()
  local poison = nn.layer { name = "poison", apply = function(_, x) return x + ms.full(x:shape(), math.huge) end }
  local net = nn.sequential { nn.flatten(), poison, nn.linear(784, 10) }
  test.fails_with("train.fit: step 1: the loss is NaN", function()
    train.fit { net = net, train = set.train, batch = 100, quiet = true }
  end)
end)

local cases = {
  { "train.fit { net = net, train = set.train, epoch = 1 }", "train.fit: unknown argument 'epoch' (did you mean 'epochs'?)" },
  { "train.fit { net = net, train = set.train, epochs = 'x' }",
    "train.fit: argument 'epochs': expected integer, got string \"x\"" },
  { "train.fit { net = net, train = set.train, epochs = 0 }", "train.fit: argument 'epochs': expected at least 1, got 0" },
  { "train.fit { net = net, train = set.train, batch = 0 }", "train.fit: argument 'batch': expected at least 1, got 0" },
  { "train.fit { net = {}, train = set.train }", "train.fit: argument 'net': expected layer, got table" },
  { "train.fit { net = net }", "train.fit: argument 'train': expected imageset, got nothing" },
  { "train.fit { net = wrong, train = set.train, quiet = true }",
    "in sequential[2] (linear(700 -> 10)): expected input [batch, 700], got [batch, 784]" },
  { "train.fit { net = ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(784, 9) }, train = set.train, quiet = true }",
    "ms.nn.cross_entropy: argument 2 'targets': class 10 is outside 1..9" },
  { "train.evaluate(net, ms.ones {3}, set.test)",
    "in sequential: argument 2 'w': expected 7850 weights, got a tensor of shape [3]" },
}

for _, case in ipairs(cases) do
  test(case[1], function()
    local chunk = assert(load("local ms, train, net, wrong, set = ...\n" .. case[1], "@scripts/user.lua"))
    local wrong = nn.sequential { nn.flatten(), nn.linear(700, 10) }
    test.fails("scripts/user.lua:2: " .. case[2], function() chunk(ms, train, small_net(), wrong, set) end)
  end)
end
