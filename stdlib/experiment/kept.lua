-- Parts of a long run that have ended, each under a name, in one file of the run's folder: the same command finds them
-- again after it was stopped.
local ms = require "moonstill"
local check = require "moonstill.check"
local machine = require "moonstill.machine"
local run_settings = require "moonstill.run_settings"

local kept = {}

--- @class experiment.Kept
local Kept = {}
Kept.__index = Kept

--- Opens the file, and says so, or begins one. What has other settings is refused.
---
--- ```lua
--- local path = os.tmpname()
--- local parts = require("experiment.kept").open(path, { seed = 1 }, true)
--- parts:put("first", { steps = 20 })
--- print(require("experiment.kept").open(path, { seed = 1 }):get("first").steps)
--- os.remove(path)
--- ```
--- @param path string      a JSON file
--- @param settings table   what all parts depend on: texts, integers
--- @param fresh? boolean   forgets what is there
--- @return experiment.Kept
function kept.open(path, settings, fresh)
  local self = setmetatable({ path = path, settings = settings, parts = {} }, Kept)
  if fresh then os.remove(path) end
  if not ms.io.exists(path) then return self end
  local fine, there = pcall(ms.io.parse_json, ms.io.read_text(path))
  if not fine or type(there) ~= "table" or type(there.settings) ~= "table" or type(there.parts) ~= "table" then
    check.fail("experiment.kept", "'%s' is damaged: start anew (--fresh)", path)
  end
  if ms.io.json(there.settings) ~= ms.io.json(settings) then
    run_settings.refuse("experiment.kept", path, there.settings, settings)
  end
  self.parts = there.parts
  io.stderr:write(("goes on from %s: %d parts are done%s\n"):format(path, self:count(),
    there.script ~= machine.script_hash() and ", by another text of the script" or ""))
  return self
end

--- Counts the parts.
--- @return integer
function Kept:count()
  local count = 0
  for _ in pairs(self.parts) do count = count + 1 end
  return count
end

--- Gives what is kept under a name, or nil.
--- @param name string
--- @return any
function Kept:get(name) return self.parts[name] end

--- Keeps a part; it is on disk when this returns.
--- @param name string
--- @param part any  for a .json file
function Kept:put(name, part)
  self.parts[name] = part
  ms.io.write_text(self.path, ms.io.json({
    script = machine.script_hash(), settings = self.settings, parts = self.parts,
  }, { indent = 1 }) .. "\n")
end

return kept
