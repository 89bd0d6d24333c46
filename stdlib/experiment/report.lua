-- A table of many runs: reads the result of each row and seed, and writes them as results.json and table.md. What has
-- not been run is said to be so. A result whose own folder is gone stays, as results.json had it.
local ms = require "moonstill"
local check = require "moonstill.check"
local markdown = require "experiment.markdown"
local mean_of = require "moonstill.mean"

local report = { cifar_note = "CIFAR-10 pixels carry JPEG artefacts" }

local most_seeds = 20   -- that are looked for; a row may have more than it needs
local told = {}         -- files that were said to be damaged

--- Gives a run's result, or nil where it has not ended. Says so where the file is damaged.
--- @param folder string
--- @return table?
function report.result(folder)
  local path = folder .. "/result.json"
  if not ms.io.exists(path) then return nil end
  local fine, result = pcall(ms.io.parse_json, ms.io.read_text(path))
  if fine and type(result) == "table" and result.test_accuracy then return result end
  if not told[path] then io.stderr:write(("'%s' holds no result: left out\n"):format(path)) end
  told[path] = true
end

local function key_of(name, seed) return ("%s, seed %d"):format(name, seed) end

-- The results of an earlier results.json by row and seed.
local function kept_in(path)
  local kept = {}
  if not ms.io.exists(path) then return kept end
  local fine, all = pcall(ms.io.parse_json, ms.io.read_text(path))
  if not fine or type(all) ~= "table" or type(all.rows) ~= "table" then
    check.fail("experiment.report", "'%s' is damaged: take it away, with the results that are only there", path)
  end
  for _, entry in ipairs(all.rows) do
    for _, result in ipairs(entry.results or {}) do
      if result.seed then kept[key_of(entry.row, result.seed)] = result end
    end
  end
  return kept
end

--- Gives a function that finds the result of a row and seed: in the run's own folder, or else in the results.json of
--- the table, and says so.
--- @param folder string       the table's
--- @param folder_of function  fun(name, seed): string
--- @return fun(name: string, seed: integer): table?, boolean?
function report.finder(folder, folder_of)
  local kept = kept_in(folder .. "/results.json")
  return function(name, seed)
    local own = folder_of(name, seed)
    if ms.io.exists(own .. "/result.json") then return report.result(own), false end
    local result = kept[key_of(name, seed)]
    return result, result ~= nil
  end
end

-- Mean and deviation of one field, over those results that have it.
local function summary(results, field)
  local values = {}
  for _, result in ipairs(results) do values[#values + 1] = result[field] end
  if #values == 0 then return nil end
  local mean, deviation = mean_of(values)
  return { mean = mean, deviation = deviation, count = #values }
end

local function percent(value)
  if not value then return "" end
  local text = ("%.2f"):format(100 * value.mean)
  return value.deviation and ("%s ± %.2f"):format(text, 100 * value.deviation) or text
end

-- What a row is measured against, where it has such: numbers in %, or words.
local expected = { "paper", "must", "target" }

-- Fields of a result, and their columns.
local measured = {
  { "test_accuracy", "best" }, { "test_accuracy_last", "last" }, { "test_accuracy_last_iterate", "last iterate" },
  { "test_accuracy_swapped", "swapped" }, { "test_accuracy_without_circuit", "without circuit" },
  { "test_accuracy_random_images", "random real images" }, { "test_accuracy_class_means", "class means" },
}

-- The results of a row by seed. Those of a row that starts from another's images tell what that one took.
local function results_of(row, result_of)
  local results = {}
  for seed = 1, math.max(row.seeds, most_seeds) do
    local result = result_of(row.name, seed)
    local start = result and row.start and result_of(row.start, seed)
    if start then result.start = { iterations = start.iterations, seconds = start.seconds } end
    results[#results + 1] = result
  end
  return results
end

local function collect(rows, result_of)
  local collected, full = {}, {}
  for i, row in ipairs(rows) do
    local results = results_of(row, result_of)
    local entry = {
      row = row.name, data = row.task.data, model = row.model, network = row.network or row.model,
      init = row.task.init, start = row.start,
      seeds = math.max(row.seeds, #results), run = #results, results = results,
    }
    for _, name in ipairs(expected) do entry[name] = row[name] end
    for _, column in ipairs(measured) do entry[column[2]] = summary(results, column[1]) end
    local networks = results[1] and results[1].test_deviation
    if networks and #results == 1 then entry.best.deviation = networks end
    if row.task.epochs then full[entry.data .. entry.network] = entry end
    collected[i] = entry
  end
  return collected, full
end

-- "3000", or "2000 to 3000" where the results differ.
local function iterations(results)
  local least, most = math.huge, 0
  for _, result in ipairs(results) do
    least, most = math.min(least, result.iterations), math.max(most, result.iterations)
  end
  return least == most and tostring(most) or ("%d to %d"):format(least, most)
end

-- The mean.
local function minutes(results)
  local total = 0
  for _, result in ipairs(results) do total = total + result.seconds / 60 end
  return ("%.0f"):format(total / #results)
end

-- "15000 + 5000" where a row starts from another's images, "? + 5000" where that one's results are not at hand.
local function with_start(entry, text_of)
  local own, starts = text_of(entry.results), {}
  if not entry.start then return own end
  for _, result in ipairs(entry.results) do starts[#starts + 1] = result.start end
  return ("%s + %s"):format(#starts == #entry.results and text_of(starts) or "?", own)
end

local function make_columns()
  local names = { "row", table.unpack(expected) }
  for _, column in ipairs(measured) do names[#names + 1] = column[2] end
  return table.move({ "all images", "seeds", "iterations", "minutes" }, 1, 4, #names + 1, names)
end

local columns = make_columns()

local function cells_of(entry, full)
  local on_all = full[entry.data .. entry.network]
  local cells = { entry.row }
  for _, name in ipairs(expected) do cells[#cells + 1] = tostring(entry[name] or "") end
  if entry.run == 0 then
    cells[#cells + 1] = "not run"
    while #cells < #columns do cells[#cells + 1] = "" end
    return cells
  end
  for _, column in ipairs(measured) do cells[#cells + 1] = percent(entry[column[2]]) end
  return table.move({
    on_all and on_all.run > 0 and percent(on_all.best) or "not run", ("%d of %d"):format(entry.run, entry.seeds),
    with_start(entry, iterations), with_start(entry, minutes),
  }, 1, 4, #cells + 1, cells)
end

local heading = [[
Test accuracy in %, on all 10,000 test images; mean ± deviation over seeds, or over 20 fresh networks for one seed of
unknown initialisation. Best: the iterate, or moving average of iterates, with the smallest loss on 5,000 training
images held out of distillation. Last: the moving average at the end. Swapped: the best images train a network whose
Hermitians are fixed where they were trainable, and trainable where they were fixed. Without circuit: the network that
the best images train, tested with the circuit's output taken out of it. Random real images and class means are as many,
take as many updates, with step sizes tuned by held-out accuracy. All images: the same network trained on all but the
held-out ones. Must and target are what the best was to reach, set before these rows were run. Iterations and minutes of
a row that starts from another one's images come after those of that one. CIFAR-10 pixels carry JPEG artefacts.
]]

--- Writes results.json and table.md from the runs' folders and, of those that are gone, the results.json that is
--- there.
--- @param folder string
--- @param rows table[]        { name, task, model, seeds, network?, start?, paper?, must?, target? }; start is the name
---                            of the row whose images this one starts from
--- @param folder_of function  fun(name, seed): string
function report.write(folder, rows, folder_of)
  local collected, full = collect(rows, report.finder(folder, folder_of))
  local lines = {}
  for i, entry in ipairs(collected) do
    if not rows[i].task.epochs then lines[#lines + 1] = cells_of(entry, full) end
  end
  ms.io.write_text(folder .. "/table.md", heading .. "\n" .. markdown.table(columns, lines) .. "\n")
  local all = { note = report.cifar_note, rows = collected }
  ms.io.write_text(folder .. "/results.json", ms.io.json(all, { indent = 1 }) .. "\n")
end

return report
