-- The experiments as they are run: what they write, that it is true, and that a killed run goes on.
local distill = require "distill"
local ms, qnn, train = require "moonstill", require "qnn", require "train"
local host = require "moonstill.host"
local program = require "program"
local raw_step_size = require("distill.tune").raw_step_size
local test = require "moonstill.test"

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
local scripts = here .. "/../../scripts/"

local function remove(path) os.execute("rm -rf '" .. path .. "'") end

local read = program.bytes

local function result(path) return ms.io.parse_json(read(path)) end

-- The bytes of some images, as data sets hold them.
local function arrays(set)
  local x, y = set:batch()
  local mean, deviation = set:mean()[1], set:deviation()[1]
  local pixels = ((x * deviation + mean) * 255 + 0.5):to "u8"
  return pixels, (y:to "f32" - 1):to "i32"
end

-- A small file of digits with the parts asked for: seconds become tenths of them.
local function digits(path, parts)
  local set = ms.data.images("digits", { train = 120, test = 50 })
  local images, labels = arrays(set.train)
  local tensors = { train_images = images, train_labels = labels }
  if parts ~= "train" then tensors.test_images, tensors.test_labels = arrays(set.test) end
  ms.io.save(path, tensors)
  return path
end

-- The tests run when this file has ended: removed with their last reference.
local place = setmetatable({ path = program.folder().path }, { __gc = function(self) remove(self.path) end })
local small = digits(place.path .. "/small.npz")

local function run(script, ...)
  local output, code = program.run { scripts .. script, "--data", small, ... }
  if code ~= 0 then error(("%s: exit code %d\n%s"):format(script, code, output), 2) end
  return output
end

-- What the JSON of every run holds (issue 2), and that it is of the right kind.
local function check_common(json, script)
  for _, name in ipairs { "dataset", "model", "script", "script_hash" } do
    test.ok(type(json[name]) == "string" and json[name] ~= "", ("%s: %s"):format(name, json[name]))
  end
  for _, name in ipairs { "parameters", "images", "inner_updates", "iterations", "seed", "threads" } do
    test.ok(math.type(json[name]) == "integer" and json[name] >= 1, ("%s: %s"):format(name, json[name]))
  end
  for _, name in ipairs { "test_loss", "seconds", "seconds_per_iteration", "peak_rss_mb" } do
    test.ok(type(json[name]) == "number" and json[name] > 0, ("%s: %s"):format(name, json[name]))
  end
  test.ok(json.test_accuracy >= 0 and json.test_accuracy <= 1, json.test_accuracy)
  test.ok(json.seconds_per_iteration * json.iterations < 2 * json.seconds, "an iteration is a part of the whole")
  test.equal({ json.script, json.script_hash }, { scripts .. script, ms.io.fingerprint(read(scripts .. script)) })
  test.equal({ json.versions.moonstill, json.versions.lua }, { ms.version, _VERSION })
  test.ok(#json.arguments > 0 and json.settings.seed == json.seed, "arguments and settings")
end

-- The same run from its parts: images held out are neither trained on nor those of the test.
local function by_hand(settings)
  local set, random = ms.data.images(small), ms.random(settings.seed)
  local real, held_out = set.train:hold_out(settings.hold_out, random:split "hold out")
  local net = qnn.lenet[settings.model]()
  local still = distill.unrolled { net = net, train = real, seed = settings.seed, passes = settings.passes }
  still:fit { iterations = settings.iterations, batch = settings.batch, validation = held_out,
    evaluate_every = settings.evaluate_every, cycle = settings.cycle, quiet = true }
  return { set = set, held_out = held_out, still = still, net = net, random = random, real = real }
end

-- A seed with which step sizes tuned on the test set would give the baselines other accuracies.
local distillation = { "--model", "classical", "--iterations", "6", "--evaluate-every", "2", "--hold-out", "20", "--batch",
  "32", "--seed", "6", "--passes", "2", "--cycle", "4" }

test("distill.lua: what it reports is what its images give, and what its parts give", function()
  local out <close> = program.folder()
  local more = out.path .. "/more.json"
  local output = run("distill.lua", "--out", out.path, "--json", more, table.unpack(distillation))
  local json = result(out.path .. "/result.json")
  test.equal(read(more), read(out.path .. "/result.json"))
  check_common(json, "distill.lua")
  test.equal({ json.dataset, json.model, json.parameters, json.images, json.inner_updates, json.iterations, json.seed },
    { "small", "classical LeNet", 61706, 10, 2, 6, 6 })

  local hand = by_hand(json.settings)
  test.ok(#hand.held_out == 20 and #hand.real == 100, "none is in both")
  local function near(got, expected, what)
    test.ok(math.abs(got - expected) < 1e-5, ("%s: %.6f instead of %.6f"):format(what, got, expected))
  end
  local best = hand.still:best()
  local last = hand.still:evaluate(hand.set.test)
  near(json.test_accuracy_last_iterate, last.accuracy, "last iterate's accuracy")
  local averaged = hand.still:evaluate(hand.set.test, { parameters = hand.still.search.averaged })
  near(json.test_accuracy_last, averaged.accuracy, "accuracy of the average")
  near(json.held_out_accuracy, best.accuracy, "held-out accuracy")
  near(best.accuracy, hand.still:evaluate(hand.held_out, { parameters = best.parameters }).accuracy, "of the best")
  test.equal(json.best_iteration, best.iteration)

  -- The files: images and step sizes that give the reported numbers.
  local saved = ms.io.load(out.path .. "/images.npz")
  test.equal(saved.labels:totable(), { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 })
  test.near(saved.images, best.parameters.images[1], 1e-3)
  test.equal((saved.images * 512):round():totable(), (saved.images * 512):totable())
  test.near(saved.step_sizes, json.step_sizes, 1e-6)
  local raw = {}
  for t, step_size in ipairs(saved.step_sizes:totable()) do raw[t] = raw_step_size(step_size) end
  local fresh = distill.unrolled { net = qnn.lenet.classical(), train = hand.real, seed = 6, passes = 2 }
  local again = fresh:evaluate(hand.set.test, { parameters = { images = { saved.images }, raw_step_sizes = ms.tensor(raw) } })
  near(json.test_accuracy, again.accuracy, "test accuracy")
  test.near(json.test_loss, again.loss, 1e-4)
  test.ok(output:find(("best by held-out images (iteration %d): accuracy %.4f"):format(json.best_iteration,
    again.accuracy), 1, true), output)

  -- Other images under the same protocol.
  local drawn = { (hand.real:per_class(1, hand.random:split "random images":split(1)):batch()) }
  local tuning = { iterations = 6 }   -- as many as the distillation had
  local tuned_on_test = hand.still:baseline(drawn, hand.set.test, hand.set.test, tuning).accuracy
  test.ok(tuned_on_test ~= json.test_accuracy_random_images, "the seed shows no difference")
  near(json.test_accuracy_random_images, hand.still:baseline(drawn, hand.held_out, hand.set.test, tuning).accuracy,
    "random images")
  near(json.test_accuracy_class_means,
    hand.still:baseline({ hand.real:class_means() }, hand.held_out, hand.set.test, tuning).accuracy, "class means")

  -- Metrics, a sheet, and the checkpoint of the last iteration.
  local _, lines = read(out.path .. "/metrics.csv"):gsub("\n", "")
  test.equal(lines, 4)
  test.equal(ms.io.read_png(out.path .. "/images.png"):shape()[1], 1)
  local _, metadata = ms.io.load(out.path .. "/checkpoint.safetensors")
  local settings = ms.io.parse_json(metadata.settings)
  test.equal(metadata.iteration, "6")
  for part, expected in pairs { data = hand.real, validation = hand.held_out } do
    test.ok(settings[part]:find(expected:fingerprint(), 1, true), part .. ": " .. settings[part])
  end
end)

test("show.lua and evaluate.lua: what a run's folder holds, and its number again", function()
  local out <close> = program.folder()
  for _, model in ipairs { "classical", "quantum" } do
    run("distill.lua", "--out", out.path, "--model", model, "--iterations", "4", "--evaluate-every", "2", "--hold-out", "20",
      "--batch", "32", "--steps", "2", "--fresh")
    local json = result(out.path .. "/result.json")
    for _, name in ipairs { "settings.json", "metrics.csv", "metrics.jsonl", "ledger.json", "checkpoint.safetensors",
      "images.npz" } do
      test.ok(ms.io.exists(out.path .. "/" .. name), name)
    end
    local drawn = { out.path .. "/curves.svg", out.path .. "/images.png" }
    local before = { read(drawn[1]), read(drawn[2]) }
    for _, path in ipairs(drawn) do os.remove(path) end
    local shown, code = program.run { scripts .. "show.lua", out.path }
    test.equal(code, 0)
    test.ok(shown:find("iteration 4, %d+ s\nbest: iteration " .. json.best_iteration), shown)
    test.ok(shown:find(("test: best %.2f %%"):format(100 * json.test_accuracy), 1, true), shown)
    test.ok(read(drawn[1]) == before[1] and read(drawn[2]) == before[2], "drawn again")
    local executions = ms.ledger.from(ms.io.parse_json(read(out.path .. "/ledger.json"))):totals().executions
    test.equal(executions > 0, model == "quantum")

    local evaluated = run("evaluate.lua", out.path .. "/images.npz")
    test.ok(evaluated:find(("accuracy %.4f, loss %.4f, after 6 updates on 20 images"):format(json.test_accuracy,
      json.test_loss), 1, true), evaluated)
  end
  -- A checkpoint that is damaged: what else is there is told, the good sheet stays.
  local path, sheet, json = out.path .. "/checkpoint.safetensors", read(out.path .. "/images.png"), result(out.path .. "/result.json")
  local whole = read(path)
  local at = #whole - #whole // 4
  for problem, bytes in pairs {
    ["is not a safetensors file"] = "", ["the header should have"] = whole:sub(1, 100),
    ["its numbers are not those"] = whole:sub(1, at - 1) .. string.char(whole:byte(at) ~ 64) .. whole:sub(at + 1),
    ["holds no state of a run"] = (whole:gsub("parameters%.raw", "parametexs.raw")),
  } do
    ms.io.write_text(path, bytes)
    local shown, code = program.run { scripts .. "show.lua", out.path }
    test.equal(code, 0)
    test.ok(shown:find(("nothing is drawn from a damaged checkpoint: '%s' "):format(path), 1, true) and shown:find(problem, 1, true),
      shown)
    test.ok(shown:find("\n20 images in 2 lists, 6 updates; batch 32, lr 0.03\niteration 4, %d+ s\nbest: iteration "
      .. json.best_iteration .. ", held out "), shown)
    test.ok(shown:find(("\ntest: best %.2f %%, last "):format(100 * json.test_accuracy), 1, true), shown)
    test.ok(shown:find(("\ndrawn: %s/curves.svg\npage: "):format(out.path), 1, true), shown)
    test.ok(read(out.path .. "/images.png") == sheet, "the sheet stays")
  end
  ms.io.write_text(path, whole)
  -- A run that distils nothing.
  local full = out.path .. "/full"
  run("train.lua", "--model", "classical", "--epochs", "2", "--batch", "32", "--out", full)
  local trained = result(full .. "/result.json")
  local shown = program.run { scripts .. "show.lua", full }
  test.ok(shown:find("^classical LeNet\nsmall: 120 images, 6 updates, 61706 weights\nsettings: batch 32, [^\n]*epochs 2, "),
    shown)
  test.ok(shown:find(("\ntest: accuracy %.2f %%, loss %.4f\npage: "):format(100 * trained.test_accuracy, trained.test_loss),
    1, true), shown)
  -- Several files: a line each, then mean and deviation, which the result holds too.
  local first, evaluations = out.path .. "/images.npz", out.path .. "/evaluated.json"
  local several = run("evaluate.lua", first, first, "--json", evaluations)
  local lines = select(2, several:gsub("images.npz: accuracy", ""))
  local accuracy = json.test_accuracy
  test.ok(lines == 2 and several:find(("\nmean accuracy %.4f ± 0.0000\n"):format(accuracy), 1, true), several)
  test.equal({ result(evaluations).test_accuracies, result(evaluations).test_deviation }, { { accuracy, accuracy }, 0 })
  test.ok(not tostring(distill.load(first, ms.data.images(small))):find "iterations", "how many is not known")
  -- Four iterations move the Hermitians little; what they read is another number all the same.
  local own = run("evaluate.lua", out.path .. "/images.npz"):match "loss (%S+),"
  local fixed = run("evaluate.lua", out.path .. "/images.npz", "--observable", "fixed"):match "loss (%S+),"
  test.ok(own ~= fixed and math.abs(own - fixed) < 0.2, own .. " and " .. fixed)
  local silent = run("evaluate.lua", out.path .. "/images.npz", "--without-circuit"):match "loss (%S+),"
  test.ok(own ~= silent and fixed ~= silent, own .. " and " .. silent)
  local output, code = program.run { scripts .. "evaluate.lua", out.path .. "/images.npz" }
  test.ok(code == 1 and output:find("images.npz' is distilled from small, got digits", 1, true), output)
  output, code = program.run { scripts .. "evaluate.lua", small, "--data", small }
  test.ok(code == 1 and output:find("small.npz' holds no distilled images", 1, true), output)
end)

test("instability.lua: jumps by kind, the other suspects and a figure of a run's images, in a report", function()
  local out <close> = program.folder()
  run("distill.lua", "--out", out.path, "--iterations", "1", "--hold-out", "20", "--batch", "16", "--passes", "2", "--step-size",
    "2")
  local images, report = out.path .. "/images.npz", out.path .. "/report.md"
  ms.io.write_text(report, "Before.\n<!-- measured -->\n<!-- end of measured -->\nAfter.\n")
  local output = run("instability.lua", images, images, "--report", report, "--batch", "8", "--to", "0.002", "--parts", "2",
    "--largest", "2", "--drawn", "1", "--batches", "2")
  local rows = result(out.path .. "/report.json").rows
  local row = rows[1]
  test.equal(rows[2].change, row.change)
  test.near(row.step_sizes, { 2, 0.02 }, 0.1)
  test.equal({ row.label, row.images }, { "small, quantum LeNet, trainable Hermitians", "images" })
  local sum, count = 0, 0
  for _, kind in pairs(row.kinds) do sum, count = sum + kind.net, count + kind.count end
  test.equal(count, row.first_update.count)
  test.near(sum, row.first_update.net, 1e-3)
  test.ok(row.kinds["relu of conv2d"].count > 0 and row.promised < 0, output)
  test.near(row.promised + row.bends + row.jumps, row.change, 1e-3)
  test.equal({ #row.steps.change, row.steps.rises >= 0 and row.steps.rises <= 2 }, { 2, true })
  -- With a hundredth of the step size the largest jumps are smaller.
  test.ok(row.scaled[1].largest < row.scaled[3].largest, ms.io.json(row.scaled))
  local measured = row.suspects
  test.equal({ #measured.growth, #measured.gradient_spectrum, #measured.hermitians.after }, { 2, 10, 6 })
  test.ok(measured.embedded.real_before.least > 0, "norms of what is embedded")
  local text, cells = read(report), "| small, quantum LeNet, trainable Hermitians | "
  test.ok(text:match "^Before.\n<!%-%- measured %-%->\n.+\n<!%-%- end of measured %-%->\nAfter.\n$", text)
  test.ok(select(2, text:gsub(cells, "")) == 6 and output:find(cells, 1, true), text)
  local figure = read(out.path .. "/report.svg")
  test.ok(figure:find("relu of a convolution</text>", 1, true) and figure:find(">outer loss, nats</text>", 1, true), "the figure")
end)

test("distill.lua: a run that was killed goes on to the same bytes, and reports all of it", function()
  local whole <close> = program.folder()
  local broken <close> = program.folder()
  local function options(out, iterations)
    return { scripts .. "distill.lua", "--data", small, "--model", "classical", "--evaluate-every", "1", "--hold-out", "20",
      "--batch", "32", "--iterations", iterations, "--out", out.path }
  end
  local told, told_code = program.run(options(whole, "120"))
  test.equal(told_code, 0)
  test.ok(told:find "\n120 iterations at 0%.%d+ s, evaluations at 0%.%d+ s: about %d+ s, %d+ MiB\n", told)
  test.ok(told:find "\ncomparison with random real images and class means: 288 evaluations at 0%.%d+ s, about %d+ s\n", told)
  -- Killed as soon as there is a checkpoint, before the end.
  local words = {}
  for i, word in ipairs(options(broken, "120")) do words[i] = "'" .. word .. "'" end
  local checkpoint = broken.path .. "/checkpoint.safetensors"
  local killed = os.execute(("'%s' %s >/dev/null 2>&1 & for i in $(seq 6000); do test -e '%s' && break; sleep 0.01; done; "
    .. "kill -9 $!; wait $! 2>/dev/null"):format(host.program, table.concat(words, " "), checkpoint))
  test.ok(not killed, "the run ended before it was killed")
  local _, metadata = ms.io.load(checkpoint)
  local before = math.tointeger(metadata.iteration)
  test.ok(before < 120, ("killed after iteration %d"):format(before))
  local output, code = program.run(options(broken, "120"))
  test.equal(code, 0)
  test.ok(output:find("goes on from " .. checkpoint .. ", iteration", 1, true), output)
  test.ok(read(checkpoint) == read(whole.path .. "/checkpoint.safetensors"), "equal bytes of the checkpoints")
  test.ok(read(broken.path .. "/images.npz") == read(whole.path .. "/images.npz"), "equal bytes of the images")
  local json = result(broken.path .. "/result.json")
  test.equal({ json.iterations, json.test_accuracy }, { 120, result(whole.path .. "/result.json").test_accuracy })
  test.ok(json.seconds_before > 0 and json.seconds > json.seconds_before, "the time before counts")
  -- Fewer iterations than were taken: the state is that of all of them, and so is what is said of it.
  test.equal({ select(2, program.run(options(broken, "5"))), result(broken.path .. "/result.json").iterations }, { 0, 120 })
  -- Other settings are refused by their names, unless the run starts anew.
  local other = options(broken, "2")
  table.move({ "--seed", "2" }, 1, 2, #other + 1, other)
  output, code = program.run(other)
  test.equal(code, 1)
  test.ok(output:find("is of a run with other settings (data: ", 1, true) and output:find("; seed: 1 there, 2 here;", 1, true)
    and #output < 2000, output)
  other[#other + 1] = "--fresh"
  test.equal({ select(2, program.run(other)), result(broken.path .. "/result.json").iterations }, { 0, 2 })
end)

test("the seconds of a result are those of the whole run", function()
  local out <close> = program.folder()
  local script <close> = program.file(".lua", [[
local experiment = require "experiment"
local opt = experiment.options { { "steps", default = 3 } }
experiment.finish(opt, { seconds_before = 1000 })]])
  test.equal(select(2, program.run { script.path, "--json", out.path .. "/a.json" }), 0)
  local json = result(out.path .. "/a.json")
  test.ok(json.seconds > 1000 and json.seconds < 1100, json.seconds)
  test.equal(json.settings, { steps = 3, data = "digits", seed = 1, threads = 0, out = "", json = out.path .. "/a.json" })
end)

test("distill.lua: fixed observables are another run than trainable ones", function()
  local out <close> = program.folder()
  local function options(...)
    return { scripts .. "distill.lua", "--data", small, "--iterations", "1", "--hold-out", "20", "--batch", "16", "--passes",
      "1", "--out", out.path, ... }
  end
  test.equal(select(2, program.run(options())), 0)
  test.equal(result(out.path .. "/result.json").observable, "trainable")
  local output, code = program.run(options("--observable", "fixed"))
  test.equal(code, 1)
  test.ok(output:find("hermitian [6, 2, 2, 2]: normal, gain 1, not trained", 1, true), output)
end)

test("distill.lua: images that were distilled for something else are a start, and it is said what for", function()
  local first <close> = program.folder()
  local second <close> = program.folder()
  local function images(out, ...)
    return run("distill.lua", "--iterations", "1", "--hold-out", "20", "--batch", "16", "--passes", "1", "--out", out.path, ...)
  end
  images(first, "--model", "classical")
  local start = first.path .. "/images.npz"
  local note = "note: the images in '" .. start .. "' are distilled for something else: "
  local output = images(second, "--start", start, "--observable", "fixed", "--seed", "2")
  test.ok(output:find(note .. "model: classical there, quantum here; observable: trainable there, fixed here; "
    .. "seed: 1 there, 2 here\n", 1, true), output)
  output = images(second, "--start", start, "--model", "classical", "--init", "unknown", "--seed", "2", "--fresh")
  test.ok(output:find(note .. "init: known there, unknown here\n", 1, true), output)
  output = images(second, "--start", start, "--model", "classical", "--fresh")
  test.ok(not output:find "note:" and output:find "the images that it starts from: held out 0", output)
end)

test("distill.lua: the settings of --preset start each have a folder of their own", function()
  local work <close> = program.folder()
  os.execute(("mkdir '%s'"):format(work.path))
  local pwd <close> = assert(io.popen(("cd '%s' && pwd"):format(scripts)))
  local script = pwd:read "l" .. "/distill.lua"
  local function start(options)
    local command = ("cd '%s' && '%s' '%s' --preset start --data '%s' --hold-out 20 --batch 16 --passes 1 %s 2>&1; echo $?")
      :format(work.path, host.program, script, small, options)
    local pipe <close> = assert(io.popen(command))
    local output, code = pipe:read("a"):match "^(.-)(%d+)\n$"
    test.ok(code == "0", output)
    local name = output:match "result in runs/(%S+)/result.json"
    local short = name:gsub("%-hold%-out%-20%-passes%-1%-batch%-16%-data%-[%w_%.]+", "", 1)
    return short, output, name
  end
  local plain = start "--iterations 1 --model classical"
  test.equal(plain, "start-model-classical")
  local quantum = start "--iterations 1"
  test.equal(quantum, "start")
  test.equal(start "--iterations 1 --model classical --seed=2", "start-model-classical-seed-2")
  local same, output, name = start "--model classical --threads 1 --iterations 2"
  test.equal(same, plain)
  test.ok(output:find("goes on from runs/" .. name .. "/checkpoint.safetensors, iteration 1", 1, true), output)
  test.equal((start "--model classical --iterations 1 --out runs/mine"), "mine")
end)

-- Values that --help gives as defaults.
local function defaults(...)
  local output, code = program.run { scripts .. "distill.lua", "--help", ... }
  test.equal(code, 0)
  local values = {}
  for line in output:gsub("\n   +", " "):gmatch "[^\n]+" do
    local name, value = line:match "^  %-%-(%S+).*%(default: (.-)%)$"
    if name then values[name] = tonumber(value) or value end
  end
  return values
end

test("presets: the paper's protocol (arXiv 2503.17935), start.sh's, ours", function()
  local function expect(values, expected)
    for name, value in pairs(expected) do
      test.ok(values[name] == value, ("--%s: expected %s, got %s"):format(name, value, values[name]))
    end
  end
  -- 400 epochs of 60,000 images in batches of 1024, lr halved every 40 epochs; no image is held out.
  expect(defaults("--preset", "paper"), {
    iterations = 400 * 59, batch = 1024, lr = 0.01, ["decay-every"] = 40, ["step-size"] = 0.02, ["later-step-size"] = 0.02,
    clip = 0, averaging = 0, sharpness = 0, ["hold-out"] = 0, steps = 1, passes = 3, ["images-per-class"] = 1, init = "known",
    start = "normal", model = "quantum", observable = "trainable", ["step-size-lr"] = 1, ["evaluate-every"] = 250,
  })
  expect(defaults("--preset=start"), { iterations = 2000, cycle = 2000, ["hold-out"] = 1000, sharpness = 6, batch = 256, lr = 0.03 })
  expect(defaults(), {
    iterations = 10000, ["hold-out"] = 5000, backoff = 0.9, batch = 256, lr = 0.03, ["decay-every"] = 0, cycle = 10000,
    ["step-size"] = 0.3, ["later-step-size"] = 0.02, sharpness = 6, clip = 0.2, averaging = 0.95, passes = 3, steps = 1, init = "known",
    model = "quantum", observable = "trainable", start = "normal",
  })
  local out <close> = program.folder()
  local short = { "--preset", "paper", "--model", "classical", "--iterations", "1", "--passes", "1", "--out", out.path }
  run("distill.lua", table.unpack(short))
  local json = result(out.path .. "/result.json")
  test.equal({ json.settings.lr, json.settings.hold_out, json.settings.steps, json.images, json.best_iteration },
    { 0.01, 0, 1, 10, nil })
  test.equal(json.test_accuracy, json.test_accuracy_last)
  local _, metadata = ms.io.load(out.path .. "/checkpoint.safetensors")
  local settings = ms.io.parse_json(metadata.settings)
  test.equal({ settings.schedule, settings.clip, settings.averaging, settings.step_size, settings.validation },
    { "step_decay{lr = 0.01, every = 40, factor = 0.5}", 0.0, 0.0, 0.02, nil })
  -- Ten lists of images where the paper has them.
  run("distill.lua", "--fresh", "--init", "unknown", table.unpack(short))
  json = result(out.path .. "/result.json")
  test.equal({ json.init, json.settings.steps, json.images, json.inner_updates }, { "unknown", 10, 100, 10 })
end)

test("distill.lua: data that cannot do is refused before the work, and images outlive what comes after", function()
  local out <close> = program.folder()
  local bare = digits(place.path .. "/bare.npz", "train")
  for _, script in ipairs { "distill.lua", "train.lua" } do
    local output, code = program.run { scripts .. script, "--data", bare, "--out", out.path }
    test.equal(code, 1)
    test.ok(output:find(script .. ":%d+: experiment.images: '" .. bare:gsub("%p", "%%%0")
      .. "' has no test images: expected arrays test_images and test_labels in it\n$"), output)
    test.ok(not output:find("LeNet", 1, true), "before the work")
  end
  for _, options in ipairs { { "--hold-out", "119" }, { "--hold-out", "20", "--images-per-class", "30" } } do
    local output, code = program.run { scripts .. "distill.lua", "--data", small, "--out", out.path, table.unpack(options) }
    test.equal(code, 1)
    test.ok(output:find("distill.lua:%d+: ms.ImageSet:per_class: ") and not output:find("LeNet", 1, true), output)
  end
end)

test("train.lua: what it reports is what the weights in its file give", function()
  local out <close> = program.folder()
  local json_file = out.path .. "/more.json"
  for _, model in ipairs { "classical", "quantum" } do
    run("train.lua", "--model", model, "--epochs", "3", "--batch", "32", "--seed", "5", "--out", out.path, "--json", json_file)
    local json = result(json_file)
    test.equal(read(json_file), read(out.path .. "/result.json"))
    check_common(json, "train.lua")
    local net = qnn.lenet[model]()
    test.equal({ json.dataset, json.model, json.parameters, json.images, json.inner_updates, json.iterations, json.epochs },
      { "small", net.name, net:count(true), 120, 9, 9, 3 })
    local tensors, metadata = ms.io.load(out.path .. "/weights.safetensors")
    local set = ms.data.images(small)
    local schedule = ms.optim.cosine { lr = 2e-3, steps = 9, floor = 0.02, warmup = 20 }
    local trained = train.fit { net = net, train = set.train, epochs = 3, batch = 32, seed = 5, quiet = true,
      optimizer = ms.optim.adam { lr = schedule } }
    test.equal(net:flat(tensors):totable(), trained:totable())
    local given = train.evaluate(net, net:flat(tensors), set.test)
    test.near({ json.test_accuracy, json.test_loss }, { given.accuracy, given.loss }, 1e-6)
    test.equal({ metadata.model, metadata.seed, #json.history }, { net.name, "5", 3 })
    if model == "quantum" then
      local largest = tensors["11.1.1.hermitian"]:abs():max():item()
      test.ok(largest <= 1, ("a Hermitian's number of %g"):format(largest))
    end
  end
end)

test("ledger.lua: one training on ten images, counted by hand, and the same counts after going on", function()
  local out <close> = program.folder()
  local function count(iterations)
    run("ledger.lua", "--iterations", iterations, "--hold-out", "40", "--steps", "1", "--out", out.path)
    return result(out.path .. "/result.json")
  end
  count "1"
  local json = count "2"
  -- Three updates on ten images: a value, 2 x 54 shifted angles, 2 x 63 rotations of the input, 3 bases.
  test.equal(json.ledger["distilled images/inner"],
    { values = 30, angles = 30 * 108, inputs = 30 * 126, hermitians = 30 * 3, second_order = 0, steps = 3 })
  test.equal(json.ledger.distil.steps, 2)
  test.equal(json.ledger["distil/inner"].steps, 6)
  local report = read(out.path .. "/report.md")
  test.ok(report:find "^# Quantum executions of training: quantum LeNet, small\n\nWhat quantum hardware [^|]+%.\n\n| training ", report)
  test.ok(report:find("| distilled images +| +7,140 | +1 | +3 | +8,568 |"), report)
  test.ok(report:find("\n- mini-batches of 1: not reached in 1 steps (learning rates tried: 0.0005 to 0.002)\n", 1, true), report)
  remove(out.path)
  local whole = count("2").ledger
  for _, phase in ipairs { "distil", "distil/inner", "full batch" } do test.equal(json.ledger[phase], whole[phase]) end
end)

test("ledger.lua takes the images, the ledger and the held-out images of a run that has ended", function()
  local out <close> = program.folder()
  local run_folder = out.path .. "/run"
  run("distill.lua", "--iterations", "2", "--hold-out", "40", "--batch", "32", "--seed", "2", "--out", run_folder)
  run("ledger.lua", "--run", run_folder, "--steps", "20", "--out", out.path)
  local json, before = result(out.path .. "/result.json"), result(run_folder .. "/ledger.json")
  for phase, counts in pairs(before) do test.equal(json.ledger[phase], counts) end
  test.equal({ json.iterations, json.images, json.ledger["distilled images/inner"].values }, { 2, 80, 30 })
  -- Learning rates go up and down by factors of two until that helps no more; only the training at the best one counts.
  local reached = 0
  for name, rates in pairs(json.learning_rates) do
    local counts, images = json.ledger[name], tonumber(name:match "%d+$" or json.images)
    test.ok(#rates.tried >= 3 and rates.tried[1] < (rates.best or 1), name)
    for i = 2, #rates.tried do test.near(rates.tried[i] / rates.tried[i - 1], 2, 1e-12) end
    test.equal(rates.best ~= nil, counts ~= nil)
    if counts then
      reached = reached + 1
      test.ok(rates.best < rates.tried[#rates.tried] and counts.steps <= 20, name)
      test.equal({ counts.values, counts.angles }, { counts.steps * images, counts.values * 108 })
    end
  end
  test.ok(reached > 0 and json.learning_rates["mini-batches of 1"], "mini-batches down to one image")
  local set = ms.data.images(small)
  local _, held_out = set.train:hold_out(40, ms.random(2):split "hold out")
  local still = distill.load(run_folder .. "/images.npz", set)
  test.near(json.held_out_accuracy, still:evaluate(held_out).accuracy, 1e-9)
  test.near(json.test_accuracies["distilled images"], still:evaluate(set.test).accuracy, 1e-9)
end)

test("ledger.lua: a run that was killed keeps the trainings that have ended, and comes to the same result", function()
  local whole <close> = program.folder()
  local broken <close> = program.folder()
  local function words(out, ...)
    return { scripts .. "ledger.lua", "--data", small, "--iterations", "1", "--hold-out", "40", "--steps", "100", "--out",
      out.path, ... }
  end
  local told, told_code = program.run(words(whole))
  test.equal(told_code, 0)
  test.ok(told:find "^8 trainings at 3 learning rates or more; a step with tests 0%.%d+ s %(mini%-batches of 1%) to ", told)
  -- Killed when a training is kept and before the last one is.
  local trainings, quoted = broken.path .. "/trainings.json", {}
  for i, word in ipairs(words(broken)) do quoted[i] = "'" .. word .. "'" end
  local killed = os.execute(("'%s' %s >/dev/null 2>&1 & for i in $(seq 6000); do test -e '%s' && break; sleep 0.01; done; "
    .. "kill -9 $!; wait $! 2>/dev/null"):format(host.program, table.concat(quoted, " "), trainings))
  test.ok(not killed, "the run ended before it was killed")
  local kept = result(trainings).parts
  local output, code = program.run(words(broken))
  test.equal(code, 0)
  test.ok(output:find("goes on from " .. trainings .. ": %d+ parts are done\n"), output)
  for name, part in pairs(kept) do test.equal(result(trainings).parts[name], part) end
  local json, expected = result(broken.path .. "/result.json"), result(whole.path .. "/result.json")
  for _, name in ipairs { "ledger", "learning_rates", "test_accuracies", "report" } do
    test.equal(json[name], expected[name])
  end
  test.ok(read(broken.path .. "/report.md") == read(whole.path .. "/report.md"), "the same report")
  test.ok(next(json.report.pays_after) and json.seconds_before > 0, "some reach the target; the time before counts")
  -- Other settings are refused by their names, a damaged file by its own, unless the run starts anew.
  output, code = program.run(words(broken, "--seed", "2"))
  test.ok(code == 1 and output:find("trainings.json' is of a run with other settings (", 1, true)
    and output:find("; seed: 1 there, 2 here; ", 1, true), output)
  ms.io.write_text(trainings, "{")
  output, code = program.run(words(broken))
  test.ok(code == 1 and output:find("trainings.json' is damaged: start anew (--fresh)", 1, true), output)
  output, code = program.run(words(broken, "--fresh", "--steps", "1"))
  test.ok(code == 0 and not output:find("goes on from", 1, true), output)
end)

test("simulator.lua: the eigensolver reaches the ground energy", function()
  local out <close> = program.folder()
  local output, code = program.run { scripts .. "simulator.lua", "--seed", "2", "--out", out.path }
  test.equal(code, 0)
  local json = result(out.path .. "/result.json")
  test.near(json.exact_energy, -5.226251859505506, 1e-9)           -- 4 spins on a ring
  test.ok(json.energy >= json.exact_energy - 1e-9 and json.energy < json.exact_energy + 1e-3, json.energy)
  test.equal({ json.qubits, json.iterations, json.parameters, json.seed }, { 4, 100, 4, 2 })
  test.ok(json.seconds_per_iteration > 0 and json.peak_rss_mb > 1, "times and memory")
  test.ok(output:find("1000 shots: 00 %d+ times, 11 %d+ times\n<ZZ> = 1.000, <XX> = 1.000, <Z1> = 0.000\n"), output)
end)
