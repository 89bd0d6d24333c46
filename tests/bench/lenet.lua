#!/usr/bin/env moonstill
-- Times LeNets, distillation and small tensors. One line of JSON for each figure: medians of wall-clock time, and of
-- processor time (all threads together), which other programs on the machine disturb less.
local ms, qnn, distill = require "moonstill", require "qnn", require "distill"

local opt = ms.options {
  { "once", default = false, help = "runs each benchmark once, to see that it works" },
  { "only", default = "", help = "runs the benchmarks whose name holds this" },
  { "threads", default = 0, least = 0, help = "0: as many as the process may use" },
  { "dtype", default = "f32", choices = { "f32", "f64" }, help = "element type" },
}
if opt.threads > 0 then ms.set_threads(opt.threads) end
local dtype = { dtype = opt.dtype }
local random = ms.random(1)

local function median(values)
  table.sort(values)
  return values[(#values + 1) // 2]
end

-- Runs work() until `seconds` have passed, at least five times. Gives medians of wall and processor time.
local function measure(work, seconds)
  if not opt.once then work() end
  local walls, cpus = {}, {}
  local whole = ms.timer()
  repeat
    local cpu, wall = os.clock(), ms.timer()
    work()
    walls[#walls + 1], cpus[#cpus + 1] = wall:seconds(), os.clock() - cpu
  until opt.once or #walls >= 5 and whole:seconds() > (seconds or 1)
  return median(walls), median(cpus)
end

local function report(name, result, work, seconds)
  if not name:find(opt.only, 1, true) then return end
  local wall, cpu = measure(work, seconds)
  local count = result.operations or 1
  result.name, result.threads, result.dtype = name, ms.threads(), opt.dtype
  result.seconds, result.cpu_seconds = wall / count, cpu / count
  print(ms.io.json(result))
end

-- What an operation on 32 numbers costs, from Lua.
local tiny, other = random:normal({ 32 }, dtype), random:normal({ 32 }, dtype)
local loops = opt.once and 100 or 20000
local function tiny_work(name, operations, body)
  report("tiny " .. name, { count = 32, operations = loops * operations }, function() body(loops) end)
end
tiny_work("add", 1, function(n)
  for _ = 1, n do local _ = tiny + other end
end)
tiny_work("multiply", 1, function(n)
  for _ = 1, n do local _ = tiny * other end
end)
tiny_work("sum", 1, function(n)
  for _ = 1, n do local _ = tiny:sum() end
end)
-- Forward and backward of a chain of 100 operations, the gradient of each recorded one included.
local chain = ms.grad(function(x)
  for _ = 1, 50 do x = (x + other) * other end
  return x:sum()
end)
tiny_work("operation with gradient", 1, function(n)
  for _ = 1, n // 100 do chain(tiny) end
end)
local square = ms.grad(function(x) return (x * x):sum() end)
tiny_work("gradient of (x * x):sum()", 1, function(n)
  for _ = 1, n do square(tiny) end
end)

-- A training step's derivatives, from the digits as the loader gives them.
local digits = ms.data.images("digits", { train = 16384, test = 1 }).train
local x, y = digits:batches({ batch = 1024, seed = 1, dtype = opt.dtype }):at(1)
local classical = qnn.lenet.classical {}
local weights = classical:initialise(random, dtype)
local loss_and_grad = ms.value_and_grad(function(w)
  return ms.nn.cross_entropy(classical(x, w), y)
end)
report("lenet forward and backward", { samples = 1024 }, function() loss_and_grad(weights) end, 3)

-- Coloured noise in CIFAR-10's form, read as a file of images is.
local function photographs()
  local name = os.tmpname()
  local path = name .. ".npz"
  local images, classes = (random:normal { 2048, 3, 32, 32 }:sigmoid() * 255):to "u8", {}
  for i = 1, images:size(1) do classes[i] = (i - 1) % 10 end
  ms.io.save(path, { images = images, labels = ms.tensor(classes, { dtype = "i32" }) })
  local set = ms.data.images(path).train
  os.remove(name)
  os.remove(path)
  return set
end

-- An outer iteration of distillation, the loader's part included: 10 images and 3 updates, or 100 and 30; with the
-- network's own second derivatives, as peers do it, and with the smooth network's.
local function outer_iteration(name, set, model, steps, sharpness)
  local shape = set:shape()
  local still = distill.unrolled {
    net = qnn.lenet[model] { channels = shape[1], size = shape[2] }, train = set, steps = steps, passes = 3,
    sharpness = sharpness, dtype = opt.dtype,
  }
  local walk = set:batches { batch = 1024, seed = 1, drop_last = true, dtype = opt.dtype }
  local iteration = 0
  report(name, { model = model, batch = 1024, images = 10 * steps, updates = still.updates }, function()
    iteration = iteration + 1
    still:outer_gradient(iteration, walk:at(iteration))
  end, 3)
end
for _, task in ipairs { { "MNIST", set = digits, steps = 1 }, { "CIFAR-10", set = photographs(), steps = 10 } } do
  for _, model in ipairs { "quantum", "classical" } do
    outer_iteration("outer iteration, " .. task[1], task.set, model, task.steps, 0)
    outer_iteration("outer iteration, smooth derivative, " .. task[1], task.set, model, task.steps)
  end
end
