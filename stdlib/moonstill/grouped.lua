-- Numbers with commas between groups of three digits.

--- 1234567.891 as "1,234,568", or with the format "%.2f" as "1,234,567.89".
--- @param number number
--- @param format? string  "%.0f" if left out
--- @return string
return function(number, format)
  local sign, whole, rest = (format or "%.0f"):format(number):match "^(-?)(%d+)(.*)$"
  if not whole then return tostring(number) end   -- inf
  return sign .. whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "") .. rest
end
