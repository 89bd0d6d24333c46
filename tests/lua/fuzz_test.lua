-- Every described function and method, called on live objects with values that nobody would give: it succeeds or raises
-- a message, and never crashes.
local host = require "moonstill.host"
local ms = require "moonstill"
local test = require "moonstill.test"

-- Fresh objects, since methods may close or change them.
local makers = {
  ["ms.Angle"] = function() return ms.circuit(2, { w = { 2, 3 } }):input "w" end,
  ["ms.Circuit"] = function() return ms.circuit(2, { w = { 2, 3 } }) end,
  ["ms.Generator"] = function() return ms.random(1) end,
  ["ms.ImageSet"] = function() return ms.data.images("digits", { train = 20, test = 1 }).train end,
  ["ms.Batches"] = function() return ms.data.images("digits", { train = 20, test = 1 }).train:batches { batch = 4 } end,
  ["ms.Observable"] = function() return ms.observable.pauli "ZZ" end,
  ["ms.Optimizer"] = function() return ms.optim.adam() end,
  ["ms.Qubits"] = function() return ms.qubits(2):h(1) end,
  ["ms.Schedule"] = function() return ms.optim.cosine { lr = 1, steps = 10 } end,
  ["ms.Tensor"] = function() return ms.linspace(-1, 1, 6):reshape { 2, 3 } end,
  ["ms.Timer"] = function() return ms.timer() end,
}

local numbers = {
  0, 1, -1, 2, 3, 0.5, 25, 1e9, -1e9, 2 ^ 31, 2 ^ 53, 1e308, math.maxinteger, math.mininteger, 0 / 0, math.huge,
  -math.huge,
}

local lists = {
  {}, { -1 }, { 0 }, { 1, 2 }, { 2, 3 }, { -1, -1 }, { 1e9, 1e9 }, { 1 << 40, 1 << 40 }, { math.maxinteger, 2 },
  { 2.5 }, { 0 / 0 }, { math.huge, 1 }, { "x" }, { { 1, 2 }, { 3 } }, { { 1, 0 }, { 0, 1 } }, { { { 1, 0 } } },
  { a = 1 }, { [0] = 1 }, { 1, nil, 3 },
}

local strings = { "", "x", "ZZ", "zz", "\0", ("x"):rep(10000), "f64", "/nonexistent/file", "1" }

local function any_tensor(rng)
  local tensors = {
    function() return ms.zeros(0) end, function() return ms.tensor(1) end, function() return ms.ones { 2, 3 } end,
    function() return ms.full({ 3 }, 0 / 0) end, function() return ms.tensor({ 1, 2, 3 }, { dtype = "i32" }) end,
    function() return ms.ones({ 2, 2, 2, 2 }, { dtype = "f64" }) end, function() return ms.ones { 1, 1, 5, 5 } end,
    function() return ms.full({ 2 }, 1e38) end,
  }
  return tensors[rng:integer(#tensors)]()
end

local classes = {}
for class in pairs(makers) do classes[#classes + 1] = class end
table.sort(classes)

local function any(rng)
  local kind = rng:integer(9)
  if kind <= 2 then return numbers[rng:integer(#numbers)] end
  if kind == 3 then return lists[rng:integer(#lists)] end
  if kind == 4 then return strings[rng:integer(#strings)] end
  if kind <= 6 then return any_tensor(rng) end
  if kind == 7 then return makers[classes[rng:integer(#classes)]]() end
  if kind == 8 then return function(...) return ... end end
  return ({ true, false, io.stdout, coroutine.create(print) })[rng:integer(5)]
end

-- Options by their names, with any values; now and then one that is none.
local function any_options(rng, entry)
  local options = {}
  for _, option in ipairs(entry.options) do
    if rng:integer(2) == 1 then options[option.name] = any(rng) end
  end
  if rng:integer(8) == 1 then options.unknown = 1 end
  return options
end

local function call(entry, rng)
  local class = entry.name:match "^(.*):"
  local arguments = { n = 0 }
  local function add(value)
    arguments.n = arguments.n + 1
    arguments[arguments.n] = value
  end
  if class and makers[class] and not entry.name:find(":__", 1, true) then add(makers[class]()) end
  for _ = 1, rng:integer(#entry.parameters + 2) - 1 do add(any(rng)) end
  if #entry.options > 0 and rng:integer(2) == 1 then add(any_options(rng, entry)) end
  local fine, problem = pcall(entry.call, table.unpack(arguments, 1, arguments.n))
  if not fine and type(problem) ~= "string" then error(("%s raised a %s"):format(entry.name, type(problem))) end
  if not fine and problem:find("%[moonstill%]") then error(("%s blames us: %s"):format(entry.name, problem)) end
end

-- Functions that would change the process, or write where they are told.
local skipped = {
  ["ms.set_memory_limit"] = true, ["ms.set_threads"] = true, ["ms.test.gradcheck_all"] = true, ["ms.io.save"] = true,
  ["ms.io.csv"] = true, ["ms.io.jsonl"] = true, ["ms.io.write_png"] = true, ["ms.io.write_text"] = true,
}

test("wrong calls of every function and method", function()
  local limit, rng = ms.memory().limit, ms.random(11)
  ms.set_memory_limit(1 << 24)
  for _, entry in ipairs(host.functions()) do
    if not skipped[entry.name] then
      for _ = 1, 20 do call(entry, rng) end
    end
  end
  ms.set_memory_limit(limit)
end)

-- Found by other seeds: both ended the program.
test("a closed angle beside a number", function()
  local angle = ms.circuit(1, { w = { 1 } }):input "w"
  angle:close()
  test.fails_with("an angle takes + - * / with numbers only", function() return 1 + angle end)
end)

test("JSON with an indent as wide as the memory", function()
  test.fails_with("argument 'indent': expected at most 16 spaces, got 2147483648",
    function() ms.io.json({ 1 }, { indent = 2 ^ 31 }) end)
end)
