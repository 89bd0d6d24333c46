-- How values print: tensors in aligned columns that fit, tables as Lua text, images in the terminal.
local host = require "moonstill.host"
local ms = require "moonstill"
local program = require "program"
local test = require "moonstill.test"

local function widest(text)
  local width = 0
  for line in text:gmatch "[^\n]+" do width = math.max(width, utf8.len(line)) end
  return width
end

test("tensors: aligned, with shape and type", function()
  local nan = 0 / 0
  test.equal(tostring(ms.tensor { { 1, -20 }, { 300, 4 } }), "    1  -20\n  300    4\n[Tensor 2x2 f32]")
  test.equal(tostring(ms.tensor({ 1.5, nan, 1 / 0, -2 }, { dtype = "f64" })), "   1.5000      nan      inf  -2.0000\n[Tensor 4 f64]")
  test.equal(tostring(ms.tensor { 1e-9, 12345678.5 }), "  1.0000e-09  1.2346e+07\n[Tensor 2 f32]")
  test.equal(tostring(ms.tensor(2.5)), "2.5000  [Tensor scalar f32]")
  test.equal(tostring(ms.zeros { 0, 3 }), "[Tensor 0x3 f32]")
  test.equal(tostring(ms.zeros({ 2, 1, 2 }, { dtype = "u8" })), "(1,.,.)\n  0  0\n(2,.,.)\n  0  0\n[Tensor 2x1x2 u8]")
end)

test("tensors: the middle is left out, and no line is wider than the terminal", function()
  for _, shape in ipairs { { 5000 }, { 100 }, { 3, 1000 }, { 1000, 3 }, { 20, 20, 20 }, { 3, 4, 5, 6 }, { 10, 1, 28, 28 } } do
    for _, scale in ipairs { 1, 1e-7, 1e12 } do
      local text = tostring(ms.random(1):normal(shape) * scale)
      local _, lines = text:gsub("\n", "")
      local name = table.concat(shape, "x")
      test.ok(widest(text) <= 80, name)
      test.ok(lines < 40 or #shape == 4, ("%s: %d lines"):format(name, lines))
      test.ok(text:find(("[Tensor %s f32]"):format(name), 1, true), name)
    end
  end
  test.equal(tostring(ms.linspace(1, 101, 101)),
    "    1    2    3    4    5    6    7    8  ...   95   96   97   98   99  100  101\n[Tensor 101 f32]")
end)

test("tables", function()
  test.equal(ms.pretty { 1, "a", { x = true, ["two words"] = 2 } }, '{ 1, "a", { ["two words"] = 2, x = true } }')
  local long = {}
  for i = 1, 40 do long[i] = i * 1000 end
  test.ok(widest(ms.pretty(long)) <= 80)
  test.ok(select(2, ms.pretty(long):gsub("\n", "")) < 8, ms.pretty(long))
  test.equal(ms.pretty { x = ms.ones(2), y = ms.ones { 20, 30 } }, "{ x = 1  1  [Tensor 2 f32], y = [Tensor 20x30 f32] }")
  local cycle = {}
  cycle.self = cycle
  test.equal(ms.pretty(cycle), "{ self = (itself) }")
  test.ok(ms.pretty(function(a, b) return a, b end):find("^function%(a, b%) from .*print_test.lua:%d+$"))
end)

-- 1,000 tables in one another took 23 s.
test("tables: what is too deep or too long is left out", function()
  local deep, large, row = {}, {}, {}
  local inner = deep
  for _ = 1, 1000 do
    inner[1] = {}
    inner = inner[1]
  end
  test.equal(ms.pretty(deep):gsub("[%s]", ""), ("{"):rep(20) .. "{...}" .. ("}"):rep(20))
  for i = 1, 100 do row[i] = i end
  for i = 1, 100 do large[i] = row end
  local text = ms.pretty { large, large }
  test.ok(#text < 30000 and text:find("99, 100\n", 1, true), #text)
  test.ok(text:find "%.%.%. 51 more\n    },\n    %.%.%. 50 more\n  },\n  %.%.%. 1 more\n}$", text:sub(-300))
  test.ok(ms.pretty(row):find "99, 100\n}$")
  row[101] = 0
  test.ok(ms.pretty(row):find "100, %.%.%. 1 more\n}$")
end)

local function shown(code) return (program.run({ "-e", code })) end

test("images as characters, half blocks, kitty's graphics and sixels", function()
  local code = "ms.show(ms.tensor { { 0, 1 }, { 0, 1 }, { 1, 0 }, { 1, 0 } }, { mode = '%s' })"
  test.equal(shown(code:format "text"), " @\n@\n")
  local low, high = "0;0;0", "255;255;255"
  local blocks = shown(code:format "blocks"):gsub("38;5;16;48;5;16", low):gsub("38;5;231;48;5;231", high)
  test.equal(blocks, ("\27[%sm▀\27[%sm▀\27[0m\n\27[%sm▀\27[%sm▀\27[0m\n"):format(low, high, high, low))
  test.ok(shown(code:format "kitty"):find "^\27_Ga=T,f=24,q=2,s=84,v=168,m=1;AAAA")
  test.ok(shown(code:format "sixel"):find '^\27Pq"1;1;84;168#0;2;0;0;0#1;2;')
  test.ok(not shown(code:format "auto"):find "\27", "a pipe gets characters")
end)

test("the console of Linux is not asked what it draws: it would print the question", function()
  for term, asked in pairs { linux = false, vt220 = true } do
    local command = "sleep 0.5 | env -u TMUX -u NO_COLOR -u KITTY_WINDOW_ID -u TERM_PROGRAM TERM=%s "
      .. [[script -qec "'%s' -e 'ms.show(ms.ones { 2, 2 })'" /dev/null]]
    local pipe <close> = assert(io.popen(command:format(term, host.program)))
    test.equal(pipe:read("a"):find("\27_G", 1, true) ~= nil, asked)
  end
end)

test("what holds images is found", function()
  local output = shown "s = ms.data.images('digits', { train = 30, test = 1 }) s.train:show() ms.show { images = s.train:batch { 1 } }"
  test.ok(output:find("\nand 10 more: count = N shows more\n", 1, true), output)
  test.ok(output:find "\n +%d+ +%d+ +%d+ +%d+ +%d+\n", "classes below\n" .. output)
  test.fails("ms.show: argument 1 'images': expected images [n, channels, height, width] with 1 or 3 channels, "
    .. "got a tensor of shape [3]", ms.show, ms.ones(3))
  test.fails("ms.show: argument 1 'images': expected images [n, channels, height, width] with 1 or 3 channels, "
    .. "got a number", ms.show, 3)
  test.fails("ms.show: argument 'range': expected {low, high}", ms.show, ms.ones { 2, 2 }, { range = { 1 } })
end)

test("columns: wide characters take two, combining ones and colours none", function()
  local terminal = require "moonstill.terminal"
  test.equal(terminal.width "abc", 3)
  test.equal(terminal.width "日本 é", 6)
  test.equal(terminal.width "e\u{301}\27[31mx\27[0m", 2)
  test.equal(terminal.width "", 0)
end)

test("text breaks at spaces, alternatives at their bars", function()
  local terminal = require "moonstill.terminal"
  local _ <close> = setmetatable({}, { __close = function() terminal.set_columns() end })
  terminal.set_columns(12)
  test.equal(terminal.wrapped '  one two three four', "  one two\n      three\n      four")
  test.equal(terminal.wrapped '"zeros"|"ones"|"normal"', '"zeros"|\n    "ones"|\n    "normal"')
  test.equal(terminal.wrapped "incomprehensible", "incomprehensible")
  test.equal(terminal.filled("one two\nthree four\n\n- a\n  code", "  "), "  one two\n  three four\n\n  - a\n    code")
end)
