-- Lua's collector knows what tensors weigh: a plain loop runs at flat memory.
local ms = require "moonstill"
local program = require "program"
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

test("a loop over tiny tensors leaves little garbage", function()
  collectgarbage()
  local before = collectgarbage "count"
  local x = ms.ones(32)
  for _ = 1, 50000 do test.ok(x + x) end
  local held = collectgarbage "count" - before
  test.ok(held < 4000, ("%.0f KiB are held"):format(held))
end)

test("garbage alone never meets the memory limit", function()
  collectgarbage()
  local memory = ms.memory()
  ms.set_memory_limit(memory.live + (100 << 20))
  local fine, problem = pcall(function()
    local keep = ms.zeros { 15 << 20 }
    for _ = 1, 200 do test.ok(ms.ones { 1 << 18 }) end
    return keep
  end)
  ms.set_memory_limit(memory.limit)
  test.ok(fine, problem)
end)

test("random weights count their memory before they are drawn", function()
  collectgarbage()
  local memory = ms.memory()
  local random = ms.random(1)
  ms.set_memory_limit(memory.live + (1 << 20))
  local drawn = {
    function() return ms.nn.initialise("normal", { 1 << 18 }, random) end,
    function() return ms.nn.dropout_mask({ 1 << 18 }, 0.5, random) end,
  }
  local problems = {}
  for i, draw in ipairs(drawn) do problems[i] = select(2, pcall(draw)) end
  ms.set_memory_limit(memory.limit)
  for _, problem in ipairs(problems) do
    test.ok(tostring(problem):find("not enough memory for tensors: 2097152 bytes asked for", 1, true), problem)
  end
end)

test("close gives memory back at once", function()
  local before = ms.memory().live
  local x = ms.zeros({ 512, 512 })
  test.ok(ms.memory().live >= before + 2 ^ 20)
  x:close()
  test.equal(ms.memory().live, before)
end)

-- A plain training loop: the resident memory of its process after `from` and after `to` steps, in KiB.
local loop = [[
local ms, qnn = require "moonstill", require "qnn"
local net = qnn.lenet.quantum {}
local set = ms.data.images("digits", { train = 2000, test = 1 }).train
local walk = set:batches { batch = 32, seed = 1, drop_last = true }
local loss_and_grad = ms.value_and_grad(function(w, x, y) return ms.nn.cross_entropy(net(x, w), y) end)
local w, adam = net:initialise(ms.random(1)), ms.optim.adam()
local from, to = ...
for step = 1, tonumber(to) do
  local x, y = walk:at(step)
  local loss, gradient = loss_and_grad(w, x, y)
  w = net:project(adam:step(w, gradient))
  if step == tonumber(from) or step == tonumber(to) then
    print(io.open "/proc/self/status":read "a":match "VmRSS:%s+(%d+)")
  end
end
]]

test("a plain training loop runs at flat memory", function()
  local script <close> = program.file(".lua", loop)
  local output, code = program.run { "--threads", "1", script.path, "1000", "2000" }
  test.equal(code, 0)
  local before, after = output:match "(%d+)\n(%d+)"
  local growth = after / before - 1
  test.ok(growth < 0.015, ("resident memory grew by %.2f %%"):format(100 * growth))
end)
