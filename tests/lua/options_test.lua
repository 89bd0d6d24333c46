-- ms.options: a script's command line.
local options = require "moonstill.options"
local program = require "program"
local test = require "moonstill.test"

local spec = {
  about = "Trains.",
  { "epochs", default = 3, help = "passes over the data" },
  { "learning_rate", default = 0.5, help = "step size" },
  { "model", default = "quantum", choices = { "quantum", "classical" }, help = "which" },
  { "resume", default = false, help = "go on" },
  { "shuffle", default = true },
  { "out", help = "folder" },
}

local function parsed(...)
  local values, problem = options.parse(spec, { ... })
  return values or problem
end

test("defaults and values", function()
  test.equal(parsed(), { epochs = 3, learning_rate = 0.5, model = "quantum", resume = false, shuffle = true })
  local got = parsed("--epochs", "7", "--learning-rate=1e-3", "--resume", "--no-shuffle", "--out", "-x")
  test.equal(got, { epochs = 7, learning_rate = 1e-3, model = "quantum", resume = true, shuffle = false, out = "-x" })
  test.equal(parsed("--resume=false").resume, false)
  test.equal(parsed("--learning-rate", "-1").learning_rate, -1)
  test.equal(math.type(parsed("--epochs", "2.0").epochs), "integer")
end)

test("arguments without a name, in order, or with it", function()
  local places = {
    about = "Copies.",
    { "from", required = true, positional = true }, { "to", positional = true }, { "fast", default = false },
  }
  local function of(...)
    local values, problem = options.parse(places, { ... })
    return values or problem
  end
  test.equal(of("a", "--fast", "b"), { from = "a", to = "b", fast = true })
  test.equal(of("--from", "a"), { from = "a", fast = false })
  test.equal(of("--from=a", "b"), { from = "a", to = "b", fast = false })
  test.equal(of("a=b"), { from = "a=b", fast = false })
  test.equal(of("a", "b", "c"), "unexpected argument 'c'")
  test.equal(of(), "FROM is missing")
end)

test("an argument that may be given again and again is a list", function()
  local places = { { "files", required = true, positional = true, many = true }, { "count", default = 1, many = true } }
  local function of(...)
    local values, problem = options.parse(places, { ... })
    return values or problem
  end
  test.equal(of("a", "--count", "2", "b", "--count=3"), { files = { "a", "b" }, count = { 2, 3 } })
  test.equal(of("a"), { files = { "a" }, count = { 1 } })
  test.equal(of(), "FILES is missing")
  test.ok(options.usage(places, "s.lua"):find("Usage: moonstill s.lua [OPTIONS] FILES ...\n", 1, true), "usage")
end)

test("usage with arguments", function()
  local places = {
    about = "Copies what a user names, in one of two ways:\n  slow  with care\n  fast  without",
    { "from", required = true, positional = true, help = "what" },
    { "how", positional = true, choices = { "slow", "fast" }, default = "slow" },
  }
  test.equal(options.usage(places, "s.lua"), [[
Usage: moonstill s.lua [OPTIONS] FROM [HOW]

Copies what a user names, in one of two ways:
  slow  with care
  fast  without

Arguments:
  FROM  what
  HOW   (one of: slow, fast) (default: slow)

Options:
  --help  Print this]])
  local _, problem = options.parse(places, { "a", "fst" })
  test.equal(problem, "HOW: expected slow or fast, got 'fst' (did you mean 'fast'?)")
end)

test("wrong command lines", function()
  test.equal(parsed "--epoch", "unknown option '--epoch' (did you mean '--epochs'?)")
  test.equal(parsed("--epochs", "two"), "option '--epochs': expected integer, got 'two'")
  test.equal(parsed("--epochs", "2.5"), "option '--epochs': expected integer, got '2.5'")
  test.equal(parsed "--epochs", "option '--epochs': needs a value")
  test.equal(parsed("--model", "quntum"),
    "option '--model': expected quantum or classical, got 'quntum' (did you mean 'quantum'?)")
  test.equal(parsed "extra", "unexpected argument 'extra'")
  test.equal(parsed "--no-epochs", "unknown option '--no-epochs' (did you mean '--epochs'?)")
  test.equal(parsed "--resume=maybe", "option '--resume': expected true or false, got 'maybe'")
  test.equal(options.parse({ { "x", required = true } }, {}), nil)
  for _, text in ipairs { "-1", "nan", "-inf" } do
    local _, problem = options.parse({ { "x", default = 1.5, least = 0 } }, { "--x", text })
    test.ok(problem == "option '--x': expected at least 0, got '" .. text .. "'"
      or problem == "option '--x': expected number, got '" .. text .. "'", problem)
  end
  test.equal(options.parse({ { "x", default = 1.5, least = 0 } }, { "--x", "0" }).x, 0)
end)

test("wrong declarations", function()
  test.fails("ms.options: entry 1: expected { \"name\", default = ..., help = ... }", options.parse, { "epochs" }, {})
  test.fails("ms.options: unknown argument 'defalt' (did you mean 'default'?)", function()
    options.parse({ { "epochs", defalt = 3 } }, {})
  end)
  test.fails("ms.options: option 'a' is declared twice", function() options.parse({ { "a" }, { "a" } }, {}) end)
end)

test("scripts refuse numbers that are too small before any work", function()
  local scripts = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" .. "/../../scripts/"
  for _, case in ipairs {
    { "train.lua", "--epochs", "0", "1" }, { "train.lua", "--threads", "-1", "0" }, { "distill.lua", "--batch", "0", "1" },
  } do
    local output, code = program.run { scripts .. case[1], case[2], case[3] }
    local message = ("option '%s': expected at least %s, got '%s'\n'moonstill "):format(case[2], case[4], case[3])
    test.equal(code, 2)
    test.ok(output:find(message, 1, true), output)
  end
end)

test("usage", function()
  test.equal(options.usage(spec, "train.lua"), [[
Usage: moonstill train.lua [OPTIONS]

Trains.

Options:
  --epochs INTEGER           passes over the data (default: 3)
  --learning-rate NUMBER     step size (default: 0.5)
  --model quantum|classical  which (default: quantum)
  --resume                   go on
  --shuffle                  (on; --no-shuffle turns it off)
  --out STRING               folder
  --help                     Print this]])
end)

test("usage of long texts and of many choices", function()
  local long = {
    { "row", default = "row-1", help = "which to run", choices = {} },
    { "note", help = ("word "):rep(30) },
  }
  for i = 1, 30 do long[1].choices[i] = "row-" .. i end
  test.equal(options.usage(long, "x.lua"), [[
Usage: moonstill x.lua [OPTIONS]

Options:
  --row STRING   which to run (one of: row-1, row-2, row-3, row-4, row-5, row-6, row-7, row-8,
                 row-9, row-10, row-11, row-12, row-13, row-14, row-15, row-16, row-17, row-18,
                 row-19, row-20, row-21, row-22, row-23, row-24, row-25, row-26, row-27, row-28,
                 row-29, row-30) (default: row-1)
  --note STRING  word word word word word word word word word word word word word word word word
                 word word word word word word word word word word word word word word
  --help         Print this]])
  local name = ("n"):rep(120)
  test.ok(options.usage({ { name, default = 1, help = "wide" } }, "x.lua"):find("--" .. name .. " INTEGER  wide (", 1, true))
end)

test("every script's --help is readable", function()
  local folder = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" .. "/../../scripts"
  local list <close> = assert(io.popen("ls '" .. folder .. "'/*.lua"))
  local count = 0
  for script in list:lines() do
    local output, code = program.run { "run", script, "--help" }
    test.equal(code, 0)
    test.ok(output:find("Usage: moonstill " .. script, 1, true), output)
    for line in output:gsub("^[^\n]*", ""):gmatch "[^\n]+" do test.ok(#line <= 100, line) end
    count = count + 1
  end
  test.ok(count > 5, "scripts are found")
end)

test("a script with options", function()
  local script <close> = program.file(".lua", [[
local ms = require "moonstill"
local opt = ms.options { { "epochs", default = 3 } }
print(opt.epochs)
print(opt.epoch)
]])
  local output, code = program.run { script.path, "--epochs", "5" }
  test.equal(code, 1)
  test.equal(output, ("5\nmoonstill: %s:4: ms.options: option 'epoch' is not declared\n"):format(script.path))
  output, code = program.run { script.path, "--help" }
  test.equal(code, 0)
  test.ok(output:find("Usage: moonstill " .. script.path .. " [OPTIONS]", 1, true), output)
  output, code = program.run { "run", script.path, "--eposh=1" }
  test.equal(code, 2)
  test.ok(output:find("unknown option '--eposh' (did you mean '--epochs'?)", 1, true), output)
end)
