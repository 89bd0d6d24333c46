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

local function path_of(folder, name) return folder .. "/" .. (name or "lock") end

-- What its file says: the process that holds it, or did. It may go at any moment.
local function text_of(path)
  local file = io.open(path)
  if not file then return "" end
  local text <close> = file
  return text:read "a" or ""
end

--- Gives the number of another process that works in the folder, or nil.
--- @param folder string
--- @param name? string  of the lock's file in it, "lock" if left out
--- @return string?
function lock.holder(folder, name)
  local held = text_of(path_of(folder, name))
  local process = held:match "^%d+"
  if process and held == identity(process) and held ~= identity "self" then return process end
  return nil
end

-- By a pipe: os.execute would keep Ctrl-C from this process.
local function nap() assert(io.popen "sleep 0.1"):close() end

--- Marks the folder as this process's until the value that this gives is closed. Nothing changes where it is already.
--- @param folder string
--- @param name? string  of the lock's file in it, "lock" if left out
--- @return any|nil           nil where another process holds it
--- @return string? process  which one
function lock.take(folder, name)
  local path, own = path_of(folder, name), identity "self" or ""
  if text_of(path) == own then return setmetatable({}, { __close = function() end }) end
  -- One that was killed may take a moment to end.
  for _ = 1, 10 do
    local held = not lock.holder(folder, name) and host.lock(path, own)
    if held then return held end
    nap()
  end
  return nil, lock.holder(folder, name) or "unknown"
end

--- The same, but waits until the folder is free, and says so on standard error where that takes more than a second.
--- @param folder string
--- @param name? string
--- @return any
function lock.wait(folder, name)
  local held = lock.take(folder, name)
  if not held then
    local process = lock.holder(folder, name)
    local who = process and "process " .. process or "another process"
    io.stderr:write(("moonstill: waiting for %s, which works in '%s'\n"):format(who, folder))
  end
  while not held do held = lock.take(folder, name) end
  return held
end

--- A name for what this process writes beside its place before it puts it there; `lock.clean` knows it.
--- @param name string
--- @param number? integer  where it needs more than one
--- @return string
function lock.temporary(name, number)
  return (".%s.%s-%d.tmp"):format(name, (identity "self" or ""):match "^%d*", number or 0)
end

local function is_left(name)
  local process = name:match "^%..*%.(%d+)%-%d+%.tmp$"
  return process and not identity(process)
end

--- Removes the files that processes which were killed while they wrote have left in a folder or below, and the folders
--- that they have left in it.
--- @param folder string
function lock.clean(folder)
  for _, path in ipairs(host.files(folder, ".tmp") or {}) do
    if is_left(path:match "[^/]*$") then os.remove(path) end
  end
  for _, entry in ipairs(host.list(folder) or {}) do
    if is_left(entry.name) then host.remove_all(folder .. "/" .. entry.name) end
  end
end

return lock
