-- Every described function has a first sentence and its example runs; every wrong call ends in an error, never a crash.
local docs = require "moonstill.docs"
local help = require "moonstill.help"
local host = require "moonstill.host"
local ms = require "moonstill"
local test = require "moonstill.test"
local topics = require "moonstill.topics"

test("first sentences", function()
  local missing = {}
  for _, entry in ipairs(docs.all()) do
    local metamethod = entry.name:match ":__"
    if not metamethod and not docs.summary(entry):match "%.$" then missing[#missing + 1] = entry.name end
  end
  test.equal(missing, {})
end)

test("help shows the named arguments that functions written in Lua declare", function()
  local function shows(subject, ...)
    local text = help.text(subject)
    for _, part in ipairs { ... } do test.ok(text:find(part, 1, true), ("no '%s' in\n%s"):format(part, text)) end
  end
  local unrolled = { "distill.unrolled({ net, train, images_per_class = 1,", "S: how many lists of images. (at least 1, default: 1)" }
  shows("distill.unrolled", table.unpack(unrolled))
  shows(require("distill").unrolled, table.unpack(unrolled))
  shows("train.fit", "train.fit({ net, train,", "Passes over the images. (at least 1, default: 3)")
  shows("still:fit", "distill.Still:fit({ iterations,", "Outer iterations in all. (at least 1)")
  shows("qnn.lenet.quantum", 'observable  "trainable"|"fixed"  Whether')
  local net = ms.nn.linear(2, 1)
  shows(net.initialise, 'ms.nn.Layer:initialise(random, { dtype = "f32" })')
  shows(net, "ms.nn.Layer:count")
  shows(ms.nn.max_pool, "ms.nn.max_pool({ window = 2, stride })")
end)

test("every page of help has a text, of every function, class and module", function()
  for _, entry in ipairs(docs.all()) do
    local text = help.text(entry.name)
    local first_line = entry.documentation:match("^[^\n]*"):gsub("%s+", " ")
    test.ok(text:gsub("%s+", " "):find(first_line, 1, true), entry.name)
    for _, parameter in ipairs(entry.parameters) do
      test.ok(text:find("  " .. parameter.name, 1, true), ("%s: no '%s' in\n%s"):format(entry.name, parameter.name, text))
    end
  end
  for _, class in ipairs(host.classes()) do test.ok(help.text(class.name):find(class.name, 1, true), class.name) end
  for _, name in ipairs { "ms.nn", "ms.io", "train", "distill" } do
    test.ok(not help.text(name):find "^no help", name)
  end
  for _, name in ipairs { "ms.nn", "ms.io", "gradients", "distill" } do
    test.ok(help.text():find("  " .. name, 1, true), help.text())
  end
end)

test("help is no wider than the terminal, and loses no word", function()
  for _, name in ipairs { "ms.nn.initialise", "distill.unrolled", "ms.Tensor", "ms.circuit" } do
    local command = ([[script -qec "stty cols 60; NO_COLOR=1 '%s' -e 'help \"%s\"'" /dev/null </dev/null]]):format(host.program, name)
    local pipe <close> = assert(io.popen(command))
    local output = pipe:read("a"):gsub("\r\n", "\n")
    for line in output:gmatch "[^\n]+" do
      test.ok(utf8.len(line) <= 60 or not line:match "%S%s+%S", ("%s: '%s'"):format(name, line))
    end
    test.equal((output:gsub("%s+", "")), (help.text(name):gsub("%s+", "")))
  end
end)

-- Examples print nothing here, but what they print must have a text; and they have no command line.
local quiet = {
  arg = {},
  print = function(...)
    for i = 1, select("#", ...) do tostring((select(i, ...))) end
  end,
}

local function run_quietly(example)
  local chunk = assert(load("local ms = ...\n" .. example, "=example"))
  local saved = {}
  for name, value in pairs(quiet) do
    saved[name] = rawget(_G, name)
    rawset(_G, name, value)
  end
  local fine, problem = pcall(chunk, ms)
  for name, value in pairs(saved) do rawset(_G, name, value) end
  if not fine then error(problem, 0) end
end

for _, entry in ipairs(docs.all()) do
  if entry.example ~= "" then
    test("example of " .. entry.name, function() run_quietly((entry.setup or "") .. "\n" .. entry.example) end)
  end
end

for _, topic in ipairs(topics.list) do
  if topic.example then
    test("example of the topic " .. topic.name, function() run_quietly(topic.example) end)
  end
end

-- Values of every type, of which most are wrong for any given argument. None names a file that can be written.
local function values()
  return {
    n = 21, true, false, -1, 0, 1, 3, 1 << 53, math.mininteger, 2.5, 0 / 0, math.huge, "", "/nonexistent/file", {},
    { 1, 2 }, { { 1, 2 }, { 3 } }, { a = 1 }, function() return 1 end, io.stdout, coroutine.create(print), nil,
  }
end

test("wrong calls of every described function", function()
  local rng, limit, threads = ms.random(7), ms.memory().limit, ms.threads()
  local instances = { ["ms.Generator"] = function() return ms.random(1) end,
    ["ms.Tensor"] = function() return ms.ones({ 2, 3 }) end }
  for _, entry in ipairs(host.functions()) do
    local class = entry.name:match "^(.*):"
    for round = 1, 60 do
      local candidates, arguments = values(), { n = rng:integer(4) - 1 }
      candidates.n = candidates.n + 1
      candidates[candidates.n] = instances["ms.Tensor"]()
      for i = 1, arguments.n do arguments[i] = candidates[rng:integer(candidates.n)] end
      if class and instances[class] and round > 10 then
        table.insert(arguments, 1, instances[class]())
        arguments.n = arguments.n + 1
      end
      local clock = ms.timer()
      local fine, problem = pcall(entry.call, table.unpack(arguments, 1, arguments.n))
      ms.set_memory_limit(limit)
      ms.set_threads(threads)
      if not fine and type(problem) ~= "string" then
        error(("%s raised a %s"):format(entry.name, type(problem)))
      end
      if clock:seconds() > 0.3 then break end  -- a right call that does much: enough of this function
    end
  end
end)

test("the overview names modules and classes for scripts, not the parts that modules are made of", function()
  local text = help.text()
  for _, name in ipairs { "distill", "distill.Still", "ms.nn", "ms.Tensor", "plot.Figure", "qnn.lenet", "train" } do
    test.ok(text:find("%f[%w]" .. name:gsub("%.", "%%.") .. "%f[^%w%.]"), name)
  end
  for _, name in ipairs { "distill.store", "plot.axis", "qasm.lexer", "train.finite" } do
    test.equal(text:find(name, 1, true), nil)
  end
end)
