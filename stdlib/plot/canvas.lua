-- A grid of characters to draw lines and dots on: Braille characters, each of 2 x 4 dots, or one mark a character.
local canvas = {}

local Canvas = {}
Canvas.__index = Canvas

-- The bit of a dot in a Braille character, by column and by row from above.
local bits = { [0] = { [0] = 1, 2, 4, 64 }, { [0] = 8, 16, 32, 128 } }
local braille = 0x2800

--- Makes an empty one.
--- @param columns integer
--- @param rows integer
--- @param marks? string[]  a mark for each series; Braille dots if left out
function canvas.new(columns, rows, marks)
  local self = setmetatable({
    columns = columns, rows = rows, marks = marks, cells = {}, owners = {}, shaded = {},
    width = columns * (marks and 1 or 2), height = rows * (marks and 1 or 4),
  }, Canvas)
  for row = 0, rows - 1 do self.cells[row], self.owners[row], self.shaded[row] = {}, {}, {} end
  return self
end

--- Sets the dot at places from 0 to 1, from left to right and from below.
function Canvas:dot(x, y, series)
  if not (x >= 0 and x <= 1 and y >= 0 and y <= 1) then return end
  local across = math.floor(x * (self.width - 1) + 0.5)
  local down = math.floor((1 - y) * (self.height - 1) + 0.5)
  if self.marks then
    self.cells[down][across] = self.marks[(series - 1) % #self.marks + 1]
    return
  end
  local row, column = down // 4, across // 2
  local before = self.cells[row][column]
  if type(before) == "string" then return end
  self.cells[row][column] = (before or 0) | bits[across % 2][down % 4]
  self.owners[row][column] = series
end

--- Sets a letter where a dot would hardly be seen, at places from 0 to 1; among marks its mark.
function Canvas:letter(x, y, series, letter)
  if self.marks or not (x >= 0 and x <= 1 and y >= 0 and y <= 1) then return self:dot(x, y, series) end
  local row, column = math.floor((1 - y) * (self.rows - 1) + 0.5), math.floor(x * (self.columns - 1) + 0.5)
  self.cells[row][column], self.owners[row][column] = letter, series
end

--- Draws a line.
function Canvas:line(x1, y1, x2, y2, series)
  local steps = math.max(math.abs(x2 - x1) * self.width, math.abs(y2 - y1) * self.height)
  steps = math.max(1, math.ceil(math.min(steps, 1e5)))
  for i = 0, steps do
    self:dot(x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps, series)
  end
end

--- Shades the area between two heights where nothing else is drawn.
function Canvas:area(x, low, high, series)
  local column = math.floor(math.min(math.max(x, 0), 1) * (self.columns - 1) + 0.5)
  local first, last = math.floor((1 - high) * (self.rows - 1) + 0.5), math.floor((1 - low) * (self.rows - 1) + 0.5)
  for row = math.max(0, first), math.min(self.rows - 1, last) do self.shaded[row][column] = series end
end

--- The text of a row, counted from 0 from above.
--- @param row integer
--- @param paint fun(text: string, series?: integer): string
--- @param shade string  of areas
--- @return string
function Canvas:row(row, paint, shade)
  local out = {}
  for column = 0, self.columns - 1 do
    local cell, series = self.cells[row][column], self.shaded[row][column]
    if cell then
      out[#out + 1] = paint(type(cell) == "string" and cell or utf8.char(braille + cell), self.owners[row][column])
    else
      out[#out + 1] = series and paint(shade, series) or " "
    end
  end
  return table.concat(out)
end

return canvas
