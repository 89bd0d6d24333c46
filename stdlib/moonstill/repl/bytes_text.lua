-- A number of bytes as a person reads it: "512 B", "12.5 KiB", "1.50 GiB".

--- @param bytes integer
--- @return string
return function(bytes)
  for power, unit in ipairs { "KiB", "MiB", "GiB", "TiB" } do
    local size = bytes / 1024 ^ power
    if size >= 1 and (size < 1024 or unit == "TiB") then return ("%.4g %s"):format(size, unit) end
  end
  return ("%d B"):format(bytes)
end
