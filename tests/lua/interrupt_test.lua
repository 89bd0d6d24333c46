-- Ctrl-C: how soon it comes back to the prompt out of what runs long, with everything as it was.
local program = require "program"
local test = require "moonstill.test"

-- Sends Ctrl-C a while after the line begins; `seconds` is then the time from there to the prompt.
local input = [[
alive, delay = 42, 0.2
%s
clock = ms.timer() os.execute("(sleep " .. delay .. "; kill -INT $PPID) >/dev/null 2>&1 &")
%s
seconds = clock:seconds() - delay
print(alive, seconds)
]]

-- Generous, for a machine that does other work too: alone it is below 0.2.
local longest = 2

local function stops(name, before, line)
  test(name, function()
    local output = program.run({ "repl" }, input:format(before, line))
    local alive, seconds = output:match "(%d+)\t([%-%d%.e]+)\n$"
    test.ok(output:find("interrupted\n", 1, true), output)
    test.equal(alive, "42")
    test.ok(tonumber(seconds) < longest, ("%s s"):format(seconds))
  end)
end

stops("a loop", "", "while true do end")
stops("a loop that catches errors", "", "while true do pcall(function() while true do end end) end")
stops("a coroutine", "", "coroutine.wrap(function() while true do end end)()")
stops("random numbers", "", "while true do ms.random(1):normal(20000000) end")
stops("matrix products", "a = ms.ones { 1500, 1500 }", "while true do a = ms.matmul(a, a) end")
stops("a circuit", "c = ms.circuit(20, { w = { 3, 20, 3 } }, function(c, w) c:strongly_entangling(w) end)",
  "while true do c { w = ms.ones { 3, 20, 3 }, observable = ms.observable.pauli('Z', { 1 }) } end")
stops("a gradient", "w = ms.nn.conv2d(8, 16, { kernel = 5 })",
  "while true do ms.grad(function(v) return w(ms.ones { 32, 8, 32, 32 }, v):sum() end)(ms.ones(w:count())) end")
stops("sorting", "t = {} for i = 1, 500000 do t[i] = i * 7919 % 1000003 end",
  "while true do u = table.move(t, 1, #t, 1, {}) table.sort(u) end")
stops("long strings", "", "while true do s = ('ab'):rep(100000000) end")
stops("drawing digits", "", "ms.data.images('digits', { train = 2000000, test = 1 })")

stops("fresh memory", "", "while true do ms.zeros(60000000):exp() collectgarbage() end")
stops("a permutation", "", "while true do ms.random(1):permutation(60000000) end")
stops("a tensor as a table", "x = ms.zeros(30000000)", "while true do x:totable() end")
stops("reading JSON", "s = '[' .. ('[1,2,3.5],'):rep(500000) .. '1]'", "while true do ms.io.parse_json(s) end")

local state = "q = ms.qubits(20) for i = 1, 20 do q:h(i) end"
stops("sampling", state, "q:sample(50000000)")
stops("a picture of probabilities", state, "while true do require 'plot'.probabilities(q) end")
stops("a table as a tensor", "t = {} for i = 1, 3000000 do t[i] = i end", "while true do ms.tensor(t) end")
stops("compiling", "s = ('x = 1 '):rep(2000000)", "while true do load(s) end")
stops("many timed runs", "", ":time 1000000000 local x = 1")

test("a gate leaves qubits before or behind it, never between", function()
  local output = program.run({ "repl" }, [[
q = ms.qubits(20) for i = 1, 20 do q:h(i) end q:s(1)
os.execute("(sleep 0.2; kill -INT $PPID) >/dev/null 2>&1 &")
while true do q:ry(5, 0.1) end
p = q:probabilities():reshape { 16, 2, 2^15 // 1 }:sum(3)
print((p - p:slice(1, 1, 1)):abs():sum():item() < 1e-9)
]])
  test.ok(output:find "interrupted\ntrue\n$", output)
end)

test("what waits to be closed is closed, and nothing behind a pcall is run", function()
  local output = program.run({ "repl" }, ([[
closed, late = 0, 0
function counter() return setmetatable({}, { __close = function() for _ = 1, 1000 do end closed = closed + 1 end }) end
function spin() local a <close>, b = counter(), ms.ledger() B = b local c <close> = b while true do end end
function caught() local a <close> = counter() pcall(spin) late = late + 1 end
function resumed() local a <close> = counter() coroutine.resume(coroutine.create(caught)) late = late + 1 end
function inside() local a <close> = counter() coroutine.wrap(spin)() end
os.execute("(sleep 0.2; kill -INT $PPID) >/dev/null 2>&1 &")
xpcall(caught, print)
os.execute("(sleep 0.2; kill -INT $PPID) >/dev/null 2>&1 &")
inside()
os.execute("(sleep 0.2; kill -INT $PPID) >/dev/null 2>&1 &")
resumed()
ms.circuit(1, {}, function(c) c:x(1) end) { observable = ms.observable.pauli "Z" }
print(closed, late, B:totals().executions)
]]))
  test.equal(select(2, output:gsub("\ninterrupted\n", "")), 3)
  test.ok(output:find("6\t0\t0\n", 1, true), output)
end)

test("a file that is read and one that is written", function()
  local path = os.tmpname() .. ".npz"
  local line = ("while true do ms.io.save('%s', x) x = ms.io.load '%s' end"):format(path, path)
  local output = program.run({ "repl" }, input:format("x = { a = ms.random(1):normal(2000000) }", line))
  test.ok(output:find "interrupted\n42\t", output)
  os.remove(path)
end)

test("a second Ctrl-C ends the program with 130 where nothing else does", function()
  local line = "('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40) .. 'b')"
  local stop = [[os.execute("(sleep 0.2; kill -INT $PPID; sleep 0.1; kill -INT $PPID) >/dev/null 2>&1 &")]]
  local output, code = program.run({ "repl" }, stop .. "\n" .. line .. "\n1\n")
  test.equal(code, 130)
  test.ok(not output:find "1\n", output)
end)

test("table.sort, string.rep and load do what they always did", function()
  local long = "-- a comment\n" .. ("x = (x or 0) + 1 "):rep(20000)
  local env = {}
  assert(load(long, nil, "t", env))()
  test.equal(env.x, 20000)
  test.equal({ load(long .. "]") }, { nil, '[string "-- a comment..."]:2: unexpected symbol near \']\'' })
  test.equal({ load("]", "=here") }, { nil, "here:1: unexpected symbol near ']'" })
  test.equal(load "return ..."(7), 7)
  local t = {}
  for i = 1, 150000 do t[i] = i * 7919 % 150001 end
  table.sort(t)
  for i = 2, #t do
    if t[i] < t[i - 1] then error "not sorted" end
  end
  table.sort(t, function(a, b) return a > b end)
  test.ok(t[1] >= t[2])
  test.equal({ ("ab"):rep(3), ("ab"):rep(3, ", "), ("ab"):rep(1, ","), ("x"):rep(0), (""):rep(5), (""):rep(3, "-") },
    { "ababab", "ab, ab, ab", "ab", "", "", "--" })
  test.equal(#("abc"):rep(1000001), 3000003)
  test.fails("resulting string too large", string.rep, "x", math.maxinteger, "yz")
  test.fails("bad argument #1 to 'string.rep' (string expected, got nil)", string.rep, nil, 1)
end)
