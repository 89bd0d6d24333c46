-- coroutine.resume, wrap and yield are ours: they behave as Lua's.
local test = require "moonstill.test"

test("values go back and forth", function()
  local co = coroutine.create(function(a, b)
    local c = coroutine.yield(a + b)
    local d, e = coroutine.yield(c, nil)
    return d, e
  end)
  test.equal({ coroutine.resume(co, 1, 2) }, { true, 3 })
  test.equal(table.pack(coroutine.resume(co, 5)), { true, 5, nil, n = 3 })
  test.equal({ coroutine.resume(co, 6, 7) }, { true, 6, 7 })
  test.equal({ coroutine.resume(co) }, { false, "cannot resume dead coroutine" })
  test.equal(coroutine.status(co), "dead")
end)

test("errors inside", function()
  local co = coroutine.create(function() error({ code = 1 }) end)
  local fine, problem = coroutine.resume(co)
  test.equal(fine, false)
  test.equal(problem, { code = 1 })
  local wrapped = coroutine.wrap(function() error("inner", 0) end)
  test.fails_with("inner", wrapped)
  test.fails("cannot resume dead coroutine", function() wrapped() end)
  test.fails_with("coroutine expected", function() coroutine.resume(3) end)
end)

test("closing variables of a failed coroutine", function()
  local closed = false
  local wrapped = coroutine.wrap(function()
    local _ <close> = setmetatable({}, { __close = function() closed = true end })
    error "stop"
  end)
  pcall(wrapped)
  test.ok(closed)
end)

test("yield across pcall and outside", function()
  local co = coroutine.wrap(function() return pcall(function() return coroutine.yield(1) + 1 end) end)
  test.equal(co(), 1)
  test.equal({ co(4) }, { true, 5 })
  test.fails("attempt to yield from outside a coroutine", function() coroutine.yield() end)
end)

test("yield inside a transform says what is wrong", function()
  local ms = require "moonstill"
  local co = coroutine.create(function()
    return ms.grad(function(x)
      coroutine.yield(1)
      return x:sum()
    end)(ms.ones({ 2 }))
  end)
  local fine, problem = coroutine.resume(co)
  test.ok(not fine)
  test.ok(problem:find("coroutine.yield: a transform (grad, vjp, jvp, hvp, checkpoint) is running", 1, true), problem)
end)

test("a generator consumed inside a transform is fine", function()
  local ms = require "moonstill"
  local g = ms.grad(function(x)
    local factors = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
    local y = x
    for factor in factors do y = y * factor end
    return y:sum()
  end)(ms.ones({ 2 }))
  test.near(g, { 6, 6 })
end)
