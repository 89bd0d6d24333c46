-- A duration as a person reads it: "12.3 us", "45.6 ms", "7.89 s", "2:05".

--- @param seconds number
--- @return string
return function(seconds)
  if seconds >= 100 then return ("%d:%02d"):format(seconds // 60, math.floor(seconds % 60)) end
  for _, unit in ipairs { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" } } do
    if seconds >= unit[1] then return ("%.3g %s"):format(seconds / unit[1], unit[2]) end
  end
  return ("%.0f ns"):format(seconds * 1e9)
end
