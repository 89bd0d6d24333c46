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
  test.equal(words "-- completed.al", "/0")
  test.equal(words "completed.rng:uni", "uniform/3")
  test.equal(words "complet", "completed/7")
  test.equal(words "func", "function/4")
  test.equal(words "nowhere.x", "/1")
  test.equal(words "('x'):rep", "rep/3")
  test.equal(words "local x = completed .alpi", "alpine/4")
  test.equal(words "x = 1 .. completed.alpi", "alpine/4")
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

test("option keys are those of the table, not what stands before it", function()
  test.equal(words "conv2d({ inp", "/3")
  test.equal(words "conv2d(1, 2, { from", "/4")
  rawset(_G, "images", require("moonstill").data.images)
  test.equal(words "images('digits', { ", "train test seed/0")
end)

test("gates of the circuit that is being written", function()
  test.equal(words "ms.circuit(3, { w = { 2 } }, function(c, w)\n  c:cno", "cnot/3")
  test.equal(words "circuit(3, {}, function(circ) circ:h(1):tof", "toffoli/3")
  test.equal(words "circuit(3, {}, function(c) x:tof", "/3")
end)

test("options: keys not given yet, and the words that a value may be", function()
  test.equal(words "completed.rng:uniform { low = 1, ", "high/0")
  test.equal(words "completed.rng:uniform { low = { 1, 2 }, hi", "high/2")
  test.equal(words "completed.rng:uniform { 'a } {', h", "high/1")
  test.equal(words "completed.rng:uniform {\n  low = 1,\n  h", "high/1")
  rawset(_G, "zeros", require("moonstill").zeros)
  test.equal(words "x = zeros({ 2 }, { dtype = ", '"f32" "f64" "i32" "u8"/0')
  test.equal(words "x = zeros({ 2 }, { dtype = 'f3", "f32'/2")
  test.equal(words "x = zeros({ 2 }, { dtype = completed.al", "alpha alpine/2")
end)

test("methods behind calls, by what the functions give", function()
  rawset(_G, "lab", require "moonstill")
  test.equal(words "lab.qubits(3):h(1):cno", "cnot/3")
  test.equal(words "lab.random(1):uni", "uniform/3")
  test.equal(words "lab.qubits(f { ')' }):swa", "swap/3")
  test.equal(words "lab.random(1):state().al", "/2")
end)

test("what is said of a candidate", function()
  local found = complete.candidates "completed.rng:unifo"
  test.ok(found[1].signature:find "^uniform%({ low = 0", found[1].signature)
  test.ok(found[1].summary:find "%.$", found[1].summary)
  test.equal(complete.candidates("completed.rng:uniform { hi")[1].signature, "high: number = 1")
  test.equal(complete.candidates("completed.alp")[1].signature, "alpha: number")
  test.ok(complete.candidates("completed.rng:uniform(").hint:find "^ms.Generator:uniform%(")
end)

test("modules and files", function()
  test.ok(words('d = require "disti'):find "^distill ")
  test.ok(words('require("distill.u'):find "distill.unrolled")
  local name = os.tmpname()
  local folder, file = name:match "^(.*/)(.*)$"
  test.equal(words("io.open('" .. folder .. file), ("%s/%d"):format(file, #file))
  test.ok(words("x = '/"):find "tmp/")
  test.equal(words "x = '/no such folder/a", "/1")
  os.remove(name)
end)

test("commands, and what they take", function()
  test.equal(words ":lo", "load/2")
  test.ok(words(":"):find "^bt edit help ")
  test.equal(complete.candidates(":tim")[1].signature, "time [RUNS] CODE")
  test.equal(words ":time completed.al", "alpha alpine/2")
  test.equal(words ":reload distil", words "require 'distil")
  test.equal(words ":set thr", "threads/3")
  test.ok(words(":load /"):find "tmp/")
  test.equal(words ":who x", "/0")
end)

test("subjects of help", function()
  test.equal(words "?ms.qub", "qubits/3")
  test.equal(words "? distill.unro", "unrolled/4")
  test.equal(words "?ms.Qubits:cno", "cnot/3")
  test.equal(words "?completed.alpi", "alpine/4")
  test.equal(words "?key", "keys/3")
end)
