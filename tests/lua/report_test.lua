-- Tables of many runs: means and deviations, and what is said of those that were not run.
local ms = require "moonstill"
local report = require "experiment.report"
local test = require "moonstill.test"

local rows = {
  { name = "three", task = { data = "d", init = "known" }, model = "m", seeds = 3, paper = 91.9,
    must = 92, target = "more" },
  { name = "unknown", task = { data = "d", init = "unknown" }, model = "n", seeds = 1 },
  { name = "none", task = { data = "e", init = "known" }, model = "m", seeds = 1 },
  { name = "warm", start = "three", task = { data = "d", init = "known" }, model = "w", network = "m", seeds = 2 },
  { name = "full", task = { data = "d", epochs = 3 }, model = "m", seeds = 1 },
}

-- The table and the JSON for results by "row/seed"; after that for `later` ones, whose folders alone are there then.
local function written(results, later)
  local path = os.tmpname()
  os.remove(path)
  local function folder_of(name, seed) return ("%s/%s/%d"):format(path, name, seed) end
  for _, part in ipairs { results, later } do
    for place, result in pairs(part) do
      ms.io.write_text(("%s/%s/result.json"):format(path, place), ms.io.json(result))
    end
    report.write(path, rows, folder_of)
    for place in pairs(results) do os.remove(("%s/%s/result.json"):format(path, place)) end
  end
  local text, json = ms.io.read_text(path .. "/table.md"), ms.io.parse_json(ms.io.read_text(path .. "/results.json"))
  os.execute("rm -rf '" .. path .. "'")
  return text, json
end

local function result(accuracy, more)
  local r = {
    test_accuracy = accuracy, test_accuracy_last = accuracy - 0.1, test_accuracy_random_images = 0.2, iterations = 100,
    seconds = 120,
  }
  for name, value in pairs(more or {}) do r[name] = value end
  return r
end

test("mean and deviation over seeds; nothing where nothing was run", function()
  local text, json = written {
    ["three/1"] = result(0.9),
    ["three/2"] = result(0.94, { test_accuracy_swapped = 0.93, test_accuracy_without_circuit = 0.91 }),
    ["three/3"] = result(0.92, { iterations = 200 }),
    ["unknown/1"] = result(0.8, { test_deviation = 0.05 }), ["full/1"] = result(0.99),
    ["warm/1"] = result(0.95, { iterations = 50, seconds = 60 }), ["warm/3"] = result(0.95, { iterations = 50 }),
  }
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  test.equal(table.move(lines, #lines - 3, #lines, 1, {}), {
    "| three | 91.9 | 92 | more | 92.00 ± 2.00 | 82.00 ± 2.00 |  | 93.00 | 91.00 | 20.00 ± 0.00 |  | 99.00 | 3 of 3 | 100 to 200 | 2 |",
    "| unknown |  |  |  | 80.00 ± 5.00 | 70.00 |  |  |  | 20.00 |  | not run | 1 of 1 | 100 | 2 |",
    "| none |  |  |  | not run |  |  |  |  |  |  |  |  |  |  |",
    "| warm |  |  |  | 95.00 ± 0.00 | 85.00 ± 0.00 |  |  |  | 20.00 ± 0.00 |  | 99.00 | 2 of 2 | 100 to 200 + 50 | 2 + 2 |",
  })
  test.ok(text:find "JPEG artefacts", text)
  test.near({ json.rows[1].best.mean, json.rows[1].best.deviation }, { 0.92, 0.02 }, 1e-12)
  test.equal({ json.rows[1].must, json.rows[1].target, json.rows[2].must }, { 92, "more" })
  test.equal({ json.rows[3].run, #json.rows[3].results }, { 0, 0 })
  test.equal({ json.rows[4].start, json.rows[4].results[2].start }, { "three", { iterations = 200, seconds = 120 } })
end)

test("a row that starts from images whose run is not at hand says so", function()
  local text = written { ["three/1"] = result(0.9), ["warm/1"] = result(0.95), ["warm/2"] = result(0.95) }
  test.ok(text:find("| not run | 2 of 2 | ? + 100 | ? + 2 |", 1, true), text)
end)

test("results whose folders are gone stay as results.json has them; new ones are put in their place or beside them", function()
  local function seeded(accuracy, seed) return result(accuracy, { seed = seed }) end
  local before = { ["three/1"] = seeded(0.9, 1), ["three/3"] = seeded(0.92, 3), ["warm/1"] = seeded(0.95, 1), ["full/1"] = seeded(1, 1) }
  local first, first_json = written(before)
  local text, json = written(before, {})
  test.equal({ text, json }, { first, first_json })
  text, json = written(before, { ["three/2"] = seeded(0.94, 2), ["three/1"] = seeded(0.8, 1) })
  local accuracies = {}
  for i, one in ipairs(json.rows[1].results) do accuracies[i] = one.test_accuracy end
  test.equal(accuracies, { 0.8, 0.94, 0.92 })
  test.ok(text:find("| warm |  |  |  | 95.00 |", 1, true) and text:find("| 1 of 2 | 100 + 100 | 2 + 2 |", 1, true), text)
end)

test("a results.json that is damaged is not written over", function()
  local path = os.tmpname()
  os.remove(path)
  ms.io.write_text(path .. "/results.json", '{"rows": [')
  test.fails_with(("experiment.report: '%s/results.json' is damaged: take it away, with the results that are only there")
    :format(path), function() report.write(path, rows, function() return path .. "/none" end) end)
  test.equal(ms.io.read_text(path .. "/results.json"), '{"rows": [')
  os.execute("rm -rf '" .. path .. "'")
end)
