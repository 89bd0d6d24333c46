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

local function memory()
  local mib = machine.peak_rss_mb()
  return mib and (", %.0f MiB"):format(mib) or ""
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
  return ("%d iterations at %.3f s, evaluations at %.2f s: about %s%s"):format(left, each, evaluation,
    duration(left * (each + evaluation / o.evaluate_every)), memory())
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

--- Says how long trainings will take that end when they read well enough, after a number of steps that nobody knows.
--- Nil for short ones.
--- @param list { name: string, step: function, count: integer, test_every: integer }[]  from small to large; a step is
---   `count` calls of `step`
--- @param each integer       times that each is tried
--- @param most integer       steps that it takes at most
--- @param evaluate function
--- @return string?
function estimate.trainings(list, each, most, evaluate)
  if most < shortest then return nil end
  local evaluation, seconds, all = seconds_of(evaluate), {}, 0
  for i, training in ipairs(list) do
    seconds[i] = seconds_of(training.step) * training.count + evaluation / training.test_every
    all = all + each * seconds[i]
  end
  return ("%d trainings at %d learning rates or more; a step with tests %.3f s (%s) to %.3f s (%s): about %s if each"
    .. " takes %d steps, %s if %d, the most%s"):format(#list, each, seconds[1], list[1].name, seconds[#list],
    list[#list].name, duration(shortest * all), shortest, duration(most * all), most, memory())
end

return estimate
