-- Images as text: half blocks in colours, two pixels a character, or characters from dark to bright.
local collect = require "moonstill.show.collect"
local terminal = require "moonstill.terminal"

local blocks = {}

local shades = " .:-=+*#%@"

-- An image at another size: rows of pixels { red, green, blue }, each the mean of those that it stands for.
local function resized(image, width, height)
  local rows = {}
  for y = 1, height do
    local row = {}
    local top = (y - 1) * image.height // height + 1
    local bottom = math.max(top, y * image.height // height)
    for x = 1, width do
      local left = (x - 1) * image.width // width + 1
      local right = math.max(left, x * image.width // width)
      local r, g, b = 0, 0, 0
      for source_y = top, bottom do
        for source_x = left, right do
          local pr, pg, pb = collect.color(image, source_x, source_y)
          r, g, b = r + pr, g + pg, b + pb
        end
      end
      local count = (bottom - top + 1) * (right - left + 1)
      row[x] = { r // count, g // count, b // count }
    end
    rows[y] = row
  end
  return rows
end

-- The nearest of the 256 colours: the greys, or the 6x6x6 cube.
local function of_256(pixel)
  local r, g, b = pixel[1], pixel[2], pixel[3]
  if r == g and g == b then
    if r < 4 then return 16 end
    if r > 246 then return 231 end
    return 232 + math.min(23, (r - 3) // 10)
  end
  return 16 + 36 * ((r * 5 + 127) // 255) + 6 * ((g * 5 + 127) // 255) + (b * 5 + 127) // 255
end

local function color_code(layer, pixel)
  if not terminal.has_all_colors() then return ("%d;5;%d"):format(layer, of_256(pixel)) end
  return ("%d;2;%d;%d;%d"):format(layer, pixel[1], pixel[2], pixel[3])
end

-- One line of half blocks: a row of pixels above, one below.
local function block_line(above, below)
  local parts, last = {}, nil
  for x = 1, #above do
    local code = color_code(38, above[x]) .. ";" .. color_code(48, below[x])
    parts[#parts + 1] = (code ~= last and "\27[" .. code .. "m" or "") .. "▀"
    last = code
  end
  return table.concat(parts) .. "\27[0m"
end

local function shade_line(row)
  local parts = {}
  for x, pixel in ipairs(row) do
    local grey = (2 * pixel[1] + 5 * pixel[2] + pixel[3]) / 8 / 256
    local place = 1 + math.floor(grey * #shades)
    parts[x] = shades:sub(place, place)
  end
  return table.concat(parts)
end

-- The lines of one image. A character is twice as high as it is wide.
local function lines_of(image, width, drawing)
  local lines = {}
  local height = math.max(1, (image.height * width // image.width + 1) // 2)
  if drawing == "text" then
    for y, row in ipairs(resized(image, width, height)) do lines[y] = shade_line(row) end
    return lines
  end
  local rows = resized(image, width, 2 * height)
  for y = 1, height do lines[y] = block_line(rows[2 * y - 1], rows[2 * y]) end
  return lines
end

local function centred(text, width)
  local left = math.max(0, (width - #text) // 2)
  return (" "):rep(left) .. text .. (" "):rep(width - left - #text)
end

--- Images side by side, captions below.
--- @param images table[]  see moonstill.show.collect
--- @param in_row integer
--- @param width integer   characters of each
--- @param drawing "blocks"|"text"
--- @return string
function blocks.text(images, in_row, width, drawing)
  local out = {}
  for first = 1, #images, in_row do
    local lines, captions = {}, {}
    for i = first, math.min(first + in_row - 1, #images) do
      for y, line in ipairs(lines_of(images[i], width, drawing)) do
        lines[y] = (lines[y] and lines[y] .. " " or "") .. line
      end
      captions[#captions + 1] = centred(tostring(images[i].caption or ""), width)
    end
    for _, line in ipairs(lines) do out[#out + 1] = line:gsub("%s+$", "") end
    out[#out + 1] = table.concat(captions, " "):gsub("%s+$", "")
  end
  return (table.concat(out, "\n"):gsub("\n$", ""))
end

return blocks
