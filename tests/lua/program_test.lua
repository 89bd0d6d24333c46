-- The program: exit codes, usage, module path, text chunks only.
local ms = require "moonstill"
local program = require "program"
local test = require "moonstill.test"

local function expect(arguments, code, text, input)
  local output, got = program.run(arguments, input)
  if got ~= code or not output:find(text, 1, true) then
    error(("moonstill %s: expected %d and '%s', got %d and '%s'"):format(table.concat(arguments, " "), code, text, got,
      output), 2)
  end
end

test("exit codes", function()
  expect({ "--version" }, 0, "Moonstill ")
  expect({ "--help" }, 0, "Usage: moonstill")
  expect({ "-e", "print(1 + 1, ...)", "a", "--b" }, 0, "2\ta\t--b\n")
  expect({ "-e", "x = ms.ones { 2 }; print(x:sum():item())" }, 0, "2.0\n")
  expect({ "-e", "error 'boom'" }, 1, "moonstill: (command line):1: boom\n")
  expect({ "-e", "error({})" }, 1, "moonstill: the error is a table, not a message\n")
  expect({ "-e", "error(setmetatable({}, {__tostring = function() return 'shown' end}))" }, 1, "moonstill: shown\n")
  expect({ "-e", "error(setmetatable({}, {__tostring = error}))" }, 1, "moonstill: the error cannot be shown as text\n")
  expect({ "-e", "for" }, 1, "moonstill: (command line):1: <name> expected near <eof>\n")
  expect({ "/nonexistent.lua" }, 1, "moonstill: cannot open /nonexistent.lua")
  expect({}, 0, "3\n", "print(1 + 2)")
  expect({ "-" }, 1, "moonstill: stdin:2: here\n", "\nerror 'here'")
end)

test("output that cannot be written", function()
  local command = ("'%s' -e 'print(1)' 2>&1 > /dev/full; echo $?"):format(require("moonstill.host").program)
  local pipe <close> = assert(io.popen(command))
  test.equal(pipe:read "a", "moonstill: cannot write to standard output\n1\n")
end)

test("a path without tests", function()
  expect({ "test", "/nonexistent" }, 1, "moonstill: no tests in '/nonexistent'\n")
  local file <close> = program.file("_test.lua", "-- none")
  expect({ "test", file.path }, 1, "moonstill: no tests in '" .. file.path .. "'\n")
end)

test("wrong usage", function()
  expect({ "--bogus" }, 2, "moonstill: unknown option '--bogus'\n'moonstill --help' shows")
  expect({ "--threds", "2" }, 2, "(did you mean '--threads'?)")
  expect({ "rum" }, 2, "moonstill: no command or script 'rum' (did you mean 'run'?)\n'moonstill --help'")
  expect({ "run" }, 2, "moonstill: run needs a script\n'moonstill --help'")
  expect({ "test" }, 2, "moonstill: test needs a path\n'moonstill --help'")
  for _, threads in ipairs { "0", "-1", "1.5", "2000", "many", "" } do
    expect({ "--threads", threads, "-e", "" }, 2,
      ("moonstill: --threads: expected a whole number from 1 to 1024, got '%s'\n'moonstill --help'"):format(threads))
  end
  expect({ "--threads" }, 2, "moonstill: --threads: expected one N, got none\n'moonstill --help'")
  expect({ "-e", "x = 1", "-e", "y = 1" }, 2, "moonstill: -e: expected one CODE, got 2\n'moonstill --help'")
  expect({ "run", "--trace", "a.lua" }, 2, "moonstill: --trace: expected a file for the spans, got 'a.lua'\n")
  expect({ "--selftest", "quantum" }, 2, "moonstill: --selftest takes no arguments, got 'quantum'\n'moonstill --help'")
  local pipe <close> = assert(io.popen(("MOONSTILL_THREADS=abc '%s' -e 'print(1)' 2>&1; echo $?"):format(
    require("moonstill.host").program)))
  test.equal(pipe:read "a", "moonstill: MOONSTILL_THREADS: expected a whole number from 1 to 1024, got 'abc'\n2\n")
end)

test("options on either side of the subcommand", function()
  expect({ "--threads", "1", "-e", "print(require 'moonstill'.threads())" }, 0, "1\n")
  local script <close> = program.file(".lua", "print(require 'moonstill'.threads(), ...)")
  expect({ "run", "--threads", "1", script.path, "--threads", "2" }, 0, "1\t--threads\t2\n")
  expect({ "--threads", "1", "run", script.path }, 0, "1\n")
end)

test("scripts", function()
  local script <close> = program.file(".lua", [[
#!/usr/bin/env moonstill
print(arg[0] ~= nil, arg[1], ...)
local function f()
  error 'deep'
end
f()
]])
  expect({ script.path, "x" }, 1, "true\tx\tx\nmoonstill: " .. script.path .. ":4: deep\n")
  expect({ "--backtrace", script.path }, 1, "stack traceback:")
end)

test("binary chunks are refused", function()
  local script <close> = program.file(".lua", string.dump(function() end))
  expect({ script.path }, 1, "attempt to load a binary chunk (mode is 't')")
  local binary = string.dump(function() end)
  local chunk, message = load(binary, "binary", "b")
  test.equal(chunk, nil)
  test.ok(message:find("attempt to load a binary chunk", 1, true), message)
  test.equal(loadfile(script.path, "b"), nil)
  test.equal(load("return x", "env", "t", { x = 3 })(), 3)
end)

test("modules come from the standard library and the script's folder", function()
  local module <close> = program.file("_module.lua", "return 'found'")
  local folder, name = module.path:match "^(.*)/([^/]*)%.lua$"
  local script <close> = program.file(".lua", ("print((require '%s'))"):format(name))
  expect({ script.path }, 0, "found\n")
  expect({ "-e", ("print(pcall(require, '%s'))"):format(name) }, 0, "false\tmodule '" .. name .. "' not found:")
  expect({ "-e", "require 'nowhere'" }, 1, "no module 'nowhere' in the standard library")
  local wrong <close> = program.file(".lua", "require 'nowhere'")
  expect({ wrong.path }, 1, "no file '" .. folder .. "/nowhere.lua'")
end)

test("an interruption is sticky and ends with 130", function()
  for _, body in ipairs {
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "local f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end",
    "local co = coroutine.create(function() while true do end end) coroutine.resume(co) while true do end",
  } do
    test.section(body, function()
      local code = "local p = io.popen('kill -INT $PPID') p:close() " .. body
      expect({ "-e", code }, 130, "moonstill: interrupted\n")
    end)
  end
end)

test("zero vectors are warned of once, and counted", function()
  local lines = "local ms = require 'moonstill'\nlocal c = ms.circuit(1, { x = { 2 } }, function(c, x) c:amplitudes(x) end)\n"
    .. "local function z(x) return c { x = x, observable = ms.observable.pauli 'Z' }:sum():item() end\n"
  local one <close> = program.file(".lua", lines .. "z { 1, 0 }\nprint(z { 0, 0 })")
  local many <close> = program.file(".lua", lines .. "z { { 0, 0 }, { 1, 1 }, { 0, 0 } }\nz { 0, 0 }")
  local off <close> = program.file(".lua", lines .. "warn '@off'\nz { 0, 0 }\nz { 0, 0 }")
  local said = "moonstill: warning: %s:3: a zero vector has no norm: it is embedded as basis state 0, "
    .. "with zero derivatives (said once)\n"
  test.equal({ program.run { one.path } }, { said:format(one.path) .. "1.0\n", 0 })
  test.equal({ program.run { many.path } }, { said:format(many.path)
    .. "moonstill: warning: zero vectors were embedded as basis state 0 3 times, each evaluation counted\n", 0 })
  test.equal({ program.run { off.path } }, { "", 0 })
end)

test("--profile shows operations and lines, and writes a trace", function()
  local file <close> = program.file(".lua", "local ms = require 'moonstill'\n"
    .. "local f = ms.grad(function(x) return (x * x):sum() end)\nfor _ = 1, 5 do f(ms.ones(3)) end\nerror 'end'\n")
  local trace <close> = program.file(".json", "")
  local text, code = program.run { "run", "--trace", trace.path, file.path }
  test.equal(code, 1)
  for _, wanted in ipairs { "profile: ", "  ms.grad\n", "  ms.Tensor '*'\n", "  mul\n", file.path .. ":3\n" } do
    test.ok(text:find(wanted, 1, true), ("'%s' in %s"):format(wanted, text))
  end
  local called = text:match "line of the script\n(.*)":match("%% +(%d+) +%S+  " .. file.path:gsub("%p", "%%%0") .. ":3\n")
  test.equal(called, "10", "five of ms.grad's function, five of ms.ones")
  local handle <close> = assert(io.open(trace.path))
  local events = ms.io.parse_json(handle:read "a").traceEvents
  local calls = 0
  for _, event in ipairs(events) do
    test.ok(event.ph == "X" and event.dur >= 0 and event.ts >= 0, event.name)
    if event.name == "ms.grad" and event.args.line == file.path .. ":3" then calls = calls + 1 end
  end
  test.equal(calls, 5)
end)

test("--profile shows the lines of plain Lua, also in functions that are differentiated", function()
  local file <close> = program.file(".lua", "local ms = require 'moonstill'\nlocal s = ''\n"
    .. "for i = 1, 60000 do\ns = s .. 'x'\nlocal t = i + 1\nend\nms.grad(function(x)\nlocal k = 0\n"
    .. "for i = 1, 3e7 do k = k + i end\nreturn x:sum()\nend)(ms.ones(3))\n")
  local trace <close> = program.file(".json", "")
  local text = program.run { "--trace", trace.path, file.path }
  local name = file.path:gsub("%p", "%%%0")
  local lines, seconds = text:match "line of the script\n(.-)\n\n", {}
  for own, line in lines:gmatch("([%d.]+) +[%d.]+%% [^\n]-" .. name .. ":(%d+)") do seconds[line] = tonumber(own) end
  local first = lines:match(":(%d+)\n")
  test.ok((first == "4" or first == "9") and seconds["4"] > 0.01 and seconds["9"] > 0.01, text)
  test.ok(seconds["4"] > 2 * (seconds["5"] or 0), "long strings take the time, not what stands beside them\n" .. text)
  test.ok(tonumber(text:match "([%d.]+) +[%d.]+%% [^\n]+ms%.grad\n") < seconds["9"], text)
end)

test("--profile has no tables where nothing ran", function()
  for _, arguments in ipairs { { "no-such-file.lua" }, { "-e", "local =" }, { "-e", "" } } do
    local trace <close> = program.file(".json", "")
    local text = program.run { "--trace", trace.path, table.unpack(arguments) }
    test.ok(text:find("profile: ", 1, true) and not text:find("us a call", 1, true), text)
  end
end)

test("--profile reports when the script calls os.exit", function()
  for call, expected in pairs { ["os.exit(3)"] = 3, ["os.exit(true, true)"] = 0, ["coroutine.wrap(os.exit)(false)"] = 1 } do
    local trace <close> = program.file(".json", "")
    local text, code = program.run { "--trace", trace.path, "-e",
      "local ms = require 'moonstill' ms.ones(3):sum() " .. call }
    test.equal(code, expected)
    test.ok(text:find("ms.Tensor:sum", 1, true) and text:find("spans for chrome", 1, true), text)
    local handle <close> = assert(io.open(trace.path))
    test.ok(#ms.io.parse_json(handle:read "a").traceEvents > 0, "the trace is written")
  end
end)

test("a trace that cannot be written is noticed before the run", function()
  local text, code = program.run { "--profile", "--trace", "/proc/none/x.json", "-e", "print(1)" }
  test.equal(code, 1)
  test.ok(text:find "^moonstill: cannot .*'/proc/none", text)
end)
