-- The runner behind `moonstill test PATH`: files named *_test.lua, each with test(...) calls.
--
--   local test = require "moonstill.test"
--   test("adding", function()
--     test.near(1 / 3 + 1 / 3, 2 / 3, 1e-15)
--     test.fails("script.lua:1: ms.random: ...", function() ... end)
--     for n = 1, 3 do test.section("n = " .. n, function() ... end) end
--   end)
local check = require "moonstill.check"
local host = require "moonstill.host"
local loader = require "moonstill.loader"
local places = require "moonstill.modules.places"
local pretty = require "moonstill.pretty"
local progress = require "moonstill.progress"

local test = {}

local cases = {}      -- in the order of their declaration
local groups = {}     -- names of the open `describe`s
local sections = {}   -- names of the open sections of the running test

-- Declares a test. Two tests of one name in a file are an error.
local function declare(_, name, body)
  check.argument("test", 1, "name", "string", name)
  check.argument("test", 2, "body", "function", body)
  local full = table.concat({ table.concat(groups, " "), name }, #groups > 0 and " " or "")
  for _, case in ipairs(cases) do
    if case.name == full then check.fail("test", "there is a test '%s' already", full) end
  end
  cases[#cases + 1] = { name = full, body = body }
end

setmetatable(test, { __call = declare })

--- Declares a test, as test(name, body) does.
---
--- ```lua
--- ms.test.it("adding", function() ms.test.equal(1 + 2, 3) end)
--- ```
--- @param name string
--- @param body function
function test.it(name, body) declare(test, name, body) end

--- Puts a common name in front of the tests that the body declares.
---
--- ```lua
--- ms.test.describe("numbers", function()
---   ms.test("add", function() ms.test.equal(1 + 2, 3) end)
--- end)
--- ```
--- @param name string
--- @param body function
function test.describe(name, body)
  groups[#groups + 1] = name
  body()
  groups[#groups] = nil
end

--- Runs a part of a test under a label, which failures show.
---
--- ```lua
--- for n = 1, 3 do
---   ms.test.section("n = " .. n, function() ms.test.ok(n > 0) end)
--- end
--- ```
--- @param label string
--- @param body function
function test.section(label, body)
  sections[#sections + 1] = label
  body()
  sections[#sections] = nil
end

local function fail(format, ...)
  local label = #sections > 0 and ("[" .. table.concat(sections, " / ") .. "] ") or ""
  error(host.blame() .. label .. format:format(...), 0)
end

local function show(value)
  return type(value) == "table" and pretty.format(value) or host.describe(value)
end

local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- Fails unless the value is true (neither nil nor false).
---
--- ```lua
--- ms.test.ok(1 < 2, "1 is less than 2")
--- ```
--- @param value any
--- @param message? string
function test.ok(value, message)
  if not value then fail("%s, got %s", message or "expected a true value", show(value)) end
end

--- Fails unless both are equal; tables are compared by what they hold.
---
--- ```lua
--- ms.test.equal({ 1, { a = 2 } }, { 1, { a = 2 } })
--- ```
--- @param got any
--- @param expected any
function test.equal(got, expected)
  if not same(got, expected) then fail("expected %s, got %s", show(expected), show(got)) end
end

local function numbers(value)
  if type(value) == "userdata" and value.totable then value = value:totable() end
  return value
end

-- Where the two differ by more than the tolerance, as text, or nil.
local function difference(got, expected, tolerance, path)
  got, expected = numbers(got), numbers(expected)
  if type(got) == "number" and type(expected) == "number" then
    local distance = math.abs(got - expected)
    if distance <= tolerance or got == expected then return nil end
    return ("%sexpected %.17g within %.3g, got %.17g"):format(path, expected, tolerance, got)
  end
  if type(got) ~= "table" or type(expected) ~= "table" then
    return ("%sexpected %s, got %s"):format(path, show(expected), show(got))
  end
  if #got ~= #expected then return ("%sexpected %d values, got %d"):format(path, #expected, #got) end
  for key, value in pairs(expected) do
    local found = difference(got[key], value, tolerance, ("%sat %s: "):format(path, tostring(key)))
    if found then return found end
  end
end

--- Fails unless numbers, tensors or tables of them agree within a tolerance.
---
--- ```lua
--- ms.test.near(ms.tensor { 1, 2 } / 3, { 0.3333, 0.6667 }, 1e-4)
--- ```
--- @param got any
--- @param expected any
--- @param tolerance? number  absolute (default: 1e-12)
function test.near(got, expected, tolerance)
  local found = difference(got, expected, tolerance or 1e-12, "")
  if found then fail("%s", found) end
end

--- Fails unless the body raises exactly this message. The position "file:line: " in front of a message is compared only
--- when the expected text has one.
---
--- ```lua
--- ms.test.fails("no", function() error("no", 0) end)
--- ```
--- @param message string
--- @param body function
function test.fails(message, body, ...)
  local fine, problem = pcall(body, ...)
  if fine then fail('expected the error "%s", got none', message) end
  problem = tostring(problem)
  if problem ~= message and problem:gsub("^[^\n]-:%d+: ", "", 1) ~= message then
    fail('expected the error "%s", got "%s"', message, problem)
  end
end

--- Fails unless the body raises a message that holds this text.
---
--- ```lua
--- ms.test.fails_with("inner sizes differ", ms.matmul, ms.ones { 2, 3 }, ms.ones { 2, 3 })
--- ```
--- @param part string
--- @param body function
function test.fails_with(part, body, ...)
  local fine, problem = pcall(body, ...)
  if fine then fail('expected an error with "%s", got none', part) end
  if not tostring(problem):find(part, 1, true) then
    fail('expected an error with "%s", got "%s"', part, tostring(problem))
  end
end

-- Runs one declared test. Returns nil or why it failed.
local function run_case(case)
  sections = {}
  local fine, problem = pcall(case.body)
  if not fine then return tostring(problem) end
end

local shown_after = 2   -- seconds, from which on it is shown how many files are done

local function report(bar, format, ...)
  bar:clear()
  print(format:format(...))
end

local function run_file(file, pattern, totals, bar)
  cases, groups = {}, {}
  local chunk, message = loadfile(file)
  if not chunk then error(message, 0) end
  chunk()
  for _, case in ipairs(cases) do
    if not pattern or case.name:find(pattern) then
      bar:update(bar.done, case.name)
      local problem = run_case(case)
      if problem then
        totals.failed = totals.failed + 1
        report(bar, "FAILED  %s: %s\n        %s", file, case.name, problem)
      else
        totals.passed = totals.passed + 1
      end
    end
  end
end

--- Runs the tests of a file, or of every *_test.lua below a folder. Returns whether all passed.
---
--- ```lua
--- local path = os.tmpname()
--- ms.io.write_text(path, [[require("moonstill").test("adding", function() assert(1 + 2 == 3) end)]])
--- print(ms.test.run(path))
--- os.remove(path)
--- ```
--- @param path string
--- @param pattern? string  runs only tests whose name has this Lua pattern
--- @return boolean
function test.run(path, pattern)
  local files = host.files(path, "_test.lua")
  if not files or #files == 0 then error(("no tests in '%s'"):format(path), 0) end
  local totals = { passed = 0, failed = 0 }
  local bar = progress.new { total = #files, label = "test files", after = shown_after }
  for i, file in ipairs(files) do
    local leave = loader.enter(places.folder_of(file))
    local fine, problem = pcall(run_file, file, pattern, totals, bar)
    leave()
    if not fine then
      totals.failed = totals.failed + 1
      report(bar, "FAILED  %s\n        %s", file, tostring(problem))
    end
    bar:update(i)
  end
  bar:clear()
  if totals.passed + totals.failed == 0 then
    error(("no tests in '%s'%s"):format(path, pattern and (" with '%s' in their names"):format(pattern) or ""), 0)
  end
  print(("%d passed, %d failed"):format(totals.passed, totals.failed))
  return totals.failed == 0
end

return test
