-- Panels as text for a terminal.
local axis = require "plot.axis"
local canvas = require "plot.canvas"
local host = require "moonstill.host"
local palette = require "plot.palette"

local text = {}

local usual_columns, most_columns = 80, 100

local unicode = {
  tick = "┤", side = "│", corner = "└", base = "─", base_tick = "┴", bar = "█", line = "━━",
  shades = { " ", "░", "▒", "▓", "█" }, marks = { "•", "×", "+", "○", "▴", "□" }, band = "░", zero = "┼", point = "●",
  eighths = { [0] = "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" },
}
local ascii = {
  tick = "+", side = "|", corner = "+", base = "-", base_tick = "+", bar = "#", line = "--",
  shades = { " ", ".", ":", "=", "+", "*", "%", "#", "@" },
  marks = { "*", "x", "+", "o", "^", "#" }, band = ":", zero = "+", point = "o",
  eighths = { [0] = "", "", "", "", "", "", "", "" },
}

local function width_of(content) return utf8.len(content) or #content end
local function left(content, width) return content .. (" "):rep(width - width_of(content)) end
local function right(content, width) return (" "):rep(width - width_of(content)) .. content end

local function painter(o)
  if not o.colour then return function(content) return content end end
  return function(content, series)
    if not series then return content end
    return ("\27[%dm%s\27[0m"):format(palette.terminal[(series - 1) % #palette.terminal + 1], content)
  end
end

-- Where ticks fall on n places, by place.
local function places(ticks, share, n)
  local out = {}
  for _, tick in ipairs(ticks) do
    local at = share(tick)
    if at >= -1e-9 and at <= 1 + 1e-9 then out[math.floor(at * (n - 1) + 0.5)] = axis.text(tick) end
  end
  return out
end

local function draw_series(grid, series, number, across, up, panel, letters)
  local shown_x, shown_y
  if series.low then
    -- Between the points the band's ends run straight.
    local function end_at(list, i) return axis.shows(list[i], panel.log_y) and up(list[i]) end
    for i = 1, #series.x - 1 do
      local x1, x2 = across(series.x[i]), across(series.x[i + 1])
      local l1, l2 = end_at(series.low, i), end_at(series.low, i + 1)
      local h1, h2 = end_at(series.high, i), end_at(series.high, i + 1)
      local steps = math.max(1, math.ceil(math.min(x2 - x1, 1) * grid.columns))
      for step = 0, l1 and l2 and h1 and h2 and steps or -1 do
        local s = step / steps
        grid:area(x1 + (x2 - x1) * s, l1 + (l2 - l1) * s, h1 + (h2 - h1) * s, number)
      end
    end
  end
  for i, x in ipairs(series.x) do
    local y = series.y[i]
    if axis.shows(x, panel.log_x) and axis.shows(y, panel.log_y) then
      local at_x, at_y = across(x), up(y)
      if shown_x and series.style ~= "points" then
        grid:line(shown_x, shown_y, at_x, at_y, number)
      elseif series.style == "point" then
        grid:letter(at_x, at_y, number, letters.point)
      else
        grid:dot(at_x, at_y, number)
      end
      shown_x, shown_y = at_x, at_y
    else
      shown_x = nil
    end
  end
end

-- The line of numbers below the axis, none of which touches the next.
local function tick_line(marks, columns)
  local line, used = {}, 0
  for column = 0, columns - 1 do
    local content = marks[column]
    if content then
      local begin = math.min(math.max(column - (width_of(content) - 1) // 2, 0), columns - width_of(content))
      if begin >= used + (used > 0 and 1 or 0) then
        line[#line + 1] = (" "):rep(begin - used) .. content
        used = begin + width_of(content)
      end
    end
  end
  return table.concat(line)
end

local function legend(panel, o, letters, paint)
  local words = {}
  for i, series in ipairs(panel.series) do
    local mark = o.marks and o.marks[(i - 1) % #o.marks + 1] or paint(letters.line, series.colour)
    if series.name ~= "" then words[#words + 1] = mark .. " " .. series.name end
  end
  return table.concat(words, "   ")
end

local function curves(panel, o, letters, out)
  local paint = painter(o)
  local x_low, x_high, y_low, y_high = axis.of_panel(panel)
  local across, up = axis.scale(x_low, x_high, panel.log_x), axis.scale(y_low, y_high, panel.log_y)
  local beside = places(axis.ticks(y_low, y_high, panel.log_y), function(y) return 1 - up(y) end, o.height)
  local label = 0
  for _, content in pairs(beside) do label = math.max(label, width_of(content)) end
  local columns = o.width - label - 2
  local grid = canvas.new(columns, o.height, o.marks)
  for i = #panel.series, 1, -1 do
    draw_series(grid, panel.series[i], o.marks and i or panel.series[i].colour, across, up, panel, letters)
  end
  if panel.y_label ~= "" then out[#out + 1] = panel.y_label end
  for row = 0, o.height - 1 do
    out[#out + 1] = ("%s %s%s"):format(right(beside[row] or "", label), beside[row] and letters.tick or letters.side,
      grid:row(row, paint, letters.band))
  end
  local below = places(axis.ticks(x_low, x_high, panel.log_x, axis.counts(panel)), across, columns)
  local base = {}
  for column = 0, columns - 1 do base[column + 1] = below[column] and letters.base_tick or letters.base end
  out[#out + 1] = (" "):rep(label + 1) .. letters.corner .. table.concat(base)
  out[#out + 1] = (" "):rep(label + 2) .. tick_line(below, columns)
  if panel.x_label ~= "" then
    out[#out + 1] = (" "):rep(label + 2 + math.max(0, (columns - width_of(panel.x_label)) // 2)) .. panel.x_label
  end
  local names = legend(panel, o, letters, paint)
  if names ~= "" then out[#out + 1] = (" "):rep(label + 2) .. names end
end

-- Numbers with as many decimals as show four digits of the largest.
local function aligned(values)
  local largest, whole, texts = 0, true, {}
  for _, value in ipairs(values) do
    largest, whole = math.max(largest, math.abs(value)), whole and value == math.floor(value)
  end
  local decimals = math.max(0, math.min(8, 3 - math.floor(math.log(math.max(largest, 1e-5), 10))))
  for i, value in ipairs(values) do
    local shown = math.abs(value) < 1e-12 * largest and 0 or value
    texts[i] = (largest >= 1e7 and "%.4g" or ("%%.%df"):format(whole and 0 or decimals)):format(shown)
  end
  return texts
end

-- A bar of a share of so many columns, to an eighth of a column.
local function bar(share, columns, letters)
  local eighths = math.floor(share * columns * 8 + 0.5)
  return letters.bar:rep(eighths // 8) .. letters.eighths[eighths % 8]
end

local function bars(panel, o, letters, out)
  local paint, label, number, numbers = painter(o), 0, 0, aligned(panel.values)
  local low, high = 0, 0
  for i, value in ipairs(panel.values) do
    label, number = math.max(label, width_of(panel.labels[i])), math.max(number, #numbers[i])
    low, high = math.min(low, value), math.max(high, value)
  end
  if panel.range then low, high = table.unpack(panel.range) end
  if low == high then high = low + 1 end
  local columns = math.max(4, o.width - label - number - 3)
  local zero = math.floor(columns * -low / (high - low) + 0.5)
  for i, value in ipairs(panel.values) do
    local drawn
    if value >= 0 then
      drawn = (" "):rep(zero) .. paint(bar(value / (high - low), columns, letters), 1)
    else
      local length = math.min(zero, math.floor(-value / (high - low) * columns + 0.5))
      drawn = (" "):rep(zero - length) .. paint(letters.bar:rep(length), 2)
    end
    out[#out + 1] = ("%s %s %s"):format(right(panel.labels[i], label), right(numbers[i], number), drawn)
  end
end

-- A text on a colour; or on none.
local function coloured(content, value, panel, o)
  if not o.colour then return content end
  local low, high = table.unpack(panel.range)
  local c = palette.at((value - low) / (high - low), panel.signed)
  local ink = 0.3 * c[1] + 0.59 * c[2] + 0.11 * c[3] > 128 and 30 or 97
  return ("\27[48;2;%d;%d;%d;%dm%s\27[0m"):format(c[1], c[2], c[3], ink, content)
end

-- Two characters: a shade of an amount, and its sign.
local function shade_of(value, panel, letters)
  local low, high = table.unpack(panel.range)
  local share = (value - low) / (high - low)
  if panel.signed then share = math.abs(value) / math.max(math.abs(low), math.abs(high)) end
  local shade = letters.shades[math.floor(math.min(math.max(share, 0), 1) * (#letters.shades - 1) + 0.5) + 1]
  return shade .. (panel.signed and value < 0 and shade ~= " " and "-" or shade)
end

local most_numbers = 16   -- columns of a map that shows them

-- What stands in the cells: numbers where there is room for them, else colours or shades alone.
local function cells_of(panel, o, letters, room)
  local flat, width = {}, 0
  for _, row in ipairs(panel.rows) do table.move(row, 1, #row, #flat + 1, flat) end
  local columns = #panel.rows[1]
  if columns <= most_numbers then
    local numbers = {}
    for i, value in ipairs(flat) do numbers[i] = ("%.2f"):format(value):gsub("^%-(0%.00)$", "%1") end
    for _, list in ipairs { numbers, panel.x_names } do
      for _, content in ipairs(list) do width = math.max(width, width_of(content) + 1) end
    end
    if columns * width <= room then return numbers, width, true end
  end
  local cells = {}
  for i, value in ipairs(flat) do cells[i] = o.colour and "  " or shade_of(value, panel, letters) end
  return cells, 2, false
end

local function scale_line(panel, o, letters)
  local scale, low, high = {}, table.unpack(panel.range)
  for i = 0, 8 do
    local value = low + (high - low) * i / 8
    scale[#scale + 1] = coloured(o.colour and "  " or shade_of(value, panel, letters), value, panel, o)
  end
  return ("%s %s %s"):format(axis.text(low), table.concat(scale), axis.text(high))
end

local function heat_map(panel, o, letters, out)
  local label, columns = 0, #panel.rows[1]
  for _, name in ipairs(panel.y_names) do label = math.max(label, width_of(name)) end
  local margin = label > 0 and label + 1 or 0
  local cells, width, numbers = cells_of(panel, o, letters, o.width - margin)
  local names = {}
  if numbers then
    for j, name in ipairs(panel.x_names) do names[j] = right(name, width) end
  elseif panel.x_names[1] then
    local first, last = panel.x_names[1], panel.x_names[#panel.x_names]
    local between = 2 * columns - width_of(first) - width_of(last)
    names = { first, between > 0 and (" "):rep(between) .. last or nil }
  end
  if #names > 0 then out[#out + 1] = (" "):rep(margin) .. table.concat(names) end
  for i, row in ipairs(panel.rows) do
    local line = {}
    for j, value in ipairs(row) do line[j] = coloured(right(cells[(i - 1) * columns + j], width), value, panel, o) end
    out[#out + 1] = left(right(panel.y_names[i] or "", label), margin) .. table.concat(line)
  end
  if o.colour or not numbers then out[#out + 1] = (" "):rep(margin) .. scale_line(panel, o, letters) end
end

local half_block = "\27[38;2;%d;%d;%d;48;2;%d;%d;%dm▀"

-- The mean colour of so many pixels to the right and down, from 0 to 255.
local function mean_colour(pixels, y, x, width, height)
  local sums, count = { 0, 0, 0 }, 0
  for row = y, math.min(y + height - 1, #pixels) do
    for column = x, math.min(x + width - 1, #pixels[1]) do
      for k = 1, 3 do sums[k] = sums[k] + pixels[row][column][k] end
      count = count + 1
    end
  end
  local scale = 255 / math.max(1, count)
  return math.floor(sums[1] * scale + 0.5), math.floor(sums[2] * scale + 0.5), math.floor(sums[3] * scale + 0.5)
end

-- Pixels of a picture { { r, g, b }, ... } by rows, values from 0 to 1: two rows to a line in colours, else shades,
-- two characters each where there is room, since a character is twice as high as it is wide.
local function picture(panel, o, letters, out)
  local pixels = panel.pixels
  local twice = not o.colour and 2 * #pixels[1] <= o.width
  local step = math.max(1, math.ceil(#pixels[1] / o.width))
  local down = (o.colour or twice) and step or 2 * step
  local function at(y, x) return mean_colour(pixels, y, x, step, down) end
  for y = 1, #pixels, (o.colour and 2 or 1) * down do
    local line = {}
    for x = 1, #pixels[1], step do
      local r, g, b = at(y, x)
      if o.colour then
        local r2, g2, b2 = at(y + step, x)
        line[#line + 1] = half_block:format(r, g, b, r2, g2, b2)
      else
        local grey = (0.3 * r + 0.59 * g + 0.11 * b) / 255
        local shade = letters.shades[math.floor(grey * (#letters.shades - 1) + 0.5) + 1]
        line[#line + 1] = shade:rep(twice and 2 or 1)
      end
    end
    out[#out + 1] = table.concat(line) .. (o.colour and "\27[0m" or "")
  end
end

-- Bloch vectors as numbers, and as places on the way from -1 to 1.
local function vectors(panel, o, letters, out)
  local paint = painter(o)
  local columns = math.max(5, math.min(21, (o.width - 49) // 3))
  local half = (columns - 1) // 2
  for i, vector in ipairs(panel.vectors) do
    local parts = {}
    for k, name in ipairs { "x", "y", "z" } do
      local track, place = {}, math.floor((vector[k] + 1) * half + 0.5)
      for at = 0, 2 * half do
        track[#track + 1] = at == place and paint(letters.point, k) or at == half and letters.zero or letters.base
      end
      local shown = math.floor(1000 * vector[k] + 0.5) / 1000   -- without "-0.000"
      parts[k] = ("%s %+.3f %s"):format(name, shown, table.concat(track))
    end
    local length = math.sqrt(vector[1] ^ 2 + vector[2] ^ 2 + vector[3] ^ 2)
    out[#out + 1] = ("%s  %s  length %.3f"):format(right(panel.labels[i], 2), table.concat(parts, "  "), length)
  end
end

local kinds = { curves = curves, bars = bars, heatmap = heat_map, images = picture, bloch = vectors }

local function wants_colour()
  return host.is_terminal "stdout" and (os.getenv "NO_COLOR" or "") == "" and os.getenv "TERM" ~= "dumb"
end

--- Draws panels below each other.
--- @param panels table[]
--- @param options { width?: integer, height: integer, ascii: boolean, colour?: boolean }
--- @return string
function text.draw(panels, options)
  local colour = options.colour
  if colour == nil then colour = wants_colour() end
  local letters, out = options.ascii and ascii or unicode, {}
  for i, panel in ipairs(panels) do
    local o = {
      width = options.width or math.min(host.terminal_width "stdout" or usual_columns, most_columns),
      height = options.height, colour = colour, ascii = options.ascii,
    }
    local several = panel.kind == "curves" and #panel.series > 1
    if options.ascii or several and not colour then o.marks = letters.marks end
    if i > 1 then out[#out + 1] = "" end
    if panel.title ~= "" then out[#out + 1] = panel.title end
    kinds[panel.kind](panel, o, letters, out)
  end
  for i, line in ipairs(out) do out[i] = line:gsub("%s+$", "") end
  return table.concat(out, "\n") .. "\n"
end

return text
