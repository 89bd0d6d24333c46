-- Downloads, by the program curl.
local host = require "moonstill.host"
local shell = require "moonstill.modules.shell"

local curl = {}

local cannot_resume = 33   -- curl's exit codes
local unreachable = { [5] = true, [6] = true, [7] = true, [28] = true }
local interrupted = 130

-- With a bar of curl's own on a terminal, and silently else. Gives the exit code, and what went wrong.
local function run(words, progress)
  if not (progress and host.is_terminal "stderr") then
    local output, code = shell.run(words)
    return code, (output:gsub("%s+$", ""))
  end
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = shell.quote(word) end
  local _, how, code = os.execute(table.concat(quoted, " "))
  return how == "signal" and interrupted or code, "curl could not load it"
end

--- Says why nothing can be loaded, or nil.
--- @return string|nil
function curl.problem()
  if shell.has "curl" then return nil end
  return "downloads need the program curl, which is not installed: apt-get install curl"
end

--- Loads a file.
--- @param address string
--- @param path string  where it goes
--- @param options { protocols?: string, most_bytes?: integer, resume?: boolean, progress?: boolean }  protocols:
---   "https" if left out, also where a redirection leads; resume: goes on behind the bytes that are there already
--- @return boolean
--- @return string|nil problem
--- @return boolean unreachable  whether nobody answered
function curl.save(address, path, options)
  local words = {
    "curl", "--fail", "--location", "--show-error", "--proto", "=" .. (options.protocols or "https"),
    "--connect-timeout", "20", "--speed-limit", "1", "--speed-time", "60",
    options.progress and host.is_terminal "stderr" and "--progress-bar" or "--silent",
  }
  local function add(...) table.move({ ... }, 1, select("#", ...), #words + 1, words) end
  if options.most_bytes then add("--max-filesize", tostring(options.most_bytes)) end
  if options.resume then add("--continue-at", "-") end
  add("--output", path, "--", address)
  local code, problem = run(words, options.progress)
  if code == cannot_resume then
    host.remove_all(path)
    code, problem = run(words, options.progress)
  end
  if code == interrupted then error("interrupted", 0) end
  return code == 0, problem, unreachable[code] or false
end

return curl
