-- What a script's author reads when a call is wrong: exact texts, with the script's line in front.
local ms = require "moonstill"
local test = require "moonstill.test"

local cases = {
  { 'ms.random("x")', [[ms.random: argument 1 'seed': expected integer, got string "x"]] },
  { "ms.random()", "ms.random: argument 1 'seed': expected integer, got nothing" },
  { "ms.random(nil)", "ms.random: argument 1 'seed': expected integer, got nil" },
  { "ms.random(1.5)", "ms.random: argument 1 'seed': expected integer, got number 1.5" },
  { "ms.random(1, 2)", "ms.random: expected at most 1 argument, got 2" },
  { "ms.random { sead = 1 }", "ms.random: unknown argument 'sead' (did you mean 'seed'?)" },
  { "ms.random { whatever = 1 }", "ms.random: unknown argument 'whatever' (known: seed)" },
  { "ms.random { seed = true }", "ms.random: argument 1 'seed': expected integer, got boolean true" },
  { "ms.random {}", "ms.random: argument 1 'seed': expected integer, got nothing" },
  { "ms.random { 1 }", "ms.random: argument 1 'seed': expected integer, got table" },
  { "rng:uniform(1)", "ms.Generator:uniform: argument 1: expected table of options, got number 1" },
  { "rng:uniform { lo = 1 }", "ms.Generator:uniform: unknown argument 'lo' (did you mean 'low'?)" },
  { 'rng:uniform { low = "a" }', [[ms.Generator:uniform: argument 'low': expected number, got string "a"]] },
  { "rng:integer(0)", "ms.Generator:integer: argument 1 'high': expected at least 1, got 0" },
  { "rng:integer(rng)", "ms.Generator:integer: argument 1 'high': expected integer, got generator" },
  { "rng.uniform()", "ms.Generator:uniform: self: expected generator, got nothing (methods are called with ':')" },
  { "rng.uniform(1)", "ms.Generator:uniform: self: expected generator, got number 1 (methods are called with ':')" },
  { "rng:unifrom()", "generator: no method 'unifrom' (did you mean 'uniform'?)" },
  { "rng.unifrom = 1", "attempt to index a ms.Generator value (local 'rng')" },
  { "rng[1]()", "ms.Generator '[]': expected the name of a method, got number 1" },
  { "rng:close() rng:uniform()", "ms.Generator:uniform: the generator was closed" },
  { "ms.set_threads(100000)", "ms.set_threads: argument 1 'count': expected at most 1024, got 100000" },
  { "ms.optim.sgd { momentum = 1 }", "ms.optim.sgd: argument 'momentum': expected a number in [0, 1), got 1" },
  { "ms.optim.adam { epsilon = 0 }", "ms.optim.adam: argument 'epsilon': expected a number above 0, got 0" },
  { "ms.optim.adam { lr = -1 }", "ms.optim.adam: argument 'lr': expected a finite number of at least 0, got -1" },
  { "ms.optim.cosine { lr = 1 / 0, steps = 3 }",
    "ms.optim.cosine: argument 'lr': expected a finite number of at least 0, got inf" },
  { "ms.optim.step_decay { lr = -1, every = 3 }",
    "ms.optim.step_decay: argument 'lr': expected a finite number of at least 0, got -1" },
  { "ms.optim.step_decay { lr = 1, every = 3 }:scaled(-2)",
    "ms.Schedule:scaled: argument 1 'factor': expected a finite number of at least 0, got -2" },
  { "ms.optim.clip_norm(ms.ones(2), -1)",
    "ms.optim.clip_norm: argument 2 'limit': expected a number of at least 0, got -1" },
  { "ms.optim.adam():restore { steps = 1, moments = { ms.zeros({ 2 }, { dtype = 'i32' }) } }",
    "ms.Optimizer:restore: moment 1: expected an f32 or f64 tensor, got i32" },
  { "ms.tensor({ 1, 1.5 }, { dtype = 'i32' })",
    "ms.tensor: element 2: expected a whole number in -2147483648..2147483647, got 1.5" },
  { "ms.tensor({ 300 }, { dtype = 'u8' })", "ms.tensor: element 1: expected a whole number in 0..255, got 300" },
  { "ms.tensor(1e10):to('i32')", "ms.Tensor:to: element 1: expected a number in -2147483648..2147483647, got 10000000000" },
  { "ms.tnsor { 1 }", "ms.tnsor does not exist (did you mean 'ms.tensor'?)" },
  { "ms.nn.liner(3, 2)", "ms.nn.liner does not exist (did you mean 'ms.nn.linear'?)" },
  { "ms.ones(3):slice(1, -1)", "ms.Tensor:slice: argument 2 'first': -1 is outside 1..3" },
  { "lr = 0.1", "assignment to undeclared global 'lr' (write 'local lr = ...')" },
  { "function step() end", "assignment to undeclared global 'step' (write 'local function step')" },
  { "print(tonumer)", "undeclared global 'tonumer' (did you mean 'tonumber'?)" },
  { "return undefined_name", "undeclared global 'undefined_name'" },
}

for _, case in ipairs(cases) do
  test(case[1], function()
    local code = "local ms, rng = ...\n" .. case[1]
    local chunk = assert(load(code, "@scripts/user.lua"))
    test.fails("scripts/user.lua:2: " .. case[2], function() chunk(ms, ms.random(1)) end)
  end)
end

test("the script's line is blamed through frames of the standard library", function()
  local check = require "moonstill.check"
  local spec = { { "depth", "integer", "Layers.", default = 2 }, { "bias?", "boolean", "Adds a bias." } }
  local function raises(message, options)
    local chunk = assert(load("local check, options, spec = ...\ncheck.options('qnn.ansatz', options, spec)", "@u.lua"))
    test.fails("u.lua:2: qnn.ansatz: " .. message, function() chunk(check, options, spec) end)
  end
  raises("unknown argument 'dept' (did you mean 'depth'?)", { dept = 1 })
  raises("argument 'depth': expected integer, got number 1.5", { depth = 1.5 })
  raises("argument 'bias': expected boolean, got number 1", { bias = 1 })
  raises("expected table of named arguments, got number 3", 3)
  raises("expected a table of named arguments, got one with values that have no name", { 3 })
  test.equal(check.options("f", nil, spec), { depth = 2 })
  test.equal(check.options("f", { depth = 4, bias = true }, spec), { depth = 4, bias = true })
end)

test("enumerations list what is legal", function()
  local host = require "moonstill.host"
  test.equal(host.mismatch('"mean"|"sum"', "men"), 'expected "mean" or "sum", got string "men" (did you mean "mean"?)')
  test.equal(host.mismatch('"mean"|"sum"', "sum"), nil)
  test.equal(host.mismatch("integer[]", { 1, 2.5 }), "expected list of integers, got table with number 2.5 at 2")
  test.equal(host.mismatch("ms.Tensor|number", "half"), 'expected tensor or number, got string "half"')
  test.equal(host.mismatch("string", ("x"):rep(50)), nil)
  test.equal(host.mismatch("number", "a\n\1\""), [[expected number, got string "a\n\x01\""]])
end)

test("an object's collector function is harmless by hand", function()
  local rng = ms.random(1)
  local meta = debug.getmetatable(rng)
  meta.__gc(rng)
  meta.__gc(rng)
  meta.__gc(io.stdout)
  meta.__gc()
  test.fails_with("the generator was closed", function() rng:uniform() end)
  test.equal(getmetatable(rng), false)
end)

test("a metamethod called by hand looks at its operands only", function()
  local one = ms.ones(1)
  local add = debug.getmetatable(one).__add
  test.fails_with("expected an operand of class ms.Tensor", function() add(1, 2, one) end)
  test.equal(add(1, one):totable(), { 2 })
end)

test("error values pass through transforms unchanged, and the next transform works", function()
  local value = { code = 1 }
  local one = ms.ones({ 2 })
  for _, thrown in ipairs { value, 7, "text", true } do
    local fine, got = pcall(ms.grad(function(x)
      return ms.grad(function(y)
        if y then error(thrown, 0) end
      end)(x)
    end), one)
    test.ok(not fine and rawequal(got, thrown), "the same error value")
  end
  test.near(ms.grad(function(x) return (x * x):sum() end)(one), { 2, 2 })
end)

test("ipairs goes over a tensor's first axis", function()
  local rows = {}
  for i, row in ipairs(ms.tensor { { 1, 2 }, { 3, 4 } }) do rows[i] = row:totable() end
  test.equal(rows, { { 1, 2 }, { 3, 4 } })
  for _ in ipairs(ms.zeros { 0, 3 }) do error "no rows are there" end
end)

test("tensors are indexed along their first axis, and never assigned to", function()
  local x = ms.tensor { { 1, 2 }, { 3, 4 } }
  test.equal(x[2]:totable(), { 3, 4 })
  test.equal(ms.grad(function(v) return v[2][1] ^ 2 end)(x):totable(), { { 0, 0 }, { 6, 0 } })
  for _, i in ipairs { 0, -1, 4 } do
    test.fails_with(("ms.Tensor '[]': argument 2 'index': %d is outside 1..2"):format(i), function() return x[i] end)
  end
  test.fails_with("a tensor of one number has no axis to index", function() return x:sum()[1] end)
  test.fails_with("tensors never change in place", function() x[1] = 1 end)
end)
