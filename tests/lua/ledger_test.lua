-- The ledger of quantum executions: phases, what it keeps, its report.
local ms = require "moonstill"
local test = require "moonstill.test"

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
  -- 9501 + 24 n <= 1024 n from n = 9.501 on.
  test.equal(report.pays_after, { full = 10, cheap = false })
  local text = tostring(report)
  test.ok(text:find("| images +| +24 | +3 | +240 | +14.40 |"), text)
  test.ok(text:find("paid for itself after 10 trainings, against 'full'", 1, true), text)
  test.ok(text:find("never pays for itself against 'cheap'", 1, true), text)
  test.equal(ms.io.parse_json(ms.io.json(report)).rows[2].name, "cheap")
end)
