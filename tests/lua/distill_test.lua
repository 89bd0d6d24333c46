-- Unrolled distillation: its gradient, its variants, and runs that go on.
local distill = require "distill"
local metric_files = require "distill.metric_files"
local ms = require "moonstill"
local program = require "program"
local raw_step_size = require("distill.tune").raw_step_size
local search = require "distill.search"
local test = require "moonstill.test"

local nn = ms.nn
local set = ms.data.images("digits", { train = 300, test = 100 })

local function small_net() return nn.sequential { nn.flatten(), nn.linear(784, 12), nn.tanh(), nn.linear(12, 10) } end

local function new(options)
  local o = { net = small_net(), train = set.train }
  for name, value in pairs(options or {}) do o[name] = value end
  return distill.unrolled(o)
end

local function fit(still, options)
  local o = { iterations = 3, batch = 100, quiet = true }
  for name, value in pairs(options or {}) do o[name] = value end
  return still:fit(o)
end

local folder, bytes = program.folder, program.bytes

test("the outer gradient agrees with central differences, in f64", function()
  for _, case in ipairs { { steps = 1, passes = 2 }, { steps = 2, passes = 1 }, { steps = 2, passes = 2, checkpoint = true } } do
    local still = new(case)
    local w = still.net:initialise(ms.random(1), { dtype = "f64" })
    still.labels = still.labels:to "f64"
    local x, y = set.train:batch({ 1, 2, 3, 4, 5, 6, 7 }, { dtype = "f64" })
    local parameters = { images = {}, raw_step_sizes = still.parameters.raw_step_sizes:to "f64" }
    for s, images in ipairs(still.parameters.images) do parameters.images[s] = images:to "f64" end
    ms.test.gradcheck(function(p) return nn.cross_entropy(still.net(x, still:differentiable_inner_loop(w, p)), y) end, parameters,
      { order = 1, tolerance = 1e-5 })
  end
end)

test("inner updates are the network's own, their derivatives those of the smooth one", function()
  local net = nn.sequential { nn.flatten(), nn.linear(784, 6), nn.relu(), nn.linear(6, 10) }
  local x, y = set.train:batch { 1, 2, 3, 4 }
  local function gradient_of(sharpness) return new({ net = net, sharpness = sharpness }).smooth_gradient end
  local w = net:initialise(ms.random(1))
  test.equal(gradient_of(5)(w, x, y):totable(), gradient_of(0)(w, x, y):totable())

  local direction = ms.random(2):normal(w:shape())
  local function derivative(gradient)
    return ms.grad(function(images) return (direction * gradient(w, images, y)):sum() end)(x):totable()
  end
  local smooth = ms.grad(function(p, images) return nn.cross_entropy(net(images, p, { sharpness = 5 }), y) end)
  test.equal(derivative(gradient_of(5)), derivative(function(p, images) return smooth(p, images) end))
  assert(ms.io.json(derivative(gradient_of(0))) ~= ms.io.json(derivative(gradient_of(5))))
end)

test("checkpoints in the inner loop change no bit", function()
  for _, case in ipairs { { steps = 2, passes = 3 }, { passes = 7 }, { passes = 30 } } do
    local function images(checkpoint)
      case.checkpoint = checkpoint
      return ms.concat(fit(new(case), { iterations = 2 }).parameters.images):totable()
    end
    test.equal(images(true), images(false))
  end
end)

-- Twice: finalizers of the first round let go of what the second one takes.
local function collect_all()
  for _ = 1, 2 do collectgarbage() end
end

test("a still that nobody holds gives its memory back", function()
  collect_all()
  local before = ms.memory().live
  fit(new { steps = 2 })
  collect_all()
  test.equal(ms.memory().live, before)
end)

test("with checkpoints, memory hardly grows with the number of inner updates", function()
  -- The most that tensors hold in an outer iteration, beyond what they held before, garbage left out.
  local collect = nn.layer { name = "collect", apply = function(_, x) collectgarbage() return x end }
  local x, y = set.train:batch({ 1 })
  local function peak(updates, checkpoint)
    local still = new { net = nn.sequential { collect, small_net() }, passes = updates, checkpoint = checkpoint }
    collect_all()
    ms.reset_memory_peak()
    local before = ms.memory().live
    still:outer_gradient(1, x, nn.one_hot(y, 10))
    return ms.memory().peak - before
  end
  local few, many, plain = peak(4, true), peak(64, true), peak(64, false)
  test.ok(many < 2 * few, ("%d bytes for 4 updates, %d for 64"):format(few, many))
  test.ok(many < plain / 4, ("%d bytes for 64 updates, %d without checkpoints"):format(many, plain))
end)

test("distilled images teach more than they did at first, and the protocol is the same for others", function()
  local still = new { passes = 2 }
  local before = still:evaluate(set.test)
  fit(still, { iterations = 80, schedule = ms.optim.cosine { lr = 0.05, steps = 80 } })
  local after = still:evaluate(set.test)
  test.ok(after.accuracy > before.accuracy + 0.2, ("%s, then %s"):format(before, after))
  test.ok(after.loss < before.loss, "the loss falls")
  test.equal({ after.updates, after.images, after.networks }, { 2, 10, 1 })
  local baseline = still:baseline({ set.train:class_means() }, set.train, set.test)
  test.ok(baseline.step_sizes[1] > 0 and baseline.accuracy > 0.1, tostring(baseline))
  for _, size in ipairs(still:step_sizes()) do test.ok(size > 0, "step sizes are positive") end
end)

test("in f64 everything is f64", function()
  local still = fit(new { passes = 2, steps = 2, dtype = "f64" }, { validation = set.test })
  for _, x in ipairs { still.w0, still.labels, still.parameters.images[2], still.parameters.raw_step_sizes } do
    test.equal(x:dtype(), "f64")
  end
  test.ok(still:evaluate(set.test).loss > 0, "evaluates")
end)

test("unknown initialisation draws networks anew", function()
  local still = new { init = "unknown", networks = 2, images_per_class = 2 }
  local first, second = still:initial_weights(1), still:initial_weights(2)
  test.equal(#first, 2)
  test.ok((first[1] - first[2]):abs():max():item() > 0, "two networks")
  test.ok((first[1] - second[1]):abs():max():item() > 0, "two iterations")
  test.equal(still:initial_weights(2)[1]:totable(), second[1]:totable())
  fit(still, { iterations = 2 })
  local result = still:evaluate(set.test, { networks = 3 })
  test.equal({ result.networks, result.images }, { 3, 20 })
  test.ok(tostring(result):find("deviation %S+ over 3 networks"), tostring(result))
end)

test("one seed, one set of bytes, with 1 and 2 threads", function()
  local threads, checkpoints = ms.threads(), {}
  for count = 1, 2 do
    local out <close> = folder()
    ms.set_threads(count)
    fit(new { passes = 2 }, { folder = out.path, validation = set.test, evaluate_every = 2 })
    checkpoints[count] = bytes(out.path .. "/checkpoint.safetensors")
  end
  ms.set_threads(threads)
  test.ok(checkpoints[1] == checkpoints[2], "equal bytes")
end)

test("a checkpoint whose bytes have changed is refused, wherever they have", function()
  local out <close> = folder()
  local path = out.path .. "/checkpoint.safetensors"
  fit(new { passes = 2 }, { folder = out.path, validation = set.test, evaluate_every = 2 })
  local whole = bytes(path)
  for _, share in ipairs { 0.0001, 0.3, 0.5, 0.7, 0.999 } do
    local at = #whole - math.floor((1 - share) * (#whole - 8000))
    if share < 0.01 then at = 3 end
    ms.io.write_text(path, whole:sub(1, at - 1) .. string.char(whole:byte(at) ~ 0x40) .. whole:sub(at + 1))
    test.fails_with("start anew (--fresh)", function() fit(new { passes = 2 }, { folder = out.path }) end)
  end
  ms.io.write_text(path, whole:sub(1, -100))
  test.fails_with("/checkpoint.safetensors' is not a safetensors file", function()
    fit(new { passes = 2 }, { folder = out.path })
  end)
end)

test("other settings, and files that are none, are refused where a run would go on", function()
  local out <close> = folder()
  fit(new { passes = 2 }, { folder = out.path })
  test.fails_with("checkpoint.safetensors' is of a run with other settings (passes: 2 there, 3 here): take another folder,"
    .. " or start anew", function() fit(new { passes = 3 }, { folder = out.path }) end)
  local layers = { nn.flatten(), nn.linear(784, 12), nn.tanh(), nn.linear(12, 10) }
  local function with(place, layer)
    local list = table.move(layers, 1, 4, 1, {})
    list[place] = layer
    return nn.sequential(list)
  end
  local again = set.train:subset(ms.random(1):permutation(300))
  -- Settings whose texts or sizes may be equal, and the name that the refusal gives.
  for _, case in ipairs {
    { "seed: 1 there, 2 here", { seed = 2 } },
    { "initial_weights: ", { net = with(2, nn.linear(784, 12, { init = "kaiming_normal" })) } },
    { "net: weight [12, 784]: xavier_normal, gain 1 there, weight [12, 784]: xavier_normal, gain 2 here",
      { net = with(2, nn.linear(784, 12, { gain = 2 })) } },
    { "net: tanh there, relu here", { net = with(3, nn.relu()) } },
    { "outputs: ", { net = with(3, nn.layer { name = "tanh", output = function(_, shape) return shape end,
      apply = function(_, x) return x:sigmoid() end }) } },
    { "data: digits: 300 images", { train = again } },
    { "data: digits: 300 images", { train = ms.data.images("digits", { train = 300, test = 1, seed = 2 }).train } },
    { "batch: 100 there, 50 here", {}, { batch = 50 } },
    { "validation: none there, digits: 100 images", {}, { validation = set.test } },
    { "averaging: 0.95 there, 0.5 here; lr: 0.03 there, 0.1 here", {}, { lr = 0.1, averaging = 0.5 } },
  } do
    case[2].passes = 2
    local options = case[3] or {}
    options.folder = out.path
    test.section(case[1], function()
      test.fails_with("is of a run with other settings (", function() fit(new(case[2]), options) end)
      test.fails_with(case[1], function() fit(new(case[2]), options) end)
    end)
  end
  fit(new { passes = 3 }, { folder = out.path, fresh = true })
  local file <close> = assert(io.open(out.path .. "/checkpoint.safetensors", "r+b"))
  file:write(("\255"):rep(8))
  file:flush()
  test.fails_with("checkpoint.safetensors", function() fit(new { passes = 3 }, { folder = out.path }) end)
end)

test("a finished run goes on to more iterations as if they had been asked for at first", function()
  local whole <close> = folder()
  local extended <close> = folder()
  local function run(out, iterations)
    return fit(new { passes = 2 }, { folder = out.path, iterations = iterations, validation = set.test, evaluate_every = 2 })
  end
  run(extended, 5)
  test.equal(run(extended, 8).parameters.images[1]:totable(), run(whole, 8).parameters.images[1]:totable())
end)

test("a run that ended with a cycle goes on from the best state, as a whole one does", function()
  local whole <close> = folder()
  local extended <close> = folder()
  local function run(out, iterations)
    return fit(new { passes = 2 }, { folder = out.path, iterations = iterations, validation = set.test, evaluate_every = 2,
      cycle = 4, lr = 0.3 })
  end
  run(extended, 4)
  run(extended, 8)
  run(whole, 8)
  test.ok(bytes(extended.path .. "/checkpoint.safetensors") == bytes(whole.path .. "/checkpoint.safetensors"), "equal bytes")
end)

test("a second call with the same settings goes on as one call would", function()
  local function images(...)
    local still = new { passes = 2 }
    for _, iterations in ipairs { ... } do fit(still, { iterations = iterations }) end
    return still.parameters.images[1]:totable()
  end
  test.equal(images(3, 7), images(7))
end)

-- The numbers of metrics.csv by column, one table a row.
local function metrics(path)
  local names, rows
  for line in io.lines(path .. "/metrics.csv") do
    local row, i = {}, 0
    for field in (line .. ","):gmatch "(.-)," do
      i = i + 1
      if names then row[names[i]] = tonumber(field) else row[i] = field end
    end
    if names then rows[#rows + 1] = row else names, rows = row, {} end
  end
  return rows
end

test("the best state is that of the smallest loss on the held-out images", function()
  local out <close> = folder()
  local still = fit(new { passes = 2 }, { folder = out.path, iterations = 20, lr = 0.5, cycle = 7, evaluate_every = 2,
    validation = set.test })
  local least = math.huge
  for _, row in ipairs(metrics(out.path)) do least = math.min(least, row.last_loss, row.averaged_loss) end
  local best = still:best()
  test.near(best.loss, least, 1e-12)
  test.near(still:evaluate(set.test, { parameters = best.parameters }).loss, least, 1e-6)
  test.ok(least < still:evaluate(set.test).loss, "not the last one")
  local last = still.parameters
  test.equal(still:use_best().parameters == best.parameters, true)
  test.ok(last ~= best.parameters, "the last iterate is kept apart")
end)

test("metrics hold the time of the run, earlier legs included", function()
  local out <close> = folder()
  local function run(iterations)
    return fit(new { passes = 2 }, { folder = out.path, iterations = iterations, evaluate_every = 2 })
  end
  test.equal(run(4):seconds_before(), 0)
  local earlier = metrics(out.path)[2].elapsed
  local still = run(8)
  test.near(still:seconds_before(), earlier, 1e-9)
  local rows = metrics(out.path)
  test.equal(#rows, 4)
  for i = 2, 4 do test.ok(rows[i].elapsed > rows[i - 1].elapsed, "time passes") end
end)

test("a run goes on without its metrics: one file comes back from the other, both begin anew", function()
  local function run(path, iterations)
    fit(new { passes = 2 }, { folder = path, iterations = iterations, evaluate_every = 2 })
  end
  local function cut(path)
    local text = bytes(path)
    ms.io.write_text(path, text:sub(1, #text // 2))
  end
  local whole <close> = folder()
  run(whole.path, 4)
  run(whole.path, 8)
  for _, lose in ipairs { os.remove, cut } do
    for _, lost in ipairs { { ".csv" }, { ".jsonl" }, { ".csv", ".jsonl" } } do
      local out <close> = folder()
      run(out.path, 4)
      local before = { [".csv"] = bytes(out.path .. "/metrics.csv"), [".jsonl"] = bytes(out.path .. "/metrics.jsonl") }
      for _, ending in ipairs(lost) do lose(out.path .. "/metrics" .. ending) end
      run(out.path, 8)
      local iterations = {}
      for i, row in ipairs(metrics(out.path)) do iterations[i] = row.iteration end
      test.equal(iterations, #lost == 1 and { 2, 4, 6, 8 } or { 6, 8 })
      test.equal(#require("plot.metrics").read(out.path), #iterations)
      for ending, text in pairs(#lost == 1 and before or {}) do
        test.equal(bytes(out.path .. "/metrics" .. ending):sub(1, #text), text)
      end
      if #lost == 1 then
        test.ok(bytes(out.path .. "/checkpoint.safetensors") == bytes(whole.path .. "/checkpoint.safetensors"), "equal bytes")
      end
    end
  end
end)

test("images start as noise or as real ones, each of its class; step sizes where asked", function()
  local noise = new { images_per_class = 2, steps = 2, passes = 2, step_size = 0.5, later_step_size = 0.05 }
  test.near(noise:step_sizes(), { 0.5, 0.5, 0.05, 0.05 }, 1e-6)
  for _, step_size in ipairs { 800, 1e-17 } do
    test.near(new({ step_size = step_size }):step_sizes()[1] / step_size, 1, 1e-5)
  end
  local values = ms.concat(noise.parameters.images)
  test.near({ values:mean():item(), ((values * values):mean() - 1):item() }, { 0, 0 }, 0.05)
  local real = new { start = "real", images_per_class = 2, steps = 2 }
  local x, y = set.train:batch()
  local classes = y:totable()
  local drawn = {}
  for s = 1, 2 do
    for i, class in ipairs { 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10 } do
      local difference = (x - real.parameters.images[s][i]):abs():reshape({ 300, 784 }):max(2):totable()
      local found
      for n, d in ipairs(difference) do found = d == 0 and classes[n] == class and n or found end
      test.ok(found and not drawn[s .. " " .. found], ("list %d, image %d is a real one of class %d"):format(s, i, class))
      drawn[s .. " " .. found] = true
    end
  end
end)

test("a warm start: images and step sizes of a file, which have to fit", function()
  local out <close> = folder()
  local first = new { images_per_class = 2, steps = 2, passes = 2, step_size = 0.5 }
  first:save(out.path)
  local start = out.path .. "/images.npz"
  local warm = new { images_per_class = 2, steps = 2, passes = 2, start = start }
  test.near(warm:step_sizes(), first:step_sizes(), 0)
  for s = 1, 2 do
    test.near((warm.parameters.images[s] - first.parameters.images[s]):abs():max():item(), 0, 0)
  end
  test.equal(new({ images_per_class = 2, steps = 2, passes = 2, start = start, dtype = "f64" }).parameters.images[1]:dtype(),
    "f64")
  test.fails_with("argument 'start': expected 1 lists of 20 x 1 x 28 x 28, 2 passes, got 2 lists of 20 x 1 x 28 x 28, 2 passes in '"
    .. start .. "'", function() new { images_per_class = 2, passes = 2, start = start } end)
  test.fails_with("argument 'start': expected 'normal', 'real' or the path of an .npz, got 'cold'",
    function() new { start = "cold" } end)
  test.fails_with("nothing.npz", function() new { start = out.path .. "/nothing.npz" } end)
end)

test("a warm start is judged before the first iteration, and once: no worse images are called the best", function()
  local poisoned
  local poison = nn.layer { name = "poison", apply = function(_, x)
    return poisoned and x:size(1) == 50 and x * (0 / 0) or x
  end }
  local net = nn.sequential { nn.flatten(), poison, nn.linear(784, 10) }
  local first <close> = folder()
  local whole <close> = folder()
  local broken <close> = folder()
  local good = fit(new { net = net, passes = 2 }, { iterations = 40, folder = first.path }):round_images()
  local function run(out, iterations)
    local still = new { net = net, passes = 2, start = first.path .. "/images.npz" }
    return fit(still, { folder = out.path, iterations = iterations, batch = 50, lr = 3, evaluate_every = 2,
      validation = set.test })
  end
  local best = run(whole, 4):best()
  test.equal(best.iteration, 0)
  test.near(best.loss, good:evaluate(set.test).loss, 1e-6)
  local function iterations_of(out)
    local list = {}
    for i, row in ipairs(metrics(out.path)) do list[i] = row.iteration end
    return list
  end
  test.equal(iterations_of(whole), { 0, 2, 4 })
  -- Stopped between the judgement and the end of the first iteration.
  poisoned = true
  test.fails_with("the state after iteration 0 is kept", function() run(broken, 4) end)
  poisoned = false
  run(broken, 4)
  test.equal(iterations_of(broken), { 0, 2, 4 })
  -- Its ledger has that of the images that it starts from.
  local function ledger_of(out) return ms.io.parse_json(bytes(out.path .. "/ledger.json")) end
  local start, steps = ledger_of(first), ms.ledger.from(ledger_of(broken)):totals("distil").steps
  test.equal(ledger_of(broken)["distil/start/inner"], start["distil/inner"])
  -- Outer and inner ones: 40 + 4 iterations of two updates each, three judgements of two states.
  test.equal(steps, 40 + 80 + 4 + 8 + 3 * 2 * 2)
  test.ok(bytes(whole.path .. "/checkpoint.safetensors") == bytes(broken.path .. "/checkpoint.safetensors"), "equal bytes")
end)

test("images of two channels are distilled too, and are not drawn", function()
  local out <close> = folder()
  local labels = ms.tensor({ 0, 1, 0, 1 }, { dtype = "i32" })
  local pixels = (ms.random(1):normal { 4, 2, 3, 3 } * 9 + 99):to "u8"
  ms.io.save(out.path .. "/two.npz", { train_images = pixels, train_labels = labels })
  local two = ms.data.images(out.path .. "/two.npz").train
  local net = nn.sequential { nn.flatten(), nn.linear(18, 2) }
  fit(new { net = net, train = two }, { batch = 4, folder = out.path })
  test.ok(ms.io.exists(out.path .. "/images.npz") and not ms.io.exists(out.path .. "/images.png"), "which files there are")
end)

-- Step sizes of two updates, the first tried, and the most accurate of these.
local function best_pair(still, images, some)
  local best, found
  for _, first in ipairs { 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2 } do
    for _, share in ipairs { 1, 0.1, 0.01 } do
      local raw = ms.tensor { raw_step_size(first), raw_step_size(first * share) }
      local accuracy = still:evaluate(some, { parameters = { images = images, raw_step_sizes = raw } }).accuracy
      if not best or accuracy > best then best, found = accuracy, { first, first * share } end
    end
  end
  return found
end

test("the step sizes of a baseline are tuned on the held-out images, not on the test set", function()
  local still, images, differ = new { passes = 2 }, { set.train:class_means() }, 0
  local on_test = best_pair(still, images, set.test)
  for first = 1, 91, 30 do
    local indices = {}
    for i = 1, 10 do indices[i] = first + i - 1 end
    local held = set.test:subset(indices)
    local expected = best_pair(still, images, held)
    test.near(still:baseline(images, held, set.test).step_sizes, expected, 1e-5)
    if expected[1] ~= on_test[1] or expected[2] ~= on_test[2] then differ = differ + 1 end
  end
  test.ok(differ > 0, "no case in which the test set would choose otherwise")
end)

test("random changes of a baseline's step sizes are kept where they are better", function()
  local still, images = new { passes = 3 }, { set.train:class_means() }
  local function tuned(iterations)
    local result = still:baseline(images, set.train, set.test, { iterations = iterations })
    local raw = {}
    for t, size in ipairs(result.step_sizes) do raw[t] = raw_step_size(size) end
    local parameters = { images = images, raw_step_sizes = ms.tensor(raw) }
    return result.step_sizes, still:evaluate(set.train, { parameters = parameters }).accuracy
  end
  local few, accuracy = tuned(0)
  local many, better = tuned(60)
  test.near(few[1] / few[2], few[2] / few[3], 1e-3)
  test.ok(math.abs(many[1] / many[2] - many[2] / many[3]) > 1e-2, "each one by itself")
  test.ok(better > accuracy, ("%.3f, then %.3f"):format(accuracy, better))
end)

test("a loss that is not finite: which iteration, and the state before it is kept", function()
  local out <close> = folder()
  local calls, limit = 0, 8   -- once to tell networks apart, three times an iteration
  local poison = nn.layer { name = "poison", apply = function(_, x)
    calls = calls + 1
    return calls > limit and x * (0 / 0) or x
  end }
  local net = nn.sequential { nn.flatten(), poison, nn.linear(784, 10) }
  local still = distill.unrolled { net = net, train = set.train, passes = 2 }
  test.fails_with("still:fit: iteration 3: the outer loss is NaN (weight '3.weight' after inner update 1); the state after "
    .. "iteration 2 is kept", function() fit(still, { folder = out.path, iterations = 9 }) end)
  test.equal(still.iteration, 2)
  local loaded, metadata = ms.io.load(out.path .. "/checkpoint.safetensors")
  test.equal(metadata.iteration, "2")
  test.equal(loaded["parameters.images[1]"]:totable(), still.parameters.images[1]:totable())
end)

test("or the run goes back to the best state with a lower rate, and on; the same with a stop between", function()
  local held_out = set.test:subset { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }
  -- NaN for bright batches of real images, as they come now and then.
  local poison = nn.layer { name = "poison", apply = function(_, x)
    return x:size(1) == 50 and ms.where(ms.lt(x:mean(), 0), x, 0 / 0) or x
  end }
  local function run(out, iterations)
    local net = nn.sequential { nn.flatten(), poison, nn.linear(784, 10) }
    return fit(distill.unrolled { net = net, train = set.train, passes = 2 }, { folder = out, batch = 50,
      iterations = iterations, on_nan = "backoff", validation = held_out, evaluate_every = 1 })
  end
  local whole <close> = folder()
  local broken <close> = folder()
  local still, failed, rate = run(whole.path, 12), 0, 1
  for place, row in ipairs(metrics(whole.path)) do
    local fails = row.gradient_norm == nil
    if fails then failed, rate = failed + 1, rate * search.lower end
    test.equal({ place, row.rate }, { place, rate })
  end
  test.ok(failed > 1 and failed < 10, tostring(failed))
  test.equal(still.search.rate, rate)
  for _, iterations in ipairs { 4, 7, 12 } do run(broken.path, iterations) end
  test.ok(bytes(whole.path .. "/checkpoint.safetensors") == bytes(broken.path .. "/checkpoint.safetensors"), "equal bytes")
end)

test("metrics: NaN is nan, whatever its sign, and null as JSON", function()
  local out <close> = folder()
  local files = metric_files.open(out.path, 0, error)
  for i, nan in ipairs { 0 / 0, -(0 / 0) } do metric_files.append(files, { iteration = i, loss = nan, rate = 1 }) end
  test.equal(bytes(out.path .. "/metrics.csv"):match "\n(.*)", "1,nan,,1,,,,,,\n2,nan,,1,,,,,,\n")
  test.equal(bytes(out.path .. "/metrics.jsonl"), '{"iteration":1,"loss":null,"rate":1}\n{"iteration":2,"loss":null,"rate":1}\n')
end)

local cases = {
  { "distill.unrolled { train = set.train }", "distill.unrolled: argument 'net': expected layer, got nothing" },
  { "distill.unrolled { net = {}, train = set.train }", "distill.unrolled: argument 'net': expected layer, got table" },
  { "distill.unrolled { net = net, train = set.train, steps = 0 }",
    "distill.unrolled: argument 'steps': expected at least 1, got 0" },
  { "distill.unrolled { net = net, train = set.train, epochs = 3 }",
    "distill.unrolled: unknown argument 'epochs' (known: net, train, images_per_class, steps, passes, init, networks, "
      .. "step_size, later_step_size, sharpness, start, seed, dtype, checkpoint, network)" },
  { "distill.unrolled { net = net, train = set.train, init = 'knwon' }",
    "distill.unrolled: argument 'init': expected \"known\" or \"unknown\", got string \"knwon\" (did you mean \"known\"?)" },
  { "distill.unrolled { net = net, train = set.train, step_size = 0 }",
    "distill.unrolled: argument 'step_size': expected a finite number above 0, got 0" },
  { "distill.unrolled { net = net, train = set.train, later_step_size = 1 / 0 }",
    "distill.unrolled: argument 'later_step_size': expected a finite number above 0, got infinity" },
  { "distill.unrolled { net = net, train = set.train }:fit { iterations = 3, averaging = 2 }",
    "still:fit: argument 'averaging': expected less than 1, got 2" },
  { "distill.unrolled { net = net, train = set.train }:fit {}",
    "still:fit: argument 'iterations': expected integer, got nothing" },
  { "distill.unrolled { net = net, train = set.train }:fit { iterations = 3, evaluate_every = 0 }",
    "still:fit: argument 'evaluate_every': expected at least 1, got 0" },
  { "distill.unrolled { net = ms.nn.linear(3, 4), train = set.train }:fit { iterations = 1, quiet = true }",
    "in linear(3 -> 4): expected input [batch, 3], got [batch, 1, 28, 28]" },
}

for call, expected in pairs {
  ["evaluate()"] = "still:evaluate: argument 1 'set': expected imageset, got nil",
  ["evaluate({ set })"] = "still:evaluate: argument 1 'set': expected imageset, got table",
  ["baseline()"] = "still:baseline: argument 1 'images': expected list of tensors, got nil",
  ["baseline({}, set.train, set.train)"] = "still:baseline: argument 1 'images': expected 1 lists of images, got 0",
  ["baseline({ (set.train:batch { 1 }) }, set.train, set.train)"] =
    "still:baseline: argument 1 'images': expected 10 images in list 1, got 1",
  ["save()"] = "still:save: argument 1 'folder': expected string, got nil",
} do
  cases[#cases + 1] = { "local r = distill.unrolled { net = net, train = set.train }:" .. call, expected }
end

for _, case in ipairs(cases) do
  test(case[1], function()
    local chunk = assert(load("local ms, distill, net, set = ...\n" .. case[1], "@scripts/user.lua"))
    test.fails("scripts/user.lua:2: " .. case[2], function() chunk(ms, distill, small_net(), set) end)
  end)
end
