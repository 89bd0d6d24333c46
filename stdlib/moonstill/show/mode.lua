-- How this terminal draws images.
local host = require "moonstill.host"
local terminal = require "moonstill.terminal"

local mode = {}

local chosen, asked   -- by the user; what the terminal answered

-- Terminals that say by their name what they can.
local function by_name()
  local term, program = os.getenv "TERM" or "", os.getenv "TERM_PROGRAM" or ""
  if term == "linux" then return "blocks" end   -- the console, which would print a query
  if os.getenv "TMUX" or term:match "^screen" then return nil end   -- passes no graphics on
  if os.getenv "KITTY_WINDOW_ID" or term == "xterm-kitty" or program == "ghostty" then return "kitty" end
  if term:match "sixel" or term:match "^mlterm" or term:match "^foot" or program == "WezTerm" then return "sixel" end
end

-- Terminals that answer: a kitty query, and what an attributes report lists; 4 is sixel.
local function by_answer()
  if not asked then
    local answer = host.ask_terminal("\27_Gi=1,s=1,v=1,a=q,t=d,f=24;AAAA\27\\\27[c", 0.2) or ""
    local sixels = (answer:match "\27%[%?([%d;]*)c" or "") .. ";"
    asked = answer:match "\27_Gi=1;OK" and "kitty" or sixels:match "%f[%d]4;" and "sixel" or "blocks"
  end
  return asked
end

--- Sets how images are drawn, or leaves it to the terminal (nil).
--- @param wanted? "kitty"|"sixel"|"blocks"|"text"
function mode.choose(wanted) chosen = wanted end

--- How images are drawn best.
--- @return "kitty"|"sixel"|"blocks"|"text"
function mode.best()
  if chosen then return chosen end
  if not terminal.colored "stdout" then return "text" end
  if not host.is_terminal "stdout" then return "blocks" end
  return by_name() or by_answer()
end

return mode
