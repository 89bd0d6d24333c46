-- The run of a distillation: outer iterations with evaluations, metrics and checkpoints in between, and what happens to
-- it: Ctrl-C, numbers that are not finite, a checkpoint to go on from.
local ms = require "moonstill"
local check = require "moonstill.check"
local diagnose = require "distill.diagnose"
local estimate = require "distill.estimate"
local host = require "moonstill.host"
local lock = require "moonstill.folder_lock"
local metrics = require "plot.metrics"
local search = require "distill.search"
local store = require "distill.store"
local warm_start = require "distill.warm_start"

local fitting = {}

local least_rate = 1e-3   -- of the first one: who has backed off as far will not get on

-- Makes the folder this process's alone, without what a killed one has left.
local function take_folder(folder)
  local taken, process = lock.take(folder)
  if not taken then check.fail("still:fit", "process %s is at work in '%s'", process, folder) end
  lock.clean(folder)
  return taken
end

local function validate(still, o, parameters)
  local _ <close> = ms.ledger.phase "distil/validate"
  return still:evaluate(o.validation, { parameters = parameters, networks = 3 })
end

-- Judges by the held-out images, and goes back where these say so.
local function judge(still, o)
  local results = still.search:judge(still.parameters, still.iteration, function(p) return validate(still, o, p) end)
  still.run.summary = (", held out %.4f"):format(results.last.accuracy)
  still.parameters = still.search:recover(still.parameters, results)
  return results
end

local function print_estimate(still, o, batches)
  if o.quiet then return end
  local _ <close> = ms.ledger.pause()
  local text = estimate.text(still, o,
    function() still:outer_gradient(still.iteration + 1, batches:at(still.iteration + 1)) end,
    function() validate(still, o, still.parameters) end)
  if text then still.run:say(text) end
end

-- Ends the run at an iteration that cannot be taken; the state before it is the checkpoint.
local function stop(still, problem)
  still.run:keep(still)
  check.fail("still:fit", "iteration %d: %s; the state after iteration %d is kept", still.iteration + 1, problem,
    still.iteration)
end

-- Goes on from the best state after an iteration that cannot be taken, which counts.
local function back_off(still, problem)
  if still.search.rate * search.lower < least_rate then stop(still, problem .. ", after many lower learning rates") end
  still.parameters = still.search:back_off() or still:_start_parameters()
  still.iteration = still.iteration + 1
  local best = still.search.best
  still.run:say(("iteration %d: %s; back to %s, learning rates times %.3g"):format(still.iteration, problem,
    best and ("the state after iteration %d"):format(best.iteration) or "the first state", still.search.rate))
end

-- The outer gradient, where nearly all of the time goes. Ctrl-C there leaves a whole state, which is kept.
local function interruptible_gradient(still, x, y)
  local fine, loss, gradient = host.call(still.outer_gradient, still, still.iteration + 1, x, y)
  if fine then return loss, gradient end
  local problem, interrupted = loss, gradient
  if interrupted then
    still.run:keep_on_interrupt(still)
    host.interrupt()
  end
  error(problem, 0)
end

-- One outer iteration. Where the loss or gradient is not finite it changes nothing but ends the run or backs off.
local function iterate(still, o, x, y)
  local _ <close> = ms.ledger.phase "distil"
  still.parameters = still.search:begin(still.parameters)
  local loss, gradient = interruptible_gradient(still, x, y)
  local problem, moved, norm = check.not_finite(loss), nil, nil
  if problem then
    problem = ("the outer loss is %s (%s)"):format(problem, diagnose.loss(still))
  else
    moved, norm = still.search:step(still.parameters, gradient)
    if not moved then problem = ("the outer gradient is not finite (%s)"):format(diagnose.gradient(gradient)) end
  end
  if not problem then
    still.parameters, still.iteration = moved, still.iteration + 1
    ms.ledger.step()
    return { loss = loss, gradient_norm = norm }
  end
  if o.on_nan == "stop" then stop(still, problem) end
  back_off(still, problem)
  return {}
end

-- Writes the metrics' row and now and then the checkpoint.
local function note(still, o, row, results)
  row.rate = o.validation and still.search.rate or nil
  for kind, result in pairs(results) do
    row[kind .. "_loss"], row[kind .. "_accuracy"] = result.loss, result.accuracy
  end
  still.run:append(row)
  local evaluations = still.iteration // o.evaluate_every
  if evaluations % o.checkpoint_every == 0 or still.iteration == o.iterations then still.run:keep(still) end
end

-- Judges the images of a warm start as iteration 0, once: what a run calls its best images is never worse than these.
local function judge_start(still, o, book)
  if not (still.started_from and o.validation) or still.iteration > 0 or still.run.kept then return end
  local results = judge(still, o)
  still.run:say(("the images that it starts from: held out %.4f"):format(results.last.accuracy))
  still.counts = book:totable()
  note(still, o, { iteration = 0 }, results)
end

--- Takes outer iterations until there were as many as asked for.
--- @param still distill.Still
--- @param o table  options of Still:fit
function fitting.run(still, o)
  local batches = still.train:batches {
    batch = math.min(o.batch, #still.train), random = still.random:split "order", drop_last = true,
    dtype = still.dtype,
  }
  -- With the same settings a second call goes on where the first one ended.
  local settings = store.settings(still, o)
  if still.settings ~= settings then
    still.search, still.settings, still.counts = search.new(still.parameters, o), settings, warm_start.counts(still)
  end
  local _ <close> = o.folder and take_folder(o.folder) or nil
  still.run = store.open(still, o)
  local book <close> = ms.ledger.from(still.counts)
  print_estimate(still, o, batches)
  judge_start(still, o, book)
  local bar = ms.progress { total = o.iterations, label = "distil", done = still.iteration, quiet = o.quiet }
  local show = o.live and metrics.live(o.folder and metrics.read(o.folder)) or function() end
  while still.iteration < o.iterations do
    local clock = ms.timer()
    local row = iterate(still, o, batches:at(still.iteration + 1))
    still.run:add_seconds(clock:seconds())
    local assessed = still.iteration % o.evaluate_every == 0 or still.iteration == o.iterations
    local results = assessed and o.validation and judge(still, o) or {}
    still.counts = book:totable()
    bar:update(still.iteration, (row.loss and ("loss %.3f"):format(row.loss) or "no loss") .. still.run.summary)
    row.iteration = still.iteration
    if assessed then note(still, o, row, results) end
    show(row, still.iteration == o.iterations)
  end
  bar:finish()
  still.run:finish(still)
end

return fitting
