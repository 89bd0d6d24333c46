-- Errors at the prompt: the message, below it the user's own calls that led there. All calls are kept for :bt.
local host = require "moonstill.host"
local pretty = require "moonstill.pretty"
local terminal = require "moonstill.terminal"

local errors = {}

local last = ""         -- backtrace of the last error
local most_frames = 8

-- The user's lines of a backtrace; none where the message itself names the only one.
local function own_frames(backtrace)
  local frames = {}
  for line in backtrace:gmatch "\n\t([^\n]*)" do
    if not line:match "^%[C%]" and not line:match "^%[moonstill%]" and not line:match "^%(" then
      frames[#frames + 1] = (line:gsub(" in function <[^>]*>$", " in a function"))
    end
  end
  return #frames > 1 and frames or {}
end

--- Prints an error.
--- @param problem any  what was raised
function errors.show(problem)
  local _, text = pcall(pretty.format, problem)
  if type(problem) == "string" then text = problem end
  io.stderr:write(terminal.paint("error", text, "stderr"), "\n")
  last = host.take_backtrace()
  local frames = own_frames(last)
  for i, frame in ipairs(frames) do
    if i > most_frames then
      frame = ("... %d more (:bt shows all)"):format(#frames - most_frames)
    end
    io.stderr:write(terminal.paint("faint", "  " .. frame, "stderr"), "\n")
    if i > most_frames then break end
  end
end

--- Every call that led to the last error, or nil before the first.
--- @return string|nil
function errors.last() return last ~= "" and last or nil end

return errors
