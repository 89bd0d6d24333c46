#!/usr/bin/env moonstill
-- Why distillation is unstable: how the outer loss jumps along the line on which its gradient says that it falls, which
-- switches of the network make it jump, and what else could be blamed but is not.
local ms, distill, experiment, plot = require "moonstill", require "distill", require "experiment", require "plot"
local line_of, suspects, switches = require("distill.line").new, require "distill.suspects", require "distill.switches"

local opt = experiment.options {
  about = "Measures why the outer loss of distilled images (images.npz of a run) is unstable, and draws it.",
  defaults = { threads = 1 },
  { "images", required = true, positional = true, help = "images.npz" },
  { "to", default = 0.01, help = "how far each pixel moves, in deviations of all pixels: the paper's learning rate" },
  { "parts", default = 100, least = 1, help = "into which that is cut" },
  { "batch", default = 256, least = 1, help = "real images in the outer loss" },
  { "sharpness", default = 6.0, help = "of the smooth network beside it" },
  { "largest", default = 20, least = 1, help = "how many of the jumps are measured at other step sizes" },
}

local set = experiment.images(opt)
local still = distill.load(opt.images, set)
local x, y = set.train:batches { batch = opt.batch, seed = opt.seed, dtype = "f64" }:at(1)
local line, smooth = line_of(still, x, y), line_of(still, x, y, opt.sharpness)

-- The loss at equal distances.
local function sampled(of)
  local points = {}
  for i = 0, opt.parts do points[i + 1] = { opt.to * i / opt.parts, of:loss(opt.to * i / opt.parts) } end
  return points
end

local function by_size(a, b) return math.abs(a.jump) > math.abs(b.jump) end

-- All switches with their jumps, the largest first.
local function find_jumps()
  local found = switches.find(line.still, function(at) return line:point(at) end, { to = opt.to, parts = opt.parts })
  for _, switch in ipairs(found) do
    switch.loss_before, switch.loss_after = line:loss(switch.before), line:loss(switch.after)
    switch.jump = switch.loss_after - switch.loss_before
  end
  table.sort(found, by_size)
  return found
end

-- By kind of switch: how many, and what they do to the loss.
local function summary(found)
  local kinds = {}
  for _, switch in ipairs(found) do
    local kind = kinds[switch.kind] or { count = 0, largest = 0, sum = 0, net = 0, sizes = {} }
    local size = math.abs(switch.jump)
    kind.count, kind.largest = kind.count + 1, math.max(kind.largest, size)
    kind.sum, kind.net = kind.sum + size, kind.net + switch.jump
    kind.sizes[#kind.sizes + 1], kinds[switch.kind] = size, kind
  end
  for _, kind in pairs(kinds) do kind.median, kind.sizes = experiment.median(kind.sizes), nil end
  return kinds
end

-- The largest jumps again, with all step sizes multiplied: their switches are where they were.
local function scaled(found)
  local rows = {}
  for _, scale in ipairs { 0.01, 0.03, 0.1, 0.3, 1 } do
    local sizes = {}
    for i = 1, math.min(opt.largest, #found) do sizes[i] = math.abs(line:jump(found[i], scale)) end
    table.sort(sizes)
    rows[#rows + 1] = { step_size = scale * still:step_sizes()[1], largest = sizes[#sizes] or 0,
      median = #sizes > 0 and experiment.median(sizes) or 0 }
  end
  return rows
end

local function column(rows, name)
  local points = {}
  for i, row in ipairs(rows) do points[i] = { row.step_size, row[name] } end
  return points
end

local least_drawn = 1e-5

-- A curve through points { x, y }.
local function curve(name, points, style)
  local series = { name = name, x = {}, y = {}, style = style }
  for i, point in ipairs(points) do series.x[i], series.y[i] = point[1], point[2] end
  return series
end

-- A colour for each kind of switch.
local function dots(found)
  local kinds, names, series = {}, {}, {}
  for _, switch in ipairs(found) do
    local size, points = math.abs(switch.jump), kinds[switch.kind]
    if not points then
      points = {}
      kinds[switch.kind], names[#names + 1] = points, switch.kind
    end
    if size > least_drawn then points[#points + 1] = { switch.after, size } end
  end
  for i, name in ipairs(names) do series[i] = curve(name, kinds[name]) end
  return series
end

-- Adds a panel, unless there is nothing to draw in it: no element switches, say.
local function add(figures, panel, o)
  for _, series in ipairs(o.series) do
    for _, height in ipairs(series.y) do
      if math.abs(height) < math.huge and (height > 0 or not o.log_y) then
        figures[#figures + 1] = panel(o)
        return
      end
    end
  end
end

local function draw(file, r)
  local seen = table.move(r.loss, 1, #r.loss, 1, {})
  for _, switch in ipairs(r.switches) do
    seen[#seen + 1] = { switch.before, switch.loss_before }
    seen[#seen + 1] = { switch.after, switch.loss_after }
  end
  table.sort(seen, function(a, b) return a[1] < b[1] end)
  local moved = "how far each pixel has moved against its gradient, in standard deviations of the pixels"
  local predicted = { { 0, r.loss[1][2] }, { opt.to, r.loss[1][2] + line.slope * opt.to } }
  local figures = {}
  add(figures, plot.line, { title = "Outer loss along its descent direction", x_label = moved, series = {
    curve("as it is", seen), curve("as its gradient predicts", predicted, "dashed"),
    curve("relu and pooling made smooth", r.smooth.loss),
  } })
  add(figures, plot.scatter, {
    title = "Jumps of the outer loss: each dot is one element that switches", log_y = true, x_label = moved,
    x_range = { 0, opt.to }, series = dots(r.switches),
  })
  add(figures, plot.line, {
    title = "Size of the largest jumps", log_y = true, log_x = true, x_label = "first inner step size",
    series = {
      curve("largest", column(r.scaled, "largest")),
      curve(("median of the %d largest"):format(opt.largest), column(r.scaled, "median")),
    },
  })
  ms.io.write_text(file, plot.panels(figures):page_svg())
end

local function sum_of(found)
  local sum = 0
  for _, switch in ipairs(found) do sum = sum + switch.jump end
  return sum
end

local r = {
  dataset = set.train:name(), model = still.net.name, step_sizes = still:step_sizes(),
  test_accuracy = still:evaluate(set.test).accuracy, loss = sampled(line), predicted = line.slope * opt.to,
}
r.switches = find_jumps()
r.kinds, r.scaled, r.jumps = summary(r.switches), scaled(r.switches), sum_of(r.switches)
r.smooth = { loss = sampled(smooth), predicted = smooth.slope * opt.to }
r.suspects = suspects.measure(line)
if opt.out ~= "" then draw(opt.out .. "/instability.svg", r) end

print(("%s, %.2f %% of the test images, step sizes %s"):format(r.model, 100 * r.test_accuracy,
  table.concat(r.step_sizes, ", ")))
print(("loss %.3f, then %.3f: changed by %+.3f; predicted %+.3f; jumps in the first inner update %+.3f"):format(
  r.loss[1][2], r.loss[#r.loss][2], r.loss[#r.loss][2] - r.loss[1][2], r.predicted, r.jumps))
local kinds = {}
for kind in pairs(r.kinds) do kinds[#kinds + 1] = kind end
table.sort(kinds)
for _, kind in ipairs(kinds) do
  local k = r.kinds[kind]
  print(("%4d x %-24s jumps: largest %.4f, median %.1e, sum of sizes %.3f"):format(k.count, kind, k.largest, k.median,
    k.sum))
end
print(("smooth network: loss %.3f, then %.3f; predicted %+.3f"):format(r.smooth.loss[1][2],
  r.smooth.loss[#r.smooth.loss][2], r.smooth.predicted))
print("the other suspects: " .. ms.io.json(r.suspects))
experiment.finish(opt, r)
