-- What makes the outer loss of a distillation jump, and what else could.
local distill = require "distill"
local instability = require "distill.instability"
local line_of = require("distill.line").new
local ms = require "moonstill"
local spectrum = require "distill.spectrum"
local suspects = require "distill.suspects"
local switches = require "distill.switches"
local test = require "moonstill.test"

local nn = ms.nn
local set = ms.data.images("digits", { train = 200, test = 50 })
local x, y = set.train:batch({ 1, 2, 3, 4, 5, 6, 7, 8 }, { dtype = "f64" })
local targets = nn.one_hot(y, 10, { dtype = "f64" })

local function still_of(activation)
  local net = nn.sequential { nn.flatten(), nn.linear(784, 32), activation(), nn.linear(32, 10) }
  return distill.unrolled { net = net, train = set.train, passes = 2, step_size = 0.5 }
end

local function find(line, options)
  return switches.find(line.still, function(at) return line:point(at) end, options)
end

local function sizes_of(line, found, scale)
  local largest, sum = nil, 0
  for _, switch in ipairs(found) do
    switch.size = math.abs(line:jump(switch, scale))
    sum = sum + switch.size
    if not largest or switch.size > largest.size then largest = switch end
  end
  return largest, sum
end

test("the outer loss jumps where relu of a unit opens or closes, by as much as the step size lets it", function()
  local line = line_of(still_of(nn.relu), x, targets)
  local found = find(line, { to = 0.1, parts = 20 })
  local largest = sizes_of(line, found)
  test.ok(#found > 3 and largest.size > 1e-3, ("%d switches, the largest jump %g"):format(#found, largest.size))
  test.equal({ largest.kind, largest.update }, { "relu of linear", 1 })
  -- It is a jump: it stays when the place is known a hundred times better, and beside it there is none.
  local size = largest.size
  local near = find(line, { to = 0.1, parts = 20, width = 1e-9 })
  test.ok(math.abs(sizes_of(line, near).size - size) < 1e-3 * size, "a smaller part, the same jump")
  local beside = { before = largest.after, after = 2 * largest.after - largest.before }
  test.ok(math.abs(line:jump(beside)) < 1e-3 * size, "no jump beside it")
  -- Of the unit that switches: it has the other sign on the other side, and no other unit has.
  local function signs(at)
    local views = line.still.net:named(line.still.w0)
    local images = line:point(at).images[1]:reshape { 10, 784 }
    return (ms.matmul(images, views["2.weight"], { transpose_b = true }) + views["2.bias"]):sign()
  end
  test.equal((signs(largest.before) - signs(largest.after)):abs():sum():item(), 2.0)
  -- A tenth of the step size, about a tenth of the jump.
  local ratio = math.abs(line:jump(largest, 0.1)) / size
  test.ok(ratio > 0.03 and ratio < 0.3, ratio)
end)

test("no network without corners jumps, and none whose corners are rounded", function()
  local line = line_of(still_of(nn.tanh), x, targets)
  test.equal(find(line, { to = 0.1, parts = 20, updates = 2 }), {})
  local own, smooth = line_of(still_of(nn.relu), x, targets), line_of(still_of(nn.relu), x, targets, 6)
  local options = { to = 0.1, parts = 20, width = 1e-9 }
  local _, jumps = sizes_of(own, find(own, options))
  local _, slopes = sizes_of(smooth, find(smooth, options))
  test.ok(slopes < 1e-4 * jumps, ("%g, smooth %g"):format(jumps, slopes))
end)

test("the line is the one along which the gradient predicts its slope", function()
  local line = line_of(still_of(nn.tanh), x, targets)
  local h = 1e-5
  test.near((line:loss(h) - line:loss(-h)) / (2 * h), line.slope, 1e-6 * math.abs(line.slope))
  test.ok(line.slope < 0, line.slope)
  test.near(line:point(0, 3).raw_step_sizes:softplus(), line.still.parameters.raw_step_sizes:softplus() * 3, 1e-9)
end)

test("what is seen is what was promised, other slopes on the way, and jumps", function()
  local function measure(activation, options) return instability.measure(still_of(activation), x, targets, options) end
  -- Without corners there are no jumps, and along a short way the curvature at its begin explains the other slopes.
  local smooth = measure(nn.tanh, { to = 1e-4, parts = 2 })
  test.equal({ smooth.first_update.count, smooth.scaled[3].largest }, { 0, 0 })
  test.ok(math.abs(smooth.jumps) < 1e-6 and math.abs(smooth.curved / smooth.bends - 1) < 0.05, ms.io.json(smooth))
  test.near({ instability.step(still_of(nn.tanh), x, targets, 1e-4) }, { smooth.promised, smooth.change }, 1e-12)
  -- With corners the jumps of both updates add to what slopes leave; the first update's are nearly all of it.
  local row, curves = measure(nn.relu, { to = 0.1, parts = 200, sharpness = 6 })
  test.near(row.change, curves.loss[#curves.loss][2] - curves.loss[1][2], 1e-12)
  test.ok(row.first_update.count > 3 and row.first_update.sum >= math.abs(row.first_update.net), ms.io.json(row))
  test.near(row.jumps, row.first_update.net, 0.2 * row.first_update.sum)
  test.equal({ #curves.loss, #curves.smooth, #curves.switches }, { 201, 201, row.first_update.count })
  test.ok(row.scaled[1].largest < row.scaled[3].largest, ms.io.json(row.scaled))
end)

test("largest eigenvalues, by magnitude", function()
  local diagonal = ms.tensor({ 0.5, -4, 1, 2, 0 }, { dtype = "f64" })
  test.near(spectrum.top(function(v) return diagonal * v end, { size = 5, iterations = 60 }), { -4, 2, 1 }, 1e-9)
end)

test("curvature is that of the outer loss; growth is that of the inner updates", function()
  local line = line_of(still_of(nn.tanh), x, targets)
  local still = line.still
  local images = still.parameters.images[1]
  local function loss(synthetic)
    local w = still:inner_loop(still.w0, { images = { synthetic }, raw_step_sizes = still.parameters.raw_step_sizes })
    return nn.cross_entropy(still.net(x, w), targets)
  end
  local product = ms.hvp(loss)
  local exact = spectrum.top(function(v) return product(images, v:reshape(images:shape())):reshape { -1 } end,
    { size = images:size(), count = 2, iterations = 8 })
  test.near(suspects.curvature(line), exact, 1e-3 * math.abs(exact[1]))

  -- An update moves a direction by its Jacobian: here by differences.
  local grown, w = suspects.growth(still), still.w0
  local eta, v = still:step_sizes()[1], ms.random(3):normal(w:shape(), { dtype = "f64" })
  local function update(weights) return weights - eta * still.inner_gradient(weights, images, still.labels) end
  local moved = (update(w + 1e-6 * v) - update(w - 1e-6 * v)) / 2e-6
  local stretched = math.sqrt(moved:square():sum():item() / v:square():sum():item())
  test.ok(stretched < grown[1].largest and math.abs(stretched - grown[1].mean) < 0.2 * grown[1].mean,
    ("%g, mean %g, largest %g"):format(stretched, grown[1].mean, grown[1].largest))
  test.equal(#grown, 2)
end)

test("norms of Hermitians, and of what a circuit embeds", function()
  local ansatz = ms.circuit(2, { v = { 4 }, w = { 1, 2, 3 } }, function(c, v, w)
    c:amplitudes(v):strongly_entangling(w)
  end)
  local net = nn.sequential { nn.flatten(), nn.circuit(ansatz, { input = "v" }) }
  local named = net:named(net:initialise(ms.random(1), { dtype = "f64" }))
  -- Eigenvalues 3 +- 5, and 2 and -7; the free matrix need not be Hermitian.
  named["2.hermitian"] = ms.tensor({
    { { { 6, 0 }, { 0, -8 } }, { { 0, 0 }, { 0, 9 } } }, { { { 2, 5 }, { 0, 0 } }, { { 0, 0 }, { -7, 0 } } },
  }, { dtype = "f64" })
  local w = net:flat(named)
  test.near(suspects.hermitian_norms(net, w), { 3 + math.sqrt(9 + 4 ^ 2), 7 }, 1e-9)
  test.equal(suspects.embedded_norms(net, w, ms.tensor({ { 3, 4, 0, 0 }, { 0, 1, 0, 0 } }, { dtype = "f64" })),
    { least = 1.0, mean = 3.0 })
  test.equal(suspects.hermitian_norms(nn.linear(2, 2), ms.zeros(6)), nil)
end)
