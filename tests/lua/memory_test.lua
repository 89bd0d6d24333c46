-- Lua's collector knows what tensors weigh: a plain loop runs at flat memory.
local ms = require "moonstill"
local test = require "moonstill.test"

test("a loop that drops its tensors", function()
  local before = ms.memory().live
  for _ = 1, 1000 do
    local x = ms.zeros({ 512, 512 })
    test.ok(x)
  end
  local held = ms.memory().live - before
  test.ok(held < 200e6, ("%d bytes are held"):format(held))
end)

test("close gives memory back at once", function()
  local before = ms.memory().live
  local x = ms.zeros({ 512, 512 })
  test.ok(ms.memory().live >= before + 2 ^ 20)
  x:close()
  test.equal(ms.memory().live, before)
end)
