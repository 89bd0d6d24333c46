#!/usr/bin/env moonstill
-- How cost grows: with the batch, the qubits, the layers, the threads and distillation's inner updates. One line of
-- JSON for each point; peak_bytes is the most that tensors held.
local ms, qnn, distill = require "moonstill", require "qnn", require "distill"

local opt = ms.options { { "once", default = false, help = "runs each point once, to see that it works" } }
local random = ms.random(1)

-- The shortest of many runs: whatever else holds the machine only adds to what the work takes, and does so now and
-- then, which would show as a bend of the curve.
local function seconds_of(work)
  if not opt.once then work() end
  local shortest, runs, whole = math.huge, 0, ms.timer()
  repeat
    local clock = ms.timer()
    work()
    shortest, runs = math.min(shortest, clock:seconds()), runs + 1
  until opt.once or runs >= 3 and whole:seconds() > 0.3
  return shortest
end

local function report(curve, x, samples, work)
  collectgarbage()
  ms.reset_memory_peak()
  local seconds = seconds_of(work) / samples
  print(ms.io.json {
    curve = curve, x = x, seconds = seconds, peak_bytes = ms.memory().peak, threads = ms.threads(),
  })
end

-- The paper's layer: value, and gradients of the summed readouts for amplitudes, angles and Hermitians.
local function layer(qubits, layers, batch)
  local circuit = ms.circuit(qubits, { x = { 1 << qubits }, w = { layers, qubits, 3 } }, function(c, x, w)
    c:amplitudes(x):strongly_entangling(w)
  end)
  local places = {}
  for q = 1, qubits do places[q] = { q } end
  local function values(x, w, h)
    return circuit { x = x, w = w, observable = ms.observable.hermitian(h, places) }
  end
  local gradient = ms.grad(function(x, w, h) return values(x, w, h):sum() end, { wrt = { 1, 2, 3 } })
  local shape = batch and { batch, 1 << qubits } or { 1 << qubits }
  local x, w = random:normal(shape), random:normal { layers, qubits, 3 }
  local h = ms.observable.hermitian_part(random:normal { qubits, 2, 2, 2 })
  return function() values(x, w, h) end, function() gradient(x, w, h) end
end

local function pair(name, x, samples, ...)
  local forward, gradient = layer(...)
  report(name .. ", forward", x, samples, forward)
  report(name .. ", gradient", x, samples, gradient)
end

-- Batches that fill their tiles of 16 samples, and some that do not.
local batches = {
  1, 2, 4, 8, 15, 16, 17, 32, 33, 64, 65, 100, 128, 256, 512, 1000, 1024, 2048, 4096, 8192, 16384,
}
for _, qubits in ipairs { 6, 9 } do
  for _, batch in ipairs(batches) do
    if opt.once and batch > 64 then break end
    pair(("batch, n=%d"):format(qubits), batch, batch, qubits, 3, batch)
  end
end
for qubits = 2, opt.once and 12 or 24 do pair("qubits, one state", qubits, 1, qubits, 3) end
for _, layers in ipairs { 1, 2, 4, 8, 16, 32, 64 } do pair("layers, n=6 batch=1024", layers, 1024, 6, layers, 1024) end

-- Distillation of ten digits with a small outer batch, so that the inner updates are nearly all of it.
local digits = ms.data.images("digits", { train = 100, test = 1 }).train
local x, y = digits:batches({ batch = 10, seed = 1 }):at(1)
for _, checkpoint in ipairs { false, true } do
  for _, updates in ipairs { 1, 3, 10, 30, 100, 300 } do
    if opt.once and updates > 30 then break end
    local still = distill.unrolled {
      net = qnn.lenet.classical {}, train = digits, passes = updates, checkpoint = checkpoint,
    }
    report(checkpoint and "inner updates with checkpoints" or "inner updates", updates, updates,
      function() still:outer_gradient(1, x, y) end)
  end
end

local threads = ms.threads()
local net = qnn.lenet.quantum()
local weights, images = net:initialise(ms.random(1)), random:normal { 1024, 1, 28, 28 }
local lenet = ms.grad(function(w) return net(images, w):sum() end)
for count = 1, threads do
  ms.set_threads(count)
  pair("threads, n=6 batch=1024", count, 1024, 6, 3, 1024)
  if not opt.once then
    pair("threads, n=10 batch=64", count, 64, 10, 3, 64)
    pair("threads, n=16 batch=16", count, 16, 16, 3, 16)
    pair("threads, n=20", count, 1, 20, 3)
  end
  report("threads, quantum LeNet batch=1024, gradient", count, 1024, function() lenet(weights) end)
end
