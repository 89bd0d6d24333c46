-- A run in its folder: checkpoint, metrics, and what it has come to. A checkpoint holds no clock times: equal runs give
-- equal bytes.
local ms = require "moonstill"
local check = require "moonstill.check"
local checkpoint = require "distill.checkpoint"
local host = require "moonstill.host"
local image_files = require "distill.image_files"
local machine = require "moonstill.machine"
local median = require "moonstill.median"
local metric_files = require "distill.metric_files"
local page = require "plot.page"
local record = require "distill.record"
local run_settings = require "moonstill.run_settings"

local store = {}

--- @class distill.Run
local Run = {}
Run.__index = Run

local function text_of(set) return ("%s, fingerprint %s"):format(set, set:fingerprint()) end

-- What the network gives for the first image: tells apart what no description does, such as the code of layers of
-- one's own and the numbers in a fixed matrix. Few digits, which another order of additions leaves as they are.
local function outputs_of(still)
  local _ <close> = ms.ledger.pause()
  local y = still.net((still.train:batch({ 1 }, { dtype = still.dtype })), still.w0)
  local texts = {}
  for i, value in ipairs(y:reshape({ -1 }):totable()) do texts[i] = ("%.4g"):format(value) end
  return table.concat(texts, " ")
end

--- Gives all that the numbers depend on, as JSON. Not how many iterations are asked for: a finished run may go on.
--- @param still distill.Still
--- @param o table  options of Still:fit
--- @return string
function store.settings(still, o)
  return ms.io.json {
    net = still.net:description(), initial_weights = ms.io.fingerprint(still.w0), outputs = outputs_of(still),
    images_per_class = still.images_per_class, steps = still.steps, passes = still.passes,
    init = still.init, networks = still.networks, step_size = still.step_size,
    later_step_size = still.later_step_size, sharpness = still.sharpness, start = still.start,
    started_from = still.started_from, seed = still.seed, dtype = still.dtype,
    data = text_of(still.train), batch = o.batch, lr = o.lr, schedule = o.schedule and tostring(o.schedule),
    betas = o.betas, step_size_lr = o.step_size_lr, clip = o.clip, averaging = o.averaging, cycle = o.cycle,
    backoff = o.backoff, restart = o.restart, evaluate_every = o.evaluate_every,
    validation = o.validation and text_of(o.validation),
  }
end

local function restore(run, still)
  local path, settings = run.checkpoint, run.settings
  local tensors, metadata = checkpoint.read(path)
  if not tensors then check.fail("still:fit", "%s: start anew (--fresh)", metadata) end
  if metadata.settings ~= settings then
    run_settings.refuse("still:fit", path, ms.io.parse_json(metadata.settings or "{}"), ms.io.parse_json(settings))
  end
  if metadata.script ~= machine.script_hash() then run:say(("'%s' is of another text of the script"):format(path)) end
  still.iteration = math.tointeger(metadata.iteration)
  still.parameters = tensors.parameters
  still.search:restore(tensors, metadata)
  still.counts = metadata.ledger and ms.io.parse_json(metadata.ledger) or {}
  run.kept = metadata.iteration
  return math.tointeger(metadata.metrics_rows)
end

--- Opens the run's folder, and goes on from its checkpoint where there is one.
--- @return distill.Run
function store.open(still, o)
  local run = setmetatable({
    folder = o.folder, quiet = o.quiet, settings = still.settings, summary = "", rows = 0,
    clock = ms.timer(), earlier = 0, seconds = {},
  }, Run)
  if not o.folder then return run end
  run.checkpoint = o.folder .. "/checkpoint.safetensors"
  if not o.fresh and ms.io.exists(run.checkpoint) then
    run.rows = restore(run, still)
    run:say(("goes on from %s, iteration %d"):format(run.checkpoint, still.iteration))
  end
  local kept
  run.metrics, kept = metric_files.open(o.folder, run.rows, function(text) run:say(text) end)
  run.rows = #kept
  if run.rows > 0 then run.earlier, run.earlier_median = kept[run.rows].elapsed or 0, kept[run.rows].seconds end
  ms.io.write_text(o.folder .. "/settings.json", run.settings .. "\n")
  return run
end

--- Notes how long an iteration took.
function Run:add_seconds(seconds) self.seconds[#self.seconds + 1] = seconds end

--- Gives the median of the iterations' seconds, evaluation and saving left out.
--- @return number?
function Run:median()
  return median(self.seconds) or self.earlier_median
end

--- Tells the user something, unless the run is quiet.
function Run:say(text)
  if not self.quiet then io.stderr:write(text, "\n") end
end

-- Writes files. Where the disk is full, say, the old checkpoint stays, and the error says so.
local function write(run, f)
  local fine, problem, interrupted = host.call(f)
  if fine then return end
  if interrupted then return host.interrupt() end
  error(("%s; %s"):format(problem, run.kept and ("the checkpoint of iteration %s stays"):format(run.kept)
    or "there is no checkpoint yet"), 0)
end

-- Writes what the run has come to: its best images, as their files hold them, its ledger and its curves.
local function write_outcome(run, still)
  local best = still:best()
  local chosen = best and best.parameters or still.parameters
  image_files.save(still, run.folder,
    { images = record.rounded(chosen.images), raw_step_sizes = chosen.raw_step_sizes })
  ms.io.write_text(run.folder .. "/ledger.json", ms.io.json(still.counts) .. "\n")
  record.draw_curves(run.folder)
end

--- Writes the checkpoint: all that the next iteration depends on; random streams follow from seed and iteration. Beside
--- it, what the run has come to.
function Run:keep(still)
  if not self.folder then return end
  local tensors, metadata = still.search:state()
  tensors.parameters = still.parameters
  metadata.iteration, metadata.settings, metadata.metrics_rows = still.iteration, self.settings, self.rows
  metadata.fingerprint = checkpoint.fingerprint(tensors)
  metadata.script, metadata.ledger = machine.script_hash(), ms.io.json(still.counts)
  write(self, function() ms.io.save(self.checkpoint, tensors, { metadata = metadata }) end)
  self.kept = still.iteration
  write(self, function() write_outcome(self, still) end)
end

--- Writes the checkpoint when the user stops the run, and says how to go on.
function Run:keep_on_interrupt(still)
  if not self.folder then return end
  self:keep(still)
  write(self, function() page.write(self.folder) end)
  self:say(("\nthe state after iteration %d is in %s: the same command goes on from there"):format(still.iteration,
    self.checkpoint))
end

--- Appends a row of metrics.
function Run:append(row)
  if not self.folder then return end
  row.elapsed, row.seconds = self.earlier + self.clock:seconds(), self:median()
  write(self, function() metric_files.append(self.metrics, row) end)
  self.rows = self.rows + 1
end

--- Writes what the run has come to, and its page.
function Run:finish(still)
  if not self.folder then return end
  write(self, function()
    write_outcome(self, still)
    page.write(self.folder)
  end)
end

return store
