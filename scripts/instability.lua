#!/usr/bin/env moonstill
-- Why distillation is unstable: how far the outer loss strays from what its gradient promises, which switches of the
-- network make it jump, and what else could be blamed but is not; of each file of images, as tables, a figure, JSON.
local ms, distill, experiment, plot = require "moonstill", require "distill", require "experiment", require "plot"
local image_files, instability = require "distill.image_files", require "distill.instability"
local markdown = require "experiment.markdown"

local opt = experiment.options {
  about = "Measures why the outer loss of distilled images (images.npz of a run) is unstable; of several files, each.",
  defaults = { threads = 1 },
  { "images", required = true, positional = true, many = true, help = "images.npz" },
  { "data_folder", default = "data", help = "has the folders that the images are from, such as mnist and cifar10; "
    .. "--data instead names one for all" },
  { "to", default = 0.01, help = "how far each pixel moves, in deviations of all pixels: the paper's learning rate" },
  { "parts", default = 100, least = 1, help = "into which that is cut" },
  { "batch", default = 256, least = 1, help = "real images in the outer loss" },
  { "batches", default = 20, least = 1, help = "how many other batches the same step is tried on" },
  { "largest", default = 10, least = 1, help = "how many of the jumps are measured with other step sizes" },
  { "sharpness", default = 6.0, help = "of the smooth network that is drawn beside the first file's" },
  { "drawn", default = 3, least = 1, help = "how many files, from the first on, the figure shows" },
  { "report", default = "", help = "a Markdown file: its tables are written anew, and figure and JSON lie beside it" },
}
local report = opt.report ~= "" and opt.report or opt.out ~= "" and opt.out .. "/instability.md" or nil
local beside = report and report:gsub("%.md$", "")
if opt.report ~= "" and opt.json == "" then opt.json = beside .. ".json" end

local sets = {}

-- The data set that images are from.
local function set_of(name)
  if not sets[name] then
    local own = name == "digits" and name or ("%s/%s"):format(opt.data_folder, name)
    sets[name] = experiment.images { data = experiment.given "data" or own }
  end
  return sets[name]
end

local data_names = { mnist = "MNIST", cifar10 = "CIFAR-10" }

-- "MNIST, quantum LeNet, fixed Hermitians"
local function label_of(about, net)
  local words = { data_names[about.dataset] or about.dataset, net.name }
  if about.network.model == "quantum" then words[3] = about.network.observable .. " Hermitians" end
  if about.sharpness == 0 then words[#words + 1] = "without the remedy" end
  return table.concat(words, ", ")
end

-- The same step for other batches.
local function steps_of(still, batches)
  local steps = { promised = {}, change = {}, rises = 0 }
  for i = 1, opt.batches do
    local x, y = batches:at(i + 1)
    steps.promised[i], steps.change[i] = instability.step(still, x, y, opt.to)
    if steps.change[i] > 0 then steps.rises = steps.rises + 1 end
  end
  return steps
end

-- One file's row and curves.
local function study(path, drawn)
  local clock = ms.timer()
  local _, about = image_files.load(path)
  local set = set_of(about.dataset)
  local still = distill.load(path, set)
  local batches = set.train:batches { batch = opt.batch, seed = opt.seed, dtype = "f64" }
  local x, y = batches:at(1)
  -- Where there are more lists of images, and so more updates, all takes longer, and fewer jumps will do.
  local row, curves = instability.measure(still, x, y, {
    to = opt.to, near = opt.to / still.steps, parts = opt.parts, largest = opt.largest,
    sharpness = drawn and opt.sharpness or nil,
  })
  row.steps = steps_of(still, batches)
  row.images, row.label = path:match "([^/]+)%.npz$" or path, label_of(about, still.net)
  row.test_accuracy, row.seconds = still:evaluate(set.test).accuracy, clock:seconds()
  return row, curves
end

local function percent(share) return ("%.1f %%"):format(100 * share) end
local function signed(x) return ("%+.2g"):format(x) end
local function short(x) return ("%.2g"):format(x) end
local function whole(x) return ("%.0f"):format(x) end

local function line_cells(row)
  return { row.label, percent(row.test_accuracy), signed(row.promised), signed(row.bends), signed(row.curved),
    signed(row.jumps), signed(row.change), signed(experiment.median(row.steps.promised)),
    signed(experiment.median(row.steps.change)), ("%d of %d"):format(row.steps.rises, opt.batches), row.images }
end

local function first_update_cells(row, kinds)
  local all, way = row.first_update, row.near / 0.001
  local cells = { row.label, short(row.step_sizes[1]), whole(all.count / way), short(all.sum / way),
    short(-row.promised * 0.001 / row.to), short(all.largest), short(row.scaled[2].largest) }
  for _, kind in ipairs(kinds) do
    local of_kind = row.kinds[kind]
    cells[#cells + 1] = of_kind and ("%.0f %% of %.0f"):format(100 * of_kind.sum / all.sum, of_kind.count) or ""
  end
  return cells
end

-- By how much the norm of any Hermitian changes in the inner loop, as a share of it.
local function hermitian_change(norms)
  local most = 0
  for i, before in ipairs(norms.before) do most = math.max(most, math.abs(norms.after[i] / before - 1)) end
  return most
end

local function suspect_cells(row)
  local s, later = row.suspects, 0
  for t = 2, #s.growth do later = math.max(later, s.growth[t].largest) end
  local embedded = s.embedded.real_before and ("%.1f, %.1f to %.1f"):format(s.embedded.real_before.least,
    s.embedded.real_before.mean, s.embedded.real_after.mean) or ""
  return { row.label, ("%.3f to %.3f"):format(s.gradient_spectrum[1], s.gradient_spectrum[#s.gradient_spectrum]),
    short(s.curvature[1]), whole(s.growth[1].largest), short(s.growth[1].mean), short(later),
    s.hermitians.before and percent(hermitian_change(s.hermitians)) or "", embedded }
end

-- "relu of conv2d" in words for those who do not know the network.
local function words_of(kind)
  return (kind:gsub("^max_pool.*", "pooling"):gsub("conv2d", "a convolution"):gsub("linear", "a dense layer"))
end

-- All kinds of switches, those with most of the jumps first.
local function kinds_of(rows)
  local sums, kinds = {}, {}
  for _, row in ipairs(rows) do
    for kind, of_kind in pairs(row.kinds) do
      if not sums[kind] then kinds[#kinds + 1], sums[kind] = kind, 0 end
      sums[kind] = sums[kind] + of_kind.sum / row.first_update.sum
    end
  end
  table.sort(kinds, function(a, b) return sums[a] > sums[b] end)
  return kinds
end

local function tables_of(rows)
  local kinds = kinds_of(rows)
  local function cells(of)
    local list = {}
    for i, row in ipairs(rows) do list[i] = of(row, kinds) end
    return list
  end
  local columns = { "images", "first step size", "switches per 0.001", "their jumps' sizes, added", "promised there",
    "largest jump", "largest, all step sizes a tenth" }
  for _, kind in ipairs(kinds) do columns[#columns + 1] = words_of(kind) end
  return table.concat({
    ("Each pixel moves by %g against the sign of its gradient, and the outer loss changes by:\n"):format(opt.to),
    markdown.table({ "images", "test accuracy", "promised", "slopes that change", "(curvature at the start)", "jumps",
      "seen", "other batches: promised", "seen", "it rises on", "file" }, cells(line_cells)),
    "\nJumps of the first inner update, and which part of their sizes is made by how many switches of each kind:\n",
    markdown.table(columns, cells(first_update_cells)),
    "\nThe other suspects:\n",
    markdown.table({ "images", "singular values of the outer gradient, the 10 largest", "largest outer curvature",
      "first inner update stretches one direction", "a random one", "later updates at most",
      "Hermitians' norms change by at most", "norm of the embedded vector, real images: least, mean before and after" },
      cells(suspect_cells)),
  }, "\n")
end

-- A curve through points { x, y }.
local function curve(name, points, colour, style)
  local series = { name = name, x = {}, y = {}, colour = colour, style = style }
  for i, point in ipairs(points) do series.x[i], series.y[i] = point[1], point[2] end
  return series
end

-- Colours of the figure, each for one thing.
local measured, promised, rounded, of_kinds = 1, 7, 3, { 2, 4, 5, 6 }

local function in_words(change)
  return ("%s of %s"):format(change < 0 and "a fall" or "a rise", short(math.abs(change)))
end

local moved = "how far each pixel has moved, in standard deviations of the pixels"

local function loss_panel(row, curves)
  local seen = table.move(curves.loss, 1, #curves.loss, 1, {})
  for _, switch in ipairs(row.near == row.to and curves.switches or {}) do
    seen[#seen + 1] = { switch.before, switch.loss_before }
    seen[#seen + 1] = { switch.after, switch.loss_after }
  end
  table.sort(seen, function(a, b) return a[1] < b[1] end)
  local series = {
    curve("measured", seen, measured),
    curve("promised by the gradient", { { 0, row.loss }, { row.to, row.loss + row.promised } }, promised, "dashed"),
  }
  if curves.smooth then
    series[3] = curve("with relu and pooling rounded", curves.smooth, rounded, "dotted")
  end
  return plot.line {
    title = ("%s promised, %s seen: %s"):format(in_words(row.promised):gsub("^a", "A"), in_words(row.change),
      (row.label:gsub(", trainable Hermitians", ""))),
    x_label = moved, y_label = "outer loss, nats", x_range = { 0, row.to }, series = series,
  }
end

local least_drawn = 1e-5

-- Nil where nothing jumps.
local function jump_panel(row, curves)
  local kinds, series = kinds_of { row }, {}
  for i, kind in ipairs(kinds) do
    local points = {}
    for _, switch in ipairs(curves.switches) do
      local size = math.abs(switch.jump)
      if switch.kind == kind and size > least_drawn then points[#points + 1] = { switch.after, size } end
    end
    local colour = of_kinds[(i - 1) % #of_kinds + 1]
    if #points > 0 then series[#series + 1] = curve(words_of(kind), points, colour, "points") end
  end
  if #series == 0 then return nil end
  return plot.scatter {
    title = "Its jumps: each mark is one unit that switches in the first inner update",
    log_y = true, x_label = moved, y_label = "size of the jump, nats", x_range = { 0, row.near }, series = series,
  }
end

local function draw(file, rows, all_curves)
  local figures = {}
  for i = 1, math.min(opt.drawn, #rows) do
    figures[#figures + 1] = loss_panel(rows[i], all_curves[i])
    if i == 1 then figures[#figures + 1] = jump_panel(rows[i], all_curves[i]) end
  end
  ms.io.write_text(file, plot.panels(figures):page_svg { width = 720 })
end

-- Numbers with four digits, all that they are good for.
local function brief(value)
  if type(value) == "number" then return math.type(value) == "float" and tonumber(("%.4g"):format(value)) or value end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, each in pairs(value) do copy[key] = brief(each) end
  return copy
end

local rows, curves = {}, {}
for i, path in ipairs(opt.images) do
  rows[i], curves[i] = study(path, i == 1)
  print(("%s: promised %s, seen %s; %d switches in the first inner update (%.0f s)"):format(rows[i].label,
    signed(rows[i].promised), signed(rows[i].change), rows[i].first_update.count, rows[i].seconds))
end
local tables = tables_of(rows)
print("\n" .. tables .. "\n")
if report then
  draw(beside .. ".svg", rows, curves)
  markdown.put(report, "measured", tables)
end
experiment.finish(opt, { rows = brief(rows) })
