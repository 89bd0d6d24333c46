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
  test.ok(text:find("| images +| +24 | +1 | +3 | +240 | +14.40 |"), text)
  test.ok(text:find("paid for itself after 10 trainings, against 'full'", 1, true), text)
  test.ok(text:find("never pays for itself against 'cheap'", 1, true), text)
  test.equal(ms.io.parse_json(ms.io.json(report)).rows[2].name, "cheap")
end)

-- n qubits, so many layers, 2^n amplitudes, a Hermitian on each qubit: shift terms of one sample.
local function layer(n, layers)
  local ansatz = ms.circuit(n, { x = { 1 << n }, w = { layers, n, 3 } }, function(c, x, w)
    c:amplitudes(x):strongly_entangling(w)
  end)
  local net = ms.nn.sequential {
    ms.nn.flatten(), ms.nn.linear(784, 1 << n), ms.nn.circuit(ansatz), ms.nn.linear(n, 10),
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

test("a whole distillation against the formula, recomputed or not, in both types", function()
  local net, angles, inputs = layer(2, 1)
  local images, batch, passes, iterations = 10, 50, 3, 4
  local shifts = angles + inputs
  -- Pairs of different rotations of two terms, each rotation with itself (all of them also unshifted), and a rotation
  -- with a tomography. In the first update the weights are given: of the pairs those with an input count.
  local rotations = shifts / 2
  local hessian = 4 * rotations * (rotations - 1) / 2 + rotations + 1 + 3 * shifts
  local of_inputs = 4 * (inputs / 2) * (inputs / 2 - 1) / 2 + inputs / 2 + 1 + inputs * angles + 3 * inputs
  -- The backward pass takes first derivatives of each update again: along the change of the inner gradient's weights,
  -- and along that of the values.
  local function first(samples, again, weights_again)
    return counts {
      values = iterations * batch, angles = iterations * (batch + samples * weights_again) * angles,
      inputs = iterations * (batch + samples * again) * inputs,
      hermitians = iterations * (batch + samples * weights_again) * 3,
    }
  end
  local outer = first(images, 2 * passes, 2 * passes - 1)
  outer.second_order = iterations * images * ((passes - 1) * hessian + of_inputs)
  outer.steps = iterations
  local function inner(times)
    local seen = times * passes * images
    return counts { values = seen, angles = seen * angles, inputs = seen * inputs, hermitians = seen * 3,
      steps = times * passes }
  end
  for _, case in ipairs { {}, { checkpoint = true }, { dtype = "f64" } } do
    local book <close> = ms.ledger()
    local o = { net = net, train = set.train, passes = passes }
    for name, option in pairs(case) do o[name] = option end
    distill.unrolled(o):fit { iterations = iterations, batch = batch, validation = set.test, evaluate_every = 2,
      averaging = 0, quiet = true }
    test.equal(book:totable(), {
      distil = outer, ["distil/inner"] = inner(iterations), ["distil/validate/inner"] = inner(2),
      ["distil/validate/test"] = counts { values = 2 * 40 },
    })
  end
end)
