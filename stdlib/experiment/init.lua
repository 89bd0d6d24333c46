-- What every experiment script shares: common options, and a result as JSON.
local ms = require "moonstill"

local experiment = {}

local common = {
  { "data", default = "digits", help = "digits (built in), a folder with MNIST or CIFAR-10, or an .npz file" },
  { "seed", default = 1, help = "of everything drawn" },
  { "threads", default = 0, least = 0, help = "0: as many as the process may use" },
  { "out", default = "", help = "folder for results; none if empty" },
  { "json", default = "", help = "file for the result as JSON" },
}

local clock

-- Refuses a place that cannot be written at once, and not after hours of work.
local function check_writable(file)
  local probe = file .. ".probe"
  ms.io.write_text(probe, "")
  os.remove(probe)
end

--- Reads a script's command line: its own options, then --data, --seed, --threads, --out, --json and --help.
--- @param spec table  as for ms.options; `defaults` replaces defaults by name
--- @return table
function experiment.options(spec)
  local entries = { about = spec.about }
  for _, list in ipairs { spec, common } do
    for _, entry in ipairs(list) do
      local copy = {}
      for key, value in pairs(entry) do copy[key] = value end
      local default = spec.defaults and spec.defaults[entry[1]]
      if default ~= nil then copy.default = default end
      entries[#entries + 1] = copy
    end
  end
  local options = ms.options(entries)
  for _, file in ipairs { options.json, options.out ~= "" and options.out .. "/result.json" or "" } do
    if file ~= "" then check_writable(file) end
  end
  if options.threads > 0 then ms.set_threads(options.threads) end
  clock = ms.timer()
  return options
end

-- The most memory that the process ever had, in MiB (Linux).
local function peak_rss_mb()
  for line in io.lines "/proc/self/status" do
    local kib = line:match "^VmHWM:%s+(%d+)"
    if kib then return tonumber(kib) / 1024 end
  end
end

--- Completes a result with what every run records, and writes it where --json (or --out: result.json) says.
--- @param options table  what experiment.options gave
--- @param result table
--- @return table result
function experiment.finish(options, result)
  result.script = arg[0]
  result.arguments = table.move(arg, 1, #arg, 1, {})
  result.seed = options.seed
  result.versions = { moonstill = ms.version, lua = _VERSION }
  result.threads = ms.threads()
  result.seconds = clock:seconds()
  result.peak_rss_mb = peak_rss_mb()
  local file = options.json ~= "" and options.json or options.out ~= "" and options.out .. "/result.json" or nil
  if file then
    ms.io.write_text(file, ms.io.json(result, { indent = 2 }) .. "\n")
    print("result in " .. file)
  end
  return result
end

return experiment
