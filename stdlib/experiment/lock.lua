-- A folder that one process at a time works in. A lock whose process is gone counts for nothing (Linux: /proc).
local ms = require "moonstill"

local lock = {}

-- "PID START": numbers are given again, a number with its time of start is not. Nil where there is no such process.
local function identity(process)
  local file = io.open(("/proc/%s/stat"):format(process))
  if not file then return nil end
  local stat <close> = file
  local text = stat:read "a" or ""
  local fields = {}
  for field in text:match "^.*%)(.*)$":gmatch "%S+" do fields[#fields + 1] = field end   -- from the third one on
  return ("%s %s"):format(text:match "^%d+", fields[20])
end

local function path_of(folder) return folder .. "/lock" end

--- Gives the number of another process that works in the folder, or nil.
--- @param folder string
--- @return string?
function lock.holder(folder)
  local path = path_of(folder)
  if not ms.io.exists(path) then return nil end
  local held = ms.io.read_text(path)
  local process = held:match "^%d+"
  if process and held == identity(process) and held ~= identity "self" then return process end
  return nil
end

--- Marks the folder as this process's until the value that this gives is closed.
--- @param folder string
--- @return table
function lock.take(folder)
  local path = path_of(folder)
  ms.io.write_text(path, identity "self" or "")
  return setmetatable({}, { __close = function() os.remove(path) end })
end

return lock
