-- The ledger of quantum executions: phases, what it keeps, its report.
local distill = require "distill"
local ms = require "moonstill"
local test = require "moonstill.test"
local train = require "train"

local pauli = ms.observable.pauli
local rotation = ms.circuit(1, { a = { 1 } }, function(c, a) c:rx(1, a[1]) end)
local function value(a) return rotation { a = a, observable = pauli "Z" } end
local a = ms.tensor { 0.5 }

local nothing = { values = 0, angles = 0, inputs = 0, hermitians = 0, second_order = 0, steps = 0 }
local function counts(given)
  local row = {}
  for name, count in pairs(nothing) do row[name] = given[name] or count end
  return row
end

test("phases nest, end with their scope, also by an error, and name what the engine counts", function()
  local book <close> = ms.ledger()
  value(a)
  do
    local _ <close> = ms.ledger.phase "outer"
    value(a)
    do
      local _ <close> = ms.ledger.phase "inner"
      ms.grad(value)(a)
      ms.ledger.step(2)
    end
    pcall(function()
      local _ <close> = ms.ledger.phase "broken"
      value(a)
      error "stop"
    end)
    value(a)
    ms.ledger.step()
  end
  value(a)
  test.equal(book:totable(), {
    [""] = counts { values = 2 }, outer = counts { values = 2, steps = 1 },
    ["outer/inner"] = counts { values = 1, angles = 2, steps = 2 }, ["outer/broken"] = counts { values = 1 },
  })
  test.equal(book:totals "outer/inner", { values = 1, angles = 2, inputs = 0, hermitians = 0, second_order = 0, steps = 2,
    executions = 3 })
  test.equal(book:totals("outer").executions, 6)
  test.equal(book:totals("out").executions, 0)
  test.equal(book:totals().executions, 8)
  test.ok(tostring(book):find("outer/inner +3 +1 +2 +0 +0 +0 +2"), tostring(book))
end)

test("a pause counts nothing, nor does a closed ledger; several count side by side", function()
  local first <close> = ms.ledger()
  value(a)
  local second = ms.ledger()
  do
    local _ <close> = ms.ledger.pause()
    local _ <close> = ms.ledger.phase "inside"
    value(a)
    ms.ledger.step()
  end
  value(a)
  second:close()
  value(a)
  ms.ledger.step()
  test.equal(second:totable(), { [""] = counts { values = 1 } })
  test.equal(first:totable(), { [""] = counts { values = 3, steps = 1 } })
end)

test("a ledger goes through JSON and on", function()
  local text
  do
    local book <close> = ms.ledger()
    local _ <close> = ms.ledger.phase "train"
    ms.grad(value)(a)
    text = ms.io.json(book:totable())
  end
  local book <close> = ms.ledger.from(ms.io.parse_json(text))
  test.equal(ms.io.json(book:totable()), text)
  local _ <close> = ms.ledger.phase "train"
  ms.grad(value)(a)
  test.equal(book:totals "train", { values = 2, angles = 4, inputs = 0, hermitians = 0, second_order = 0, steps = 0,
    executions = 6 })
  test.fails_with("ms.ledger.from: argument 1 'counts': phase 'x': expected a whole number of values, got nil",
    function() ms.ledger.from { x = {} } end)
  test.fails_with("expected a table of counts for each phase", function() ms.ledger.from { 1 } end)
end)

test("the report: executions, shots, money, and when distilling has paid for itself", function()
  local book <close> = ms.ledger.from {
    full = counts { values = 900, angles = 100, steps = 10 }, ["full/test"] = counts { values = 24 },
    cheap = counts { values = 20, steps = 1 }, images = counts { values = 24, steps = 3 },
    ["distil/inner"] = counts { values = 500, steps = 30 }, distil = counts { second_order = 9001, steps = 10 },
  }
  local report = book:report { full = { "full", "cheap" }, distilled = "images", distilling = "distil", shots = 10,
    price_per_task = 0.5, price_per_shot = 0.01 }
  local names, executions, money = {}, {}, {}
  for i, row in ipairs(report.rows) do names[i], executions[i], money[i] = row.name, row.executions, row.money end
  test.equal(names, { "full", "cheap", "images", "distil", "distil + images" })
  test.equal(executions, { 1024, 20, 24, 9501, 9525 })
  test.near(money[1], 1024 * 0.6)
  test.equal(report.rows[4].steps, 40)
  test.equal(report.rows[1].shots, 10240)
  test.near(report.rows[4].times, 9501 / 24)
  -- 9501 + 24 n <= 1024 n from n = 9.501 on.
  test.equal(report.pays_after, { full = 10, cheap = false })
  local text = tostring(report)
  test.ok(text:find("| training +| executions | × distilled | gradient steps | +money | distilling pays after |\n"), text)
  test.ok(text:find("| full +| +1,024 | +42.7 | +10 | +614.40 | +10 trainings |\n"), text)
  test.ok(text:find("| cheap +| +20 | +0.833 | +1 | +12.00 | +never |\n"), text)
  test.ok(text:find("| images +| +24 | +1 | +3 | +14.40 | +|\n"), text)
  test.ok(text:find("| distil +| +9,501 | +396 | +40 | +5,700.60 | +|\n"), text)
  test.ok(text:find("\n\nAn execution is a task of 10 shots and costs 0.6: 0.5 a task, 0.01 a shot.", 1, true), text)
  test.equal(ms.io.parse_json(ms.io.json(report)).rows[2].name, "cheap")
  -- Large amounts need no cents; without prices there is no money, without a distillation nothing that pays.
  text = tostring(book:report { full = { "full" }, distilled = "full", price_per_task = 2, currency = "pounds" })
  test.ok(text:find("| training | executions | × distilled | gradient steps | pounds |\n", 1, true), text)
  test.ok(text:find("| full +| +1,024 | +1 | +10 | +2,048 |\n"), text)
  text = tostring(book:report { full = { "full" }, distilled = "images", shots = 1 })
  test.ok(text:find("| training | executions | × distilled | gradient steps |\n", 1, true), text)
  test.ok(text:find("\n\nAn execution is a task of 1 shot.", 1, true), text)
end)

-- n qubits, so many layers, 2^n amplitudes, a Hermitian on each qubit, behind a relu: shift terms of one sample, of the
-- angles and of the rotations that prepare the amplitudes.
local function layer(n, layers)
  local ansatz = ms.circuit(n, { x = { 1 << n }, w = { layers, n, 3 } }, function(c, x, w)
    c:amplitudes(x):strongly_entangling(w)
  end)
  local net = ms.nn.sequential {
    ms.nn.flatten(), ms.nn.linear(784, 32), ms.nn.relu(), ms.nn.linear(32, 1 << n), ms.nn.circuit(ansatz),
    ms.nn.linear(n, 10),
  }
  return net, 2 * layers * n * 3, 2 * ((1 << n) - 1)
end

local set = ms.data.images("digits", { train = 200, test = 40 })

test("training: so many samples, each with its value, shifts and tomography", function()
  local book <close> = ms.ledger()
  local net, angles, inputs = layer(2, 2)
  test.equal(book:totable(), {})
  train.fit { net = net, train = set.train, test = set.test, epochs = 2, batch = 64, quiet = true }
  local seen = 2 * 3 * 64
  test.equal(book:totable(), {
    train = counts { values = seen, angles = seen * angles, inputs = seen * inputs, hermitians = seen * 3, steps = 6 },
    test = counts { values = 2 * 40 },
  })
end)

-- What a distillation executes. Of `n` qubits with `layers` entangling layers, a Hermitian on each; so many outer
-- iterations on `batch` real images, `passes` inner updates of `images` synthetic ones, and evaluations on `tested`
-- held-out images; `runs` is 2 with a surrogate derivative, which runs the inner circuit a second time, on the smooth
-- network's features, else 1.
local function distillation(o)
  -- By parameter shift: two terms for each angle, and for each of the 2^n - 1 rotations that prepare the amplitudes.
  local angles, inputs = 2 * o.layers * o.n * 3, 2 * ((1 << o.n) - 1)
  local rotations = (angles + inputs) // 2
  -- Tomography of single qubits, all at once.
  local bases = 3
  -- A gradient of so many samples: values, shifted angles and rotations, tomography.
  local function gradient(samples)
    return counts { values = samples, angles = samples * angles, inputs = samples * inputs, hermitians = samples * bases }
  end
  -- Second order, of one sample. A pair of different rotations: two terms of each; a rotation with itself: one, and for
  -- all of these one that is not shifted; a rotation with the Hermitians: two terms, each with a tomography.
  local function pairs_of(count) return 4 * count * (count - 1) // 2 end
  local hessian = pairs_of(rotations) + rotations + 1 + 2 * rotations * bases
  -- In the first update the weights are given: what counts is what has to do with an input.
  local first = pairs_of(inputs // 2) + inputs // 2 + 1 + inputs * angles + inputs * bases
  -- An inner loop: a gradient for each update.
  local function inner(times, runs)
    local sum = gradient(times * runs * o.passes * o.images)
    sum.steps = times * o.passes
    return sum
  end
  -- An outer iteration: the gradient of the batch, then backwards through the updates of one run of the circuit (the
  -- surrogate's, where there is one). Each update's gradient is differentiated, which is second order, and its first
  -- derivatives are taken twice more: along the change of the weights, and along that of the values. In the first
  -- update the weights do not change: one of the two has no angles nor Hermitians.
  local outer = gradient(o.batch)
  local all, of_weights = 2 * o.passes * o.images, (2 * o.passes - 1) * o.images
  outer.inputs = outer.inputs + all * inputs
  outer.angles = outer.angles + of_weights * angles
  outer.hermitians = outer.hermitians + of_weights * bases
  outer.second_order = o.images * (first + (o.passes - 1) * hessian)
  for name, count in pairs(outer) do outer[name] = o.iterations * count end
  outer.steps = o.iterations
  return {
    distil = outer, ["distil/inner"] = inner(o.iterations, o.runs),
    ["distil/validate/inner"] = inner(o.evaluations, 1), ["distil/validate/test"] = counts { values = o.evaluations * o.tested },
  }
end

test("a whole distillation against the formula: with and without surrogate, recomputed or not, in both types", function()
  local net = layer(2, 1)
  local size = { n = 2, layers = 1, iterations = 4, batch = 50, passes = 3, images = 10, evaluations = 2, tested = 40 }
  for _, case in ipairs { {}, { checkpoint = true }, { dtype = "f64" }, { sharpness = 0 } } do
    local book <close> = ms.ledger()
    local o = { net = net, train = set.train, passes = size.passes }
    for name, option in pairs(case) do o[name] = option end
    distill.unrolled(o):fit { iterations = size.iterations, batch = size.batch, validation = set.test, evaluate_every = 2,
      averaging = 0, quiet = true }
    size.runs = case.sharpness == 0 and 1 or 2
    test.equal(book:totable(), distillation(size), ms.io.json(case))
  end
end)

test("a distillation for the quantum LeNet, as scripts/distill.lua has it, against the formula", function()
  local book <close> = ms.ledger()
  distill.unrolled { net = require("qnn").lenet.quantum(), train = set.train }:fit {
    iterations = 1, batch = 16, validation = set.test, quiet = true,
  }
  -- The iterate and the moving average are evaluated.
  test.equal(book:totable(), distillation { n = 6, layers = 3, iterations = 1, batch = 16, passes = 3, images = 10,
    evaluations = 2, tested = 40, runs = 2 })
end)
