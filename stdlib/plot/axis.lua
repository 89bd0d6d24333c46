-- Axes: which numbers they show, from where to where, and where a number lies between the ends.
local axis = {}

--- Whether a value is a number that can be shown.
--- @param x any
--- @param log boolean  on a logarithmic axis
--- @return boolean
function axis.shows(x, log)
  return type(x) == "number" and x == x and math.abs(x) < math.huge and not (log and x <= 0)
end

--- How many points of a series can be shown.
--- @param series table
--- @param panel table
--- @return integer
function axis.shown(series, panel)
  local count = 0
  for i, x in ipairs(series.x) do
    if axis.shows(x, panel.log_x) and axis.shows(series.y[i], panel.log_y) then count = count + 1 end
  end
  return count
end

-- The ends of an axis with one number in its middle; 0 and 1 stay the ends of shares.
local function around(value, log)
  if log then return value / 10, value * 10 end
  local reach = math.max(1, math.abs(value) * 1e-3)
  if value > 0 and value < 1 then reach = math.min(value, 1 - value) end
  return value - reach, value + reach
end

--- The smallest and largest of the numbers that can be shown; some axis where there are none, and around a single one.
--- @param lists number[][]
--- @param log boolean
--- @return number low
--- @return number high
--- @return boolean single
function axis.extent(lists, log)
  local low, high = math.huge, -math.huge
  for _, list in pairs(lists) do
    for _, value in pairs(list) do
      if axis.shows(value, log) then low, high = math.min(low, value), math.max(high, value) end
    end
  end
  if low > high then low, high = log and 1 or 0, 1 end
  local single = low == high
  if single then low, high = around(low, log) end
  return low, high, single
end

--- Whether a panel's places across are whole numbers: epochs, iterations, qubits.
--- @param panel table
--- @return boolean
function axis.counts(panel)
  for _, series in ipairs(panel.series) do
    for _, x in ipairs(series.x) do
      if axis.shows(x, false) and x % 1 ~= 0 then return false end
    end
  end
  return true
end

-- Four to ten round numbers from low to high; fewer where whole ones are wanted and there are no more.
local function linear_ticks(low, high, whole)
  local step = 10.0 ^ math.floor(math.log(high - low, 10))
  while (high - low) / step < 4 do step = step / 2 end
  if whole then step = math.max(1, step == 2.5 and 2 or step) end
  local ticks = {}
  for i = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) do ticks[#ticks + 1] = i * step end
  return ticks
end

-- Powers of ten; where there are few, also two and five times these; where there are few still, as on a linear axis.
local function log_ticks(low, high, whole)
  local ticks, filled = {}, {}
  local first, last = math.ceil(math.log(low, 10) - 1e-9), math.floor(math.log(high, 10) + 1e-9)
  for power = first, last, math.max(1, (last - first) // 6) do ticks[#ticks + 1] = 10.0 ^ power end
  if #ticks > 1 then return ticks end
  for power = first - 1, last do
    for _, factor in ipairs { 1, 2, 5 } do
      local tick = factor * 10.0 ^ power
      if tick >= low * (1 - 1e-9) and tick <= high * (1 + 1e-9) then filled[#filled + 1] = tick end
    end
  end
  return #filled > 2 and filled or linear_ticks(low, high, whole)
end

--- Round numbers from low to high.
--- @param low number
--- @param high number
--- @param log boolean
--- @param whole? boolean  no fractions
--- @return number[]
function axis.ticks(low, high, log, whole) return (log and log_ticks or linear_ticks)(low, high, whole) end

--- Gives the function of a number's place between the ends of an axis, from 0 to 1.
--- @param low number
--- @param high number
--- @param log boolean
--- @return function
function axis.scale(low, high, log)
  if not log then return function(x) return (x - low) / (high - low) end end
  return function(x) return math.log(x / low) / math.log(high / low) end
end

--- The ends of both axes of a panel of curves.
--- @param panel table
--- @return number x_low
--- @return number x_high
--- @return number y_low
--- @return number y_high
--- @return boolean x_single
--- @return boolean y_single
function axis.of_panel(panel)
  local xs, ys = {}, {}
  for _, series in ipairs(panel.series) do
    xs[#xs + 1] = series.x
    for _, list in ipairs { series.y, series.low, series.high } do ys[#ys + 1] = list end
  end
  local x_low, x_high, x_single = axis.extent(xs, panel.log_x)
  local y_low, y_high, y_single = axis.extent(ys, panel.log_y)
  if panel.x_range then x_low, x_high = table.unpack(panel.x_range) end
  if panel.y_range then y_low, y_high = table.unpack(panel.y_range) end
  return x_low, x_high, y_low, y_high, x_single, y_single
end

--- A tick's number.
--- @param value number
--- @return string
function axis.text(value) return (("%.4g"):format(value):gsub("e([+-])0*(%d)", "e%1%2"):gsub("e%+", "e")) end

return axis
