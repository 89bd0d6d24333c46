-- A distillation's files: checkpoint, metrics, images. A checkpoint holds no clock times: equal runs give equal bytes.
local ms = require "moonstill"
local check = require "moonstill.check"

local store = {}

--- @class distill.Run
local Run = {}
Run.__index = Run

local columns = {
  "iteration", "loss", "gradient_norm", "rate", "last_loss", "last_accuracy", "averaged_loss", "averaged_accuracy",
  "seconds",
}

-- All that the numbers depend on. Not how many iterations are asked for: a finished run may go on.
local function settings_text(still, o)
  local settings = {
    net = tostring(still.net), images_per_class = still.images_per_class, steps = still.steps, passes = still.passes,
    init = still.init, networks = still.networks, step_size = still.step_size,
    later_step_size = still.later_step_size, start = still.start, seed = still.seed, dtype = still.dtype,
    data = tostring(still.train), batch = o.batch, lr = o.lr,
    schedule = tostring(o.schedule),
    betas = o.betas, step_size_lr = o.step_size_lr, clip = o.clip, averaging = o.averaging, cycle = o.cycle,
    backoff = o.backoff, evaluate_every = o.evaluate_every, validation = o.validation and tostring(o.validation),
  }
  return ms.io.json(settings)
end

-- Tensors named "parameters.images[1]" back into { images, raw_step_sizes }, or nil.
local function rebuild(loaded, prefix, like)
  if not loaded[prefix .. ".raw_step_sizes"] then return nil end
  local images = {}
  for s = 1, #like.images do images[s] = loaded[("%s.images[%d]"):format(prefix, s)] end
  return { images = images, raw_step_sizes = loaded[prefix .. ".raw_step_sizes"] }
end

local function rebuild_moments(loaded, names)
  local moments = {}
  for name in pairs(names) do
    local list = {}
    while loaded[("moments.%s[%d]"):format(name, #list + 1)] do
      list[#list + 1] = loaded[("moments.%s[%d]"):format(name, #list + 1)]
    end
    moments[name] = list
  end
  return moments
end

local function restore(still, path, settings)
  local loaded, metadata = ms.io.load(path)
  if metadata.settings ~= settings then
    check.fail("still:fit", "'%s' is of a run with other settings: take another folder, or start anew with fresh"
      .. " (--no-resume)\n  there: %s\n  here:  %s", path, metadata.settings or "none", settings)
  end
  still.iteration = math.tointeger(metadata.iteration)
  still.parameters = rebuild(loaded, "parameters", still.parameters)
  still.search:restore({
    averaged = rebuild(loaded, "averaged", still.parameters), best = rebuild(loaded, "best", still.parameters),
    moments = rebuild_moments(loaded, still.search.optimizers),
  }, metadata)
  return math.tointeger(metadata.metrics_rows)
end

-- The median of the iterations' seconds, as the run that goes on had it in its last row.
local function last_seconds(metrics)
  return ms.io.exists(metrics) and tonumber(ms.io.read_text(metrics):match "([^,\n]*)\n*$") or nil
end

--- Opens the run's folder, and goes on from its checkpoint where there is one.
--- @return distill.Run
function store.open(still, o)
  local run = setmetatable({ folder = o.folder, summary = "", seconds = {}, rows = 0 }, Run)
  if not o.folder then return run end
  run.checkpoint = o.folder .. "/checkpoint.safetensors"
  run.settings = settings_text(still, o)
  if not o.fresh and ms.io.exists(run.checkpoint) then
    run.rows = restore(still, run.checkpoint, run.settings)
    run.earlier_median = last_seconds(o.folder .. "/metrics.csv")
    if not o.quiet then io.stderr:write(("goes on from %s, iteration %d\n"):format(run.checkpoint, still.iteration)) end
  end
  run.metrics = ms.io.csv(o.folder .. "/metrics.csv", columns, { keep = run.rows })
  return run
end

--- Notes how long an iteration took.
function Run:add_seconds(seconds) self.seconds[#self.seconds + 1] = seconds end

--- Gives the median of the iterations' seconds, evaluation and saving left out.
--- @return number?
function Run:median()
  if #self.seconds == 0 then return self.earlier_median end
  local sorted = table.move(self.seconds, 1, #self.seconds, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2]
end

--- Writes the checkpoint.
function Run:keep(still)
  if not self.folder then return end
  local tensors, metadata = still.search:state()
  tensors.parameters = still.parameters
  metadata.iteration, metadata.settings, metadata.metrics_rows = still.iteration, self.settings, self.rows
  ms.io.save(self.checkpoint, tensors, { metadata = metadata })
end

--- Appends a row of metrics.
function Run:append(row)
  if not self.folder then return end
  row.seconds = self:median()
  self.metrics:append(row)
  self.rows = self.rows + 1
end

--- Writes images.npz (images, labels from 0, step sizes, mean and deviation of the pixels) and images.png.
function store.save_images(still, folder)
  local images = ms.concat(still.parameters.images)
  local labels = {}
  for _ = 1, still.steps do
    for _, class in ipairs(still.image_classes) do labels[#labels + 1] = class - 1 end
  end
  ms.io.save(folder .. "/images.npz", {
    images = images, labels = ms.tensor(labels, { dtype = "i32" }),
    step_sizes = still.parameters.raw_step_sizes:softplus(),
    mean = ms.tensor(still.train:mean()), deviation = ms.tensor(still.train:deviation()),
  })
  ms.io.write_png(folder .. "/images.png", images, { columns = still.classes * still.images_per_class, magnify = 4 })
end

return store
