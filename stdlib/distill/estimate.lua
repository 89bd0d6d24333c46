-- How long a run will take and how much memory, measured before it starts.
local ms = require "moonstill"
local machine = require "moonstill.machine"

local estimate = {}

local shortest = 100   -- iterations that are worth it

local function duration(seconds)
  if seconds < 90 then return ("%.0f s"):format(seconds) end
  if seconds < 5400 then return ("%.0f min"):format(seconds / 60) end
  return ("%.1f h"):format(seconds / 3600)
end

-- The second call's: the first one fills caches.
local function seconds_of(f)
  f()
  local clock = ms.timer()
  f()
  return clock:seconds()
end

--- Takes an iteration and an evaluation without their effects. Nil for a run that is short.
--- @param still distill.Still
--- @param o table             options of Still:fit
--- @param gradient function   the outer gradient of the next iteration
--- @param evaluate function   an evaluation on the held-out images
--- @return string?
function estimate.text(still, o, gradient, evaluate)
  local left = o.iterations - still.iteration
  if left < shortest then return nil end
  local each = seconds_of(gradient)
  local evaluation = o.validation and seconds_of(evaluate) * (o.averaging > 0 and 2 or 1) or 0
  local memory = machine.peak_rss_mb()
  return ("%d iterations at %.3f s, evaluations at %.2f s: about %s%s"):format(left, each, evaluation,
    duration(left * (each + evaluation / o.evaluate_every)), memory and (", %.0f MiB"):format(memory) or "")
end

--- Says how long it takes to tune the step sizes of other images, by one evaluation. Nil where that is short.
--- @param names string[]      of the images
--- @param count integer       evaluations of each
--- @param evaluate function
--- @return string?
function estimate.comparison(names, count, evaluate)
  if count < shortest then return nil end
  local each = seconds_of(evaluate)
  return ("comparison with %s: %d evaluations at %.2f s, about %s"):format(table.concat(names, " and "),
    #names * count, each, duration(#names * count * each))
end

return estimate
