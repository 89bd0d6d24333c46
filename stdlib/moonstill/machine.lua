-- What can be told of the machine and of this process (Linux: /proc; elsewhere nothing), for results.
local ms = require "moonstill.native"
local shell = require "moonstill.modules.shell"

local machine = {}

-- What the first line of a file that matches has in its parentheses.
local function look_up(path, pattern)
  local file = io.open(path)
  if not file then return nil end
  local _ <close> = file
  for line in file:lines() do
    local found = line:match(pattern)
    if found then return found end
  end
end

--- Gives the most memory that the process ever had, in MiB.
--- @return number?
function machine.peak_rss_mb()
  local kib = look_up("/proc/self/status", "^VmHWM:%s+(%d+)")
  return kib and tonumber(kib) / 1024
end

--- Gives the processor's name.
--- @return string?
function machine.processor() return look_up("/proc/cpuinfo", "^model name%s*:%s*(.+)") end

--- Gives the fingerprint of the script that runs, or nil where there is none (at the prompt, in tests of a folder).
--- @return string?
function machine.script_hash()
  local arguments = rawget(_G, "arg")
  local fine, text = pcall(ms.io.read_text, type(arguments) == "table" and arguments[0])
  return fine and ms.io.fingerprint(text) or nil
end

--- Gives the commit of the repository that a folder is in, with "-dirty" where its files were changed; nil elsewhere,
--- or without git.
--- @param folder string
--- @return string?
function machine.commit(folder)
  local output, code = shell.run { "git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=12" }
  return code == 0 and output:match "[^\n]+" or nil
end

return machine
