-- Images in the terminal's own graphics: kitty's protocol, or sixels.
local collect = require "moonstill.show.collect"
local terminal = require "moonstill.terminal"

local graphics = {}

local wanted = 84            -- pixels of an image's side, about: small ones are magnified by a whole number
local gap = 4                -- pixels between images
local column_pixels = 8      -- of a character, at least
local kitty_chunk = 4096     -- bytes of base64 in one escape sequence

local function magnification(image) return math.max(1, wanted // image.width) end

--- How many such images fit side by side.
--- @param image table
--- @return integer
function graphics.fitting(image)
  return (terminal.columns() * column_pixels + gap) // (image.width * magnification(image) + gap)
end

-- All images in one: rows of pixels, three numbers each, dark between images.
local function sheet(images, in_row)
  local scale = magnification(images[1])
  local cell_width, cell_height = images[1].width * scale + gap, images[1].height * scale + gap
  local width = math.min(in_row, #images) * cell_width - gap
  local height = (#images + in_row - 1) // in_row * cell_height - gap
  local rows = {}
  for y = 1, height do
    rows[y] = {}
    for i = 1, 3 * width do rows[y][i] = 0 end
  end
  for i, image in ipairs(images) do
    local left, top = (i - 1) % in_row * cell_width, (i - 1) // in_row * cell_height
    for y = 0, image.height * scale - 1 do
      local row = rows[top + y + 1]
      for x = 0, image.width * scale - 1 do
        local at = 3 * (left + x)
        row[at + 1], row[at + 2], row[at + 3] = collect.color(image, x // scale + 1, y // scale + 1)
      end
    end
  end
  return rows, width, height
end

local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    for place = 0, 3 do
      local digit = bits >> (18 - 6 * place) & 63
      out[#out + 1] = (place == 2 and not b or place == 3 and not c) and "=" or digits:sub(digit + 1, digit + 1)
    end
  end
  return table.concat(out)
end

local function kitty(rows, width, height)
  local lines = {}
  for y, row in ipairs(rows) do
    local parts = {}
    for i = 1, #row, 96 do parts[#parts + 1] = string.char(table.unpack(row, i, math.min(i + 95, #row))) end
    lines[y] = table.concat(parts)
  end
  local data, out = base64(table.concat(lines)), {}
  for i = 1, #data, kitty_chunk do
    local more = i + kitty_chunk <= #data and 1 or 0
    local head = i == 1 and ("a=T,f=24,q=2,s=%d,v=%d,m=%d"):format(width, height, more) or ("m=%d"):format(more)
    out[#out + 1] = ("\27_G%s;%s\27\\"):format(head, data:sub(i, i + kitty_chunk - 1))
  end
  return table.concat(out)
end

-- Sixels have a palette: 6 levels of each colour, or 216 greys.
local function palette_entry(r, g, b)
  local function level(v) return (v * 5 + 127) // 255 end
  if r == g and g == b then return 256 + r // 4, { r, r, r } end
  local lr, lg, lb = level(r), level(g), level(b)
  return 36 * lr + 6 * lg + lb, { lr * 51, lg * 51, lb * 51 }
end

-- Runs of equal characters, "!12~".
local function run_lengths(codes)
  local out, i = {}, 1
  while i <= #codes do
    local n = 1
    while codes[i + n] == codes[i] do n = n + 1 end
    local char = string.char(codes[i])
    out[#out + 1] = n > 3 and ("!%d%s"):format(n, char) or char:rep(n)
    i = i + n
  end
  return table.concat(out)
end

local function sixel(rows, width, height)
  local numbers, definitions, bands = {}, {}, {}
  local count = 0
  for top = 1, height, 6 do
    local layers, order = {}, {}
    for dy = 0, math.min(5, height - top) do
      local row = rows[top + dy]
      for x = 1, width do
        local key, color = palette_entry(row[3 * x - 2], row[3 * x - 1], row[3 * x])
        if not numbers[key] then
          numbers[key] = count
          definitions[#definitions + 1] = ("#%d;2;%d;%d;%d"):format(count, color[1] * 100 // 255, color[2] * 100 // 255,
            color[3] * 100 // 255)
          count = count + 1
        end
        local layer = layers[key]
        if not layer then
          layer = {}
          for i = 1, width do layer[i] = 63 end
          layers[key] = layer
          order[#order + 1] = key
        end
        layer[x] = layer[x] + (1 << dy)
      end
    end
    local parts = {}
    for i, key in ipairs(order) do parts[i] = ("#%d%s"):format(numbers[key], run_lengths(layers[key])) end
    bands[#bands + 1] = table.concat(parts, "$")
  end
  return ("\27Pq\"1;1;%d;%d%s%s\27\\"):format(width, height, table.concat(definitions), table.concat(bands, "-"))
end

local encoders = { kitty = kitty, sixel = sixel }

--- Images side by side as an escape sequence, captions in a line below.
--- @param images table[]  see moonstill.show.collect
--- @param in_row integer
--- @param drawing "kitty"|"sixel"
--- @return string
function graphics.text(images, in_row, drawing)
  local text, captions = encoders[drawing](sheet(images, in_row)), {}
  for i, image in ipairs(images) do captions[i] = image.caption and tostring(image.caption) or nil end
  return text .. (#captions > 0 and "\nclasses " .. table.concat(captions, " ") or "")
end

return graphics
