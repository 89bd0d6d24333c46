-- Curves as SVG for pages: panels below each other, axes with round numbers, colours for light and dark. No program
-- needed.
local axis = require "plot.axis"
local palette = require "plot.palette"

local svg = {}

local height = 220
local margin = { left = 64, right = 16, top = 28, bottom = 32 }

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
local function escape(text) return (text:gsub('[&<>"]', escapes)) end

-- What a series' curve and name are drawn with, of class s1, s2 ..., and its band, of class f1, f2 ...
local function colours(list)
  local rules = {}
  for i, colour in ipairs(list) do
    rules[i] = (".ms-plot .s%d{stroke:%s}.ms-plot .f%d{fill:%s}"):format(i, colour, i, colour)
  end
  return table.concat(rules, "\n")
end

-- Without variables, which many programs that show SVG do not know.
local function style()
  return ("<style>\n.ms-plot{background:#fff;color:#1f2328;font:11px system-ui,sans-serif}\n"
    .. ".ms-plot text{fill:currentColor}.ms-plot .axis{stroke:currentColor;opacity:.6}\n"
    .. ".ms-plot .grid{stroke:#d8dce0}\n%s\n@media(prefers-color-scheme:dark){\n"
    .. ".ms-plot{background:#14171c;color:#e6e8eb}.ms-plot .grid{stroke:#3a4048}\n%s\n}\n</style>"):format(
    colours(palette.light), colours(palette.dark))
end

-- `more` are further attributes.
local function text(x, y, anchor, content, more)
  return ('<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>'):format(x, y, anchor, more and " " .. more or "",
    escape(content))
end

local function stroke(x1, y1, x2, y2, class)
  return ('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>'):format(x1, y1, x2, y2, class)
end

-- What marks a point, by colour: a dot, which is a line of no length, then outlines. So no eye needs the colours.
local marks = {
  "h0", "m-3-3l6 6m0-6l-6 6", "m-3-3h6v6h-6z", "m0-3.5l3.5 6h-7z", "m-3.5 0h7m-3.5-3.5v7", "m0-4l4 4l-4 4l-4-4z",
  "m0 3.5l3.5-6h-7z",
}

-- Of as many, beginning with 1.
local function nth(series, count) return (series.colour - 1) % count + 1 end

local function mark_of(series) return series.style == "point" and 1 or nth(series, #marks) end

-- A series' points that can be shown; a gap where one cannot.
local function path(series, values, place, panel)
  local commands, pen = {}, "M"
  for i, x in ipairs(series.x) do
    local y = values[i]
    if axis.shows(x, panel.log_x) and axis.shows(y, panel.log_y) then
      commands[#commands + 1] = ("%s%.1f %.1f"):format(pen, place(x, y))
      if series.style == "points" or series.style == "point" then
        commands[#commands] = commands[#commands] .. marks[mark_of(series)]
      else
        pen = "L"
      end
    else
      pen = "M"
    end
  end
  return table.concat(commands)
end

-- Between the lower and the upper end, where both can be shown.
local function band(series, place, panel)
  local forth, back = {}, {}
  for i, x in ipairs(series.x) do
    local low, high = series.low[i], series.high[i]
    if axis.shows(x, panel.log_x) and axis.shows(low, panel.log_y) and axis.shows(high, panel.log_y) then
      forth[#forth + 1] = ("%.1f %.1f"):format(place(x, low))
      table.insert(back, 1, ("%.1f %.1f"):format(place(x, high)))
    end
  end
  table.move(back, 1, #back, #forth + 1, forth)
  return #forth > 0 and "M" .. table.concat(forth, "L") .. "Z" or ""
end

local stroke_styles = {
  point = 'stroke-width="8" stroke-linecap="round"',
  points = 'stroke-width="4" stroke-linecap="round" stroke-opacity="0.6"',
  outline = 'stroke-width="1.2" stroke-opacity="0.8"',
  dashed = 'stroke-width="1.4" stroke-dasharray="5 4"',
  dotted = 'stroke-width="2" stroke-linecap="round" stroke-dasharray="0 4"',
  line = 'stroke-width="1.4" stroke-linejoin="round"',
}

local function stroke_of(series)
  return stroke_styles[series.style == "points" and mark_of(series) > 1 and "outline" or series.style]
end

-- "s1", "f2": what the style sheet calls a series' colour.
local function class(letter, series) return ('class="%s%d"'):format(letter, nth(series, #palette.light)) end

-- About as wide as this font draws it.
local function text_width(content) return 6.5 * utf8.len(content) end

local label_height, sample = 18, { width = 20, gap = 5, apart = 16 }

local function left_of(panel) return margin.left + (panel.y_label ~= "" and label_height or 0) end

local function legend_width(series)
  return series.name == "" and 0 or sample.width + sample.gap + text_width(series.name) + sample.apart
end

-- The named series by rows of the legend: in the title's row, or in some of their own where they find no place there.
local function legend_of(panel, width)
  local space, rows = width - left_of(panel) - margin.right, {}
  local used = text_width(panel.title)
  for _, series in ipairs(panel.series) do used = used + legend_width(series) end
  local beside = used <= space
  used = math.huge
  for _, series in ipairs(panel.series) do
    if series.name ~= "" then
      if used + legend_width(series) > space + sample.apart and not (beside and rows[1]) then
        rows[#rows + 1], used = {}, 0
      end
      used = used + legend_width(series)
      table.insert(rows[#rows], series)
    end
  end
  return rows, beside
end

-- Of what stands above the curves.
local function head_of(panel, width)
  local rows, beside = legend_of(panel, width)
  return margin.top + (beside and 0 or label_height * #rows)
end

local function height_of(panel, width)
  return height - margin.top + head_of(panel, width) + (panel.x_label ~= "" and label_height or 0)
end

local function sample_svg(series, x, y)
  local d = ("M%.1f %.1fh%d"):format(x, y, sample.width)
  if series.style == "points" or series.style == "point" then
    d = ("M%.1f %.1f%s"):format(x + sample.width / 2, y, marks[mark_of(series)])
  end
  return ('<path d="%s" fill="none" %s %s/>'):format(d, class("s", series), stroke_of(series))
end

local function legend_svg(panel, top, width, out)
  local rows, beside = legend_of(panel, width)
  for i, row in ipairs(rows) do
    local y, x = top + 16 + label_height * (beside and 0 or i), left_of(panel)
    if beside then
      x = width - margin.right + sample.apart
      for _, series in ipairs(row) do x = x - legend_width(series) end
    end
    for _, series in ipairs(row) do
      out[#out + 1] = sample_svg(series, x, y - 4)
      out[#out + 1] = text(x + sample.width + sample.gap, y, "start", series.name)
      x = x + legend_width(series)
    end
  end
end

local label_gap = 2

-- Those ticks whose labels find a place beside the label before. `place_of` gives where a tick lies, `extent_of` what a
-- label takes along the axis.
local function apart(ticks, place_of, extent_of)
  local out, taken = {}, -math.huge
  for _, tick in ipairs(ticks) do
    local place, half = place_of(tick), (extent_of(axis.text(tick)) + label_gap) / 2
    if place - half >= taken then out[#out + 1], taken = tick, place + half end
  end
  return out
end

local function grid_svg(panel, box, out)
  local function up(y) return -box.y_of(y) end
  local function text_height() return 9 end   -- of digits in this font
  for _, tick in ipairs(apart(axis.ticks(box.y_low, box.y_high, panel.log_y), up, text_height)) do
    out[#out + 1] = stroke(box.left, box.y_of(tick), box.right, box.y_of(tick), "grid")
    out[#out + 1] = text(box.left - 6, box.y_of(tick) + 4, "end", axis.text(tick))
  end
  local across = axis.ticks(box.x_low, box.x_high, panel.log_x, axis.counts(panel))
  for _, tick in ipairs(apart(across, box.x_of, text_width)) do
    out[#out + 1] = stroke(box.x_of(tick), box.lower, box.x_of(tick), box.lower + 4, "axis")
    out[#out + 1] = text(box.x_of(tick), box.lower + 16, "middle", axis.text(tick))
  end
  out[#out + 1] = stroke(box.left, box.lower, box.right, box.lower, "axis")
end

local function box_of(panel, top, width)
  local box = { left = left_of(panel), right = width - margin.right, upper = top + head_of(panel, width) }
  box.lower = top + height_of(panel, width) - margin.bottom - (panel.x_label ~= "" and label_height or 0)
  box.x_low, box.x_high, box.y_low, box.y_high = axis.of_panel(panel)
  local across = axis.scale(box.x_low, box.x_high, panel.log_x)
  local up = axis.scale(box.y_low, box.y_high, panel.log_y)
  function box.x_of(x) return box.left + across(x) * (box.right - box.left) end
  function box.y_of(y) return box.lower - up(y) * (box.lower - box.upper) end
  return box
end

local function panel_svg(panel, top, width, out)
  local box = box_of(panel, top, width)
  local function place(x, y) return box.x_of(x), box.y_of(y) end
  out[#out + 1] = text(box.left, top + 16, "start", panel.title, 'font-weight="600"')
  grid_svg(panel, box, out)
  if panel.x_label ~= "" then
    out[#out + 1] = text((box.left + box.right) / 2, box.lower + 34, "middle", panel.x_label)
  end
  if panel.y_label ~= "" then
    local x, y = 20, (box.upper + box.lower) / 2
    out[#out + 1] = text(x, y, "middle", panel.y_label, ('transform="rotate(-90 %.1f %.1f)"'):format(x, y))
  end
  for i = #panel.series, 1, -1 do
    local series = panel.series[i]
    if series.low then
      out[#out + 1] = ('<path d="%s" %s fill-opacity="0.18"/>'):format(band(series, place, panel), class("f", series))
    end
    out[#out + 1] = ('<path d="%s" fill="none" %s %s/>'):format(path(series, series.y, place, panel),
      class("s", series), stroke_of(series))
  end
  legend_svg(panel, top, width, out)
end

--- Draws panels of curves.
--- @param panels table[]
--- @param width integer  pixels
--- @return string
function svg.draw(panels, width)
  local out, total = {}, 0
  for _, panel in ipairs(panels) do
    panel_svg(panel, total, width, out)
    total = total + height_of(panel, width)
  end
  table.insert(out, 1, ('<svg xmlns="http://www.w3.org/2000/svg" class="ms-plot" width="%d" height="%d" '
    .. 'viewBox="0 0 %d %d">'):format(width, total, width, total))
  table.insert(out, 2, style())
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return svg
