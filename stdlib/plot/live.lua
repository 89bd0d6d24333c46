-- A figure that is drawn again and again in one place of the terminal, while something runs.
local check = require "moonstill.check"
local host = require "moonstill.host"
local ms = require "moonstill.native"

local live = {}

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
  { "height", "integer", "Lines of each panel.", default = 8, least = 3 },
})

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
--- @param options? { every?: number, height?: integer }
--- @return plot.Live
function live.new(options)
  local o = check.options("plot.live", options, spec)
  return (setmetatable({
    every = o.every, height = o.height, lines = 0, clock = ms.timer(), drawn = -math.huge,
    terminal = host.is_terminal "stderr",
  }, Live))
end

--- Draws again, unless the last drawing is too young.
---
--- ```lua
--- screen:update(function() return plot.line { y = losses, title = "loss" } end)
--- ```
--- @param make function  fun() -> plot.Figure, called only when it is drawn
function Live:update(make)
  if not self.terminal or self.clock:seconds() - self.drawn < self.every then return end
  self.drawn = self.clock:seconds()
  local width = math.min((host.terminal_width "stderr" or 80) - 1, 100)
  local colour = (os.getenv "NO_COLOR" or "") == "" and os.getenv "TERM" ~= "dumb"
  local text = make():text { width = width, height = self.height, colour = colour }
  local count
  text, count = text:gsub("\n", "\27[K\n")
  io.stderr:write("\r\27[K", self.lines > 0 and ("\27[%dA"):format(self.lines) or "", text, "\27[J")
  io.stderr:flush()
  self.lines = count
end

--- Leaves the last drawing where it is: the next one comes below.
---
--- ```lua
--- screen:leave()
--- ```
function Live:leave() self.lines = 0 end

return live
