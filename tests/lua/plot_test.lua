-- Curves as .svg files.
local ms = require "moonstill"
local plot = require "plot"
local test = require "moonstill.test"

local function draw(panels)
  local path = os.tmpname()
  plot.write(path, panels)
  local text = ms.io.read_text(path)
  os.remove(path)
  return text
end

local function line(...) return { name = "a < b", points = { ... } } end

-- The coordinates of the first line drawn.
local function path_of(text) return text:match '<path d="([^"]*)"' end

test("points lie where they should: left and below the smallest, right and above the largest", function()
  local text = draw { { title = "T", lines = { line({ 0, 0 }, { 5, 5 }, { 10, 10 }) } } }
  test.equal(path_of(text), "M64.0 188.0L344.0 108.0L624.0 28.0")
  test.ok(text:find('text-anchor="end">10</text>', 1, true) and text:find("a &lt; b", 1, true), text)
  test.ok(not text:find "nan" and not text:find "inf", text)
end)

test("on a logarithmic axis equal factors are equal steps", function()
  local text = draw { { title = "T", log = true, lines = { line({ 1, 0.01 }, { 2, 1 }, { 3, 100 }) } } }
  test.equal(path_of(text), "M64.0 188.0L344.0 108.0L624.0 28.0")
end)

test("what is no number is a gap, and few points are no error", function()
  local text = draw { { title = "T", lines = { line({ 0, 0 }, { 1, 0 / 0 }, { 2, nil }, { 3, 1 }) } } }
  test.equal(path_of(text), "M64.0 188.0M624.0 28.0")
  for _, points in ipairs { {}, { { 1, 1 } }, { { 1, 0 }, { 2, -1 } } } do
    for _, log in ipairs { false, true } do
      local few = draw { { title = "T", log = log, lines = { { name = "x", points = points } } } }
      test.ok(few:find "</svg>" and not few:find "nan" and not few:find "inf", few)
    end
  end
end)

test("panels stand below each other, and are checked", function()
  local text = draw { { title = "A", lines = {} }, { title = "B", lines = {} } }
  test.ok(text:find 'height="440"' and text:find 'y="236.0" text%-anchor="start">B<', text)
  test.fails_with("plot.write: panel 1: argument 'title': expected string, got nothing",
    function() draw { { lines = {} } } end)
end)

test("dots, dashes, a logarithmic axis across and what it shows", function()
  local dotted = line({ 0.01, 1 }, { 1, 2 }, { 100, 3 }, { -1, 4 })
  dotted.dots = true
  local dashed = { name = "b", dashed = true, points = { { 1, 1 } } }
  local text = draw { { title = "T", log_x = true, x_label = "x < 1", lines = { dotted, dashed } },
    { title = "B", lines = {} } }
  test.ok(text:find('d="M64.0 188.0h0M344.0 134.7h0M624.0 81.3h0"', 1, true), text)
  test.ok(text:find 'stroke%-dasharray' and text:find('text-anchor="middle">x &lt; 1<', 1, true), text)
  test.ok(text:find 'height="458"' and text:find 'y="254.0" text%-anchor="start">B<', text)
end)

test("names that find no place beside the title stand below it", function()
  local text = draw { { title = ("T"):rep(80), lines = { line({ 0, 0 }, { 1, 1 }) } } }
  test.ok(text:find 'height="238"' and text:find('y="34.0" text-anchor="end">a &lt; b', 1, true), text)
  test.equal(path_of(text), "M64.0 206.0L624.0 46.0")
end)

test("an axis across may have given ends", function()
  local text = draw { { title = "T", x_range = { 0, 20 }, lines = { line({ 0, 0 }, { 10, 10 }) } } }
  test.equal(path_of(text), "M64.0 188.0L344.0 28.0")
end)
