-- ms.lua_of: what it writes makes the same value again.
local ms = require "moonstill"
local test = require "moonstill.test"

local nn, pauli, of = ms.nn, ms.observable.pauli, ms.lua_of

local function again(value)
  local text = of(value)
  for line in text:gmatch "[^\n]+" do test.ok(#line <= 140, line) end
  return assert(load("local ms = ...\nreturn " .. text))(ms), text
end

test("plain data", function()
  local value = {
    1, 2.0, -0.1, 1 / 3, 2 ^ 70, math.huge, -math.huge, math.mininteger, true, "a\n\"b\"\0", {},
    name = { ["end"] = 1, ["two words"] = { [3] = "c", [-1.5] = false } },
  }
  local back = again(value)
  test.equal(back, value)
  test.equal({ math.type(back[2]), math.type(back[8]) }, { "float", "integer" })
  local nan = again { 0 / 0 }[1]
  test.ok(nan ~= nan, "NaN")
  local long = {}
  for i = 1, 200 do long[i] = i * 0.1 end
  test.equal(again { long, { long, x = long } }, { long, { long, x = long } })
  test.equal(of { 1, b = "c", a = { 2 } }, '{ a = { 2 }, b = "c", 1 }')
end)

test("tensors", function()
  for _, dtype in ipairs { "f32", "f64", "i32", "u8" } do
    for _, shape in ipairs { {}, { 3 }, { 2, 40, 3 }, { 0, 2 } } do
      local tensor = (ms.random(1):rand(shape, { dtype = "f64" }) * 100):to(dtype)
      local back = again(tensor)
      test.equal({ back:dtype(), back:shape(), back:totable() }, { dtype, shape, tensor:totable() })
    end
  end
end)

local function random_circuit(random, n, length)
  local circuit = ms.circuit(n, { w = { 2, 3 }, angle = {}, x = { 1 << n } }, function(c, x, w, angle)
    if random:integer(2) == 1 then c:amplitudes(x) end
    c:rot(1, w[2]):rx(2, -angle):ry(1, 2 * angle - math.pi / 3)
  end)
  local rows = ms.gates()
  for _ = 1, length do
    local row = rows[random:integer(#rows)]
    local order = random:permutation(n)
    local size = row.controls + row.targets
    local arguments = table.move(order, 1, size, 1, {})
    for _ = 1, #row.angles do
      local number = random:uniform() * 8 - 4
      arguments[#arguments + 1] = random:integer(2) == 1 and number
        or circuit:input("w")[random:integer(2)][random:integer(3)] * number + random:integer(3) - 2
    end
    arguments[#arguments + 1] = { controls = table.move(order, size + 1, size + random:integer(n - size + 1) - 1, 1, {}) }
    circuit[row.name](circuit, table.unpack(arguments))
  end
  return circuit:unitary({ { 0, { 0, -1 } }, { { 0, 1 }, 0 } }, 2, { controls = { 3, 1 } })
end

test("circuits", function()
  local random = ms.random(7)
  for _ = 1, 20 do
    local circuit = random_circuit(random, 4, 30)
    local back, text = again(circuit)
    test.equal(back:data(), circuit:data())
    test.equal(back:inputs(), circuit:inputs())
    test.equal(of(back), text)
  end
  test.equal(of(ms.circuit(2):h(1):cnot(1, 2):rx(2, math.pi / 2)), "ms.circuit(2):h(1):cnot(1, 2):rx(2, math.pi / 2)")
  test.equal(of(ms.circuit(2, { x = { 4 }, w = { 1, 2, 3 } }, function(c, x, w)
    c:amplitudes(x):strongly_entangling(w)
  end)), [[
ms.circuit(2, { x = { 4 }, w = { 1, 2, 3 } }, function(c, x, w)
  c:amplitudes(x):rot(1, w[1][1]):rot(2, w[1][2]):cnot(1, 2):cnot(2, 1)
end)]])
  test.equal(of(ms.circuit(1, { a = {} })), "ms.circuit(1, { a = {} })")
  local odd = ms.circuit(1, { ["a b"] = {}, c = { 2 } })
  odd:rx(1, odd:input "a b")
  test.equal(again(odd):data(), odd:data())
  local c = ms.circuit(1, { c = { 2 } }, function(circuit, c) circuit:rx(1, c[2]) end)
  test.equal(again(c):data(), c:data())
end)

test("observables", function()
  local observables = {
    pauli "XYZ", pauli("ZZ", { 3, 1 }), -pauli "X", 0.1 * pauli("XX") - 2 * pauli("Y", 2) + 1, 2 + pauli "Z" - 0.5,
    1 + (2 + pauli("Z")), 3 * pauli "I", pauli "I" - 1 / 3,
    ms.observable.probabilities(), ms.observable.probabilities { 3, 1 },
    ms.observable.hermitian({ { 1, { 0.5, -1 } }, { { 0.5, 1 }, 1 / 3 } }, 2),
    ms.observable.hermitian({ { 1, 0, 0, 0 }, { 0, 2, 0, 0 }, { 0, 0, 3, 1 }, { 0, 0, 1, 4 } }, { 3, 1 }),
  }
  for _, observable in ipairs(observables) do
    local function parts(o)
      local part = o:parts()[1]
      if part.matrix then part.matrix = part.matrix:totable() end
      return part
    end
    local back, text = again(observable)
    test.section(text, function() test.equal(parts(back), parts(observable)) end)
  end
  test.equal(of(0.5 * pauli("XZ") - pauli("Y", 3) + 2),
    '0.5 * ms.observable.pauli("XZ", { 1, 2 }) - ms.observable.pauli("Y", 3) + 2')
end)

test("observables whose matrices are tensors", function()
  local function matrices(shape) return ms.observable.hermitian_part(ms.random(5):normal(shape, { dtype = "f64" })) end
  for _, observable in ipairs {
    ms.observable.hermitian(matrices { 2, 2, 2 }, 3), ms.observable.hermitian(matrices { 4, 4, 2 }, { 2, 1 }),
    ms.observable.hermitian(matrices { 2, 2, 2, 2 }, { 1, 3 }), ms.observable.hermitian(matrices { 1, 2, 2, 2 }, { 2 }),
    ms.observable.hermitian(matrices { 2, 4, 4, 2 }, { { 1, 3 }, { 2, 3 } }),
    ms.observable.hermitian(matrices { 1, 4, 4, 2 }, { { 3, 1 } }),
  } do
    local back, text = again(observable)
    test.equal(back:parts(), observable:parts())
    test.equal(back:tensor():totable(), observable:tensor():totable())
    test.equal(of(back), text)
  end
  test.equal(pauli("Z"):tensor(), nil)
end)

test("optimisers", function()
  local rate = ms.optim.cosine { lr = 0.1, steps = 10 }
  for _, optimizer in ipairs {
    ms.optim.adam(), ms.optim.adamw { lr = 1 / 3, betas = { 0.5, 0.25 }, epsilon = 1e-9, weight_decay = 0.5 },
    ms.optim.sgd { lr = rate, momentum = 0.9, nesterov = true, weight_decay = 0.1 }, ms.optim.adam { lr = rate },
  } do
    local back, text = again(optimizer)
    local w, g = ms.tensor { 1, -2 }, ms.tensor { 0.5, 3 }
    for _ = 1, 3 do test.equal(back:step(w, g):totable(), optimizer:step(w, g):totable()) end
    test.equal(of(back), text)
  end
  test.equal(of(ms.optim.sgd { lr = 0.5 }), "ms.optim.sgd { lr = 0.5, momentum = 0.0, nesterov = false, weight_decay = 0.0 }")
end)

test("plans of distillation", function()
  local distill = require "distill"
  local set = ms.data.images("digits", { train = 40, test = 10 })
  local net = nn.sequential { nn.flatten(), nn.linear(784, 10) }
  local still = distill.unrolled { net = net, train = set.train, passes = 2, steps = 3, step_size = 0.25, seed = 9 }
  local plan = again(still:plan())
  test.equal({ plan.passes, plan.steps, plan.step_size, plan.seed, plan.init }, { 2, 3, 0.25, 9, "known" })
  plan.net, plan.train = net, set.train
  local back = distill.unrolled(plan)
  test.equal(back:plan(), still:plan())
  test.equal(back.parameters.images[3]:totable(), still.parameters.images[3]:totable())
  test.fails("ms.lua_of: value: a still holds images; its plan, still:plan(), is plain data", of, still)
end)

test("networks", function()
  local ansatz = ms.circuit(3, { x = { 8 }, w = { 2, 3, 3 } }, function(c, x, w) c:amplitudes(x):strongly_entangling(w) end)
  local observable = { pauli("Z", 1), pauli("ZZ", { 2, 3 }) }
  local nets = {
    nn.linear(3, 2, { bias = false, init = "orthogonal" }), nn.max_pool(), nn.average_pool { window = 3, stride = 1 },
    nn.dropout { p = 0.25 }, nn.layer_norm { 2, 3 }, nn.gelu(), nn.circuit(ansatz),
    nn.sequential {
      name = "all of them",
      nn.conv2d(1, 2, { kernel = 3, padding = 1 }), nn.relu(), nn.max_pool { window = 2 }, nn.tanh(), nn.sigmoid(), nn.flatten(),
      nn.linear(8, 8), nn.residual(nn.sequential { nn.linear(8, 8), nn.gelu() }),
      nn.blend { nn.circuit(ansatz, { observable = observable, gain = 0.1 }), nn.linear(8, 2) },
    },
    require("qnn").lenet.quantum { qubits = 4, observable = "fixed" }, require("qnn").lenet.classical(),
  }
  for _, net in ipairs(nets) do
    local back, text = again(net)
    test.section(net.name, function()
      test.equal(back:description(), net:description())
      test.equal(tostring(back), tostring(net))
      test.equal(of(back), text)
    end)
  end
  test.equal(of(nn.sequential { nn.linear(4, 2), nn.relu() }), "ms.nn.sequential { ms.nn.linear(4, 2), ms.nn.relu() }")
  local own = nn.layer { name = "mine", apply = function(_, x) return x end }
  test.fails("ms.lua_of: value: argument 1[2]: 'mine' is a layer of one's own, whose functions have no text: give "
    .. "ms.nn.layer { lua = '...' }", of, nn.sequential { nn.relu(), own })
  local told = nn.layer { name = "mine", apply = function(_, x) return x end, lua = "require('mine').layer(3)" }
  test.equal(of(nn.sequential { told }), "ms.nn.sequential { require('mine').layer(3) }")
  test.fails("ms.nn.layer: argument 'lua': expected an expression: lua:1: unexpected symbol near 'then'", nn.layer,
    { name = "mine", apply = function(_, x) return x end, lua = "then" })
end)

test("schedules of learning rates", function()
  for _, schedule in ipairs {
    ms.optim.cosine { lr = 0.1, steps = 100 }, ms.optim.cosine { lr = 1e-9, steps = 7, floor = 1 / 3, warmup = 2 },
    ms.optim.step_decay { lr = 1, every = 3 }, ms.optim.cosine({ lr = 0.1, steps = 10 }):scaled(1 / 7),
  } do
    local back = again(schedule)
    for step = 1, 12 do test.equal(back:at(step), schedule:at(step)) end
  end
end)

test("what has no text", function()
  test.fails("ms.lua_of: value.f: function has no text", of, { f = print })
  local loop = {}
  loop[1] = { loop }
  test.fails("ms.lua_of: value[1][1]: a table that holds itself has no text", of, loop)
  test.fails_with("expected keys that are strings or numbers, got boolean", of, { [true] = 1 })
end)
