#!/usr/bin/env moonstill
-- How cost grows: with the batch, the qubits, the layers and the threads. One line of JSON for each point.
local ms, qnn = require "moonstill", require "qnn"

local opt = ms.options { { "once", default = false, help = "runs each point once, to see that it works" } }
local random = ms.random(1)

local function seconds_of(work)
  if not opt.once then work() end
  local times, whole = {}, ms.timer()
  repeat
    local clock = ms.timer()
    work()
    times[#times + 1] = clock:seconds()
  until opt.once or #times >= 3 and whole:seconds() > 0.3
  table.sort(times)
  return times[(#times + 1) // 2]
end

local function report(curve, x, samples, work)
  print(ms.io.json { curve = curve, x = x, seconds = seconds_of(work) / samples, threads = ms.threads() })
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

local batch = 1
while batch <= (opt.once and 64 or 16384) do
  pair("batch, n=6", batch, batch, 6, 3, batch)
  batch = 2 * batch
end
for qubits = 2, opt.once and 12 or 22 do pair("qubits, one state", qubits, 1, qubits, 3) end
if not opt.once then
  for qubits = 23, 24 do report("qubits, one state, forward", qubits, 1, (layer(qubits, 3))) end
end
for _, layers in ipairs { 1, 2, 4, 8, 16, 32, 64 } do pair("layers, n=6 batch=1024", layers, 1024, 6, layers, 1024) end

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
