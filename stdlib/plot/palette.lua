-- Colours that people tell apart who see fewer of them: Okabe and Ito's for series, viridis for amounts, blue to red
-- over grey for signs.
local palette = {}

--- Of series, in turn; those for dark grounds are lighter.
palette.light = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000" }
palette.dark = { "#56b4e9", "#ff8a45", "#2fc79a", "#e69fc4", "#e6c229", "#8ab8ff", "#ffffff" }

--- Of series on a terminal, whose own colours fit its ground: blue, yellow, magenta, cyan, green, red.
palette.terminal = { 34, 33, 35, 36, 32, 31 }

local viridis = {
  { 68, 1, 84 }, { 72, 40, 120 }, { 62, 74, 137 }, { 49, 104, 142 }, { 38, 130, 142 }, { 31, 158, 137 },
  { 53, 183, 121 }, { 109, 205, 89 }, { 180, 222, 44 }, { 253, 231, 37 },
}
local signs = { { 33, 102, 172 }, { 146, 197, 222 }, { 240, 240, 240 }, { 244, 165, 130 }, { 178, 24, 43 } }

--- The stops of a heat map's colours, evenly from the smallest to the largest.
--- @param signed boolean
--- @return integer[][]  red, green and blue from 0 to 255
function palette.stops(signed) return signed and signs or viridis end

--- The colour of a share from 0 to 1.
--- @param share number
--- @param signed boolean
--- @return integer[]  red, green, blue
function palette.at(share, signed)
  local stops = palette.stops(signed)
  local place = math.min(math.max(share, 0), 1) * (#stops - 1) + 1
  local below = math.min(math.floor(place), #stops - 1)
  local rest, colour = place - below, {}
  for i = 1, 3 do colour[i] = math.floor(stops[below][i] * (1 - rest) + stops[below + 1][i] * rest + 0.5) end
  return colour
end

return palette
