-- Images and step sizes that were distilled before, as the start of a still.
local ms = require "moonstill"
local check = require "moonstill.check"
local image_files = require "distill.image_files"
local run_settings = require "moonstill.run_settings"

local warm_start = {}

-- Says where images were distilled for something else: another network, data set, initialisation or seed.
local function note_differences(still, about)
  local here = image_files.about(still)
  local both_known = about.init == "known" and here.init == "known"
  local function purpose(of)
    local values = { dataset = of.dataset, init = of.init, seed = both_known and of.seed or nil }
    for name, value in pairs(about.network and here.network and of.network or {}) do values[name] = value end
    return values
  end
  local text = run_settings.differences(purpose(about), purpose(here))
  if text ~= "" then
    io.stderr:write(("note: the images in '%s' are distilled for something else: %s\n"):format(still.start, text))
  end
end

--- Gives the parameters that a still's start names, as long as images are as many and of the same shape and updates as
--- many.
--- @param still distill.Still
--- @return table
function warm_start.parameters(still)
  local saved, about = image_files.load(still.start)
  local function text(shape, steps, passes)
    return ("%d lists of %s, %d passes"):format(steps, table.concat(shape, " x "), passes)
  end
  local shape = still.train:shape()
  table.insert(shape, 1, #still.image_classes)
  local expected = text(shape, still.steps, still.passes)
  local got = text(saved.images[1]:shape(), about.steps, about.passes)
  if got ~= expected then
    check.fail("distill.unrolled", "argument 'start': expected %s, got %s in '%s'", expected, got, still.start)
  end
  note_differences(still, about)
  local function cast(t) return ms.tensor(t, { dtype = still.dtype }) end
  local images = {}
  for s, list in ipairs(saved.images) do images[s] = cast(list) end
  return { images = images, raw_step_sizes = cast(saved.raw_step_sizes) }
end

--- Gives what distilling the images took, where their run's ledger.json lies beside them: as a phase of this
--- distillation, distil/start.
--- @param still distill.Still
--- @return table counts  for ms.ledger.from; {} where it is not at hand
function warm_start.counts(still)
  local path, counts = still.start:gsub("[^/]*$", "ledger.json"), {}
  if not (still.started_from and ms.io.exists(path)) then return counts end
  for phase, row in pairs(ms.io.parse_json(ms.io.read_text(path))) do
    local inner = phase:match "^distil(.*)$"
    if inner == "" or inner and inner:sub(1, 1) == "/" then counts["distil/start" .. inner] = row end
  end
  return counts
end

return warm_start
