-- Panels as commands for gnuplot, and gnuplot itself at the other end of a pipe.
local axis = require "plot.axis"
local palette = require "plot.palette"

local gnuplot = {}

local missing = "gnuplot is missing: install the package gnuplot-nox (apt-get install gnuplot-nox), "
  .. "or take figure:text() or figure:page_svg(), which need none"

local function quoted(content) return "'" .. content:gsub("'", "''"):gsub("\n", " ") .. "'" end

-- A number, or what gnuplot leaves out.
local function number(x) return axis.shows(x, false) and ("%.10g"):format(x) or "NaN" end

local terminals = {
  png = { "set terminal pngcairo size %d,%d font 'sans,11' background rgb '%s'", 1 },
  svg = { "set terminal svg size %d,%d dynamic font 'sans-serif,12' background rgb '%s'", 1 },
  pdf = { "set terminal pdfcairo size %.3fin,%.3fin font 'sans,9' background rgb '%s'", 1 / 96 },
}

local function series_colour(i, o)
  local colours = o.dark and palette.dark or palette.light
  return colours[(i - 1) % #colours + 1]
end

-- Ticks that we choose, written as in the text.
local function ticks_text(ticks)
  local words = {}
  for i, tick in ipairs(ticks) do words[i] = ("'%s' %s"):format(axis.text(tick), number(tick)) end
  return table.concat(words, ", ")
end

local function set_ranges(panel, out)
  local ends = table.pack(axis.of_panel(panel))
  for i, name in ipairs { "x", "y" } do
    local range, log, whole = panel[name .. "_range"], panel["log_" .. name], name == "x" and axis.counts(panel)
    local low, high, single = ends[2 * i - 1], ends[2 * i], ends[4 + i]
    if log then out[#out + 1] = ("set logscale %s"):format(name) end
    if range or log or whole or single then
      out[#out + 1] = ("set %srange [%s:%s]"):format(name, number(low), number(high))
    end
    if log or whole then
      out[#out + 1] = ("set %stics (%s)"):format(name, ticks_text(axis.ticks(low, high, log, whole)))
    end
  end
end

local function curves(panel, block, o, out)
  local plots = {}
  for i, series in ipairs(panel.series) do
    local name, colour = ("$data%d_%d"):format(block, i), series_colour(series.colour, o)
    out[#out + 1] = name .. " << EOD"
    for k, x in ipairs(series.x) do
      local low, high = series.low and series.low[k], series.high and series.high[k]
      out[#out + 1] = table.concat({ number(x), number(series.y[k]), number(low), number(high) }, " ")
    end
    out[#out + 1] = "EOD"
    if series.low then
      plots[#plots + 1] = ("%s using 1:3:4 with filledcurves fc rgb '%s' fs transparent solid 0.2 notitle"):format(
        name, colour)
    end
    local style = series.style == "points" and ("points pt %d ps 0.6"):format(6 + i)
      or series.style == "point" and "points pt 7 ps 1.2"
      or ("lines lw 1.8 dt %d"):format(({ dashed = 2, dotted = 3 })[series.style] or 1)
    plots[#plots + 1] = ("%s using 1:2 with %s lc rgb '%s' %s"):format(name, style, colour,
      series.name ~= "" and "title " .. quoted(series.name) or "notitle")
  end
  set_ranges(panel, out)
  out[#out + 1] = "plot " .. table.concat(plots, ", \\\n  ")
end

local function bars(panel, block, o, out)
  local name = ("$data%d"):format(block)
  out[#out + 1] = name .. " << EOD"
  for i, value in ipairs(panel.values) do
    out[#out + 1] = ('%d %s "%s"'):format(i, number(value), panel.labels[i]:gsub('"', "'"))
  end
  out[#out + 1] = "EOD\nset style fill solid 0.85"
  local low, high = axis.extent({ panel.values, { 0 } }, false)
  local range, edges = panel.range or { 1.05 * low, 1.05 * high }, panel.edges
  out[#out + 1] = ("set yrange [%s:%s]"):format(number(range[1]), number(range[2]))
  local places, labels = "1", #panel.values <= 32 and not edges and ":xtic(3)" or ""
  if edges then
    local step = edges[2] - edges[1]
    places = ("(%s+($1-0.5)*%s)"):format(number(edges[1]), number(step))
    out[#out + 1] = "set boxwidth " .. number(step)
  else
    local longest = 0
    for _, label in ipairs(panel.labels) do longest = math.max(longest, utf8.len(label) or #label) end
    if longest * #panel.values > 60 then out[#out + 1] = "set xtics rotate by -45" end
    out[#out + 1] = "set boxwidth 0.7"
  end
  out[#out + 1] = ("plot %s using %s:2%s with boxes lc rgb '%s' notitle"):format(name, places, labels,
    series_colour(1, o))
end

local function names_of(names, which)
  if #names == 0 or #names > 32 then return ("unset %stics"):format(which) end
  local texts = {}
  for i, name in ipairs(names) do texts[i] = ("%s %d"):format(quoted(name), i - 1) end
  return ("set %stics (%s)"):format(which, table.concat(texts, ", "))
end

local function heat_map(panel, block, o, out)
  local name, stops = ("$data%d"):format(block), {}
  out[#out + 1] = name .. " << EOD"
  for _, row in ipairs(panel.rows) do
    local numbers = {}
    for j, value in ipairs(row) do numbers[j] = number(value) end
    out[#out + 1] = table.concat(numbers, " ")
  end
  out[#out + 1] = "EOD"
  for i, c in ipairs(palette.stops(panel.signed)) do stops[i] = ("%d '#%02x%02x%02x'"):format(i, c[1], c[2], c[3]) end
  out[#out + 1] = ("set palette defined (%s)"):format(table.concat(stops, ", "))
  out[#out + 1] = ("set cbrange [%s:%s]"):format(number(panel.range[1]), number(panel.range[2]))
  out[#out + 1] = names_of(panel.x_names, "x")
  out[#out + 1] = names_of(panel.y_names, "y")
  local columns, rows = #panel.rows[1], #panel.rows
  out[#out + 1] = ("set xrange [-0.5:%.1f]; set yrange [%.1f:-0.5]; unset grid"):format(columns - 0.5, rows - 0.5)
  if columns == rows then out[#out + 1] = "set size ratio -1" end
  out[#out + 1] = ("plot %s matrix with image%s notitle"):format(name, o.ending == "svg" and " pixels" or "")
end

local function picture(panel, block, o, out)
  local name = ("$data%d"):format(block)
  out[#out + 1] = name .. " << EOD"
  for y, row in ipairs(panel.pixels) do
    for x, p in ipairs(row) do
      out[#out + 1] = ("%d %d %d %d %d"):format(x, y, p[1] * 255 // 1, p[2] * 255 // 1, p[3] * 255 // 1)
    end
  end
  out[#out + 1] = "EOD"
  out[#out + 1] = ("set xrange [0.5:%.1f]; set yrange [%.1f:0.5]; unset tics; unset border; unset grid; "
    .. "set size ratio -1"):format(#panel.pixels[1] + 0.5, #panel.pixels + 0.5)
  -- Only SVG would smooth them.
  local pixels = o.ending == "svg" and " pixels" or ""
  out[#out + 1] = ("plot %s using 1:2:3:4:5 with rgbimage%s notitle"):format(name, pixels)
end

local most_spheres = 3   -- beside each other

-- A sphere for each qubit.
local function spheres(panel, _, o, out)
  local grey = o.dark and "#5a626c" or "#b8bec5"
  local count = #panel.vectors
  local columns = math.min(count, most_spheres)
  local rows = math.ceil(count / columns)
  out[#out + 1] = "set parametric; set urange [0:2*pi]; set vrange [-pi/2:pi/2]; set isosamples 13,9; "
    .. "unset tics; unset border; unset key; unset colorbox; set view 68,118,1.6; set view equal xyz; "
    .. "set lmargin 0; set rmargin 0; set bmargin 0; set tmargin 2; "
    .. "set xrange [-1:1]; set yrange [-1:1]; set zrange [-1:1]; unset xlabel; unset ylabel"
  for i, vector in ipairs(panel.vectors) do
    local column, row = (i - 1) % columns, (i - 1) // columns
    local title = ("qubit %s: (%.2f, %.2f, %.2f)"):format(panel.labels[i], table.unpack(vector))
    out[#out + 1] = ("set size %.4f,%.4f; set origin %.4f,%.4f; unset arrow; unset label"):format(1 / columns,
      o.share / rows, column / columns, o.bottom + o.share * (1 - (row + 1) / rows))
    out[#out + 1] = ("set title %s offset 0,1"):format(quoted(title))   -- above the label of |0>
    for _, ends in ipairs { "1,0,0", "0,1,0", "0,0,1" } do
      out[#out + 1] = ("set arrow from 0,0,0 to %s nohead lc rgb '%s'"):format(ends, grey)
    end
    for name, place in pairs { x = "1.25,0,0", y = "0,1.2,0", ["|0⟩"] = "0,0,1.2", ["|1⟩"] = "0,0,-1.2" } do
      out[#out + 1] = ("set label '%s' at %s center textcolor rgb '%s'"):format(name, place, o.ink)
    end
    out[#out + 1] = ("set arrow from 0,0,0 to %s,%s,%s lw 2.5 lc rgb '%s' front"):format(number(vector[1]),
      number(vector[2]), number(vector[3]), series_colour(2, o))
    out[#out + 1] = ("splot cos(u)*cos(v),sin(u)*cos(v),sin(v) with lines lw 0.4 lc rgb '%s'"):format(grey)
  end
end

local kinds = { curves = curves, bars = bars, heatmap = heat_map, images = picture, bloch = spheres }

local function height_of(panel, width)
  if panel.kind == "images" then return math.ceil(width * #panel.pixels / #panel.pixels[1]) + 40 end
  if panel.kind == "heatmap" then
    return math.ceil(math.min(width * 0.8, width * 0.8 * #panel.rows / #panel.rows[1])) + 60
  end
  if panel.kind == "bloch" then
    local columns = math.min(#panel.vectors, most_spheres)
    return math.ceil(#panel.vectors / columns) * (math.min(width, 420 * columns) // columns)
  end
  return 320
end

--- The commands that draw panels into a file, or nil where its ending is none that is known.
--- @param panels table[]
--- @param file string
--- @param o { width: integer, height?: integer, dark: boolean }
--- @return string|nil
function gnuplot.script(panels, file, o)
  local terminal = terminals[file:match "%.(%w+)$" or ""]
  if not terminal then return nil end
  local heights, total = {}, 0
  for i, panel in ipairs(panels) do
    heights[i] = height_of(panel, o.width)
    total = total + heights[i]
  end
  local ground, ink = o.dark and "#14171c" or "#ffffff", o.dark and "#e6e8eb" or "#1f2328"
  local out = { "set encoding utf8" }
  out[2] = terminal[1]:format(o.width * terminal[2], (o.height or total) * terminal[2], ground)
  out[3] = "set output " .. quoted(file)
  out[4] = ("set border 3 lc rgb '%s'; set tics nomirror; set xtics noenhanced; set ytics noenhanced"):format(ink)
  out[#out + 1] = "set key below"
  for _, name in ipairs { "key", "title", "xlabel", "ylabel" } do
    out[#out + 1] = ("set %s textcolor rgb '%s' noenhanced"):format(name, ink)
  end
  out[#out + 1] = "set multiplot"
  local below = total
  for i, panel in ipairs(panels) do
    below = below - heights[i]
    local share, bottom = heights[i] / total, below / total
    out[#out + 1] = ("set size noratio; set size 1,%.5f; set origin 0,%.5f"):format(share, bottom)
    out[#out + 1] = ("unset logscale; set xrange [*:*]; set yrange [*:*]; "
      .. "set xtics norotate autofreq; set ytics autofreq; set grid lt 1 lc rgb '%s' lw 0.6"):format(
      o.dark and "#3a4048" or "#d8dce0")
    out[#out + 1] = ("set title %s; set xlabel %s; set ylabel %s"):format(quoted(panel.title),
      quoted(panel.x_label or ""), quoted(panel.y_label or ""))
    local place = { dark = o.dark, ink = ink, share = share, bottom = bottom, ending = file:match "%.(%w+)$" }
    kinds[panel.kind](panel, i, place, out)
  end
  out[#out + 1] = "unset multiplot\nunset output\n"
  return table.concat(out, "\n")
end

--- Whether the program is there.
--- @return boolean
function gnuplot.found() return (os.execute "command -v gnuplot >/dev/null 2>&1") == true end

--- Runs commands. Gives nil, or what went wrong.
--- @param script string
--- @return string|nil
function gnuplot.run(script)
  if not gnuplot.found() then return missing end
  local complaints = os.tmpname()
  local pipe = io.popen(("gnuplot - 2>'%s'"):format(complaints), "w")
  local fine = pipe and pipe:write(script) and true
  local ended = pipe and pipe:close()
  local file <close> = io.open(complaints)
  local said = file and file:read "a" or ""
  os.remove(complaints)
  if fine and ended then return nil end
  return "gnuplot: " .. (said:match "[^\n]*line %d+: [^\n]*" or said:match "[^\n]+" or "ended with an error")
end

return gnuplot
