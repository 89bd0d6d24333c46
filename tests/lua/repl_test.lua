-- The prompt, through piped input: no prompt is shown, and an error makes the exit code 1.
local commands = require "moonstill.repl.commands"
local ms = require "moonstill"
local pasted = require "moonstill.repl.pasted"
local program = require "program"
local save = require "moonstill.repl.save"
local strict = require "moonstill.strict"
local test = require "moonstill.test"

local function session(input)
  return program.run({ "repl" }, input)
end

local function expect(input, output, code)
  local got, got_code = session(input)
  test.equal(got, output)
  test.equal(got_code, code or 0)
end

test("values print themselves", function()
  expect("1 + 1\n", "2\n")
  expect("nil\n", "nil\n")
  expect("0 / 0, -(0 / 0)\n", "nan\tnan\n")
  expect("1, nil, 'a'\n", '1\tnil\t"a"\n')
  expect("{ a = 1, 2, b = { c = 'd' } }\n", '{ 2, a = 1, b = { c = "d" } }\n')
  expect("x = 5\nx\n", "5\n")
  expect("'quiet';\n_\n", '"quiet"\n')
  expect("print 'side effect'\n", "side effect\n")
  expect("\n\n", "")
end)

test("several lines", function()
  expect("for i = 1, 2 do\n\n  print(i)\nend\n", "1\n2\n")
  expect("f = function(x)\nreturn x\nend\nf(3)\n", "3\n")
  expect("s = [[a\nb]]\ns\n", '"a\\nb"\n')
end)

test("errors leave the session alive", function()
  expect("x = 1\nerror 'boom'\nx\n", "repl:1: boom\n1\n", 1)
  expect("x = = 1\n2\n", "repl:1: unexpected symbol near '='\n2\n", 1)
  expect("error({ code = 3 })\n", "{ code = 3 }\n", 1)
  expect("undefined_name\n", "repl:1: undeclared global 'undefined_name'\n", 1)
  expect("f = function(\n", "repl:1: <name> or '...' expected near <eof>\n", 1)
  expect("local y = 1\ny\n", "repl:1: undeclared global 'y'\n", 1)
  expect("setmetatable({}, { __tostring = function() error 'no text' end })\n3\n", "repl:1: no text\n3\n", 1)
end)

-- With a variable `type` or `table` of the user's the prompt hung, or every input failed.
test("names of Lua's may be given to something else", function()
  local rest = [[
f = function() return ms.ones { 2 } end
f()
nope
{ "a", b = { 2 } }
?ms.threads
??gaussian
:who
:set threads 1
:load /nowhere.lua
ms.lua_of(ms.nn.relu())
do local _ <close> = ms.timer "t" end
ms.matmul(1, 2)
]]
  local function without_times(text) return (text:gsub("\nt: [^\n]*", "\nt: a time")) end
  local expected = without_times(session(rest))
  for _, part in ipairs { "[Tensor 2 f32]", "'nope'", "b = {", "f  function", "ms.nn.relu", "t: a time", "ms.matmul" } do
    test.ok(expected:find(part, 1, true), part)
  end
  local names = {}
  for name in ([[assert collectgarbage coroutine debug dofile error getmetatable io ipairs load loadfile math next os package
    pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table tonumber tostring type utf8 warn
    xpcall]]):gmatch "%l+%d?" do names[#names + 1] = name end
  for _, value in ipairs { "nil", "1", "{ 2 }" } do
    local values = (", " .. value):rep(#names):sub(3)
    test.equal(without_times(session(("%s = %s\n%s"):format(table.concat(names, ", "), values, rest))), expected)
  end
end)

test("an interruption comes back to the prompt", function()
  local stop = "io.popen('kill -INT $PPID'):close() while true do end\n"
  local output = session("x = 1\n" .. stop .. "x\n")
  test.equal(output, "interrupted\n1\n")
end)

test("help", function()
  local output = session "?ms.random\n"
  test.ok(output:find("^ms%.random%(seed%)\n\n  Makes a generator of random numbers%.\n"), output)
  test.equal(session "help(ms.random)\n", output)
  test.ok(session("help(ms.random(1))\n"):find("ms%.Generator:uniform +Draws a number"))
  test.equal(session "?ms.randm\n", "no help on 'ms.randm' (did you mean 'ms.random'?)\n")
  test.ok(session("?ms.options\n"):find("Reads the script's command line.", 1, true))
  local class = session "help(ms.ones(2))\n"
  test.ok(class:find("ms.Tensor:slice", 1, true), class)
  test.equal(session "x = ms.ones(2)\n?x\n", class)
  test.equal(session "x = ms.ones(2)\n?x:slice\n", session "?ms.Tensor:slice\n")
  test.ok(session("net = ms.nn.relu()\n?net:count\n"):find("ms.nn.Layer:count(trainable_only?)", 1, true))
  test.equal(session "x = 3\n?x\n?y\n", "no help on 'x'\nno help on 'y'\n")
  test.ok(session("help(ms.options)\n"):find("Reads the script's command line.", 1, true))
end)

test("results are numbered; _ is the last", function()
  expect("10\n'a', nil, 30\n_1, _2, _3, _4\n_\n", "10\n\"a\"\tnil\t30\n10\t\"a\"\tnil\t30\n10\n")
  expect("nil, 2, nil\n_, _1, _2, _3\n", "nil\t2\tnil\nnil\tnil\t2\tnil\n")
  expect("nil\nfor i = 1, 50 do end\n_\n", "nil\nnil\n")
  expect("1\n" .. ("2;\n"):rep(50) .. "_1\n", "1\nrepl:1: undeclared global '_1'\n", 1)
  expect("7;\n_1\n", "7\n")
end)

test("every command has a line in :help; an unknown one names the nearest", function()
  local output = session ":help\n"
  for _, command in ipairs(commands.list) do
    local line = (":%s %s"):format(command.name, command.argument):gsub("%s+$", "")
    test.ok(output:find("\n" .. line, 1, true) or output:find(line, 1, true) == 1, line)
    test.ok(command.doc:match "%.$", command.name)
  end
  expect(":tmie 1\n", "unknown command ':tmie' (did you mean ':time'?); :help lists them\n", 1)
  expect(":s\n", "':s' may be :save or :set\n", 1)
  expect(":who x\n", ":who takes no argument, got 'x'\n", 1)
  expect(":save\n", ":save needs FILE\n", 1)
  expect(":h quit\n:q\n1\n", ":quit   Leaves, as Ctrl-D does.\n")
  expect("do goto done\n::done:: end\n::other::\n1\n", "1\n")
end)

test(":time and :profile", function()
  local output = session ":time 1 + 1\n:time 10 math.sqrt(4)\n:time error 'x'\n:time )\n"
  test.ok(output:find("^2\n[%d%.]+ [nu]s\n2%.0\n[%d%.]+ [num]s a run %(median of 10%), fastest [^\n]*\nrepl:1: x\n"), output)
  test.ok(output:find("unexpected symbol near ')'", 1, true), output)
  output = session ":profile ms.ones { 9 }:sum():item()\n"
  test.ok(output:find("^9%.0\nprofile: ") and output:find("ms.Tensor:sum", 1, true), output)
end)

-- Only Moonstill's own functions were there.
test(":profile shows the lines of plain Lua, and Ctrl-C ends it", function()
  local output = session "x = 0\n:profile for i = 1, 3e6 do x = math.sin(i) end\n"
  local share = output:match "([%d.]+)%% +plain Lua\n.-line of the script\n[^\n]+ repl:1\n$"
  test.ok(tonumber(share) > 50, output)
  local stop = "os.execute('(sleep 0.2; kill -INT $PPID) >/dev/null 2>&1 &');\n"
  test.equal(session(stop .. ":profile while true do pcall(math.sin, 1) end\nx = 2\nx\n"), "interrupted\n2\n")
end)

test(":who lists the user's names", function()
  test.equal(session "x = ms.ones { 2, 3 }\nname = 'ab'\nt = { x, x }\n1\n:who\n", [[
1
name  string  2 bytes          2 B
t     table   2 entries       24 B
x     Tensor  2x3 f32         24 B
]])
  expect("c = ms.circuit(1, {}, function(c) c:h(1):z(1) end)\n:who\n", "c  Circuit  1 qubit, 2 operations\n")
  expect(":who\n", "no names of yours so far: x = 1 makes one\n")
  test.equal(session "images = ms.data.images('digits', { train = 200, test = 50 })\nstep = ms.optim.adam()\n:who\n", [[
images    table      2 entries                                 191.4 KiB
  .test   ImageSet   50 images 1x28x28, 10 classes             38.28 KiB
  .train  ImageSet   200 images 1x28x28, 10 classes            153.1 KiB
step      Optimizer  adam{lr = 0.001, betas = {0.9, 0.999}...
]])
  expect("t = { x = ms.ones(2), y = ms.ones { 3, 3 } } t.x:close()\n:who\n",
    "t     table   2 entries       36 B\n  .x  Tensor  closed\n  .y  Tensor  3x3 f32         36 B\n")
end)

test(":set", function()
  expect(":set threads 1\nms.threads()\n", "1\n")
  expect(":set threads 0\n", ":set threads: expected a whole number from 1 to 1024, got '0'\n", 1)
  expect(":set treads 2\n", ":set: unknown setting 'treads' (did you mean 'threads'?)\n", 1)
  expect(":set width 30\nms.zeros(12)\n", "  0  0  0  0  0  0  0  0  0  0\n  0  0\n[Tensor 12 f32]\n")
  test.ok(session(":set color on\n'x'\n"):find("\27[32m\"x\"\27[0m", 1, true))
end)

test(":load, :reload and :edit", function()
  local file <close> = program.file("loaded.lua", "#!/usr/bin/env moonstill\nlocal n = ...\nfound = n or 'none'\nreturn 3\n")
  expect((":load %s\nfound\n_1\n:load %s five\nfound\n"):format(file.path, file.path), '"none"\n3\n"five"\n')
  expect(":load /nowhere.lua\n", ":load: cannot read '/nowhere.lua': No such file or directory\n", 1)
  local name = file.path:match "([^/]*)%.lua$"
  test.equal(session(":reload nowhere\n"):match "^[^\n]*", "module 'nowhere' not found:")
  local function write(n) return ("io.open('%s', 'w'):write('return { %d }'):close();\n"):format(file.path, n) end
  local first = (":load %s\n%smodule = require '%s'\nmodule\n"):format(file.path, write(1), name)
  expect(first .. write(2) .. (":reload %s\nmodule\n"):format(name),
    ("{ 1 }\nloaded '%s' anew, as module\n{ 2 }\n"):format(name))
end)

test(":save writes a script that runs", function()
  local path = os.tmpname()
  os.remove(path)
  local output = session(([[
x = 2
function twice(y) return x * y end
{ twice(x) }
_[1] + 1
error 'left out'
local inner = 5
a, x = 1, 3
twice(4), _1[1]
quiet = 1;
:save %s
]]):format(path))
  test.ok(output:find("\n8 inputs in " .. path .. "\n$"), output)
  test.equal(program.run { path }, "{ 4 }\n5\n12\t4\n")
  test.equal(ms.io.read_text(path), [[
-- Saved from the prompt of Moonstill.
local ms = require "moonstill"
local a

local x = 2
local function twice(y) return x * y end
local _1 = { twice(x) }
print(ms.pretty(_1))
print(_1[1] + 1)
do
local inner = 5
end
a, x = 1, 3
print(twice(4), _1[1])
local quiet = 1;
]])
  expect((":save %s\n"):format(path), ":save: nothing was typed so far\n", 1)
  expect(("1\n:save %s\n"):format(path), ("1\n:save: '%s' exists; choose another name\n"):format(path), 1)
  os.remove(path)
end)

-- Lua allows a function 200 locals: the script did not load.
test(":save writes what :load ran, with its arguments, and wants a folder that exists", function()
  local script <close> = program.file(".lua",
    "#!/usr/bin/env moonstill\nlocal a, b = ...\nsum = a + b + (tonumber(arg[2]) or 0)\nif sum > 0 then return sum, 'x' end\n")
  local path = os.tmpname()
  os.remove(path)
  local typed = ":load %s 1 20\nf = print\n(f or 0)('quiet');\nsum\n_1 + 1\n:load %s 3 4\nsum, _5\n:save %s\n"
  local output = session(typed:format(script.path, script.path, path))
  test.equal(output, ("quiet\n41\n42\n11\t11\n7 inputs in %s\n"):format(path))
  test.equal(program.run { path }, "quiet\n41\n42\n11\t11\n")
  os.remove(path)
  expect("1\n:save /nosuch/folder/x.lua\n", "1\n:save: there is no folder '/nosuch/folder/'\n", 1)
end)

test("a pipe without 'repl' is a script, and says so", function()
  local output, code = program.run({}, "1 + 1\n")
  test.equal(output, "moonstill: stdin:1: unexpected symbol near '1'\n'moonstill repl' reads lines as the prompt does.\n")
  test.equal(code, 1)
end)

test(":save writes more names than Lua has locals", function()
  local path = os.tmpname()
  os.remove(path)
  local lines = {}
  for i = 1, 250 do lines[i] = ("n%d = %d"):format(i, i) end
  lines[251] = "n250 + n1;\n_ + n2\nfunction last() return n250 end\nlast()"
  session(table.concat(lines, "\n") .. "\n:save " .. path .. "\n")
  test.equal(program.run { path }, "253\n250\n")
  os.remove(path)
end)

test("errors show the user's calls, :bt all of them, a warning comes once", function()
  local output = session "function f() error 'deep' end\nfunction g() f() end\ng()\n:bt\n"
  test.ok(output:find("repl:1: deep\n  repl:1: in function 'f'\n  repl:1: in function 'g'\n  repl:1: in main chunk\n", 1, true)
    or output:find("repl:1: deep\n", 1, true), output)
  test.ok(output:find("[moonstill]/moonstill/repl/init.lua", 1, true), output)
  expect(":bt\n", "no error so far\n")
  expect("warn 'w'\nwarn 'w'\nwarn 'v'\n", "moonstill: warning: w\nmoonstill: warning: v\n")
end)

test("help on the user's own functions and modules", function()
  local output = session "--- Doubles.\n--- @param x number  what\nfunction f(x)\n  return 2 * x\nend\n?f\n"
  test.equal(output, [[
f(x)

  Doubles.

  x  number  what

  Source typed at the prompt
    function f(x)
      return 2 * x
    end
]])
  local code = "-- Of mine.\nlocal own = {}\n\n-- Adds.\nfunction own.add(a, b) return a + b end\nreturn own\n"
  local file <close> = program.file("own.lua", code)
  local name = file.path:match "([^/]*)%.lua$"
  output = session((":load %s\nown = require '%s'\n?own\n?own.add\n"):format(file.path, name))
  test.ok(output:find("^own\n\n  Of mine.\n\n  own.add  Adds.\nown.add%(a, b%)\n\n  Adds.\n"), output)
  test.ok(output:find("  Source " .. file.path .. ":5\n", 1, true), output)
end)

test("help says where a function is defined, and searches", function()
  test.ok(session("?ms.random\n"):find("\n  Source bindings/core.cpp:%d+\n"))
  test.ok(session("?ms.help\n"):find("\n  Source stdlib/moonstill/help.lua:%d+\n"))
  test.ok(session("??strongly entangling\n"):find("^help with 'strongly entangling' in it, the best first\n\n  ms%.Circuit:strongly"))
  test.ok(session("??gradient\n"):find("\n\n  gradients +Exact derivatives"))
  test.equal(session "??xyzzy\n", "no help with 'xyzzy' in it\n")
  test.ok(session("?gradients\n"):find("^gradients\n\n  ms.grad%(f%) is a function"))
end)

test("pasted locals outside of blocks become names", function()
  local function becomes(text, expected, names)
    local kept, found = pasted(text, { print = true })
    test.equal(kept, expected)
    test.equal(table.concat(found, " "), names or "")
  end
  becomes("local x = 1", "x = 1", "x")
  becomes("local a, b", "a, b = nil", "a b")
  becomes("local a <const>, b = 1, 2; local c", "a, b = 1, 2; c = nil", "a b c")
  becomes("local function f(x)\n  local y = x\n  return y\nend", "function f(x)\n  local y = x\n  return y\nend", "f")
  becomes("do local x = 1 end local z = 2", "do local x = 1 end z = 2", "z")
  becomes("if a then local b = 1 elseif c then local d else local e end local f = 1",
    "if a then local b = 1 elseif c then local d else local e end f = 1", "f")
  becomes("repeat local x = 1 until x local t = { [[local u]], 'local v', -- local w\n} local y = 2",
    "repeat local x = 1 until x t = { [[local u]], 'local v', -- local w\n} y = 2", "t y")
  becomes("t = { f = function() local x end }", "t = { f = function() local x end }")
  becomes("local x <close> = f()", "local x <close> = f()")
  becomes("local print = 1 local é = 2", "local print = 1 local é = 2")
  becomes('s = "\\" local x = 1" local y = 0x1p4', 's = "\\" local x = 1" y = 0x1p4', "y")
end)

test(":save declares pasted locals that are nil", function()
  strict.declare "nil_at_first"
  local entry = { text = "nil_at_first = nil", values = 0, numbers = {} }
  local script = save.script { log = { entry }, own = {} }
  test.ok(script:find("\nlocal nil_at_first = nil\n$"), script)
end)

test("functions and modules print as what they are called", function()
  test.equal(session "ms.grad\n", "function ms.grad(f, { wrt = 1 })\n")
  test.equal(session "nn = ms.nn\nnn.relu\n", "function ms.nn.relu()\n")
  test.ok(session("ms.nn\n"):find "^%[Module ms%.nn: %d+ functions, %?ms%.nn lists them%]\n$")
  test.ok(session("require 'plot', 1\n"):find("^%[Module plot: "))
  test.ok(session("function(x) return x end\n"):find("^function%(x%) from repl:1\n"))
  expect("{ n = 1 }\n", "{ n = 1 }\n")
end)
