-- A figure that is drawn again and again in one place of the terminal, while something runs.
local check = require "moonstill.check"
local host = require "moonstill.host"
local ms = require "moonstill.native"
local drawing = require "plot.text"

local live = {}

local usual_columns, usual_lines = 80, 24

--- A place on the terminal for a figure that changes. Made by plot.live.
---
--- ```lua
--- local plot = require "plot"
--- local screen, losses = plot.live(), { 1, 0.5, 0.25 }
--- ```
--- @class plot.Live
local Live = {}
Live.__index = Live
Live.__name = "plot.Live"

local spec = check.spec("plot.live", {
  { "every", "number", "Seconds between drawings, at least.", default = 1, least = 0 },
})

local least_height, most_height = 4, 10   -- lines of a panel's curves
local around = 6                          -- those of its title, axis, names, and the one between

-- As many panels as the terminal has lines for, and how high they are.
local function fitted(panels, lines)
  for count = #panels, 2, -1 do
    local height = lines // count - around
    if height >= least_height then return count, math.min(height, most_height) end
  end
  return 1, math.max(3, math.min(lines - around, most_height))
end

--- Makes a place on the terminal, on standard error, where a figure is drawn again and again.
---
--- A progress bar may stand below it. Where standard error is no terminal, nothing is drawn.
---
--- ```lua
--- local plot = require "plot"
--- local screen, losses = plot.live(), {}
--- for step = 1, 3 do
---   losses[step] = 1 / step
---   screen:update(function() return plot.line { y = losses, title = "loss" } end)
--- end
--- ```
--- @param options? { every?: number }
--- @return plot.Live
function live.new(options)
  local o = check.options("plot.live", options, spec)
  return (setmetatable({
    every = o.every, lines = 0, clock = ms.timer(), drawn = -math.huge,
    terminal = host.is_terminal "stderr",
  }, Live))
end

--- Whether it draws: whether standard error is a terminal.
---
--- ```lua
--- print(screen:shows())
--- ```
--- @return boolean
function Live:shows() return self.terminal end

--- Draws again, unless the last drawing is too young. Panels for which the terminal has no lines are left out.
---
--- ```lua
--- screen:update(function() return plot.line { y = losses, title = "loss" } end)
--- ```
--- @param make function  fun() -> plot.Figure or nil, called only when it is drawn
--- @param now? boolean   however young the last one is
function Live:update(make, now)
  local young = self.clock:seconds() - self.drawn < self.every
  if not self.terminal or young and not now then return end
  local figure = make()
  if not figure then return end
  self.drawn = self.clock:seconds()
  local count, height = fitted(figure.panels, (host.terminal_height "stderr" or usual_lines) - 2)
  local width = math.min((host.terminal_width "stderr" or usual_columns) - 1, 100)
  local colour = (os.getenv "NO_COLOR" or "") == "" and os.getenv "TERM" ~= "dumb"
  local panels = table.move(figure.panels, 1, count, 1, {})
  local text, lines = drawing.draw(panels, { width = width, height = height, ascii = false, colour = colour })
    :gsub("\n", "\27[K\n")
  io.stderr:write("\r\27[K", self.lines > 0 and ("\27[%dA"):format(self.lines) or "", text, "\27[J")
  io.stderr:flush()
  self.lines = lines
end

--- Leaves the last drawing where it is: the next one comes below.
---
--- ```lua
--- screen:leave()
--- ```
function Live:leave() self.lines = 0 end

return live
