-- What a user sees when something is wrong: the whole output of the program, and its exit code.
local program = require "program"
local test = require "moonstill.test"

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
local scripts = here .. "/../../scripts/"

-- Runs a script of these lines; SCRIPT in the expected text is its path.
local function expect(code, expected, lines, arguments)
  local script <close> = program.file(".lua", 'local ms = require "moonstill"\n' .. lines .. "\n")
  local output, got = program.run { script.path, table.unpack(arguments or {}) }
  test.equal({ got, output }, { code, (expected:gsub("SCRIPT", (script.path:gsub("%%", "%%%%")))) })
end

-- Errors of line 2.
local cases = {
  { "shapes that do not fit in a network", "in sequential[2] (linear(10 -> 3)): expected input [batch, 10], got [batch, 16]",
    "local n = ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(10, 3) } n(ms.ones { 2, 4, 4 }, ms.zeros(33))" },
  { "shapes that do not fit in arithmetic", "add: shapes [2, 3] and [4] do not fit together",
    "print(ms.ones { 2, 3 } + ms.ones(4))" },
  { "a misspelt option", "ms.optim.adam: unknown argument 'beta' (did you mean 'betas'?)",
    "ms.optim.adam { beta = { 0.9, 0.99 } }" },
  { "an option of the wrong type", "ms.optim.adam: argument 'epsilon': expected number, got string \"small\"",
    "ms.optim.adam { epsilon = 'small' }" },
  { "a qubit out of range", "ms.Qubits:h: argument 1 'qubit': 4 is outside 1..3", "ms.qubits(3):h(4)" },
  { "a repeated qubit", "ms.Qubits:cnot: qubit 2 is named twice", "ms.qubits(3):cnot(2, 2)" },
  { "a matrix that is not unitary", "ms.Qubits:unitary: the matrix is not unitary: U^H U differs from 1 by 0.44",
    "ms.qubits(1):unitary({ { 1.2, 0 }, { 0, 1 } }, 1)" },
  { "a matrix that is not Hermitian",
    "ms.observable.hermitian: the matrix is not Hermitian: it differs from its adjoint by 0.5",
    "ms.observable.hermitian({ { 1, 0.5 }, { 1, 1 } }, 1)" },
  { "a circuit too large for memory",
    "ms.qubits: argument 1 'qubits': expected 1 to 24 qubits, got 31: one state in f64 takes 3.44e+10 bytes", "ms.qubits(31)" },
  { "a state beyond the memory limit",
    "ms.qubits: not enough memory for tensors: 16777216 bytes asked for, 0 held, the limit is 1048576",
    "ms.set_memory_limit(1 << 20) ms.qubits(20)" },
  { "a tensor too large for memory", "ms.zeros: a shape with too many elements", "ms.zeros { 1 << 40, 1 << 40 }" },
  { "a gradient that is not finite", "ms.Optimizer:step: update 1: the gradient of tensor 1 holds NaN or infinity",
    "ms.optim.sgd { lr = 1 }:step(ms.ones(2), ms.ones(2) / 0)" },
  { "an angle that is not finite", "ms.Qubits:rx: an angle is not finite",
    "ms.qubits(1):rx(1, math.huge)" },
  { "a full disk", "ms.io.write_text: cannot write '/dev/full': No space left on device", "ms.io.write_text('/dev/full', 'x')" },
  { "a folder that cannot be made", "ms.io.save: cannot write '/dev/null/x.npz': Not a directory",
    "ms.io.save('/dev/null/x.npz', { a = ms.ones(2) })" },
  { "a missing file", "ms.io.load: cannot read '/nowhere/x.npz': No such file or directory", "ms.io.load '/nowhere/x.npz'" },
}

for _, case in ipairs(cases) do
  test(case[1], function() expect(1, "moonstill: SCRIPT:2: " .. case[2] .. "\n", case[3]) end)
end

test("a syntax error", function()
  expect(1, "moonstill: SCRIPT:3: '}' expected (to close '{' at line 2) near 'local'\n", "local t = { 1, 2\nlocal u")
end)

test("a disk that fills up leaves the old file", function()
  local file <close> = program.file(".txt", "old")
  local script <close> = program.file(".lua", ("require('moonstill').io.write_text('%s', ('x'):rep(1 << 20))"):format(file.path))
  local pipe <close> = assert(io.popen(("trap '' XFSZ; ulimit -f 100; '%s' '%s' 2>&1; echo $?"):format(
    require("moonstill.host").program, script.path)))
  test.equal(pipe:read "a", ("moonstill: %s:1: ms.io.write_text: cannot write '%s': File too large\n1\n"):format(script.path, file.path))
  local kept <close> = assert(io.open(file.path))
  test.equal(kept:read "a", "old")
end)

-- A folder with MNIST's files as given; removed at the end of the scope.
local function mnist(o)
  local path = os.tmpname()
  os.remove(path)
  os.execute("mkdir '" .. path .. "'")
  local count = 20
  local function write(name, text)
    local file <close> = assert(io.open(path .. "/" .. name, "wb"))
    file:write(text)
  end
  for _, part in ipairs(o.empty and {} or { "train", "t10k" }) do
    local images = string.pack(">I4I4I4I4", o.magic or 0x803, count, 28, 28) .. ("\0"):rep(count * 784)
    local labels = string.pack(">I4I4", 0x801, count) .. ("\3"):rep(count - 1) .. string.char(o.label or 4)
    write(part .. "-images-idx3-ubyte", images:sub(1, -1 - (o.cut or 0)))
    write(part .. "-labels-idx1-ubyte", labels)
  end
  return setmetatable({ path = path }, { __close = function() os.execute("rm -r '" .. path .. "'") end })
end

local folders = {
  { "empty", { empty = true }, "'%s' holds no images that are known: neither MNIST's train-images-idx3-ubyte (plain or .gz) "
    .. "nor CIFAR-10's data_batch_1.bin nor a folder of PNG or JPEG images for each class" },
  { "truncated", { cut = 84 },
    "'%s/train-images-idx3-ubyte' is truncated: sizes [20, 28, 28] need 15680 bytes, got 15596" },
  { "of the wrong magic number", { magic = 0x1234 }, "'%s/train-images-idx3-ubyte': wrong magic number: expected 0x00000801 "
    .. "(labels) or 0x00000803 (images), got 0x00001234" },
  { "with labels out of range", { label = 11 },
    "%s/train-labels-idx1-ubyte: label 11 of image 20 is outside 0..9" },
}

for _, case in ipairs(folders) do
  test("a data folder " .. case[1], function()
    local folder <close> = mnist(case[2])
    expect(1, "moonstill: SCRIPT:2: ms.data.images: " .. case[3]:format(folder.path) .. "\n", "ms.data.images((...))",
      { folder.path })
  end)
end

test("a missing data folder, and a small one, for a script of ours", function()
  local output, code = program.run { scripts .. "train.lua", "--data", "/nowhere" }
  test.equal(code, 1)
  test.ok(output:find "train.lua:%d+: ms.data.images: no folder '/nowhere' with images\n", output)
  local folder <close> = mnist {}
  output, code = program.run { scripts .. "train.lua", "--data", folder.path, "--epochs", "1", "--model", "classical" }
  test.equal({ code, output:match "epoch 1" }, { 0, "epoch 1" })
end)

test("options of a script of ours", function()
  for _, case in ipairs {
    { "--epoch=3", "unknown option '--epoch' (did you mean '--epochs'?)" },
    { "--epochs=many", "option '--epochs': expected integer, got 'many'" },
    { "--model=quantun", "option '--model': expected quantum or classical, got 'quantun' (did you mean 'quantum'?)" },
    { "--batch", "option '--batch': needs a value" },
    { "more", "unexpected argument 'more'" },
    { "--threads=5000", "option '--threads': expected at most 1024, got '5000'" },
    { "--help=1", "option '--help': takes no value" },
  } do
    local output, code = program.run { scripts .. "train.lua", case[1] }
    test.equal(code, 2)
    test.ok(output:find(case[2] .. "\n'moonstill ", 1, true), output)
  end
end)

test("results that could not be written are refused before the work", function()
  for _, option in ipairs { "--out", "--json" } do
    local output, code = program.run { scripts .. "train.lua", option, "/dev/null/x" }
    test.equal(code, 1)
    test.ok(output:find("cannot write '/dev/null/x", 1, true) and not output:find "LeNet", output)
  end
end)
