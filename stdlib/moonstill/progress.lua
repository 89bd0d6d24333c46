-- ms.progress: how far a run is, how fast, and how long it will take. One line on a terminal, no wider than it; a line
-- now and then otherwise.
local ms = require "moonstill.native"
local check = require "moonstill.check"
local host = require "moonstill.host"

local progress = {}

--- How far a run is. Made by ms.progress.
---
--- ```lua
--- local bar = ms.progress { total = 3, label = "steps", quiet = true }
--- ```
--- @class ms.Progress
local Progress = {}
Progress.__index = Progress
Progress.__name = "ms.Progress"

local bar_width = { least = 6, most = 24 }
local usual_columns = 80   -- of a terminal that does not say how wide it is
local seconds_between = { terminal = 0.1, plain = 10 }

local spec = check.spec("ms.progress", {
  { "total", "integer", "Steps in all." },
  { "label", "string", "What runs.", default = "" },
  { "done", "integer", "Steps done before, by a run that goes on.", default = 0 },
  { "quiet", "boolean", "Prints nothing.", default = false },
  { "after", "number", "Seconds from which on it is shown: what takes less says nothing.", default = 0 },
})

--- Makes a progress bar. It goes to standard error, so that results can be piped.
---
--- ```lua
--- local bar = ms.progress { total = 3, label = "steps", quiet = true }
--- for i = 1, 3 do bar:update(i, "loss 0.5") end
--- bar:finish()
--- ```
--- @param options { total: integer, label?: string, done?: integer, quiet?: boolean, after?: number }
--- @return ms.Progress
function progress.new(options)
  local o = check.options("ms.progress", options, spec)
  local terminal = host.is_terminal "stderr"
  local every = terminal and seconds_between.terminal or seconds_between.plain
  return setmetatable({
    total = o.total, label = (o.label:gsub("%s+", " ")), first = o.done, done = o.done, quiet = o.quiet,
    terminal = terminal, clock = ms.timer(), shown = -math.huge, every = every,
    after = o.after > 0 and not terminal and math.max(o.after, every) or o.after,
  }, Progress)
end

local function duration(seconds)
  local whole = math.max(0, math.floor(seconds + 0.5))
  if whole >= 3600 then return ("%d:%02d:%02d"):format(whole // 3600, whole % 3600 // 60, whole % 60) end
  return ("%d:%02d"):format(whole // 60, whole % 60)
end

-- In characters; in bytes where it is no UTF-8.
local function utf8_length(text) return utf8.len(text) or #text end

local function cut(text, columns)
  if utf8_length(text) <= columns then return text end
  return text:sub(1, (utf8.len(text) and utf8.offset(text, columns + 1) or columns + 1) - 1)
end

local function line(self, text)
  local seconds = self.clock:seconds()
  local rate = (self.done - self.first) / math.max(seconds, 1e-9)
  local left = duration((self.total - self.done) / math.max(rate, 1e-9))
  local speed = rate >= 1 and ("%.1f/s"):format(rate) or ("%.1f s each"):format(1 / math.max(rate, 1e-9))
  local counts = ("%s %d/%d"):format(self.label, self.done, self.total)
  local times = rate > 0 and ("%s, %s left"):format(speed, left) or duration(seconds)
  if self.done >= self.total then times = ("%s in all"):format(duration(seconds)) end
  if not self.terminal then return ("%s  %s  %s"):format(counts, times, text) end
  -- One column stays free: a line that fills the terminal would wrap on some.
  local columns = (host.terminal_width "stderr" or usual_columns) - 1
  local bar = columns - utf8_length(("%s [] %s  %s"):format(counts, times, text))
  bar = math.max(bar_width.least, math.min(bar_width.most, bar))
  local full = math.floor(bar * self.done / math.max(1, self.total))
  return cut(("%s [%s%s] %s  %s"):format(counts, ("#"):rep(full), ("."):rep(bar - full), times, text), columns)
end

local function show(self, text)
  if self.quiet or self.clock:seconds() < self.after then return end
  self.shown = self.clock:seconds()
  if self.terminal then io.stderr:write("\r\27[K", line(self, text)) else io.stderr:write(line(self, text), "\n") end
  io.stderr:flush()
end

function Progress:__tostring()
  return ("[Progress %s%d of %d]"):format(self.label ~= "" and self.label .. " " or "", self.done, self.total)
end

--- Says that `done` steps are done. Prints no more often than a reader can follow.
---
--- ```lua
--- for i = 1, 3 do bar:update(i, "loss 0.5") end
--- ```
--- @param done integer
--- @param text? string  shown behind, such as the loss
function Progress:update(done, text)
  self.done, self.text = done, text and text:gsub("%s+", " ") or ""
  if self.clock:seconds() - self.shown >= self.every then show(self, self.text) end
end

--- Takes the line off the terminal, for other output; the next update shows it again.
---
--- ```lua
--- bar:clear()
--- print "a line of its own"
--- ```
function Progress:clear()
  if self.terminal and self.shown >= 0 then io.stderr:write "\r\27[K" end
end

--- Prints the last state and ends the line.
---
--- ```lua
--- bar:finish()
--- ```
function Progress:finish()
  show(self, self.text or "")
  if self.terminal and self.shown >= 0 then io.stderr:write "\n" end
end

return progress
