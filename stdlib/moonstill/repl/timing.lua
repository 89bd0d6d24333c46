-- :time and :profile.
local compile = require "moonstill.repl.compile"
local host = require "moonstill.host"
local median = require "moonstill.median"
local ms = require "moonstill"
local results = require "moonstill.repl.results"
local time_text = require "moonstill.repl.time_text"

local timing = {}

-- The function of some code, or nil after an error was shown.
local function chunk_of(session, code)
  local chunk, problem = compile(code)
  if not chunk then session:report(problem) end
  return chunk
end

local function show_values(outcome)
  local values = table.pack(table.unpack(outcome, 2, outcome.n))
  results.show(values, results.keep(values), { quiet = false })
end

-- Runs a function so many times. Returns what host.call gives for the last one, and each run's seconds, sorted.
local function run_times(chunk, runs)
  local times = {}
  local function timed(clock, ...)
    times[#times + 1] = clock:seconds()
    return ...
  end
  local outcome = table.pack(host.call(function()
    for _ = 2, runs do timed(ms.timer(), chunk()) end
    return timed(ms.timer(), chunk())
  end))
  table.sort(times)
  return outcome, times
end

--- Runs `:time [RUNS] CODE`.
function timing.time(session, argument)
  local runs, code = argument:match "^(%d+)%s+(%S.*)$"
  if not (runs and compile(code)) then runs, code = "1", argument end
  local chunk = chunk_of(session, code)
  if not chunk then return end
  local outcome, times = run_times(chunk, math.tointeger(runs))
  if not outcome[1] then return session:report(outcome[2]) end
  show_values(outcome)
  if #times == 1 then return print(time_text(times[1])) end
  print(("%s a run (median of %d), fastest %s, slowest %s"):format(time_text(median(times)), #times,
    time_text(times[1]), time_text(times[#times])))
end

--- Runs `:profile CODE`.
function timing.profile(session, argument)
  local chunk = chunk_of(session, argument)
  if not chunk then return end
  local outcome = table.pack(host.profile(chunk))
  local text = table.remove(outcome, 1)
  outcome.n = outcome.n - 1
  if not outcome[1] then return session:report(outcome[2]) end
  show_values(outcome)
  print((text:gsub("\n$", "")))
end

return timing
