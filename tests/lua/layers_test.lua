-- Layers: shapes, counts, initial weights, projection, dropout, and the way to a layer that refuses its input.
local ms = require "moonstill"
local initialisers = require("moonstill.nn.layer").initialisers
local test = require "moonstill.test"

local nn = ms.nn

local function shape_through(layer, input)
  return layer(ms.ones(input), layer:initialise(ms.random(1))):shape()
end

test("shapes", function()
  for _, case in ipairs {
    { nn.linear(3, 2), { 5, 3 }, { 5, 2 } },
    { nn.linear(3, 2, { bias = false }), { 1, 3 }, { 1, 2 } },
    { nn.conv2d(2, 4, { kernel = 3 }), { 5, 2, 8, 7 }, { 5, 4, 6, 5 } },
    { nn.conv2d(2, 4, { kernel = 3, padding = 1, stride = 2 }), { 5, 2, 8, 7 }, { 5, 4, 4, 4 } },
    { nn.max_pool(), { 2, 3, 8, 7 }, { 2, 3, 4, 3 } },
    { nn.average_pool { window = 3, stride = 1 }, { 2, 3, 8, 7 }, { 2, 3, 6, 5 } },
    { nn.flatten(), { 2, 3, 4, 5 }, { 2, 60 } },
    { nn.relu(), { 2, 3, 4 }, { 2, 3, 4 } },
    { nn.gelu(), { 2, 3, 4 }, { 2, 3, 4 } },
    { nn.layer_norm { 3, 4 }, { 2, 3, 4 }, { 2, 3, 4 } },
    { nn.layer_norm { 4 }, { 2, 3, 4 }, { 2, 3, 4 } },
    { nn.residual(nn.linear(4, 4)), { 3, 4 }, { 3, 4 } },
    { nn.blend { nn.linear(4, 2), nn.linear(4, 2) }, { 3, 4 }, { 3, 2 } },
    { nn.sequential { nn.flatten(), nn.linear(12, 8), nn.tanh(), nn.linear(8, 2) }, { 17, 3, 4 }, { 17, 2 } },
  } do
    test.section(case[1].name, function() test.equal(shape_through(case[1], case[2]), case[3]) end)
  end
end)

test("numbers", function()
  local two = nn.linear(2, 1)
  local x = ms.tensor { { 1, 2 }, { -3, 4 } }
  test.near(two(x, ms.tensor { 10, 20, 5 }), { { 55 }, { 55 } }, 1e-5)
  test.near(nn.residual(nn.relu())(x, ms.zeros(0)), { { 2, 4 }, { -3, 8 } }, 1e-6)
  local conv = nn.conv2d(1, 1, { kernel = 2 })
  local image = ms.tensor({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }):reshape { 1, 1, 3, 3 }
  test.near(conv(image, ms.tensor { 1, 0, 0, -1, 0.5 }):reshape { -1 }, { -3.5, -3.5, -3.5, -3.5 }, 1e-5)
  test.near(nn.max_pool { window = 3 }(image, ms.zeros(0)):reshape { -1 }, { 9 })
  test.near(nn.average_pool { window = 3 }(image, ms.zeros(0)):reshape { -1 }, { 5 }, 1e-6)
end)

test("layer norm and gelu, with derivatives to second order", function()
  local f64 = { dtype = "f64" }
  local norm = nn.layer_norm(3, { epsilon = 0.5 })
  test.equal(norm:count(), 6)
  local x = ms.tensor({ { 1, 2, 6 }, { -1, 0, 4 } }, f64)
  local w = ms.tensor({ 1, 1, 1, 0, 0, 0 }, f64)
  local deviation = math.sqrt(14 / 3 + 0.5)
  test.near(norm(x, w), { { -2 / deviation, -1 / deviation, 3 / deviation }, { -2 / deviation, -1 / deviation, 3 / deviation } })
  test.near(norm(x:reshape { 1, 2, 3 }, w):reshape { 2, 3 }, norm(x, w), 1e-12)
  test.near(norm(x, ms.tensor({ 2, 0, 1, 5, 6, 7 }, f64))[1], { 5 - 4 / deviation, 6, 7 + 3 / deviation })
  test.near(nn.gelu()(ms.tensor({ { 0, 1, -10 } }, f64), ms.zeros({ 0 }, f64)), { { 0, 0.841344746068543, 0 } }, 1e-14)
  local net = nn.sequential { nn.linear(2, 4), nn.layer_norm { 4 }, nn.gelu(), nn.linear(4, 1) }
  local inputs = ms.random(5):normal({ 3, 2 }, f64)
  local weights = net:initialise(ms.random(6), f64) + 0.1
  ms.test.gradcheck(function(p) return (net(p.x, p.w) ^ 3):sum() end, { x = inputs, w = weights }, { order = 2 })
  test.fails_with("expected input [batch, ..., 4], got [batch, 2]", function() nn.layer_norm { 4 }(ms.ones { 3, 2 }, ms.ones(8)) end)
end)

test("AdamW shrinks weights, by the rate times the decay", function()
  local w = ms.optim.adamw({ lr = 0.1, weight_decay = 0.5 }):step(ms.tensor { 2 }, ms.tensor { 0 })
  test.near(w, { 1.9 }, 1e-6)
  test.equal(tostring(ms.optim.adamw {}), "adamw{lr = 0.001, betas = {0.9, 0.999}} after 0 steps")
end)

test("smooth counterparts of relu and max pooling", function()
  local x, s, f64 = { -0.5, 0, 0.25 }, 3, { dtype = "f64" }
  local expected = {}
  for i, value in ipairs(x) do expected[i] = math.log(1 + math.exp(s * value)) / s end
  test.near(nn.relu()(ms.tensor({ x }, f64), ms.zeros({ 0 }, f64), { sharpness = s }):reshape { -1 }, expected)

  local image = ms.tensor({ { { { 1, 2, 3 }, { 4, 0, -1 } } } }, f64)
  local function mean(...)
    local sum, weights = 0, 0
    for _, value in ipairs { ... } do
      sum, weights = sum + value * math.exp(s * value), weights + math.exp(s * value)
    end
    return sum / weights
  end
  local pool = nn.max_pool { window = 2, stride = 1 }
  test.near(pool(image, ms.zeros({ 0 }, f64), { sharpness = s }):reshape { -1 }, { mean(1, 2, 4, 0), mean(2, 3, 0, -1) })
  -- Far from any overflow.
  test.near(pool(image * 1e4, ms.zeros({ 0 }, f64), { sharpness = 10 }):reshape { -1 }, { 4e4, 3e4 })
end)

test("a smooth network: its derivatives, and the network itself as the limit", function()
  local net = nn.sequential { nn.conv2d(2, 3, { kernel = 3 }), nn.relu(), nn.max_pool(), nn.flatten(), nn.linear(12, 2) }
  local w = net:initialise(ms.random(1), { dtype = "f64" })
  local x = ms.random(2):normal({ 3, 2, 6, 6 }, { dtype = "f64" })
  ms.test.gradcheck(function(p) return (net(p.x, p.w, { sharpness = 4 }) ^ 2):sum() end, { x = x, w = w }, { order = 2 })
  local function distance(sharpness) return (net(x, w, { sharpness = sharpness }) - net(x, w)):abs():max():item() end
  assert(distance(4) > 1e-2)
  assert(distance(1e8) < 1e-7)
end)

test("relu hands NaN on", function()
  local x = ms.tensor { 0 / 0, -1, 2 }
  for _, y in ipairs { x:relu(), ms.nn.add_relu(x, ms.zeros(3)), ms.nn.relu()(x, ms.zeros(0)) } do
    local values = y:totable()
    test.ok(values[1] ~= values[1], "NaN stays")
    test.equal({ values[2], values[3] }, { 0, 2 })
  end
end)

test("count and names", function()
  local ansatz = ms.circuit(2, { x = { 4 }, w = { 1, 2, 3 } }, function(c, x, w) c:amplitudes(x):strongly_entangling(w) end)
  local net = nn.sequential { nn.linear(3, 4), nn.circuit(ansatz, { trainable = false }), nn.linear(2, 5) }
  test.equal(net:count(), 16 + 6 + 16 + 15)
  test.equal(net:count(true), 16 + 6 + 15)
  local named = net:named(net:initialise(ms.random(1)))
  test.equal(named["1.weight"]:shape(), { 4, 3 })
  test.equal(named["2.hermitian"]:shape(), { 2, 2, 2, 2 })
  test.equal(named["3.bias"]:totable(), { 0, 0, 0, 0, 0 })
end)

test("initial weights come from the seed, each parameter from its own stream", function()
  local net = nn.sequential { nn.linear(30, 20), nn.linear(20, 10) }
  local w = net:initialise(ms.random(4))
  test.equal(net:initialise(ms.random(4)):totable(), w:totable())
  test.ok((net:initialise(ms.random(5)) - w):abs():max():item() > 0.1, "another seed")
  local longer = nn.sequential { nn.linear(30, 20), nn.linear(20, 10), nn.linear(10, 3) }
  test.equal(longer:named(longer:initialise(ms.random(4)))["1.weight"]:totable(), net:named(w)["1.weight"]:totable())
  test.equal(net:initialise(ms.random(4), { dtype = "f64" }):dtype(), "f64")
end)

test("projection puts Hermitians back into their range and leaves the rest", function()
  local ansatz = ms.circuit(1, { x = { 2 }, w = { 1, 1, 3 } }, function(c, x, w) c:amplitudes(x):strongly_entangling(w) end)
  local layer = nn.circuit(ansatz)
  local w = layer:project(ms.full(layer:count(), 3))
  local named = layer:named(w)
  test.equal(named.w:reshape { -1 }:totable(), { 3, 3, 3 })
  test.equal(named.hermitian:reshape { -1 }:totable(), { 1, 1, 1, 1, 1, 1, 1, 1 })
end)

test("weights that are not trained have no gradient", function()
  local ansatz = ms.circuit(1, { x = { 2 }, w = { 1, 1, 3 } }, function(c, x, w) c:amplitudes(x):strongly_entangling(w) end)
  local layer = nn.circuit(ansatz, { trainable = false })
  local g = layer:named(ms.grad(function(w) return layer(ms.ones { 3, 2 }, w):sum() end)(layer:initialise(ms.random(2))))
  test.equal(g.hermitian:abs():sum():item(), 0)
  test.ok(g.w:abs():sum():item() > 0, "angles are trained")
end)

test("dropout: off without training, its mean kept, the same mask when a checkpoint runs again", function()
  local drop, empty = nn.dropout { p = 0.25 }, ms.zeros(0)
  local x = ms.ones { 100, 100 }
  test.equal(drop(x, empty):sum():item(), 1e4)
  local y = drop(x, empty, { train = true, random = ms.random(1) })
  test.near(y:sum():item() / 1e4, 1, 0.03)
  test.near(y:max():item(), 4 / 3, 1e-6)
  local function gradient(wrap)
    local random = ms.random(3)
    local f = wrap(function(v) return drop(v * v, empty, { train = true, random = random }) end)
    return ms.grad(function(v) return (f(v) + 2 * f(v)):sum() end)(x):totable()
  end
  test.equal(gradient(ms.checkpoint), gradient(function(f) return f end))
  test.fails_with("dropout: pass { train = true, random = generator } when training",
    function() drop(x, empty, { train = true }) end)
end)

test("a layer of one's own", function()
  local scale = nn.layer {
    name = "scale",
    parameters = { { name = "factor", shape = {}, init = "ones", gain = 2 } },
    apply = function(_, x, p) return x * p.factor end,
  }
  test.near(scale(ms.ones { 2, 2 }, scale:initialise(ms.random(1))), { { 2, 2 }, { 2, 2 } })
end)

test("weights by name, and back from a file", function()
  local net = nn.sequential {
    nn.linear(3, 4), nn.blend { nn.linear(4, 2), nn.linear(4, 2, { bias = false }) }, nn.relu(),
  }
  for _, dtype in ipairs { "f32", "f64" } do
    local w = net:initialise(ms.random(1), { dtype = dtype })
    test.equal(net:flat(net:named(w)):totable(), w:totable())
    local path = os.tmpname() .. ".safetensors"
    ms.io.save(path, net:named(w), { metadata = { epoch = 3 } })
    local read = net:flat((ms.io.load(path)))
    os.remove(path)
    test.equal({ read:dtype(), read:totable() }, { dtype, w:totable() })
  end
  test.equal(nn.relu():flat(nn.relu():named(ms.zeros(0))):size(), 0)
end)

test("the two branches of a blend, away from the middle", function()
  local first, second = nn.linear(2, 2), nn.linear(2, 2)
  local blend, random = nn.blend { first, second }, ms.random(2)
  local x, a, b = random:normal { 3, 2 }, first:initialise(random), second:initialise(random)
  local w = ms.concat { ms.tensor { 0.25 }, a, b }
  test.near(blend(x, w), 0.25 * first(x, a) + 0.75 * second(x, b), 1e-6)
end)

test("a description tells networks of equal shapes apart", function()
  local function circuit(angle, options)
    return nn.circuit(ms.circuit(1, { x = { 2 }, w = {} }, function(c, x, w) c:amplitudes(x):ry(1, w):rx(1, angle) end), options)
  end
  local z, x = ms.observable.pauli("Z", 1), ms.observable.pauli("X", 1)
  local seen = {}
  for i, net in ipairs {
    nn.linear(4, 4), nn.linear(4, 4, { init = "kaiming_normal" }), nn.linear(4, 4, { gain = 2 }), nn.residual(nn.linear(4, 4)),
    nn.conv2d(1, 1, { kernel = 3 }), nn.conv2d(1, 1, { kernel = 3, padding = 1 }), nn.conv2d(1, 1, { kernel = 3, stride = 2 }),
    nn.max_pool(), nn.max_pool { stride = 1 }, circuit(0.1), circuit(0.2), circuit(0.1, { trainable = false }),
    circuit(0.1, { observable = z }), circuit(0.1, { observable = { x } }),
    nn.layer { name = "relu", detail = "mine", apply = function(_, v) return v end }, nn.relu(),
    nn.layer { name = "a", parameters = { { name = "p", shape = {}, init = "ones" } }, apply = function(_, v) return v end },
    nn.layer { name = "a", parameters = { { name = "p", shape = {}, init = "ones", range = { 0, 1 } } },
      apply = function(_, v) return v end },
  } do
    local text = nn.sequential({ net }):description()
    test.ok(not seen[text], ("%s: as number %s"):format(text, seen[text]))
    seen[text] = i
  end
end)

test("a layer that changes the shape need not say so, and then nothing behind it is checked", function()
  local doubled = nn.layer { name = "doubled", apply = function(_, x) return ms.concat({ x, x }, 2) end }
  test.equal(shape_through(nn.sequential { doubled, nn.linear(6, 2) }, { 4, 3 }), { 4, 2 })
  test.equal(shape_through(nn.blend { doubled, nn.linear(3, 6) }, { 4, 3 }), { 4, 6 })
  test.fails_with("inner sizes differ", function() shape_through(nn.sequential { doubled, nn.linear(7, 2) }, { 4, 3 }) end)
end)

test("printing", function()
  test.equal(tostring(nn.sequential { nn.linear(4, 8), nn.residual(nn.linear(8, 8)) }),
    "sequential  112 parameters\n  [1] linear(4 -> 8)  40\n  [2] residual  72\n      [1] linear(8 -> 8)  72")
end)

local cases = {
  { "net(ms.ones {2, 5}, w)", "in lenet[1] (linear(4 -> 8)): expected input [batch, 4], got [batch, 5]" },
  { "deep(ms.ones {2, 1, 8, 8}, w)",
    "in sequential[2] (lenet)[1] (linear(4 -> 8)): expected input [batch, 4], got [batch, 64]" },
  { "nn.conv2d(1, 2, { kernel = 9 })(ms.ones {2, 1, 8, 8}, w)",
    "in conv2d(1 -> 2, 9x9): expected input at least 9x9 pixels, got [batch, 1, 8, 8]" },
  { "nn.residual(nn.linear(4, 3))(ms.ones {2, 4}, w)",
    "in residual: expected input of the body's output shape, [batch, 3], got [batch, 4]" },
  { "nn.linear(0, 3)", "ms.nn.linear: argument 1 'inputs': expected at least 1, got 0" },
  { "nn.linear(3)", "ms.nn.linear: argument 2 'outputs': expected integer, got nil" },
  { "nn.linear(3, 4, { bais = false })", "ms.nn.linear: unknown argument 'bais' (did you mean 'bias'?)" },
  { "nn.conv2d(1, 2)", "ms.nn.conv2d: argument 'kernel': expected integer, got nothing" },
  { "nn.conv2d(1, 2, { kernel = 0 })", "ms.nn.conv2d: argument 'kernel': expected at least 1, got 0" },
  { "nn.conv2d(1, 2, { kernel = 3, stride = 0 })", "ms.nn.conv2d: argument 'stride': expected at least 1, got 0" },
  { "nn.conv2d(1, 2, { kernel = 3, padding = -1 })", "ms.nn.conv2d: argument 'padding': expected at least 0, got -1" },
  { "nn.relu()(ms.ones { 1, 2 }, ms.zeros(0), { sharpness = 0 })",
    "in relu: context 'sharpness': expected a finite number above 0, got 0" },
  { "nn.max_pool { window = 0 }", "ms.nn.max_pool: argument 'window': expected at least 1, got 0" },
  { "nn.dropout { p = 1.5 }", "ms.nn.dropout: argument 'p': expected less than 1, got 1.5" },
  { "nn.dropout { p = -1 }", "ms.nn.dropout: argument 'p': expected at least 0, got -1" },
  { "nn.sequential {}", "ms.nn.sequential: expected at least 1 layers, got 0" },
  { "nn.sequential { 3 }", "ms.nn.sequential: element 1: expected a layer, got number" },
  { "nn.sequential(3)", "ms.nn.sequential: expected a list of layers, got number" },
  { "net(ms.tensor(3), w)", "in lenet: argument 1 'x': expected a batch, got one number: a tensor of shape []" },
  { "net('x', w)", "in lenet: argument 1 'x': expected tensor, got string \"x\"" },
  { "net(ms.ones {2, 4})", "in lenet: argument 2 'w': expected tensor, got nil" },
  { "net(ms.ones {2, 4}, ms.ones {3})", "in lenet: argument 2 'w': expected 58 weights, got a tensor of shape [3]" },
  { "net:named(ms.ones {3})", "layer:named: argument 1 'w': expected 58 weights, got a tensor of shape [3]" },
  { "net:project(3)", "layer:project: argument 1 'w': expected tensor, got number 3" },
  { "net:flat {}", "layer:flat: argument 1 'named': '1.weight' is missing" },
  { "nn.linear(1, 1):flat { weight = ms.ones { 1, 1 }, bias = ms.ones(2) }",
    "layer:flat: argument 1 'named': expected 'bias' of shape [1], got [2]" },
  { "nn.linear(1, 1):flat { weight = ms.ones { 1, 1 }, bias = ms.ones(1), more = ms.ones(1) }",
    "layer:flat: argument 1 'named': the network has no parameter 'more'" },
  { "nn.linear(2, 2, { init = 'zeroes' })", "ms.nn.linear: argument 'init': expected "
    .. initialisers:gsub("|", ", "):gsub(", ([^,]*)$", " or %1") .. ", got string \"zeroes\" (did you mean \"zeros\"?)" },
  { "nn.layer { name = 'a', parameters = { { name = 'p', shape = {}, init = 'ones', trainabel = false } }, apply = print }",
    "ms.nn.layer: parameter 1: unknown argument 'trainabel' (did you mean 'trainable'?)" },
  { "nn.layer { name = 'a', parameters = { { name = 'p', shape = 3, init = 'ones' } }, apply = print }",
    "ms.nn.layer: parameter 1: argument 'shape': expected list of integers, got number 3" },
  { "nn.layer { name = 'a', parameters = { { name = 'p', shape = {0}, init = 'ones' } }, apply = print }",
    "ms.nn.layer: parameter 'p': expected sizes of at least 1, got 0 on axis 1" },
  { "nn.layer { name = 'a', parameters = { { name = 'p', shape = {}, init = 'ones', range = {1} } }, apply = print }",
    "ms.nn.layer: parameter 'p': expected a range {low, high}, got {1}" },
  { "local p = { name = 'p', shape = {}, init = 'ones' } nn.layer { name = 'a', parameters = { p, p }, apply = print }",
    "ms.nn.layer: parameters 1 and 2 are both named 'p'" },
  { "nn.circuit(ms.circuit(1, { x = {2}, hermitian = {} }, function(c, x, hermitian) c:amplitudes(x):rx(1, hermitian) end))",
    "ms.nn.circuit: argument 'ansatz': its input 'hermitian' has the name of the layer's own weights" },
  { "nn.circuit(ms.circuit(1, { x = {2} }, function(c, x) c:amplitudes(x) end), { observable = { 3 } })",
    "ms.nn.circuit: argument 'observable': expected \"hermitian\", observable or list of observables, got table with number 3 at 1" },
  { "net:initialise(3)", "layer:initialise: argument 1 'random': expected generator, got number 3" },
}

for _, case in ipairs(cases) do
  test(case[1], function()
    local net = nn.sequential { name = "lenet", nn.linear(4, 8), nn.relu(), nn.linear(8, 2) }
    local deep = nn.sequential { nn.flatten(), net }
    local chunk = assert(load("local ms, nn, net, deep, w = ...\n" .. case[1], "@scripts/user.lua"))
    test.fails("scripts/user.lua:2: " .. case[2], function() chunk(ms, nn, net, deep, net:initialise(ms.random(1))) end)
  end)
end

-- A sequence computes products, biases, relu and pooling together; one after another, they give the same.
local function check_fused(layers, shape)
  local f64 = { dtype = "f64" }
  local net = nn.sequential(layers)
  local random = ms.random(1)
  local x = random:normal(shape, f64)
  local w = net:initialise(random, f64) + 0.1
  local function together(weights, images) return (net(images, weights) ^ 3):sum() end
  local function apart(weights, images)
    local y, first = images, 1
    for _, layer in ipairs(layers) do
      local count = layer:count()
      local own = count > 0 and weights:slice(1, first, first + count - 1) or ms.zeros(0, f64)
      y, first = layer(y, own), first + count
    end
    return (y ^ 3):sum()
  end
  local options = { wrt = { 1, 2 } }
  local one, g = ms.value_and_grad(together, options)(w, x)
  local other, h = ms.value_and_grad(apart, options)(w, x)
  test.near(one:item(), other:item(), 1e-9)
  for i = 1, 2 do test.near(g[i], h[i], 1e-9) end
end

test("layers in a sequence give what they give one after another", function()
  for _, bias in ipairs { true, false } do
    for _, pool in ipairs { {}, { window = 3 }, { window = 2, stride = 3 }, { window = 3, stride = 2 } } do
      for _, rectify in ipairs { true, false } do
        local layers = { nn.conv2d(2, 7, { kernel = 3, padding = 1, bias = bias }) }
        if rectify then layers[2] = nn.relu() end
        layers[#layers + 1] = nn.max_pool(pool)
        check_fused(layers, { 5, 2, 11, 9 })
      end
    end
    local conv = nn.conv2d(2, 3, { kernel = 2, bias = bias })
    check_fused({ conv, nn.relu(), nn.average_pool(), nn.relu() }, { 3, 2, 5, 5 })
    check_fused({ nn.linear(4, 3, { bias = bias }), nn.relu(), nn.linear(3, 2, { bias = bias }) }, { 5, 4 })
  end
end)

test("a network that is watched shows each layer and its input, and computes the same", function()
  local net = nn.sequential { nn.linear(3, 4), nn.relu(), nn.blend { nn.linear(4, 2), nn.linear(4, 2) } }
  local w, x = net:initialise(ms.random(1)), ms.random(2):normal { 5, 3 }
  local names, inputs = {}, {}
  local y = net(x, w, { watch = function(layer, input)
    names[#names + 1], inputs[#inputs + 1] = layer.name, input
  end })
  test.near(y, net(x, w), 1e-6)
  test.equal(names, { "sequential", "linear(3 -> 4)", "relu", "blend", "linear(4 -> 2)", "linear(4 -> 2)" })
  test.equal(inputs[2]:totable(), x:totable())
  test.equal(inputs[4]:totable(), inputs[3]:relu():totable())
end)
