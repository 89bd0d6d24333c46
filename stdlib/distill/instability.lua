-- How far the outer loss of some distilled images strays from what its gradient promises, and which part of that are
-- jumps; beside it what else could be blamed.
local check = require "moonstill.check"
local line = require "distill.line"
local median = require "moonstill.median"
local suspects = require "distill.suspects"
local switches = require "distill.switches"

local instability = {}

-- The loss at equal distances, as points { x, y }.
local function sampled(of, o)
  local points = {}
  for i = 0, o.parts do points[i + 1] = { o.to * i / o.parts, of:loss(o.to * i / o.parts) } end
  return points
end

-- The loss's change as its slopes on the way explain it: the trapezoidal rule.
local function integral(of, o)
  local sum = (of.slope + of:slope_at(o.to)) / 2
  for i = 1, o.parts - 1 do sum = sum + of:slope_at(o.to * i / o.parts) end
  return sum * o.to / o.parts
end

-- The sum of what a curve goes up.
local function rises(points)
  local sum = 0
  for i = 2, #points do sum = sum + math.max(0, points[i][2] - points[i - 1][2]) end
  return sum
end

-- The switches of the first inner update with their jumps, the largest first.
local function find_jumps(of, o)
  local found = switches.find(of.still, function(at) return of:point(at) end, { to = o.near, parts = o.parts })
  for _, switch in ipairs(found) do
    switch.loss_before, switch.loss_after = of:loss(switch.before), of:loss(switch.after)
    switch.jump = switch.loss_after - switch.loss_before
  end
  table.sort(found, function(a, b) return math.abs(a.jump) > math.abs(b.jump) end)
  return found
end

-- How many jumps, and what they do to the loss.
local function summary(found)
  local sizes, sum, net = {}, 0, 0
  for i, switch in ipairs(found) do
    sizes[i] = math.abs(switch.jump)
    sum, net = sum + sizes[i], net + switch.jump
  end
  return { count = #found, largest = sizes[1] or 0, median = median(sizes) or 0, sum = sum, net = net }
end

local function by_kind(found)
  local lists, kinds = {}, {}
  for _, switch in ipairs(found) do
    lists[switch.kind] = lists[switch.kind] or {}
    table.insert(lists[switch.kind], switch)
  end
  for kind, list in pairs(lists) do kinds[kind] = summary(list) end
  return kinds
end

-- The largest jumps again, with all step sizes multiplied: their switches are where they were.
local function scaled(of, found, o)
  local rows = {}
  for i, scale in ipairs { 0.01, 0.1, 1 } do
    local again = {}
    for k = 1, math.min(o.largest, #found) do again[k] = { jump = of:jump(found[k], scale) } end
    table.sort(again, function(a, b) return math.abs(a.jump) > math.abs(b.jump) end)
    local all = summary(again)
    rows[i] = { scale = scale, largest = all.largest, median = all.median }
  end
  return rows
end

local spec = check.spec("instability.measure", {
  { "to", "number", "How far each pixel moves, in deviations of all pixels.", default = 0.01 },
  { "near?", "number", "How far switches are looked for; as far if left out." },
  { "parts", "integer", "Into which that is cut.", default = 100, least = 1 },
  { "largest", "integer", "How many of the jumps are measured with other step sizes.", default = 10, least = 1 },
  { "sharpness?", "number", "Of a smooth network whose loss is measured beside it; none if left out." },
})

--- Measures the outer loss along the line on which its gradient says that it falls.
---
--- `change`, what is seen, is the sum of `promised`, by the gradient at the line's begin; of `bends`, since the slopes
--- on the way are others; and of `jumps`, of all inner updates, on balance. `curved` is what the curvature at the begin
--- would make of `bends`. `first_update` knows the jumps of the first one, each measured by itself, as far as `near`.
---
--- ```lua
--- local distill, instability = require "distill", require "distill.instability"
--- local set = ms.data.images("digits", { train = 200, test = 50 })
--- local net = ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(784, 16), ms.nn.relu(), ms.nn.linear(16, 10) }
--- local still = distill.unrolled { net = net, train = set.train }
--- local x, y = set.train:batches { batch = 50, dtype = "f64" }:at(1)
--- local row = instability.measure(still, x, y, { parts = 2 })
--- print(row.promised, row.change, row.first_update.count)
--- ```
--- @param still distill.Still  of known initialisation
--- @param x ms.Tensor          real images, f64
--- @param y ms.Tensor          their labels
--- @param options? { to?: number, near?: number, parts?: integer, largest?: integer, sharpness?: number }
--- @return table row     numbers by name, for a .json file
--- @return table curves  { loss, smooth?: points { x, y }; switches }, for a figure
function instability.measure(still, x, y, options)
  local o = check.options("instability.measure", options, spec)
  o.near = o.near or o.to
  local own = line.new(still, x, y)
  local curves = { loss = sampled(own, o), switches = find_jumps(own, o) }
  if o.sharpness then curves.smooth = sampled(line.new(still, x, y, o.sharpness), o) end
  local first, last, explained = curves.loss[1][2], curves.loss[#curves.loss][2], integral(own, o)
  return {
    to = o.to, near = o.near, step_sizes = still:step_sizes(), loss = first, change = last - first,
    promised = own.slope * o.to, bends = explained - own.slope * o.to, jumps = last - first - explained,
    curved = suspects.curvature_along(own) * o.to ^ 2 / 2, rises = rises(curves.loss),
    first_update = summary(curves.switches), kinds = by_kind(curves.switches),
    scaled = scaled(own, curves.switches, o), suspects = suspects.measure(own),
  }, curves
end

--- Takes the same way in one step: what the gradient promises of it, and how the outer loss changes.
--- @param still distill.Still  of known initialisation
--- @param x ms.Tensor          real images, f64
--- @param y ms.Tensor          their labels
--- @param to number            how far each pixel moves, in deviations of all pixels
--- @return number promised
--- @return number change
function instability.step(still, x, y, to)
  local own = line.new(still, x, y)
  return own.slope * to, own:loss(to) - own:loss(0)
end

return instability
