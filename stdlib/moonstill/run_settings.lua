-- What the settings of two runs differ in, such as for a run that is not to go on from another one's folder.
local ms = require "moonstill.native"
local check = require "moonstill.check"

local run_settings = {}

-- The first lines in which two texts differ.
local function first_difference(a, b)
  local lines = {}
  for line in (b .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  local place = 0
  for line in (a .. "\n"):gmatch "(.-)\n" do
    place = place + 1
    if line ~= lines[place] then return line:match "^%s*(.*)$", (lines[place] or "nothing"):match "^%s*(.*)$" end
  end
  return "nothing", (lines[place + 1] or "nothing"):match "^%s*(.*)$"
end

local function show(value)
  if value == nil then return "none" end
  return type(value) == "string" and value or ms.io.json(value)
end

--- Tells the settings that differ: "seed: 1 there, 2 here; ...". Of long texts the first lines that do.
--- @param there table  settings by name
--- @param here table
--- @return string      "" where none does
function run_settings.differences(there, here)
  local names, found = {}, {}
  for _, settings in ipairs { there, here } do
    for name in pairs(settings) do
      if not found[name] then names[#names + 1], found[name] = name, true end
    end
  end
  table.sort(names)
  local texts = {}
  for _, name in ipairs(names) do
    local a, b = show(there[name]), show(here[name])
    if a ~= b then
      a, b = first_difference(a, b)
      texts[#texts + 1] = ("%s: %s there, %s here"):format(name, a, b)
    end
  end
  return table.concat(texts, "; ")
end

--- Fails, and names the settings that differ.
--- @param name string  of the function that refuses
--- @param path string  of what is there
--- @param there table  settings by name
--- @param here table
function run_settings.refuse(name, path, there, here)
  check.fail(name, "'%s' is of a run with other settings (%s): take another folder, or start anew (--fresh)", path,
    run_settings.differences(there, here))
end

return run_settings
