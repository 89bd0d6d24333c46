-- The paper's table: a row's run, what it leaves, its table, and that it goes on and is not run twice.
local ms = require "moonstill"
local program = require "program"
local test = require "moonstill.test"

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
local script = here .. "/../../scripts/paper_table.lua"

-- Digits as MNIST's four files.
local function write_mnist(path)
  local set = ms.data.images("digits", { train = 5200, test = 100 })
  for name, images in pairs { train = set.train, t10k = set.test } do
    local pixels, labels = {}, {}
    for x, y in images:batches { batch = 100 } do
      local mean, deviation = images:mean()[1], images:deviation()[1]
      for _, value in ipairs(((x * deviation + mean) * 255 + 0.5):to("u8"):reshape({ -1 }):totable()) do
        pixels[#pixels + 1] = string.char(value)
      end
      for _, class in ipairs(y:totable()) do labels[#labels + 1] = string.char(class - 1) end
    end
    ms.io.write_text(("%s/mnist/%s-images-idx3-ubyte"):format(path, name),
      (">I4I4I4I4"):pack(2051, #images, 28, 28) .. table.concat(pixels))
    ms.io.write_text(("%s/mnist/%s-labels-idx1-ubyte"):format(path, name),
      (">I4I4"):pack(2049, #images) .. table.concat(labels))
  end
end

test("a row runs, goes on, is not run twice, and the others are listed as not run", function()
  local data <close> = program.folder()
  local out <close> = program.folder()
  write_mnist(data.path)
  local function run(...)
    local output, code = program.run { script, "--data-folder", data.path, "--out", out.path, ... }
    test.equal(code, 0, output)
    return output
  end
  local row = { "--row", "mnist-10-frozen-angles", "--iterations" }
  run(row[1], row[2], row[3], "3")
  local function result_of()
    return ms.io.parse_json(ms.io.read_text(out.path .. "/mnist-10-frozen-angles-seed-1/result.json"))
  end
  local result = result_of()
  test.equal({ result.iterations, result.images, result.inner_updates, result.angles, result.observable },
    { 3, 10, 3, "fixed", "trainable" })
  test.ok(run(row[1], row[2], row[3], "3"):find "seed 1: done: 3 iterations", "not run again")
  test.ok(run(row[1], row[2], row[3], "4"):find "goes on from %S+, iteration 3", "goes on")

  -- Each setting of the row can be given to distill.lua, which gives the same images.
  local alone <close> = program.folder()
  local words = { here .. "/../../scripts/distill.lua", "--angles", "fixed", "--data", data.path .. "/mnist", "--out",
    alone.path }
  for name, value in pairs(result_of().settings) do
    if name ~= "out" and name ~= "json" then
      table.move({ "--" .. name:gsub("_", "-"), tostring(value) }, 1, 2, #words + 1, words)
    end
  end
  local output, code = program.run(words)
  test.equal(code, 0, output)
  test.ok(ms.io.read_text(alone.path .. "/images.npz")
    == ms.io.read_text(out.path .. "/mnist-10-frozen-angles-seed-1/images.npz"), "equal bytes of the images")

  -- The images to compare with, again: what their numbers were is written over, the others stay.
  result = result_of()
  local changed = result_of()
  changed.test_accuracy_random_images, changed.step_sizes_class_means, changed.test_accuracy = 7, nil, 0.875
  changed.test_accuracy_swapped, changed.test_accuracy_without_circuit = nil, nil
  ms.io.write_text(out.path .. "/mnist-10-frozen-angles-seed-1/result.json", ms.io.json(changed))
  run(row[1], row[2], row[3], "4", "--baselines")
  changed = result_of()
  test.equal({ changed.test_accuracy_random_images, changed.step_sizes_class_means, changed.test_accuracy },
    { result.test_accuracy_random_images, result.step_sizes_class_means, 0.875 })
  for _, name in ipairs { "test_accuracy_swapped", "test_accuracy_without_circuit" } do
    test.ok(changed[name] and changed[name] == result[name], name)
  end
  ms.io.write_text(out.path .. "/mnist-10-frozen-angles-seed-1/result.json", ms.io.json(result))

  -- One bit of the images flips, in the middle of the file.
  local checkpoint = out.path .. "/mnist-10-frozen-angles-seed-1/checkpoint.safetensors"
  local whole = ms.io.read_text(checkpoint)
  local at = #whole - #whole // 4
  ms.io.write_text(checkpoint, whole:sub(1, at - 1) .. string.char(whole:byte(at) ~ 1) .. whole:sub(at + 1))
  local damaged = run("--list", "--iterations", "4")
  test.ok(damaged:find "mnist%-10%-frozen%-angles +seed 1  done: 4 iterations, [%d.]+ %%; its checkpoint is damaged\n", damaged)
  ms.io.write_text(checkpoint, whole)
  local list = run("--list", "--iterations", "4")
  test.ok(list:find "mnist%-10%-frozen%-angles +seed 1  done: 4 iterations, [%d.]+ %%\n", list)
  test.ok(list:find "mnist%-10%-quantum +seed 3  not run", list)

  run("--row", "mnist-full-classical")
  local text = ms.io.read_text(out.path .. "/table.md")
  result = result_of()
  local line = ("| mnist-10-frozen-angles |  |  |  | %.2f | %.2f |"):format(100 * result.test_accuracy,
    100 * result.test_accuracy_last)
  test.ok(text:find(line, 1, true) and text:find "| 1 of 1 | 4 |", text)
  test.ok(text:find "| cifar10%-100%-quantum | 50.3 | 51 | 55 | not run |", text)
  local json = ms.io.parse_json(ms.io.read_text(out.path .. "/results.json"))
  for _, entry in ipairs(json.rows) do
    local done = entry.row == "mnist-10-frozen-angles" or entry.row == "mnist-full-classical"
    test.equal({ entry.row, entry.run }, { entry.row, done and 1 or 0 })
  end
end)

test("what a row has damaged stops that row alone, and is said", function()
  local out <close> = program.folder()
  local function run(...)
    return program.run { script, "--data-folder", "/nowhere", "--out", out.path, ... }
  end
  ms.io.write_text(out.path .. "/mnist-10-quantum-seed-1/checkpoint.safetensors", "nothing of the kind")
  ms.io.write_text(out.path .. "/mnist-10-quantum-seed-2/result.json", "{")
  local output, code = run "--list"
  test.equal(code, 0, output)
  test.ok(output:find "mnist%-10%-quantum +seed 1  a damaged checkpoint\n", output)
  test.ok(output:find "mnist%-10%-quantum +seed 2  not run\n", output)
  test.ok(output:find("'" .. out.path .. "/mnist-10-quantum-seed-2/result.json' holds no result: left out", 1, true), output)
  output, code = run("--row", "mnist-10-quantum")
  test.equal(code, 1)
  for seed = 1, 3 do
    test.ok(output:find(("mnist%%-10%%-quantum, seed %d: [^\n]*/nowhere/mnist"):format(seed)), output)
  end
  test.ok(output:find "table.md, " and output:find "3 runs failed", output)
end)

test("a results.json alone is a table of runs that are done, which stay there; full training takes no --iterations", function()
  local out <close> = program.folder()
  local function run(...)
    return program.run { script, "--data-folder", "/nowhere", "--out", out.path, ... }
  end
  local kept = { row = "mnist-10-classical", seed = 1, iterations = 20000, seconds = 60, test_accuracy = 0.9675 }
  ms.io.write_text(out.path .. "/results.json", ms.io.json { rows = { { row = kept.row, results = { kept } } } })
  local line = "mnist%-10%-classical,? +seed 1:? +done: 20000 iterations, 96.75 %% %(from results.json%)\n"
  local list = run "--list"
  test.ok(list:find(line), list)
  local output, code = run("--row", "mnist-10-classical")
  test.ok(code == 0 and output:find(line), output)
  output, code = run("--row", "mnist-full-quantum", "--iterations", "3")
  test.ok(code == 1 and output:find("mnist-full-quantum, seed 1: --iterations: expected a row that is distilled, this one trains"
    .. " for 5 epochs\n", 1, true), output)
  -- One that cannot run leaves all as it is; one that was begun again goes on.
  output, code = run("--row", "mnist-10-classical", "--fresh")
  test.ok(code == 1 and output:find "/nowhere/mnist", output)
  local json = ms.io.parse_json(ms.io.read_text(out.path .. "/results.json"))
  for _, entry in ipairs(json.rows) do
    test.equal(entry.results, entry.row == kept.row and { kept } or {})
  end
  ms.io.write_text(out.path .. "/mnist-10-classical-seed-1/checkpoint.safetensors", "cut off")
  list = run "--list"
  test.ok(list:find "mnist%-10%-classical +seed 1  a damaged checkpoint\n", list)
end)
