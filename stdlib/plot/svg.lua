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

-- A series' points that can be shown; a gap where one cannot. Dots are lines of no length.
local function path(series, values, place, panel)
  local commands, pen = {}, "M"
  for i, x in ipairs(series.x) do
    local y = values[i]
    if axis.shows(x, panel.log_x) and axis.shows(y, panel.log_y) then
      commands[#commands + 1] = ("%s%.1f %.1f"):format(pen, place(x, y))
      if series.style == "points" or series.style == "point" then
        commands[#commands] = commands[#commands] .. "h0"
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
  dashed = 'stroke-width="1.4" stroke-dasharray="5 4"',
  line = 'stroke-width="1.4" stroke-linejoin="round"',
}

-- About as wide as this font draws it.
local function text_width(content) return 6.5 * utf8.len(content) end

-- "s1", "f2": what the style sheet calls a series' colour.
local function class(letter, series)
  return ('class="%s%d"'):format(letter, (series.colour - 1) % #palette.light + 1)
end

-- The names of the series: in the title's row, or in one of their own where they find no place there.
local function names_beside(panel, width)
  local total = text_width(panel.title)
  for _, series in ipairs(panel.series) do total = total + text_width(series.name) + 16 end
  return total <= width - margin.left - margin.right
end

local function height_of(panel, width)
  return height + (names_beside(panel, width) and 0 or 18) + (panel.x_label ~= "" and 18 or 0)
end

local function names_svg(panel, y, width, out)
  local right = width - margin.right
  for i = #panel.series, 1, -1 do
    local name = panel.series[i].name
    out[#out + 1] = text(right, y, "end", name, class("f", panel.series[i]))
    right = right - text_width(name) - 16
  end
end

local function grid_svg(panel, box, out)
  for _, tick in ipairs(axis.ticks(box.y_low, box.y_high, panel.log_y)) do
    out[#out + 1] = stroke(box.left, box.y_of(tick), box.right, box.y_of(tick), "grid")
    out[#out + 1] = text(box.left - 6, box.y_of(tick) + 4, "end", axis.text(tick))
  end
  for _, tick in ipairs(axis.ticks(box.x_low, box.x_high, panel.log_x, axis.counts(panel))) do
    out[#out + 1] = stroke(box.x_of(tick), box.lower, box.x_of(tick), box.lower + 4, "axis")
    out[#out + 1] = text(box.x_of(tick), box.lower + 16, "middle", axis.text(tick))
  end
  out[#out + 1] = stroke(box.left, box.lower, box.right, box.lower, "axis")
end

local function box_of(panel, top, width)
  local box = { left = margin.left, right = width - margin.right }
  box.upper = top + margin.top + (names_beside(panel, width) and 0 or 18)
  box.lower = top + height_of(panel, width) - margin.bottom - (panel.x_label ~= "" and 18 or 0)
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
  for i = #panel.series, 1, -1 do
    local series = panel.series[i]
    if series.low then
      out[#out + 1] = ('<path d="%s" %s fill-opacity="0.18"/>'):format(band(series, place, panel), class("f", series))
    end
    out[#out + 1] = ('<path d="%s" fill="none" %s %s/>'):format(path(series, series.y, place, panel),
      class("s", series), stroke_styles[series.style])
  end
  names_svg(panel, top + (names_beside(panel, width) and 16 or 34), width, out)
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
