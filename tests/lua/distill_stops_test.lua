-- Distillations that a full disk, a signal or Ctrl-C stops, and that go on to the same bytes.
local host = require "moonstill.host"
local ms = require "moonstill"
local program = require "program"
local test = require "moonstill.test"

local folder, bytes = program.folder, program.bytes

-- A run in a process of its own, which may be killed.
local script = [[
local ms, distill = require "moonstill", require "distill"
local set = ms.data.images("digits", { train = 300, test = 100 })
local net = ms.nn.sequential { ms.nn.flatten(), ms.nn.linear(784, 10) }
local folder, iterations = ...
distill.unrolled { net = net, train = set.train, passes = 2 }:fit {
  iterations = math.tointeger(iterations) or 150, batch = 50, evaluate_every = 3, validation = set.test, folder = folder,
  quiet = true,
}
]]

test("a full disk ends the run, keeps the old checkpoint, says so, and leaves no other file", function()
  local file <close> = program.file(".lua", script)
  local out <close> = folder()
  local checkpoint = out.path .. "/checkpoint.safetensors"
  test.equal(select(2, program.run { file.path, out.path, "12" }), 0)
  local before = bytes(checkpoint)
  -- No file may grow beyond 60 KiB, which a checkpoint needs.
  local command = ("trap '' XFSZ; ulimit -f 60; '%s' '%s' '%s' 2>&1"):format(host.program, file.path, out.path)
  local pipe <close> = assert(io.popen(("bash -c %q"):format(command)))
  local output = pipe:read "a"
  test.ok(output:find(("cannot write '%s': File too large; the checkpoint of iteration 12 stays"):format(checkpoint), 1, true),
    output)
  test.ok(bytes(checkpoint) == before, "equal bytes")
  test.equal(#host.files(out.path, ".tmp"), 0)
  test.equal(select(2, program.run { file.path, out.path, "24" }), 0)
end)

test("a run that is killed at any of 50 moments goes on to the same bytes", function()
  local file <close> = program.file(".lua", script)
  local whole <close> = folder()
  local clock = ms.timer()
  test.equal(select(2, program.run { "--threads", "1", file.path, whole.path }), 0)
  local seconds, random, kills = clock:seconds(), ms.random(os.time()), 0
  local function rows(out) return (bytes(out .. "/metrics.csv"):gsub(",[^,\n]*,[^,\n]*\n", "\n")) end
  local function compare(out)
    for _, name in ipairs { "/checkpoint.safetensors", "/ledger.json", "/images.npz", "/images.png" } do
      test.ok(bytes(whole.path .. name) == bytes(out .. name), "equal bytes of " .. name)
    end
    test.equal(rows(out), rows(whole.path))
    test.equal(#host.files(out, ".tmp"), 0)
    test.ok(not ms.io.exists(out .. "/lock"), "no lock")
  end
  while kills < 50 do
    local broken <close> = folder()
    local ended
    repeat
      local after = random:uniform { low = 0.1, high = 0.6 } * math.min(seconds, 0.5)
      ended = os.execute(("timeout -s KILL %.3f '%s' --threads 1 '%s' '%s' 2>/dev/null"):format(after, host.program, file.path,
        broken.path))
      if not ended then kills = kills + 1 end
    until ended or kills == 50
    if not ended then test.equal(select(2, program.run { "--threads", "1", file.path, broken.path }), 0) end
    compare(broken.path)
  end
end)

-- Stops itself as Ctrl-C does, in the fifth iteration, long before the first checkpoint.
local stopping = [[
local ms, distill = require "moonstill", require "distill"
local folder, stops = ...
local set, calls = ms.data.images("digits", { train = 300, test = 10 }), 0
local trap = ms.nn.layer { name = "trap", apply = function(_, x)
  calls = calls + 1
  if calls == 11 and stops then io.popen("kill -INT $PPID"):close() end
  return x
end }
local net = ms.nn.sequential { ms.nn.flatten(), trap, ms.nn.linear(784, 10) }
distill.unrolled { net = net, train = set.train, passes = 1 }:fit { iterations = 9, batch = 50, evaluate_every = 9, folder = folder }
]]

test("a run that is interrupted keeps its state, says so, and goes on to the same bytes", function()
  local file <close> = program.file(".lua", stopping)
  local whole <close> = folder()
  local broken <close> = folder()
  local checkpoint = broken.path .. "/checkpoint.safetensors"
  local output, code = program.run { file.path, broken.path, "stop" }
  test.equal(code, 130)
  test.ok(output:find(("the state after iteration 4 is in %s: the same command goes on from there\nmoonstill: interrupted\n")
    :format(checkpoint), 1, true), output)
  local kept, metadata = ms.io.load(checkpoint)
  test.equal(metadata.iteration, "4")
  -- What it has come to, so far.
  test.near(ms.io.load(broken.path .. "/images.npz").images, kept["parameters.images[1]"], 1e-3)
  test.equal(ms.io.parse_json(bytes(broken.path .. "/ledger.json")), ms.io.parse_json(metadata.ledger))
  output, code = program.run { file.path, broken.path }
  test.equal(code, 0)
  test.ok(output:find("goes on from " .. checkpoint .. ", iteration 4", 1, true), output)
  test.equal(select(2, program.run { file.path, whole.path }), 0)
  test.ok(bytes(whole.path .. "/checkpoint.safetensors") == bytes(checkpoint), "equal bytes")
end)
