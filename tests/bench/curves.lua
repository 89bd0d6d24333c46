#!/usr/bin/env moonstill
-- How cost grows: with the batch, the qubits, the layers, the threads and distillation's inner updates. One line of
-- JSON for each point; peak_bytes is the most that tensors held so far, or since the point began where it is measured
-- by itself.
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

local function print_point(curve, x, seconds)
  print(ms.io.json {
    curve = curve, x = x, seconds = seconds, peak_bytes = ms.memory().peak, threads = ms.threads(),
  })
end

local function report(curve, x, samples, work)
  collectgarbage()
  ms.reset_memory_peak()
  print_point(curve, x, seconds_of(work) / samples)
end

-- Points that are compared with one another, { curve, x, samples, work, threads }: in rounds, so that a second in which
-- the machine is slow falls on none of them alone.
local function report_in_rounds(points)
  local threads = ms.threads()
  for _ = 1, opt.once and 1 or 4 do
    for _, point in ipairs(points) do
      collectgarbage()
      if point.threads then ms.set_threads(point.threads) end
      point.seconds = math.min(point.seconds or math.huge, seconds_of(point.work) / point.samples)
    end
  end
  for _, point in ipairs(points) do
    if point.threads then ms.set_threads(point.threads) end
    print_point(point.curve, point.x, point.seconds)
  end
  ms.set_threads(threads)
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

-- The two points of a layer: of its values, and of its gradients.
local function pair(name, x, samples, forward, gradient)
  return { curve = name .. ", forward", x = x, samples = samples, work = forward },
    { curve = name .. ", gradient", x = x, samples = samples, work = gradient }
end

local function report_pair(name, x, samples, ...)
  for _, point in ipairs { pair(name, x, samples, layer(...)) } do
    report(point.curve, point.x, point.samples, point.work)
  end
end

-- Batches that fill their tiles of 16 samples, and some that do not.
local batches = {
  1, 2, 3, 4, 6, 8, 10, 12, 15, 16, 17, 18, 19, 20, 22, 24, 28, 32, 33, 34, 36, 40, 48, 50, 64, 65, 67, 72, 80, 96, 100,
  112, 128, 256, 512, 1000, 1024, 2048, 4096, 8192, 16384,
}
for _, qubits in ipairs { 6, 9 } do
  local points = {}
  for _, batch in ipairs(batches) do
    if opt.once and batch > 64 then break end
    local forward, gradient = pair(("batch, n=%d"):format(qubits), batch, batch, layer(qubits, 3, batch))
    points[#points + 1], points[#points + 2] = forward, gradient
  end
  report_in_rounds(points)
end
-- The classical LeNet's: value and gradients of a training step, from the digits as the loader gives them. These go
-- when it is done: what follows counts memory.
do
  local digits = ms.data.images("digits", { train = opt.once and 100 or batches[#batches], test = 1 }).train
  local function training_step(net, batch)
    local x, y = digits:batches({ batch = batch, seed = 1 }):at(1)
    local weights = net:initialise(ms.random(1))
    local loss_and_grad = ms.value_and_grad(function(w) return ms.nn.cross_entropy(net(x, w), y) end)
    return function() loss_and_grad(weights) end
  end
  local steps = {}
  for _, batch in ipairs(batches) do
    if opt.once and batch > 64 then break end
    steps[#steps + 1] = {
      curve = "batch, classical LeNet, gradient", x = batch, samples = batch,
      work = training_step(qnn.lenet.classical {}, batch),
    }
  end
  report_in_rounds(steps)
end

for qubits = 2, opt.once and 12 or 24 do report_pair("qubits, one state", qubits, 1, qubits, 3) end
for _, layers in ipairs { 1, 2, 4, 8, 16, 32, 64 } do
  report_pair("layers, n=6 batch=1024", layers, 1024, 6, layers, 1024)
end

-- Distillation of ten digits with a small outer batch, so that the inner updates are nearly all of it.
local few = ms.data.images("digits", { train = 100, test = 1 }).train
local x, y = few:batches({ batch = 10, seed = 1 }):at(1)
for _, checkpoint in ipairs { false, true } do
  for _, updates in ipairs { 1, 3, 10, 30, 100, 300 } do
    if opt.once and updates > 30 then break end
    local still = distill.unrolled {
      net = qnn.lenet.classical {}, train = few, passes = updates, checkpoint = checkpoint,
    }
    report(checkpoint and "inner updates with checkpoints" or "inner updates", updates, updates,
      function() still:outer_gradient(1, x, y) end)
  end
end

-- Threads: each point with one, two ... of them.
local points = {}
local function add_for_threads(point)
  for count = 1, ms.threads() do
    local copy = { threads = count }
    for key, value in pairs(point) do copy[key] = value end
    copy.x = count
    points[#points + 1] = copy
  end
end
local function add_pair_for_threads(name, samples, ...)
  for _, point in ipairs { pair("threads, " .. name, 0, samples, layer(...)) } do add_for_threads(point) end
end

add_pair_for_threads("n=6 batch=1024", 1024, 6, 3, 1024)
if not opt.once then
  add_pair_for_threads("n=10 batch=64", 64, 10, 3, 64)
  add_pair_for_threads("n=16 batch=16", 16, 16, 3, 16)
  add_pair_for_threads("n=20", 1, 20, 3)
end
local net = qnn.lenet.quantum()
local weights, images = net:initialise(ms.random(1)), random:normal { 1024, 1, 28, 28 }
local lenet = ms.grad(function(w) return net(images, w):sum() end)
add_for_threads {
  curve = "threads, quantum LeNet batch=1024, gradient", samples = 1024, work = function() lenet(weights) end,
}
report_in_rounds(points)
