-- The median of a list of numbers; of an even number of them the smaller of the two in the middle.

--- @param numbers number[]
--- @return number|nil  nil for an empty list
return function(numbers)
  local sorted = table.move(numbers, 1, #numbers, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2]
end
