#!/usr/bin/env moonstill
-- The table of arXiv 2503.17935 and more rows beside it: runs any row or all, goes on where it was stopped, and writes
-- results.json and table.md from the runs that lie in --out. Each row and seed has a folder of its own there, so that
-- several of these processes may work side by side. Results in a results.json there whose folders are gone stay.
local ms, distill, experiment = require "moonstill", require "distill", require "experiment"
local lock, report = require "moonstill.folder_lock", require "experiment.report"
local page, qnn, train = require "plot.page", require "qnn", require "train"
local checkpoint, trial = require "distill.checkpoint", require "distill.trial"

-- The outer loop, which is free.
local outer = {
  batch = 256, lr = 0.03, step_size_lr = 1, clip = 0.2, averaging = 0.95, backoff = 0.9, restart = 1,
  evaluate_every = 50, sharpness = 6,
}

local close = "within 0.3 of trainable"

-- The inner loops: the paper's where it has them. `steps` lists of ten images, three passes. By model, in %: accuracies
-- of the paper, those that must be reached, and those to aim at.
local tasks = {
  { name = "mnist-10", data = "mnist", init = "known", steps = 1, iterations = 20000,
    paper = { quantum = 91.9, fixed_hermitians = "up to 1.8 lower", classical = 93.76 },
    must = { quantum = 92, fixed_hermitians = close, classical = 93.8 },
    target = { quantum = 95, fixed_hermitians = "no difference", classical = 96.5 },
    seeds = { quantum = 3, fixed_hermitians = 3 } },
  { name = "cifar10-100", data = "cifar10", init = "known", steps = 10, step_size = 0.02, iterations = 15000,
    cycle = 5000, start = "real", batch = 512, lr = 0.02, restart = 0.05, sharpness = 3,
    paper = { quantum = 50.3, fixed_hermitians = "up to 1.3 lower", classical = 54 },
    must = { quantum = 51, fixed_hermitians = close, classical = 52 },
    target = { quantum = 55, fixed_hermitians = "no difference", classical = 56 },
    seeds = { quantum = 3, fixed_hermitians = 3, warm_quantum = 3, warm_fixed_hermitians = 3 },
    iterations_of = { warm_quantum = 5000, warm_fixed_hermitians = 5000, classical = 10000, frozen_angles = 10000 },
    models = { "quantum", "fixed_hermitians", "warm_quantum", "warm_fixed_hermitians", "classical", "frozen_angles" } },
  { name = "mnist-100", data = "mnist", init = "known", steps = 10, step_size = 0.02, iterations = 1500,
    start = "real", lr = 0.01 },
  { name = "cifar10-10", data = "cifar10", init = "known", steps = 1, start = "real", iterations = 4000 },
  { name = "mnist-unknown-100", data = "mnist", init = "unknown", steps = 10, step_size = 0.02, iterations = 1500,
    start = "real", lr = 0.01, models = { "quantum", "classical" } },
  { name = "cifar10-unknown-100", data = "cifar10", init = "unknown", steps = 10, step_size = 0.02, iterations = 400,
    start = "real", lr = 0.01, models = { "quantum", "classical" } },
  { name = "mnist-full", data = "mnist", epochs = 5, batch = 128, lr = 2e-3 },
  { name = "cifar10-full", data = "cifar10", epochs = 20, batch = 128, lr = 2e-3 },
}

local models = {
  quantum = { model = "quantum" },
  fixed_hermitians = { model = "quantum", observable = "fixed" },
  -- One cycle more from the images that were distilled with trainable Hermitians: with these, and with fixed ones.
  warm_quantum = { model = "quantum", warm_start = "quantum", network = "quantum" },
  warm_fixed_hermitians = {
    model = "quantum", observable = "fixed", warm_start = "quantum", network = "fixed_hermitians",
  },
  frozen_angles = { model = "quantum", angles = "fixed" },   -- as in the authors' code
  classical = { model = "classical" },
}
local all_models = { "quantum", "fixed_hermitians", "classical", "frozen_angles" }

local function name_of(task, model) return ("%s-%s"):format(task.name, (model:gsub("_", "-"))) end

local function make_row(task, model)
  local network, start = models[model].network, models[model].warm_start
  local function of_model(field) return task[field] and (task[field][model] or task[field][network]) end
  return {
    name = name_of(task, model), task = task, model = model,
    network = network,                              -- of full training, if not the model's own name
    start = start and name_of(task, start),         -- the row whose images this one starts from
    seeds = of_model "seeds" or 1, paper = of_model "paper", must = of_model "must", target = of_model "target",
  }
end

local function make_rows()
  local rows = {}
  for _, task in ipairs(tasks) do
    for _, model in ipairs(task.models or all_models) do rows[#rows + 1] = make_row(task, model) end
  end
  return rows
end

local rows = make_rows()
local choices = { "all" }
for i, row in ipairs(rows) do choices[i + 1] = row.name end

local opt = ms.options {
  about = "Runs the rows of the paper's table.",
  { "row", default = "all", choices = choices, help = "which to run" },
  { "seed", default = 0, least = 0, help = "one seed only; 0: all that the row has" },
  { "data_folder", default = "data", help = "has the folders mnist (four IDX files) and cifar10 (binary batches)" },
  { "iterations", default = 0, least = 0, help = "outer iterations; 0: the row's. Full training has none" },
  { "threads", default = 0, least = 0, most = ms.most_threads, help = "0: as many as the process may use" },
  { "out", default = "runs/paper", help = "folder for runs and the table" },
  { "on_nan", default = "backoff", choices = { "stop", "backoff" },
    help = "after numbers that are not finite: stop, or back to the best state with a lower lr" },
  { "fresh", default = false, help = "starts anew where there is a checkpoint or a result" },
  { "baselines", default = false, help = "tests only what ended runs are compared with, again" },
  { "list", default = false, help = "prints the rows and how far they are, and runs none" },
}
if opt.threads > 0 then ms.set_threads(opt.threads) end

local function folder_named(name, seed) return ("%s/%s-seed-%d"):format(opt.out, name, seed) end
local function folder_of(row, seed) return folder_named(row.name, seed) end
local function start_folder_of(row, seed) return row.start and folder_named(row.start, seed) end

-- None for full training.
local function iterations_of(row)
  local special = row.task.iterations_of
  local own = special and special[row.model] or row.task.iterations
  return own and (opt.iterations > 0 and opt.iterations or own)
end

-- "not run", "at iteration 300", "a damaged checkpoint"
local function progress_of(tensors, state)
  if not state then return "not run" end
  return tensors and state.iteration and "at iteration " .. state.iteration or "a damaged checkpoint"
end

local result_of = report.finder(opt.out, folder_named)

-- "done: 20000 iterations, 96.68 %", or how far it is; and whether there is nothing left to do.
local function state_of(row, seed)
  local folder = folder_of(row, seed)
  local path, wanted, tensors, state = folder .. "/checkpoint.safetensors", iterations_of(row), nil, nil
  if ms.io.exists(path) then tensors, state = checkpoint.read(path) end
  local text, result, kept = progress_of(tensors, state), result_of(row.name, seed)
  if kept and state then result = nil end   -- begun again
  local done = result and (not wanted or result.iterations >= wanted)
  if result then
    local iterations = done and "done: " .. result.iterations or ("%d of %d"):format(result.iterations, wanted)
    text = ("%s iterations, %.2f %%%s%s"):format(iterations, 100 * result.test_accuracy,
      state and not tensors and "; its checkpoint is damaged" or "", kept and " (from results.json)" or "")
  end
  local holder = lock.holder(folder)
  if holder then text = ("%s, process %s is at it"):format(text, holder) end
  return text, done
end

local function data_of(name) return ms.data.images(("%s/%s"):format(opt.data_folder, name)) end

-- The outer loop of a row: its task's settings where it has them.
local function outer_of(row)
  if row.task.epochs then return { epochs = row.task.epochs, batch = row.task.batch, lr = row.task.lr } end
  local settings = {}
  for name, value in pairs(outer) do settings[name] = row.task[name] or value end
  settings.cycle = row.task.cycle or row.task.iterations
  return settings
end

-- What is learned, by the row's inner loop.
local function inner_of(row, seed)
  local task, folder = row.task, start_folder_of(row, seed)
  return {
    steps = task.steps, init = task.init, start = folder and folder .. "/images.npz" or task.start,
    step_size = task.step_size, sharpness = task.sharpness or outer.sharpness,
  }
end

-- Options of distill.trial.
local function trial_of(row, seed)
  local model, fit = models[row.model], outer_of(row)
  fit.iterations, fit.fresh, fit.on_nan, fit.sharpness = iterations_of(row), opt.fresh, opt.on_nan, nil
  return {
    set = data_of(row.task.data), model = model.model, observable = model.observable, angles = model.angles,
    seed = seed, fit = fit, still = inner_of(row, seed),
  }
end

-- What tells how much of a row is the quantum part's, as fields of a result: the same images with the Hermitians fixed
-- instead of trainable, or trainable instead of fixed; and the network that they train with its circuit silenced.
local function ablations(row, folder, set)
  local model = models[row.model]
  if model.model ~= "quantum" then return {} end
  local images, other = folder .. "/images.npz", model.observable == "fixed" and "trainable" or "fixed"
  local swapped = distill.load(images, set, { observable = other }):evaluate(set.test)
  print(("the same images with Hermitians %s: %s"):format(other, swapped))
  local still = distill.load(images, set)
  local function silence(w) return qnn.lenet.without_circuit(still.net, w) end
  local silent = still:evaluate(set.test, { change = silence })
  print(("without the circuit: %s"):format(silent))
  return { test_accuracy_swapped = swapped.accuracy, test_accuracy_without_circuit = silent.accuracy }
end

local function distilled(row, seed, folder)
  local o = trial_of(row, seed)
  o.folder = folder
  local result = distill.trial(o)
  for name, value in pairs(ablations(row, folder, o.set)) do result[name] = value end
  return result
end

-- Trains on all images but those that are held out of distillation.
local function trained(row, seed)
  local task, model = row.task, models[row.model]
  local set = data_of(task.data)
  local net = trial.network { set = set, model = model.model, observable = model.observable, angles = model.angles }
  local real = trial.split(set, 5000, seed)
  local steps = task.epochs * (#real // task.batch)
  print(real, net)
  local w, history = train.fit {
    net = net, train = real, epochs = task.epochs, batch = task.batch, seed = seed,
    optimizer = ms.optim.adam { lr = ms.optim.cosine { lr = task.lr, steps = steps, floor = 0.02, warmup = 20 } },
  }
  local test = train.evaluate(net, w, set.test)
  print(("all images: accuracy %.4f, loss %.4f"):format(test.accuracy, test.loss))
  return {
    dataset = set.train:name(), model = net.name, observable = model.observable, angles = model.angles,
    parameters = net:count(true), images = #real, inner_updates = steps, iterations = steps, epochs = task.epochs,
    test_accuracy = test.accuracy, test_loss = test.loss,
    seconds_per_iteration = history[#history].seconds_per_step,
  }
end

local function write_table() report.write(opt.out, rows, folder_named) end

-- What a run that has ended is compared with; its distilled images stay.
local function compare_again(row, seed, folder)
  local result = report.result(folder)
  local o = trial_of(row, seed)
  for _, fields in ipairs { trial.baselines(o), ablations(row, folder, o.set) } do
    for name, value in pairs(fields) do result[name] = value end
  end
  ms.io.write_text(folder .. "/result.json", ms.io.json(result, { indent = 2 }) .. "\n")
  page.write(folder)
  write_table()
end

local function run(row, seed)
  local folder = folder_of(row, seed)
  print(("\n%s, seed %d"):format(row.name, seed))
  if opt.iterations > 0 and row.task.epochs then
    error(("--iterations: expected a row that is distilled, this one trains for %d epochs"):format(row.task.epochs), 0)
  end
  local taken <close>, process = lock.take(folder)
  if not taken then return print(("process %s is at it"):format(process)) end
  if opt.baselines then return compare_again(row, seed, folder) end
  local start = start_folder_of(row, seed)
  if start and (lock.holder(start) or not report.result(start)) then
    error(("starts from the images in %s, where no run has ended: run that row first"):format(start), 0)
  end
  local clock = ms.timer()
  local result = row.task.epochs and trained(row, seed) or distilled(row, seed, folder)
  result.row, result.seconds = row.name, (result.seconds_before or 0) + clock:seconds()
  result.note = row.task.data == "cifar10" and report.cifar_note or nil
  local settings = { out = folder, json = "", seed = seed, iterations = iterations_of(row) }
  if not row.task.epochs then settings.on_nan = opt.on_nan end
  for _, more in ipairs { outer_of(row), not row.task.epochs and inner_of(row, seed) or nil } do
    for name, value in pairs(more) do settings[name] = value end
  end
  experiment.finish(settings, result)
  write_table()
end

-- What ends one row, such as a damaged checkpoint, leaves the others to be run.
local failures = 0
local function attempt(row, seed)
  local fine, problem = pcall(run, row, seed)
  if fine then return end
  failures = failures + 1
  io.stderr:write(("%s, seed %d: %s\n"):format(row.name, seed, problem))
end

local function is_asked(row, seed)
  if opt.row ~= "all" and opt.row ~= row.name or opt.seed ~= 0 and opt.seed ~= seed then return false end
  return not opt.baselines or row.task.iterations ~= nil and report.result(folder_of(row, seed)) ~= nil
end

lock.clean(opt.out)
for _, row in ipairs(rows) do
  for seed = 1, math.max(row.seeds, opt.row == row.name and opt.seed or 0) do
    local asked, state, done = is_asked(row, seed), state_of(row, seed)
    if opt.fresh or opt.baselines then done = false end
    if opt.list then
      print(("%-36s seed %d  %s"):format(row.name, seed, state))
    elseif asked and (done or lock.holder(folder_of(row, seed))) then
      print(("%s, seed %d: %s"):format(row.name, seed, state))
    elseif asked then
      attempt(row, seed)
    end
  end
end
if not opt.list then
  write_table()
  print(("\n%s/table.md, %s/results.json"):format(opt.out, opt.out))
end
if failures > 0 then error(failures == 1 and "a run failed" or ("%d runs failed"):format(failures), 0) end
