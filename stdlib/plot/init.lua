-- Pictures of numbers: curves, dots, histograms, bars, heat maps, images, states. A figure prints as text in the
-- terminal; figure:save "curves.pdf" makes a .png, .svg or .pdf file by gnuplot.
local axis = require "plot.axis"
local check = require "moonstill.check"
local figure = require "plot.figure"
local gnuplot = require "plot.gnuplot"
local live = require "plot.live"
local states = require "plot.states"
local strict = require "moonstill.strict"

local plot = { live = live.new }

-- Numbers as a plain list.
local function numbers(list)
  if type(list) ~= "userdata" then return list end
  local flat = list:reshape({ -1 }):totable()
  return flat
end

local numbers_type = "number[]|ms.Tensor"

-- Named arguments, of which what has no name is one: a tensor, a list of numbers or of rows.
local function with_bare(options, key)
  if type(options) == "userdata" then return { [key] = options } end
  if type(options) ~= "table" or options[1] == nil or options[key] ~= nil then return options end
  local named = { [key] = {} }
  for name, value in pairs(options) do
    if math.type(name) == "integer" then named[key][name] = value else named[name] = value end
  end
  return named
end

local function curve_options(style)
  return {
    { "y?", numbers_type, "Heights of the one series; NaN makes a gap." },
    { "x?", numbers_type, "Its places; 1, 2, ... if left out." },
    { "low?", numbers_type, "Lower end of its error band." },
    { "high?", numbers_type, "Upper end of its error band." },
    { "name", "string", "What the legend calls it.", default = "" },
    { "series?", "table", "Several: a list of { y, x, low, high, name, style, colour }." },
    { "style", '"line"|"points"|"dashed"|"dotted"', "How series are drawn that do not say it themselves.",
      default = style },
    { "title", "string", "What stands above.", default = "" },
    { "x_label", "string", "What stands below the axis.", default = "" },
    { "y_label", "string", "What stands beside the axis.", default = "" },
    { "log_x", "boolean", "A logarithmic axis across; what is not above 0 is left out.", default = false },
    { "log_y", "boolean", "The same upwards.", default = false },
    { "x_range?", "number[]", "Ends of the axis across." },
    { "y_range?", "number[]", "Ends of the axis upwards." },
  }
end

local series_options = {
  { "y", numbers_type, "Heights." },
  { "x?", numbers_type, "Places." },
  { "low?", numbers_type, "Lower end of the error band." },
  { "high?", numbers_type, "Upper end of the error band." },
  { "name", "string", "What the legend calls it.", default = "" },
  { "style?", '"line"|"points"|"dashed"|"dotted"', "How it is drawn." },
  { "colour?", "integer", "Which of the seven colours; its place in the list if left out.", least = 1 },
}

local function read_series(name, series, place, style)
  local s = check.options(name, series, series_options)
  local read = { name = s.name, style = s.style or style, colour = s.colour or place }
  for _, key in ipairs { "y", "low", "high" } do read[key] = numbers(s[key]) end
  if s.x then
    read.x = numbers(s.x)
  else
    read.x = {}
    for i = 1, #read.y do read.x[i] = i end
  end
  for _, key in ipairs { "y", "low", "high" } do
    if read[key] and #read[key] ~= #read.x then
      check.fail(name, "argument '%s': expected %d numbers, as many as x, got %d", key, #read.x, #read[key])
    end
  end
  if (read.low == nil) ~= (read.high == nil) then
    check.fail(name, "expected both ends of the error band, got '%s' only", read.low and "low" or "high")
  end
  return read
end

local function check_ranges(name, o)
  for _, key in ipairs { "x_range", "y_range" } do
    local range = o[key]
    if range and not (#range == 2 and range[1] < range[2]) then
      check.fail(name, "argument '%s': expected {low, high}, got {%s}", key, table.concat(range, ", "))
    end
    if range and o["log_" .. key:sub(1, 1)] and range[1] <= 0 then
      check.fail(name, "argument '%s': expected ends above 0 on a logarithmic axis, got %g", key, range[1])
    end
  end
end

-- A frame without anything in it tells nobody why. A curve of a single point is drawn as one.
local function check_points(name, panel)
  local most = 0
  for _, series in ipairs(panel.series) do
    local count = axis.shown(series, panel)
    most = math.max(most, count)
    if count == 1 then series.style = "point" end
  end
  if most > 0 then return end
  local hint = (panel.log_x or panel.log_y) and "; a logarithmic axis shows only what is above 0" or ""
  check.fail(name, "expected at least one finite point, got none that can be drawn%s", hint)
end

local function curves(name, options, spec)
  local o = check.options(name, with_bare(options, "y"), spec)
  if (o.y == nil) == (o.series == nil) then
    check.fail(name, "expected either 'y' or 'series', got %s", o.y and "both" or "neither")
  end
  check_ranges(name, o)
  local list = o.series or { { y = o.y, x = o.x, low = o.low, high = o.high, name = o.name } }
  local panel = { kind = "curves", series = {} }
  for i, series in ipairs(list) do
    panel.series[i] = read_series(o.series and ("%s: series %d"):format(name, i) or name, series, i, o.style)
  end
  for _, key in ipairs { "title", "x_label", "y_label", "log_x", "log_y", "x_range", "y_range" } do
    panel[key] = o[key]
  end
  check_points(name, panel)
  return figure.new { panel }
end

local line_spec = check.spec("plot.line", curve_options "line")
local scatter_spec = check.spec("plot.scatter", curve_options "points")

--- Makes a figure of curves: one, or several with a legend; with error bands and logarithmic axes where asked for.
---
--- A list of numbers or a tensor alone is `y`: `plot.line { 1, 4, 9, title = "Squares" }`.
---
--- ```lua
--- local plot = require "plot"
--- print(plot.line { y = { 1, 4, 9, 16 }, title = "Squares", log_y = true })
--- local x, mean, low, high = {}, {}, {}, {}
--- for i = 1, 20 do
---   x[i], mean[i] = i / 10, math.sin(i / 10)
---   low[i], high[i] = mean[i] - 0.1, mean[i] + 0.1
--- end
--- local sine, straight = { name = "sine", x = x, y = mean, low = low, high = high }, { name = "x", x = x, y = x }
--- print(plot.line { series = { sine, straight } })
--- ```
--- @param options table
--- @return plot.Figure
function plot.line(options) return (curves("plot.line", options, line_spec)) end

--- Makes a figure of dots.
---
--- ```lua
--- local random = ms.random(1)
--- print(require("plot").scatter { x = random:normal { 50 }, y = random:normal { 50 } })
--- ```
--- @param options table
--- @return plot.Figure
function plot.scatter(options) return (curves("plot.scatter", options, scatter_spec)) end

local histogram_spec = check.spec("plot.histogram", {
  { "values", numbers_type, "What is counted; what is not finite is left out." },
  { "bins", "integer", "Intervals of equal width.", default = 20, least = 1 },
  { "range?", "number[]", "Their ends; those of the values if left out." },
  { "title", "string", "What stands above.", default = "" },
  { "x_label", "string", "What the values are.", default = "" },
})

--- Makes a histogram. A list of numbers or a tensor alone is `values`.
---
--- ```lua
--- print(require("plot").histogram { values = ms.random(1):normal { 1000 }, bins = 12 })
--- ```
--- @param options table
--- @return plot.Figure
function plot.histogram(options)
  local o = check.options("plot.histogram", with_bare(options, "values"), histogram_spec)
  local low, high, finite = math.huge, -math.huge, {}
  for _, value in ipairs(numbers(o.values)) do
    if not check.not_finite(value) then
      finite[#finite + 1], low, high = value, math.min(low, value), math.max(high, value)
    end
  end
  if #finite == 0 then check.fail("plot.histogram", "argument 'values': expected a finite number, got none") end
  if o.range then
    low, high = table.unpack(o.range)
    if not (#o.range == 2 and low < high) then
      check.fail("plot.histogram", "argument 'range': expected {low, high}, got {%s}", table.concat(o.range, ", "))
    end
  end
  if low == high then low, high = low - 0.5, high + 0.5 end
  local counts, labels, edges, step = {}, {}, {}, (high - low) / o.bins
  local decimals = math.max(0, 1 - math.floor(math.log(step, 10)))
  local form = ("%%.%df to %%.%df"):format(decimals, decimals)
  for bin = 1, o.bins do
    counts[bin], edges[bin] = 0, low + (bin - 1) * step
    labels[bin] = form:format(edges[bin], edges[bin] + step)
  end
  edges[o.bins + 1] = high
  for _, value in ipairs(finite) do
    if value >= low and value <= high then
      local bin = math.min(o.bins, math.floor((value - low) / step) + 1)
      counts[bin] = counts[bin] + 1
    end
  end
  return (figure.new { {
    kind = "bars", values = counts, labels = labels, edges = edges, title = o.title, x_label = o.x_label,
  } })
end

local bars_spec = check.spec("plot.bars", {
  { "values", numbers_type, "Their lengths." },
  { "labels?", "string[]", "Their names; 1, 2, ... if left out." },
  { "range?", "number[]", "Ends of the axis." },
  { "title", "string", "What stands above.", default = "" },
})

--- Makes a figure of bars with names. A list of numbers or a tensor alone is `values`.
---
--- ```lua
--- print(require("plot").bars { values = { 0.5, 0.25, 0.25 }, labels = { "a", "b", "c" } })
--- ```
--- @param options table
--- @return plot.Figure
function plot.bars(options)
  local o = check.options("plot.bars", with_bare(options, "values"), bars_spec)
  local values, labels = numbers(o.values), o.labels or {}
  for i = 1, o.labels and 0 or #values do labels[i] = tostring(i) end
  if #labels ~= #values then
    check.fail("plot.bars", "argument 'labels': expected %d names, as many as values, got %d", #values, #labels)
  end
  return (figure.new { { kind = "bars", values = values, labels = labels, range = o.range, title = o.title } })
end

local heatmap_spec = check.spec("plot.heatmap", {
  { "values", "ms.Tensor|table", "[rows, columns], or a list of rows." },
  { "x_names", "string[]", "Names of the columns.", default = {} },
  { "y_names", "string[]", "Names of the rows.", default = {} },
  { "range?", "number[]", "What the ends of the colours stand for; those of the values if left out." },
  { "signed?", "boolean", "Colours for negative and positive numbers; where there are such of both if left out." },
  { "title", "string", "What stands above.", default = "" },
})

--- Makes a heat map of a matrix, its first row on top. A matrix alone is `values`.
---
--- ```lua
--- print(require("plot").heatmap { values = { { 1, 0.5 }, { 0.5, 1 } }, title = "Correlation" })
--- ```
--- @param options table
--- @return plot.Figure
function plot.heatmap(options)
  local o = check.options("plot.heatmap", with_bare(options, "values"), heatmap_spec)
  local rows = type(o.values) == "table" and o.values or o.values:totable()
  for i, row in ipairs(type(rows) == "table" and rows or {}) do
    if type(row) ~= "table" or #row ~= #rows[1] or type(row[1]) ~= "number" then
      check.fail("plot.heatmap", "argument 'values': expected rows of equally many numbers, got another row %d", i)
    end
  end
  if type(rows) ~= "table" or #rows == 0 then
    check.fail("plot.heatmap", "argument 'values': expected a matrix, got none")
  end
  return (figure.new { states.heat_panel(rows, o) })
end

local images_spec = check.spec("plot.images", {
  { "images", "ms.Tensor", "[images, channels, height, width], channels being 1 or 3; or [images, height, width]." },
  { "columns?", "integer", "Images in a row; about as many as rows if left out.", least = 1 },
  { "title", "string", "What stands above.", default = "" },
})

--- Makes a grid of images, the smallest number of all being black and the largest white. A tensor alone is `images`.
---
--- ```lua
--- local set = ms.data.images("digits", { train = 20, test = 10 })
--- print(require("plot").images { images = set.test:batch(), columns = 5 })
--- ```
--- @param options table
--- @return plot.Figure
function plot.images(options)
  local o = check.options("plot.images", with_bare(options, "images"), images_spec)
  local shape = o.images:shape()
  if #shape == 3 then table.insert(shape, 2, 1) end
  if #shape ~= 4 or shape[2] ~= 1 and shape[2] ~= 3 or shape[1] == 0 then
    check.fail("plot.images", "argument 'images': expected [images, 1 or 3, height, width], got shape [%s]",
      table.concat(o.images:shape(), ", "))
  end
  local columns = math.min(o.columns or math.ceil(math.sqrt(shape[1])), shape[1])
  return (figure.new { states.picture_panel(o.images:reshape(shape):totable(), columns, o.title) })
end

--- Puts figures below each other.
---
--- ```lua
--- local plot = require "plot"
--- print(plot.panels { plot.line { y = { 1, 2 } }, plot.bars { values = { 1, 2 } } })
--- ```
--- @param figures plot.Figure[]
--- @return plot.Figure
function plot.panels(figures)
  check.argument("plot.panels", 1, "figures", "plot.Figure[]", figures)
  local panels = {}
  for _, one in ipairs(figures) do table.move(one.panels, 1, #one.panels, #panels + 1, panels) end
  return (figure.new(panels))
end

--- Whether gnuplot is there, which figure:save needs.
---
--- ```lua
--- print(require("plot").has_gnuplot())
--- ```
--- @return boolean
function plot.has_gnuplot() return gnuplot.found() end

local probabilities_spec = check.spec("plot.probabilities", {
  { "qubits?", "integer|integer[]", "Which qubits; all if left out." },
  { "most", "integer", "Basis states shown; of more, the likeliest.", default = 32, least = 1 },
})

--- Makes bars of the probabilities of basis states.
---
--- ```lua
--- print(require("plot").probabilities(ms.qubits(2):h(1):cnot(1, 2)))
--- ```
--- @param state ms.Qubits
--- @param options? table
--- @return plot.Figure
function plot.probabilities(state, options)
  check.argument("plot.probabilities", 1, "state", "ms.Qubits", state)
  local o = check.options("plot.probabilities", options, probabilities_spec)
  return (figure.new { states.probabilities(state, o) })
end

--- Makes a picture of each qubit's Bloch vector.
---
--- ```lua
--- print(require("plot").bloch(ms.qubits(3):h(1):ry(2, 0.5)))
--- ```
--- @param state ms.Qubits
--- @return plot.Figure
function plot.bloch(state)
  check.argument("plot.bloch", 1, "state", "ms.Qubits", state)
  return (figure.new { states.bloch(state) })
end

local density_spec = check.spec("plot.density", {
  { "qubits?", "integer|integer[]", "Which qubits, the others being traced out; all if left out." },
})

--- Makes heat maps of a density matrix: its real and its imaginary part.
---
--- ```lua
--- print(require("plot").density(ms.qubits(3):h(1):cnot(1, 2), { qubits = { 1, 2 } }))
--- ```
--- @param state ms.Qubits
--- @param options? table
--- @return plot.Figure
function plot.density(state, options)
  check.argument("plot.density", 1, "state", "ms.Qubits", state)
  local o = check.options("plot.density", options, density_spec)
  return (figure.new(states.density(state, o.qubits)))
end

--- Makes bars of the entanglement entropy, in bits, across each cut between neighbouring qubits.
---
--- ```lua
--- print(require("plot").entanglement(ms.qubits(3):h(1):cnot(1, 2)))
--- ```
--- @param state ms.Qubits
--- @return plot.Figure
function plot.entanglement(state)
  check.argument("plot.entanglement", 1, "state", "ms.Qubits", state)
  return (figure.new { states.entanglement(state) })
end

strict.module(plot, "plot.")

return plot
