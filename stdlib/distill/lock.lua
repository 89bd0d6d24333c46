-- A folder that one process at a time works in. A lock whose process is gone counts for nothing (Linux: /proc).
local host = require "moonstill.host"

local lock = {}

-- "PID START": numbers are given again, a number with its time of start is not. Nil where no such process runs;
-- one that has ended and was not waited for yet (Z) does not.
local function identity(process)
  local file = io.open(("/proc/%s/stat"):format(process))
  if not file then return nil end
  local stat <close> = file
  local text = stat:read "a" or ""
  local fields = {}
  -- From the third one on.
  for field in (text:match "^.*%)(.*)$" or ""):gmatch "%S+" do fields[#fields + 1] = field end
  return fields[20] and fields[1] ~= "Z" and ("%s %s"):format(text:match "^%d+", fields[20]) or nil
end

local function path_of(folder) return folder .. "/lock" end

-- What its file says: the process that holds it, or did. It may go at any moment.
local function text_of(folder)
  local file = io.open(path_of(folder))
  if not file then return "" end
  local text <close> = file
  return text:read "a" or ""
end

--- Gives the number of another process that works in the folder, or nil.
--- @param folder string
--- @return string?
function lock.holder(folder)
  local held = text_of(folder)
  local process = held:match "^%d+"
  if process and held == identity(process) and held ~= identity "self" then return process end
  return nil
end

--- Marks the folder as this process's until the value that this gives is closed. Nothing changes where it is already.
--- @param folder string
--- @return any|nil           nil where another process holds it
--- @return string? process  which one
function lock.take(folder)
  local own = identity "self" or ""
  if text_of(folder) == own then return setmetatable({}, { __close = function() end }) end
  -- One that was killed may take a moment to end.
  for _ = 1, 10 do
    local held = not lock.holder(folder) and host.lock(path_of(folder), own)
    if held then return held end
    os.execute "sleep 0.1"
  end
  return nil, lock.holder(folder) or "unknown"
end

--- Removes what processes that were killed while they wrote have left.
--- @param folder string
function lock.clean(folder)
  for _, path in ipairs(host.files(folder, ".tmp") or {}) do
    local process = path:match "/%.[^/]*%.(%d+)%-%d+%.tmp$"
    if process and not identity(process) then os.remove(path) end
  end
end

return lock
