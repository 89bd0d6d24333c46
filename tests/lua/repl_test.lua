-- The prompt, through piped input: no prompt is shown, and an error makes the exit code 1.
local program = require "program"
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
