-- Figures: as text, as commands for gnuplot, as SVG for pages; states.
local ms = require "moonstill"
local plot = require "plot"
local test = require "moonstill.test"

local function contains(text, ...)
  for _, part in ipairs { ... } do test.ok(text:find(part, 1, true), ("no '%s' in\n%s"):format(part, text)) end
end

local function lines(text)
  local out = {}
  for line in text:gmatch "[^\n]+" do out[#out + 1] = line end
  return out
end

-- The coordinates of the first curve drawn.
local function path_of(svg) return svg:match '<path d="([^"]*)" fill="none"' end

local function straight(more)
  local options = { x = { 0, 5, 10 }, y = { 0, 5, 10 }, title = "T", name = "a < b" }
  for key, value in pairs(more or {}) do options[key] = value end
  return plot.line(options)
end

test("text: a line goes from corner to corner, and ticks stand where they belong", function()
  local drawn = straight():text { width = 23, height = 5, ascii = true }
  test.equal(drawn, table.concat({
    "T", " 10 +               ***", "7.5 +           ****", "  5 +       ****", "2.5 +   ****", "  0 +***",
    "    ++--+---+--+---+--+", "     0  2   4  6   8 10", "     * a < b", "",
  }, "\n"))
end)

test("text: Braille dots, several marks without colours, colours where asked for", function()
  local one = straight():text { width = 40, height = 6, colour = false }
  contains(one, "\n  0 ┤⣀⠤⠔⠒⠉⠁\n", "└")
  local two = plot.line { series = { { name = "u", y = { 1, 2 } }, { name = "v", y = { 2, 1 } } } }
  contains(two:text { width = 40, height = 6, colour = false }, "•", "×", "• u   × v")
  contains(two:text { width = 40, height = 6, colour = true }, "\27[34m", "\27[33m━━\27[0m v")
  for _, width in ipairs { 20, 37, 80 } do
    for _, ascii in ipairs { true, false } do
      local text = two:text { width = width, ascii = ascii, colour = false }
      for _, line in ipairs(lines(text)) do test.ok(utf8.len(line) <= width, line) end
      test.ok(not ascii or #text == utf8.len(text), text)
    end
  end
end)

test("text: gaps, bands, logarithmic axes, and few points", function()
  local band = plot.line { y = { 1, 1, 1 }, low = { 0, 0, 0 }, high = { 2, 2, 2 } }
  contains(band:text { width = 30, height = 5, colour = false }, "░")
  local decades = plot.line { y = { 0.01, -1, 100 }, log_y = true }:text { width = 30, height = 5, ascii = true }
  contains(decades, "0.01 +", "1 +", "100 +")
  for _, y in ipairs { { 1 }, { 2, -1 }, { 0 / 0, 3, math.huge } } do
    for _, log in ipairs { false, true } do
      local figure = plot.line { y = y, log_y = log }
      test.ok(not figure:text { width = 40 }:find "nan" and not figure:page_svg():find "nan", figure)
    end
  end
end)

test("a single number stands in the middle of its axis, a share between 0 and 1", function()
  local function ends(o) return { plot.line(o):gnuplot_script "x.png":match "set yrange %[([^*:]*):([^*:]*)%]" } end
  for _, y in ipairs { { 5 }, { 5, 5, 5 } } do test.equal(ends(y), { "4", "6" }) end
  test.equal(ends { 0.75 }, { "0.5", "1" })
  test.equal(ends { y = { 10 }, log_y = true }, { "1", "100" })
  contains(plot.line({ 5 }):text { width = 40, height = 5, colour = false }, "  5 ┤                 ●\n")
  contains(plot.line({ 5 }):gnuplot_script "x.png", "with points pt 7 ps 1.2")
  local accuracy = require("plot.metrics").figure { { epoch = 1, accuracy = 1 }, { epoch = 2, accuracy = 1 } }
  contains(accuracy:gnuplot_script "x.png", "set yrange [0:1]")
end)

test("one argument alone", function()
  local t = ms.tensor { 1, 2, 2 }
  local function same(a, b) test.equal(a:text { width = 40, colour = false }, b:text { width = 40, colour = false }) end
  same(plot.histogram(t), plot.histogram { values = t })
  same(plot.histogram { 1, 2, 2, bins = 3 }, plot.histogram { values = t, bins = 3 })
  same(plot.bars { 1, 2, labels = { "a", "b" } }, plot.bars { values = { 1, 2 }, labels = { "a", "b" } })
  same(plot.heatmap { { 1, 2 }, { 3, 4 } }, plot.heatmap(ms.tensor { { 1, 2 }, { 3, 4 } }))
  same(plot.images(ms.ones { 2, 3, 3 }), plot.images { images = ms.ones { 2, 3, 3 } })
  same(plot.scatter { 3, 1, x_label = "n" }, plot.scatter { y = { 3, 1 }, x_label = "n" })
end)

test("text: bars, histograms, maps, images", function()
  local bars = plot.bars { values = { 0.5, 0.25, -0.25 }, labels = { "a", "bb", "c" } }:text { width = 30, ascii = true }
  test.equal(bars, " a  0.5000       ############\nbb  0.2500       ######\n c -0.2500 ######\n")
  local counts = plot.histogram { values = { 0, 1, 1, 2, 2, 2, 4, 0 / 0 }, bins = 4 }:text { width = 40, ascii = true }
  contains(counts, "0.0 to 1.0 1 ", "1.0 to 2.0 2 ", "2.0 to 3.0 3 ", "3.0 to 4.0 1 ")
  local map = plot.heatmap { values = ms.tensor { { 1, -0.5 }, { 0, 1 } }, x_names = { "p", "q" }, y_names = { "r", "s" } }
  test.equal(map:text { width = 40, colour = false }, "       p     q\nr   1.00 -0.50\ns   0.00  1.00\n")
  local wide = plot.heatmap { values = ms.ones { 2, 30 } * ms.tensor { { 1 }, { 0 } } }:text { width = 64, ascii = true }
  contains(wide, ("@"):rep(60))
  local grid = plot.images { images = ms.tensor { { { 0, 1 } }, { { 1, 0 } } }, columns = 2 }
  contains(grid:text { width = 40, colour = false }, "  ██▒▒██")
  contains(grid:text { width = 40, colour = true }, "\27[38;2;255;255;255;48;2;0;0;0m▀")
end)

test("gnuplot: what it is told", function()
  local figure = plot.panels {
    plot.line { title = "It's", log_y = true, series = {
      { name = "mean", x = { 1, 2 }, y = { 3, 0 / 0 }, low = { 2, 2 }, high = { 4, 4 } },
      { name = "other", y = { 1, 2 }, style = "dashed" } } },
    plot.scatter { y = { 1, 2 }, x_range = { 0, 5 } }, plot.histogram { values = { 0, 1, 1 }, bins = 2 },
    plot.heatmap { values = { { 1, 2 } }, x_names = { "u", "v" } }, plot.images { images = ms.ones { 1, 1, 1 } },
    plot.bloch(ms.qubits(1)),
  }
  contains(figure:gnuplot_script "a'b.png", "set terminal pngcairo size 720,", "set output 'a''b.png'", "set title 'It''s'",
    "set logscale y", "set ytics ('1' 1, '1.5' 1.5, '2' 2,",
    "set xtics ('1' 1, '2' 2)", "$data1_1 << EOD\n1 3 2 4\n2 NaN 2 4\nEOD", "using 1:3:4 with filledcurves", "dt 2", "title 'mean'",
    "set xrange [0:5]", "with points", "with boxes", "matrix with image", "set xtics ('u' 0, 'v' 1)", "with rgbimage",
    "splot cos(u)")
  contains(figure:gnuplot_script("x.pdf", { dark = true }), "pdfcairo size 7.500in", "#14171c")
  contains(figure:gnuplot_script "x.svg", "set terminal svg")
  test.fails_with("figure:save: argument 'file': expected a name that ends in .png, .svg or .pdf, got 'x.gif'",
    function() figure:save "x.gif" end)
end)

test("ticks: whole numbers where all are, few powers of ten filled up, no exponents that gnuplot writes", function()
  local function below(o) return plot.line(o):text({ width = 60, height = 4, colour = false }):match "└[^\n]*\n +([^\n]-)%s*\n" end
  test.equal(below { y = { 3, 2, 1 } }:gsub("%s+", " "), "1 2 3")
  test.equal(below { y = { 3, 2, 1 }, x = { 0.5, 1, 1.5 } }:gsub("%s+", " "), "0.5 0.75 1 1.25 1.5")
  test.equal(below { y = { 3, 2 }, x = { 0, 13 } }:gsub("%s+", " "), "0 2 4 6 8 10 12")
  test.equal(below { y = { 3, 2 }, x = { 0, 1e6 } }:gsub("%s+", " "), "0 2.5e5 5e5 7.5e5 1e6")
  local script = plot.line { x = { 0.5, 2 }, y = { 1e-5, 10 }, log_y = true }:gnuplot_script "x.png"
  contains(script, "'1e-5' 1e-05, '0.0001' 0.0001")
end)

test("SVG knows no variables, which many viewers do not", function()
  local svg = straight({ low = { 0, 0, 0 }, high = { 1, 1, 1 } }):page_svg() .. ms.circuit(1, {}, function(c) c:h(1) end):svg()
  test.equal(svg:find("var(", 1, true), nil)
  contains(svg, ".ms-plot .s1{stroke:#", ".ms-plot .f1{fill:#", 'class="s1"', 'class="f1"')
end)

test("gnuplot: the files that it makes, or the package that is missing", function()
  local figure = plot.panels { straight(), plot.heatmap { values = { { 1, 2 }, { 3, 4 } } }, plot.bars { values = { 1 } },
    plot.images { images = ms.ones { 2, 3, 3 } }, plot.bloch(ms.qubits(2)) }
  local folder = os.tmpname()
  os.remove(folder)
  test.fails_with(("figure:save: argument 'file': there is no folder '%s/'"):format(folder),
    function() figure:save(folder .. "/figure.png") end)
  ms.io.write_text(folder .. "/beside", "")
  if plot.has_gnuplot() then
    for ending, magic in pairs { png = "\137PNG", svg = "<?xml", pdf = "%PDF" } do
      local path = ("%s/figure.%s"):format(folder, ending)
      figure:save(path)
      test.equal(ms.io.read_text(path):sub(1, #magic), magic)
      os.remove(path)
    end
  else
    test.fails_with("install the package gnuplot-nox", function() figure:save(folder .. "/figure.png") end)
    test.ok(not ms.io.exists(folder .. "/figure.png"), "no file is left")
  end
  os.remove(folder .. "/beside")
  os.remove(folder)
end)

test("pages: points lie where they should: left and below the smallest, right and above the largest", function()
  local svg = straight():page_svg()
  test.equal(path_of(svg), "M64.0 188.0L344.0 108.0L624.0 28.0")
  contains(plot.line({ y = { 1 } }):page_svg(), 'h0" fill="none"', "stroke-linecap")   -- a lone point is seen
  contains(svg, 'text-anchor="end">10</text>', "a &lt; b", "prefers-color-scheme:dark")
  local log = plot.line { x = { 0.01, 1, 100 }, y = { 0.01, 1, 100 }, log_x = true, log_y = true }
  test.equal(path_of(log:page_svg()), "M64.0 188.0L344.0 108.0L624.0 28.0")
  test.equal(path_of(straight({ x_range = { 0, 20 } }):page_svg()), "M64.0 188.0L204.0 108.0L344.0 28.0")
  test.equal(path_of(plot.line({ y = { 0, 0 / 0, 1 } }):page_svg()), "M64.0 188.0M624.0 28.0")
end)

-- Where the labels of an axis lie along it and how much each takes, in their order.
local function labels_of(svg, anchor, along, extent)
  local out = {}
  for x, y, label in svg:gmatch('<text x="([%d.]+)" y="([%d.]+)" text%-anchor="' .. anchor .. '">([%d.e-]+)</text>') do
    out[#out + 1] = { at = along == "x" and tonumber(x) or -tonumber(y), takes = extent(label), label = label }
  end
  return out
end

test("pages: labels of an axis never lie over one another; few powers of ten have 2 and 5 between them", function()
  local norms = plot.line { y = { 0.021, 0.3, 0.79 }, log_y = true }:page_svg()
  local shown = {}
  for i, one in ipairs(labels_of(norms, "end", "y", tostring)) do shown[i] = one.label end
  test.equal(shown, { "0.05", "0.1", "0.2", "0.5" })
  local random = ms.random(1)
  for _ = 1, 200 do
    local low, factor = 10 ^ random:uniform { low = -6, high = 5 }, 10 ^ random:uniform { low = 0.05, high = 3 }
    for _, log in ipairs { true, false } do
      local ends = { low, low * factor }
      local svg = plot.line { x = ends, y = ends, log_x = log, log_y = log }:page_svg { width = 400 }
      local axes = { labels_of(svg, "end", "y", function() return 9 end),
        labels_of(svg, "middle", "x", function(label) return 6 * #label end) }
      for _, labels in ipairs(axes) do
        test.ok(#labels > 1, svg)
        for i = 2, #labels do
          local a, b = labels[i - 1], labels[i]
          test.ok(b.at - a.at >= (a.takes + b.takes) / 2, ("%s and %s, from %g to %g"):format(a.label, b.label, ends[1], ends[2]))
        end
      end
    end
  end
end)

test("pages: dots, dashes, bands, panels below each other, names that find no place", function()
  local dots = plot.scatter { x = { 0.01, 1, 100, -1 }, y = { 1, 2, 3, 4 }, log_x = true, x_label = "x < 1", title = "A" }
  local svg = plot.panels { dots, straight { style = "dashed", low = { 0, 0, 0 }, high = { 10, 10, 10 }, title = "B" } }:page_svg()
  contains(svg, 'd="M64.0 188.0h0M344.0 134.7h0M624.0 81.3h0"', "stroke-dasharray", ">x &lt; 1<", 'height="458"', 'fill-opacity',
    'y="254.0" text-anchor="start" font-weight="600">B<')
  local long = straight { title = ("T"):rep(90) }:page_svg()
  contains(long, 'height="238"', 'y="34.0" text-anchor="start">a &lt; b<')
  test.equal(path_of(long), "M64.0 206.0L344.0 126.0L624.0 46.0")
  test.fails_with("figure:page_svg: expected curves: save other figures as .svg", function() plot.bars({ values = { 1 } }):page_svg() end)
end)

test("pages: a name for each axis; curves and marks that are told apart without colours, as the legend shows them", function()
  local function series(style, i) return { name = style .. i, x = { 0, 1 }, y = { 0, 1 }, style = style, colour = i } end
  local svg = plot.line({ y_label = "loss", series = { series("dotted", 1), series("points", 2), series("points", 3) } }):page_svg()
  contains(svg, 'transform="rotate(-90 20.0 ', ">loss</text>", "M82.0 188.0", 'class="s1" stroke-width="2" stroke-linecap="round"')
  -- Each is drawn three times: two points, and the legend's.
  test.equal({ select(2, svg:gsub("m%-3%-3l6 6m0%-6l%-6 6", "")), select(2, svg:gsub("m%-3%-3h6v6h%-6z", "")) }, { 3, 3 })
  local many = {}
  for i = 1, 7 do many[i] = series("points", i) end
  local rows = {}
  for y in plot.line({ series = many }):page_svg({ width = 300 }):gmatch 'y="([%d.]+)" text%-anchor="start">points' do
    rows[y] = (rows[y] or 0) + 1
  end
  test.equal(rows, { ["34.0"] = 2, ["52.0"] = 2, ["70.0"] = 2, ["88.0"] = 1 })
  contains(plot.line({ y = { 1, 2 }, style = "dotted" }):gnuplot_script "x.png", "dt 3")
end)

test("states: probabilities, Bloch vectors, density matrices, entropies", function()
  local bell = ms.qubits(3):h(1):cnot(1, 2):h(3):s(3)
  test.equal(plot.probabilities(bell, { qubits = { 1, 2 } }):text { width = 30, ascii = true },
    "Probabilities\n|00⟩ 0.5000 #################\n|01⟩ 0.0000\n|10⟩ 0.0000\n|11⟩ 0.5000 #################\n")
  contains(plot.probabilities(bell, { most = 4 }):text(), "The 4 likeliest of 8 probabilities", "|111⟩ 0.2500")
  contains(plot.bloch(bell):text(), "x +0.000", "length 0.000", "y +1.000", "length 1.000")
  local density = plot.density(bell, { qubits = 3 }):text { width = 60, colour = false }
  contains(density, "real part\n      |0⟩  |1⟩", "imaginary part\n       |0⟩   |1⟩\n|0⟩   0.00 -0.50\n|1⟩   0.50  0.00")
  contains(plot.entanglement(bell):text(), "1|2 1.0000", "2|3 0.0000")
end)

test("live: nothing where standard error is no terminal", function()
  local screen, made = plot.live { every = 0 }, 0
  if not screen.terminal then
    screen:update(function() made = made + 1 end)
    test.equal(made, 0)
  end
end)

test("what is refused", function()
  local function refused(text, f) test.fails_with(text, f) end
  refused("plot.line: expected either 'y' or 'series', got neither", function() plot.line {} end)
  local nothing = "plot.line: expected at least one finite point, got none that can be drawn"
  refused(nothing .. "; a logarithmic axis shows only what is above 0", function() plot.line { y = { -1, 0 }, log_y = true } end)
  refused(nothing, function() plot.line { series = {} } end)
  refused(nothing, function() plot.line { y = { 0 / 0 } } end)
  refused("plot.bars: expected a table of named arguments", function() plot.bars { 1, values = { 1 } } end)
  refused("plot.lines does not exist (did you mean 'plot.line'?)", function() return plot.lines end)
  test.equal(plot.line({ 1, 4 }):page_svg(), plot.line({ y = ms.tensor { 1, 4 } }):page_svg())
  refused("plot.line: argument 'x': expected", function() plot.line { y = { 1 }, x = "a" } end)
  refused("plot.line: argument 'y': expected 1 numbers, as many as x, got 2", function() plot.line { y = { 1, 2 }, x = { 1 } } end)
  refused("plot.line: expected both ends of the error band, got 'low' only", function() plot.line { y = { 1 }, low = { 1 } } end)
  refused("plot.line: series 1: unknown argument 'color'", function() plot.line { series = { { y = { 1 }, color = 3 } } } end)
  refused("argument 'x_range': expected {low, high}, got {2, 1}", function() plot.line { y = { 1 }, x_range = { 2, 1 } } end)
  refused("plot.histogram: argument 'values': expected a finite number, got none", function() plot.histogram { values = {} } end)
  refused("plot.heatmap: argument 'values': expected rows of equally many numbers",
    function() plot.heatmap { values = { { 1 }, { 1, 2 } } } end)
  refused("plot.images: argument 'images': expected [images, 1 or 3, height, width], got shape [2, 2]",
    function() plot.images { images = ms.ones { 2, 2 } } end)
  refused("plot.bars: argument 'labels': expected 2 names", function() plot.bars { values = { 1, 2 }, labels = { "a" } } end)
end)
