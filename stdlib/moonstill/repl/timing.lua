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

local most_times = 10000   -- kept for the median; of more runs every second one's, every fourth one's, ...

-- Seconds of many runs. Returns what adds one to them.
local function adder(times)
  local every, later = 1, 0
  return function(seconds)
    times.fastest, times.slowest = math.min(times.fastest, seconds), math.max(times.slowest, seconds)
    later = later + 1
    if later < every then return end
    later = 0
    times[#times + 1] = seconds
    if #times < most_times then return end
    for i = 1, most_times do times[i] = times[2 * i] end
    every = 2 * every
  end
end

-- Runs a function so many times. Returns what host.call gives for the last one, and seconds of the runs.
local function run_times(chunk, runs)
  local times = { fastest = math.huge, slowest = 0 }
  local add = adder(times)
  local function timed(clock, ...)
    add(clock:seconds())
    return ...
  end
  return table.pack(host.call(function()
    for _ = 2, runs do timed(ms.timer(), chunk()) end
    return timed(ms.timer(), chunk())
  end)), times
end

--- Runs `:time [RUNS] CODE`.
function timing.time(session, argument)
  local runs, code = argument:match "^(%d+)%s+(%S.*)$"
  if not (runs and compile(code)) then runs, code = "1", argument end
  local chunk = chunk_of(session, code)
  if not chunk then return end
  runs = math.max(1, math.tointeger(runs) or math.maxinteger)
  local outcome, times = run_times(chunk, runs)
  if not outcome[1] then return session:report(outcome[2], outcome[3]) end
  show_values(outcome)
  if runs == 1 then return print(time_text(times[1])) end
  print(("%s a run (median of %d), fastest %s, slowest %s"):format(time_text(median(times)), runs,
    time_text(times.fastest), time_text(times.slowest)))
end

--- Runs `:profile CODE`.
function timing.profile(session, argument)
  local chunk = chunk_of(session, argument)
  if not chunk then return end
  local outcome = table.pack(host.profile(chunk))
  local text = table.remove(outcome, 1)
  outcome.n = outcome.n - 1
  if not outcome[1] then return session:report(outcome[2], outcome[3]) end
  show_values(outcome)
  print((text:gsub("\n$", "")))
end

return timing
