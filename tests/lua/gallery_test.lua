-- The experiments of scripts/gallery run, with small settings, and find what is known.
local host = require "moonstill.host"
local ms = require "moonstill"
local plot = require "plot"
local program = require "program"
local sandbox = require "sandbox"
local test = require "moonstill.test"

local gallery = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" .. "/../../scripts/gallery/"

-- What a script prints, and the result that it writes; its page shows pictures and says what it comes to.
local function run(name, ...)
  local folder <close> = sandbox.new()
  local output, code = program.run { gallery .. name .. ".lua", "--threads", "1", "--out", folder.path, ... }
  test.ok(code == 0, output)
  local result = ms.io.parse_json(ms.io.read_text(folder.path .. "/result.json"))
  local page = ms.io.read_text(folder.path .. "/index.html")
  test.ok(page:find "<svg" or page:find "<img" or not plot.has_gnuplot(), "a page without pictures")
  test.ok(#result.conclusion > 20 and output:find(result.conclusion, 1, true), output)
  return result, output
end

local seen = {}
local function experiment(name, body)
  seen[name] = true
  test(name, body)
end

experiment("bell", function()
  local result, output = run "bell"
  test.near(result.chsh, 2 * math.sqrt(2))       -- Tsirelson's bound
  test.near(result.mermin, 4)
  test.equal(result.counts["000"] + result.counts["111"], 1000)
  test.ok(output:find("1: ─H─╭●─\n2: ───╰⊕─", 1, true), output)
end)

experiment("teleportation", function()
  local result = run("teleportation", "--states", "20")
  test.near(result.error, 0)
  test.near(result.kept, { 1, 0, 0 })
end)

experiment("grover", function()
  local result = run "grover"
  test.equal(result.questions, 4)
  test.near(result.probability, math.sin(9 * math.asin(1 / math.sqrt(32))) ^ 2)
  test.near(run("grover", "--qubits", "2", "--marked", "2").probability, 1)
end)

experiment("phase_estimation", function()
  local exact = run("phase_estimation", "--phase", "0.34375")
  test.near({ exact.read, exact.probability }, { 11 / 32, 1 })
  local near = run("phase_estimation", "--phase", "0.3")
  test.equal(near.read, 10 / 32)
  -- sin^2(pi N d) / (N sin(pi d))^2 at a distance d.
  local d = 10 / 32 - 0.3
  test.near(near.probability, (math.sin(math.pi * 32 * d) / (32 * math.sin(math.pi * d))) ^ 2)
end)

experiment("vqe_h2", function()
  local result = run "vqe_h2"
  test.near(result.energy, -1.13730603575, 1e-9)
  test.near(result.hartree_fock, -1.11699899, 1e-6)
end)

experiment("qaoa_maxcut", function()
  local two = run "qaoa_maxcut"
  test.near(two.ratio, 5 / 6, 1e-3)
  test.ok(two.ratio <= 5 / 6 + 1e-12, "no more than theory allows")
  test.near(run("qaoa_maxcut", "--layers", "1", "--vertices", "6").ratio, 3 / 4, 1e-3)
end)

experiment("reuploading", function()
  test.ok(run("reuploading", "--steps", "80").accuracy > 0.9, "accuracy")
end)

experiment("quantum_kernel", function()
  local result = run("quantum_kernel", "--points", "40")
  test.near(result.diagonal, 1, 1e-5)
  test.ok(result.accuracy > 0.95, "accuracy")
end)

experiment("convolution", function()
  test.ok(run("convolution", "--images", "1000", "--steps", "40").accuracy > 0.85, "accuracy")
end)

experiment("barren_plateaus", function()
  local result = run("barren_plateaus", "--qubits", "6", "--samples", "100")
  test.near(result.slope, -1, 0.3)
end)

experiment("gradients", function()
  local result = run("gradients", "--qubits", "5", "--layers", "3")
  test.near(result.difference, 0, 1e-13)
  test.equal({ result.angles, result.circuits }, { 45, 90 })
end)

experiment("lenet", function()
  local result = run("lenet", "--images", "3000", "--epochs", "1")
  test.equal(result.parameters, 59369)
  test.ok(result.accuracy > 0.7, "accuracy")
end)

test("every script is tested, and stays short", function()
  for _, path in ipairs(host.files(gallery, ".lua")) do
    test.ok(seen[path:match "([^/]*)%.lua$"], path)
    local _, lines = ms.io.read_text(path):gsub("\n", "")
    test.ok(lines < 80, ("%s has %d lines"):format(path, lines))
  end
end)
