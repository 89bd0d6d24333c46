-- What every experiment script shares: common options, and a result as JSON.
local ms = require "moonstill"
local check = require "moonstill.check"
local machine = require "moonstill.machine"
local mean_of = require "moonstill.mean"
local median = require "moonstill.median"
local page = require "plot.page"
local plot = require "plot"

local experiment = {}

local common = {
  { "data", default = "digits", help = "digits (built in), a folder with MNIST, CIFAR-10 or images by class, or .npz" },
  { "seed", default = 1, help = "of everything drawn" },
  { "threads", default = 0, least = 0, most = ms.most_threads, help = "0: as many as the process may use" },
  { "out", default = "", help = "folder for results; none if empty" },
  { "json", default = "", help = "file for the result as JSON" },
}

local clock
local pictures, conclusion = {}, nil   -- for the page

-- Refuses a place that cannot be written at once, and not after hours of work.
local function check_writable(file)
  local probe = file .. ".probe"
  ms.io.write_text(probe, "")
  os.remove(probe)
end

local function flag_of(name) return "--" .. name:gsub("_", "-") end

--- Gives the median of numbers; of an even number of them the smaller of the two in the middle.
---
--- ```lua
--- print(require("experiment").median { 3, 1, 2 })
--- ```
--- @param numbers number[]
--- @return number|nil  nil for an empty list
function experiment.median(numbers) return median(numbers) end

--- Gives the mean of numbers and their deviation, which one number has not.
---
--- ```lua
--- print(require("experiment").mean { 3, 1, 2 })
--- ```
--- @param numbers number[]
--- @return number mean
--- @return number|nil deviation
function experiment.mean(numbers) return mean_of(numbers) end

--- Gives the text that the command line has for an option, or nil. For defaults that depend on other options.
---
--- ```lua
--- print(require("experiment").given "seed")
--- ```
--- @param name string
--- @return string|nil
function experiment.given(name)
  local flag, value = flag_of(name), nil
  for i, argument in ipairs(arg) do
    if argument == flag then value = arg[i + 1] end
    if argument:sub(1, #flag + 1) == flag .. "=" then value = argument:sub(#flag + 2) end
  end
  return value
end

-- A folder of its own for each setting: "runs/start", "runs/start-model-classical-seed-2".
local function folder_for(entries, options, folder)
  local unlike = { threads = true, json = true, out = true }   -- what a run that goes on may change
  for _, name in ipairs(folder.unlike or {}) do unlike[name] = true end
  local name = folder.name
  for _, entry in ipairs(entries) do
    local key, value = entry[1], options[entry[1]]
    if not unlike[key] and value ~= entry.default then
      name = ("%s-%s-%s"):format(name, key:gsub("_", "-"), (tostring(value):gsub("[^%w%.]+", "_")))
    end
  end
  return name
end

--- Reads a script's command line: its own options, then --data, --seed, --threads, --out, --json and --help.
---
--- ```lua
--- local experiment = require "experiment"
--- local options = experiment.options { { "epochs", default = 3 } }
--- print(options.epochs, options.seed)
--- ```
--- @param spec table  as for ms.options; `defaults` replaces defaults by name; `folder` = { name =, unlike = string[] }
---   is where results go without --out, other options than those of `unlike` being added to its name; `data = false`
---   leaves out --data, for what needs none
--- @return table
function experiment.options(spec)
  local entries = { about = spec.about }
  for _, list in ipairs { spec, common } do
    for _, entry in ipairs(list) do
      if list == common and entry[1] == "data" and spec.data == false then goto skip end
      local copy = {}
      for key, value in pairs(entry) do copy[key] = value end
      local default = spec.defaults and spec.defaults[entry[1]]
      if default ~= nil then copy.default = default end
      entries[#entries + 1] = copy
      ::skip::
    end
  end
  local options = ms.options(entries)
  if spec.folder and not experiment.given "out" then options.out = folder_for(entries, options, spec.folder) end
  for _, file in ipairs { options.json, options.out ~= "" and options.out .. "/result.json" or "" } do
    if file ~= "" then check_writable(file) end
  end
  if options.threads > 0 then ms.set_threads(options.threads) end
  clock = ms.timer()
  return options
end

--- Prints a figure or a circuit, and keeps it for the run's page.
---
--- ```lua
--- require("experiment").show(ms.circuit(2):h(1):cnot(1, 2))
--- ```
--- @param picture plot.Figure|ms.Circuit
function experiment.show(picture)
  print(picture)
  pictures[#pictures + 1] = picture
end

--- Prints what an experiment comes to, and keeps it as the result's `conclusion`, which its page begins with.
---
--- ```lua
--- require("experiment").conclude "Two qubits are one more than one."
--- ```
--- @param sentence string
function experiment.conclude(sentence)
  print(sentence)
  conclusion = sentence
end

-- Curves and circuits as pictures that follow light and dark; of the other figures gnuplot makes them, where it is.
local function write_picture(picture, path)
  if picture.svg then
    ms.io.write_text(path .. ".svg", picture:svg())
  elseif picture:is_curves() then
    ms.io.write_text(path .. ".svg", picture:page_svg())
  elseif plot.has_gnuplot() then
    picture:save(path .. ".png")
  else
    print("no picture of a figure on the page: gnuplot is missing (apt-get install gnuplot-nox)")
  end
end

--- Reads the images that --data names, and refuses those that no network could be tested on.
---
--- ```lua
--- local experiment = require "experiment"
--- local set = experiment.images(experiment.options {})
--- print(set.train)
--- ```
--- @param options table  what experiment.options gave
--- @return { train: ms.ImageSet, test: ms.ImageSet }
function experiment.images(options)
  local set = ms.data.images(options.data)
  if not set.test then
    check.fail("experiment.images", "'%s' has no test images: expected %s", options.data,
      options.data:match "%.npz$" and "arrays test_images and test_labels in it"
        or ("folders of images by class in '%s/train' and '%s/test'"):format(options.data, options.data))
  end
  return set
end

--- Completes a result with what every run records, and writes it as result.json in --out and where --json says; and
--- --out as a page, index.html.
---
--- ```lua
--- local experiment = require "experiment"
--- local options = experiment.options { { "epochs", default = 3 } }
--- experiment.finish(options, { accuracy = 0.9 })
--- ```
--- @param options table  what experiment.options gave
--- @param result table   seconds: of the run; or seconds_before: those before it went on from a checkpoint
--- @return table result
function experiment.finish(options, result)
  result.script, result.conclusion = arg[0], conclusion
  result.script_hash = machine.script_hash()
  result.commit = arg[0] and machine.commit(arg[0]:match "^(.*)/" or ".")
  result.settings = {}
  for name, value in pairs(options) do result.settings[name] = value end
  result.arguments = table.move(arg, 1, #arg, 1, {})
  result.seed = options.seed
  result.versions = { moonstill = ms.version, lua = _VERSION }
  result.threads = ms.threads()
  result.machine = machine.processor()
  result.seconds = result.seconds or (result.seconds_before or 0) + clock:seconds()
  result.peak_rss_mb = machine.peak_rss_mb()
  for _, file in ipairs { options.json, options.out ~= "" and options.out .. "/result.json" or "" } do
    if file ~= "" then
      ms.io.write_text(file, ms.io.json(result, { indent = 2 }) .. "\n")
      print("result in " .. file)
    end
  end
  if options.out ~= "" then
    for i, picture in ipairs(pictures) do write_picture(picture, ("%s/picture-%d"):format(options.out, i)) end
    print("page in " .. page.write(options.out))
  end
  return result
end

return experiment
