-- Downloads, by the program curl. A pipe is all that ties it to this program: when either ends, so does the other, and
-- nothing is left behind.
local host = require "moonstill.host"
local shell = require "moonstill.modules.shell"

local curl = {}

-- What curl's exit codes mean to those who ask.
local reasons = {
  [5] = "unreachable", [6] = "unreachable", [7] = "unreachable", [28] = "unreachable",
  [33] = "cannot go on", [63] = "too large",
}
local sigint = 2

-- curl writes a line behind what it loads: what went wrong, or nothing.
local last_line, longest_last_line = "\n%{errormsg}\n", 2 + 256
local piece_bytes = 1 << 16

-- Passes on what comes until there is more than allowed. Gives curl's last line; nil where more came.
local function pass_on(pipe, take, most_bytes)
  local held, count, piece = "", 0, ""
  while piece do
    held = held .. piece
    local sure = math.max(0, #held - longest_last_line)   -- the rest may be curl's line
    count = count + sure
    if count > most_bytes then return nil end
    take(held:sub(1, sure))
    held = held:sub(sure + 1)
    piece = pipe:read(piece_bytes)
  end
  local rest, line = held:match "^(.*)\n([^\n]*)\n$"
  rest = rest or held
  if count + #rest > most_bytes then return nil end
  take(rest)
  return line or "curl was stopped"
end

--- Says why nothing can be loaded, or nil.
--- @return string|nil
function curl.problem()
  if shell.has "curl" then return nil end
  return "downloads need the program curl, which is not installed: apt-get install curl"
end

--- Loads a file, piece by piece.
--- @param address string
--- @param take fun(bytes: string)  told the pieces in their order
--- @param options { protocols?: string, most_bytes: integer, from?: integer, progress?: boolean }  protocols: "https"
---   if left out, also where a redirection leads; most_bytes: where more come, it ends; from: how many bytes to skip
--- @return boolean
--- @return string|nil problem
--- @return "unreachable"|"cannot go on"|"too large"|nil reason
function curl.load(address, take, options)
  local words = {
    "curl", "--fail", "--location", "--proto", "=" .. (options.protocols or "https"),
    "--connect-timeout", "20", "--speed-limit", "1", "--speed-time", "60",
    "--max-filesize", tostring(options.most_bytes), "--write-out", last_line,
    options.progress and host.is_terminal "stderr" and "--progress-bar" or "--silent",
  }
  local function add(...) table.move({ ... }, 1, select("#", ...), #words + 1, words) end
  if (options.from or 0) > 0 then add("--continue-at", tostring(options.from)) end
  add("--", address)
  local pipe <close> = assert(io.popen("exec " .. shell.line(words) .. " </dev/null"))
  local problem = pass_on(pipe, take, options.most_bytes)
  local _, how, code = pipe:close()
  if how == "signal" and code == sigint then error("interrupted", 0) end
  if problem and how == "exit" and code == 0 then return true end
  local reason = not problem and "too large" or reasons[code]
  if reason == "too large" then problem = ("it has more than %d bytes"):format(options.most_bytes) end
  return false, problem, reason
end

return curl
