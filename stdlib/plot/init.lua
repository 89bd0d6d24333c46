-- Curves and dots as an .svg file: panels below each other, axes with round numbers. No program needed.
local ms = require "moonstill"
local check = require "moonstill.check"

local plot = {}

local width, height = 640, 220
local margin = { left = 64, right = 16, top = 28, bottom = 32 }
local colours = { "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#7f7f7f" }

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
local function escape(text) return (text:gsub('[&<>"]', escapes)) end

local function is_finite(x) return x and x == x and math.abs(x) < math.huge end

-- The smallest and largest number of all lines, in one coordinate.
local function extent(lines, key, log)
  local low, high = math.huge, -math.huge
  for _, line in ipairs(lines) do
    for _, point in ipairs(line.points) do
      local value = point[key]
      if is_finite(value) and not (log and value <= 0) then low, high = math.min(low, value), math.max(high, value) end
    end
  end
  if low > high then low, high = log and 1 or 0, 1 end
  if low == high then high = log and low * 10 or low + 1 end
  return low, high
end

-- Four to ten round numbers from low to high.
local function linear_ticks(low, high)
  local step = 10 ^ math.floor(math.log(high - low, 10))
  while (high - low) / step < 4 do step = step / 2 end
  local ticks = {}
  for i = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) do ticks[#ticks + 1] = i * step end
  return ticks
end

local function log_ticks(low, high)
  local ticks = {}
  local first, last = math.ceil(math.log(low, 10) - 1e-9), math.floor(math.log(high, 10) + 1e-9)
  local step = math.max(1, (last - first) // 6)
  for power = first, last, step do ticks[#ticks + 1] = 10.0 ^ power end
  return #ticks > 1 and ticks or { low, high }
end

-- A number's place between the ends of an axis, from 0 to 1.
local function scale(low, high, log)
  if not log then return function(x) return (x - low) / (high - low) end end
  return function(x) return math.log(x / low) / math.log(high / low) end
end

local function text(x, y, anchor, content)
  return ('<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>'):format(x, y, anchor, escape(content))
end

local function stroke(x1, y1, x2, y2, colour)
  return ('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>'):format(x1, y1, x2, y2, colour)
end

-- A line's points that can be shown; a gap where one cannot. Dots are lines of no length.
local function path(line, place, panel)
  local commands, pen = {}, "M"
  for _, point in ipairs(line.points) do
    local x, y = point[1], point[2]
    if is_finite(x) and is_finite(y) and not (panel.log and y <= 0) and not (panel.log_x and x <= 0) then
      commands[#commands + 1] = ("%s%.1f %.1f"):format(pen, place(point))
      if line.dots then commands[#commands] = commands[#commands] .. "h0" else pen = "L" end
    else
      pen = "M"
    end
  end
  return table.concat(commands)
end

local function stroke_style(line)
  if line.dots then return 'stroke-width="4" stroke-linecap="round" stroke-opacity="0.6"' end
  return line.dashed and 'stroke-width="1.2" stroke-dasharray="5 4"' or 'stroke-width="1.2"'
end

-- About as wide as this font draws it.
local function text_width(content) return 7 * #content end

-- The names of the lines: in the title's row, or in one of their own where they find no place there.
local function names_beside(panel)
  local total = text_width(panel.title)
  for _, line in ipairs(panel.lines) do total = total + text_width(line.name) + 16 end
  return total <= width - margin.left - margin.right
end

local function height_of(panel)
  return height + (names_beside(panel) and 0 or 18) + (panel.x_label and 18 or 0)
end

local function names_svg(panel, y, out)
  local key = width - margin.right
  for i = #panel.lines, 1, -1 do
    local line = panel.lines[i]
    out[#out + 1] = ('<g fill="%s">%s</g>'):format(colours[(i - 1) % #colours + 1], text(key, y, "end", line.name))
    key = key - text_width(line.name) - 16
  end
end

local function panel_svg(panel, top, out)
  local beside = names_beside(panel)
  local left, right = margin.left, width - margin.right
  local upper = top + margin.top + (beside and 0 or 18)
  local lower = top + height_of(panel) - margin.bottom - (panel.x_label and 18 or 0)
  local x_low, x_high = table.unpack(panel.x_range or { extent(panel.lines, 1, panel.log_x) })
  local y_low, y_high = extent(panel.lines, 2, panel.log)
  local across, up = scale(x_low, x_high, panel.log_x), scale(y_low, y_high, panel.log)
  local function x_of(x) return left + across(x) * (right - left) end
  local function y_of(y) return lower - up(y) * (lower - upper) end
  out[#out + 1] = text(left, top + 16, "start", panel.title)
  for _, tick in ipairs((panel.log and log_ticks or linear_ticks)(y_low, y_high)) do
    out[#out + 1] = stroke(left, y_of(tick), right, y_of(tick), "#ddd")
    out[#out + 1] = text(left - 6, y_of(tick) + 4, "end", ("%.4g"):format(tick))
  end
  for _, tick in ipairs((panel.log_x and log_ticks or linear_ticks)(x_low, x_high)) do
    out[#out + 1] = stroke(x_of(tick), lower, x_of(tick), lower + 4, "#888")
    out[#out + 1] = text(x_of(tick), lower + 16, "middle", ("%g"):format(tick))
  end
  out[#out + 1] = stroke(left, lower, right, lower, "#888")
  if panel.x_label then out[#out + 1] = text((left + right) / 2, lower + 34, "middle", panel.x_label) end
  for i = #panel.lines, 1, -1 do
    local line, colour = panel.lines[i], colours[(i - 1) % #colours + 1]
    local shape = path(line, function(point) return x_of(point[1]), y_of(point[2]) end, panel)
    out[#out + 1] = ('<path d="%s" fill="none" stroke="%s" %s/>'):format(shape, colour, stroke_style(line))
  end
  names_svg(panel, top + (beside and 16 or 34), out)
end

local panel_options = {
  { "title", "string", "What it shows." },
  { "lines", "table", "List of { name = string, points = { { x, y }, ... }, dots = boolean?, dashed = boolean? }." },
  { "log", "boolean", "A logarithmic axis upwards; what is not above 0 is left out.", default = false },
  { "log_x", "boolean", "The same of the axis across.", default = false },
  { "x_label?", "string", "What the axis across shows." },
  { "x_range?", "number[]", "Its ends; those of the points if left out." },
}

--- Writes panels as an .svg file. Points that are not finite are gaps.
---
--- ```lua
--- local plot = require "plot"
--- local path = os.tmpname()
--- plot.write(path, { { title = "Squares", lines = { { name = "y", points = { { 1, 1 }, { 2, 4 }, { 3, 9 } } } } } })
--- os.remove(path)
--- ```
--- @param file string
--- @param panels { title: string, lines: table[], log?: boolean, log_x?: boolean, x_label?: string,
---   x_range?: number[] }[]
function plot.write(file, panels)
  local out, total = {}, 0
  for i, panel in ipairs(panels) do
    local checked = check.options(("plot.write: panel %d"):format(i), panel, panel_options)
    panel_svg(checked, total, out)
    total = total + height_of(checked)
  end
  table.insert(out, 1, ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
    .. 'font-size="11">\n<rect width="100%%" height="100%%" fill="white"/>'):format(width, total))
  out[#out + 1] = "</svg>\n"
  ms.io.write_text(file, table.concat(out, "\n"))
end

return plot
