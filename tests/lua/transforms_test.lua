-- Transforms from Lua: tables of tensors, which arguments, nesting, checkpoints, and what is refused.
local ms = require "moonstill"
local test = require "moonstill.test"

local function f64(list) return ms.tensor(list, { dtype = "f64" }) end

test("grad over tables: built like the argument, constants aside", function()
  local function loss(p) return (p.layers[1] * p.layers[2]):sum() * p.scale + (p.bias ^ 2):sum() end
  local p = { layers = { f64 { 1, 2 }, f64 { 3, 4 } }, bias = f64 { 5 }, scale = 2, name = "p" }
  local g = ms.grad(loss)(p)
  test.near(g.layers[1], { 6, 8 })
  test.near(g.layers[2], { 2, 4 })
  test.near(g.bias, { 10 })
  test.equal(g.scale, nil)
  test.equal(g.name, nil)
  test.near(p.layers[1], { 1, 2 })
end)

test("which arguments", function()
  local function f(a, b, k) return (a * b):sum() * k end
  local a, b = f64 { 1, 2 }, f64 { 3, 4 }
  test.near(ms.grad(f)(a, b, 2), { 6, 8 })
  test.near(ms.grad(f, { wrt = 2 })(a, b, 2), { 2, 4 })
  local both = ms.grad(f, { wrt = { 1, 2 } })(a, b, 2)
  test.near(both[1], { 6, 8 })
  test.near(both[2], { 2, 4 })
  test.near(ms.grad(f, { wrt = 3 })(a, b, 2), 11)
  local value, gradient, more = ms.value_and_grad(function(x) return x:sum(), "kept" end)(a)
  test.equal({ value:item(), gradient:totable(), more }, { 3, { 1, 1 }, "kept" })
end)

test("jvp, vjp and hvp agree with what is known", function()
  local function f(x) return x ^ 3 end
  local x, v = f64 { 1, 2 }, f64 { 1, -1 }
  local y, dy = ms.jvp(f)(x, v)
  test.near(y, { 1, 8 })
  test.near(dy, { 3, -12 })
  local _, pullback = ms.vjp(f)(x)
  test.near(pullback(v), { 3, -12 })
  test.near(pullback(v * 2), { 6, -24 })
  test.near(ms.hvp(function(t) return (t ^ 3):sum() end)(x, v), { 6, -12 })
  local table_hvp = ms.hvp(function(p) return (p.a * p.a * p.b):sum() end)({ a = x, b = v }, { a = v, b = x })
  test.near(table_hvp.a, { 2 * 1 * 1 + 2 * 1 * 1, 2 * -1 * -1 + 2 * 2 * 2 })
  test.near(table_hvp.b, { 2, -4 })
end)

test("directions and cotangents may be of another floating type", function()
  local random = ms.random(3)
  local x, v = random:normal { 17, 16 }, random:normal { 17, 16 }
  local _, expected = ms.jvp(ms.unit)(x, v)
  local _, tangent = ms.jvp(ms.unit)(x, ms.tensor(v, { dtype = "f64" }))
  test.near(tangent, expected)
  local _, pullback = ms.vjp(ms.unit)(x)
  test.near(pullback(ms.tensor(v, { dtype = "f64" })), pullback(v))
  local _, coarse = ms.jvp(ms.unit)(ms.tensor(x, { dtype = "f64" }), v)
  test.near(coarse, expected, 1e-5)
end)

test("transforms nest, and inner variables are not mixed up with outer ones", function()
  local d = ms.grad(function(x) return x * ms.grad(function(y) return x * y end)(f64(1)) end)
  test.near(d(f64(3)), 6)
  test.near(ms.grad(ms.grad(ms.grad(function(x) return x ^ 4 end)))(f64(2)), 48)
  local _, forward_over_reverse = ms.jvp(ms.grad(function(x) return x:exp():sum() end))(f64 { 0, 1 }, f64 { 1, 0 })
  test.near(forward_over_reverse, { 1, 0 })
end)

test("the gradient of gradient descent", function()
  local function inner(w, a) return ((w - a) ^ 2):sum() end
  local function outer(a)
    local w = f64(0)
    for _ = 1, 3 do w = w - 0.1 * ms.grad(inner)(w, a) end
    return w
  end
  test.near(ms.grad(outer)(f64(5)), 1 - 0.8 ^ 3)
  ms.test.gradcheck(function(a) return outer(a) ^ 2 end, f64(5), { order = 2 })
end)

test("an object that holds a transform of its own is collected", function()
  local seen = setmetatable({}, { __mode = "v" })
  for i, transform in ipairs { ms.grad, ms.value_and_grad, ms.vjp, ms.jvp, ms.hvp, ms.checkpoint } do
    local object = { k = 3 }
    object.derivative = transform(function(x) return (x * object.k):sum() end)
    object.derivative(ms.ones(2), ms.ones(2))
    seen[i] = object
  end
  for _ = 1, 2 do collectgarbage() end  -- finalizers of the first let go of what the second takes
  test.equal(next(seen), nil)
end)

test("checkpoint changes no number, at first and second order", function()
  local function f(x) return (x:sin() * x:exp()) ^ 2 end
  local x = f64 { 0.3, 0.7 }
  local function loss(g) return function(v) return (g(g(v))):sum() end end
  for _, transform in ipairs { ms.grad, function(g) return ms.grad(function(v) return (ms.grad(g)(v) ^ 2):sum() end) end } do
    test.equal(transform(loss(ms.checkpoint(f)))(x):totable(), transform(loss(f))(x):totable())
  end
  local captured = ms.grad(function(k)
    return ms.checkpoint(function(v) return v * k end)(x):sum()
  end)(f64(2))
  test.near(captured, 1)
end)

-- Messages, with the line of the script: `code` is line 2.
local cases = {
  { "local n = 0 local f = ms.checkpoint(function(x) n = n + 1 return x * n end) ms.grad(function(x) return f(x):sum() end)(x)",
    "checkpoint: f (scripts/user.lua:2) is not pure: run again with the same arguments it gave another result" },
  { "ms.grad(function(v) return v end)(x)",
    "ms.grad: the function must return one number, got a tensor of shape [2] (take its sum or mean)" },
  { "ms.grad(function() end)(x)", "ms.grad: the function returned nothing; expected one number" },
  { "ms.grad(function() return 'x' end)(x)", "ms.grad: the function's result 1: expected a tensor, got string \"x\"" },
  { "ms.grad(function() return 1 end)(x)", "ms.grad: the function's result 1: expected a tensor, got number 1" },
  { "ms.grad(3)", "ms.grad: argument 1 'f': expected function, got number 3" },
  { "ms.grad(ms.exp)()", "ms.grad: argument 1 is to be differentiated, got 0 arguments" },
  { "ms.grad(ms.exp)({})", "ms.grad: argument 1: expected a tensor or a table of tensors, got table" },
  { "ms.grad(ms.exp)('x')", "ms.grad: argument 1: expected a tensor or a table of tensors, got string \"x\"" },
  { "ms.grad(ms.exp, { wrt = 0 })", "ms.grad: argument 'wrt': arguments count from 1, got 0" },
  { "ms.grad(ms.exp, { wtr = 1 })", "ms.grad: unknown argument 'wtr' (did you mean 'wrt'?)" },
  { "ms.hvp(ms.exp)(x, ms.ones {3})", "ms.hvp: the direction has shape [3], the point [2]" },
  { "ms.jvp(ms.exp)(x, { x })", "ms.jvp: the direction (argument 2) is not built like the point (argument 1)" },
  { "local _, back = ms.vjp(ms.exp)(x) back()", "pullback: expected 1 cotangents, got 0" },
  { "local _, back = ms.vjp(ms.exp)(x) back(ms.ones {3})", "pullback: cotangent 1: expected shape [2], got [3]" },
  { "ms.grad(function(v) return ms.zeros { 2 }:sum() end)(ms.tensor({1, 2}, { dtype = 'i32' }))",
    "cannot differentiate with respect to a tensor of i32: expected f32 or f64" },
  { "ms.test.gradcheck(ms.exp, ms.ones {2})", "ms.test.gradcheck: expected f64 values, got f32" },
  { "ms.matmul(ms.ones {2, 3}, ms.ones {2, 3})", "ms.matmul: inner sizes differ: a is [2, 3], b is [2, 3]" },
  { "return ms.ones {2, 3} + ms.ones {2}", "add: shapes [2, 3] and [2] do not fit together" },
  { "return ms.ones {2, 3}:reshape {4}", "ms.Tensor:reshape: [2, 3] holds 6 elements, [4] holds 4" },
}

for _, case in ipairs(cases) do
  test(case[1], function()
    local chunk = assert(load("local ms, x = ...\n" .. case[1], "@scripts/user.lua"))
    test.fails("scripts/user.lua:2: " .. case[2], function() chunk(ms, f64 { 1, 2 }) end)
  end)
end

test("what cannot pass derivatives on says so", function()
  local refused = "derivatives through %s are not offered (x:stop_gradient() makes a constant of x)"
  local function gradient(f) return function() ms.grad(f)(ms.ones(2)) end end
  test.fails_with(refused:format "an optimiser", gradient(function(w) return ms.optim.sgd():step(w, w):sum() end))
  test.fails_with(refused:format "an optimiser", gradient(function(w) return (ms.optim.clip_norm(w, 1)):sum() end))
  test.fails_with(refused:format "qubits that act at once", gradient(function(w)
    return ms.tensor(ms.qubits(1):set_amplitudes(w):expectation(ms.observable.pauli "Z"))
  end))
  test.fails_with(refused:format "a fixed matrix",
    function() ms.grad(function(w) return ms.circuit(1):unitary(w, 1) end)(ms.tensor { { 0, 1 }, { 1, 0 } }) end)
end)

test("an argument is differentiated once", function()
  test.fails_with("argument 'wrt': argument 1 is listed twice",
    function() ms.grad(function(a, b) return a * b end, { wrt = { 1, 1 } }) end)
end)

-- At the end of the program upvalues may be closed before the function that needs them.
test("a transformed function that was closed says so", function()
  local g = ms.grad(function(x) return x * x end)
  local _, inner = debug.getupvalue(g, 1)
  inner:close()
  test.fails_with("the transformed function was closed", function() g(ms.tensor(2.0)) end)
end)
