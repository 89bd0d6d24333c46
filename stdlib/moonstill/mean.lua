-- The mean of a list of numbers, and their deviation (by one less than their count), which one number has not.

--- @param numbers number[]
--- @return number mean
--- @return number|nil deviation
return function(numbers)
  local mean, variance = 0, 0
  for _, number in ipairs(numbers) do mean = mean + number / #numbers end
  for _, number in ipairs(numbers) do variance = variance + (number - mean) ^ 2 / math.max(1, #numbers - 1) end
  return mean, #numbers > 1 and math.sqrt(variance) or nil
end
