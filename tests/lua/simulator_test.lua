-- The tour of scripts/simulator.lua: it runs, and its eigensolver finds the ground state.
local ms = require "moonstill"
local program = require "program"
local test = require "moonstill.test"

local script = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" .. "/../../scripts/simulator.lua"

test("the tour", function()
  local json <close> = program.file(".json", "")
  local output, code = program.run { script, "--seed", "3", "--threads", "1", "--json", json.path }
  test.equal(code, 0)
  test.ok(output:find("[Circuit of 3 qubits, 5 operations]", 1, true), output)
  local first, second = output:match "angle%[2%]: gradient (%S+), parameter shift (%S+)"
  test.equal(first, second)
  local result = ms.io.parse_json(ms.io.read_text(json.path))
  test.near(result.energy, result.exact_energy, 1e-3)
  test.ok(result.energy > result.exact_energy, "no energy is below the exact one")
  test.equal(result.seed, 3)
end)

test("its options", function()
  local output, code = program.run { script, "--help" }
  test.equal(code, 0)
  for _, name in ipairs { "--seed", "--threads", "--out", "--json", "--data" } do
    test.ok(output:find(name, 1, true), name)
  end
  output, code = program.run { script, "--step", "3" }
  test.equal(code, 2)
  test.ok(output:find("unknown option '--step' (did you mean '--steps'?)", 1, true), output)
end)
