-- Completion at the prompt.
local complete = require "moonstill.complete"
local test = require "moonstill.test"

local rng = require("moonstill").random(1)
rawset(_G, "completed", { alpha = 1, alpine = { deep = function() end }, _private = 2, rng = rng })

local function words(before)
  local found, list = complete.candidates(before), {}
  for i, candidate in ipairs(found) do list[i] = candidate.word end
  return table.concat(list, " ") .. "/" .. found.length
end

test("names, fields, methods, keywords", function()
  test.equal(words "completed.al", "alpha alpine/2")
  test.equal(words "x = completed.alpine.d", "deep/1")
  test.equal(words "completed._", "_private/1")
  test.equal(words "completed.", "alpha alpine rng/0")
  test.equal(words "completed.rng:uni", "uniform/3")
  test.equal(words "complet", "completed/7")
  test.equal(words "func", "function/4")
  test.equal(words "nowhere.x", "/1")
  test.equal(words "('x'):rep", "/3")
  test.equal(words "", "/0")
end)

test("names of arguments", function()
  test.equal(words "completed.rng:uniform{l", "low/1")
  test.equal(words "completed.rng:uniform { low = 1, h", "high/1")
  test.equal(words "completed.rng:uniform({ low = 1, h", "high/1")
  rawset(_G, "conv2d", require("moonstill").nn.conv2d)
  test.equal(words "net = conv2d(1, 2, {ker", "kernel/3")
  test.equal(words "print(1, completed.rng:uniform {l", "low/1")
end)
