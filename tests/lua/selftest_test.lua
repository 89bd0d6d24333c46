-- moonstill --selftest: a line for each check, and the golden values inside the program are those of the one file.
local ms = require "moonstill"
local program = require "program"
local test = require "moonstill.test"

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"

test("the program finds itself well", function()
  local output, code = program.run { "--selftest" }
  test.equal(code, 0)
  for _, name in ipairs { "gradients", "golden values", "determinism" } do
    test.ok(output:find("ok      " .. name, 1, true), output)
  end
end)

test("every primitive is checked, the quantum family too", function()
  local seen = {}
  for _, row in ipairs(ms.test.gradcheck_all { order = 1 }) do
    test.equal(row.problem, nil)
    seen[row.primitive] = row.error
  end
  for _, name in ipairs { "tanh", "conv_weight", "window_take", "expectation", "expectation_hessian" } do
    test.ok(seen[name] and seen[name] < 1e-6, name)
  end
end)

test("the golden values are not typed again", function()
  local file <close> = assert(io.open(here .. "/../golden/qnn.json"))
  test.equal((require "moonstill.golden"), file:read "a")
end)
