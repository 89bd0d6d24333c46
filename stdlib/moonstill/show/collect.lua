-- Whatever holds images, as a list of { width, height, planes, low, high, caption }, planes[channel][row][column].
local ms = require "moonstill.native"

local collect = {}

local function class_of(value)
  local meta = debug.getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") or nil
end

local function is_tensor(value) return class_of(value) == "ms.Tensor" end

-- [n, channels, height, width] of a tensor, or nil where it holds no images.
local function four_axes(x)
  local shape = x:shape()
  if #shape == 2 then return x:reshape { 1, 1, shape[1], shape[2] } end
  local colors = #shape == 3 and (shape[1] == 1 or shape[1] == 3)
  if colors then return x:reshape { 1, shape[1], shape[2], shape[3] } end
  if #shape == 3 then return x:reshape { shape[1], 1, shape[2], shape[3] } end
  if #shape == 4 and (shape[2] == 1 or shape[2] == 3) then return x end
end

local function extremes(planes)
  local low, high = math.huge, -math.huge
  for _, plane in ipairs(planes) do
    for _, row in ipairs(plane) do
      for _, v in ipairs(row) do
        if v == v and math.abs(v) < math.huge then low, high = math.min(low, v), math.max(high, v) end
      end
    end
  end
  if high <= low then return low - 0.5, low + 0.5 end
  return low, high
end

local function append(list, x, range, captions)
  x = x:stop_gradient():to "f64"
  for i, planes in ipairs(x:totable()) do
    local low, high = table.unpack(range or {})
    if not low then low, high = extremes(planes) end
    list[#list + 1] = {
      width = #planes[1][1], height = #planes[1], planes = planes, low = low, high = high,
      caption = captions and captions[i] or nil,
    }
  end
end

-- Pixels from 0 to 1, as the files have them.
local function of_set(list, set, o)
  local count = math.min(o.count, set:size())
  local indices = {}
  for i = 1, count do indices[i] = i end
  local x, y = set:batch(indices)
  local channels = #set:mean()
  local mean = ms.tensor(set:mean()):reshape { 1, channels, 1, 1 }
  local deviation = ms.tensor(set:deviation()):reshape { 1, channels, 1, 1 }
  append(list, x * deviation + mean, o.range or { 0, 1 }, y:totable())
  return set:size() - count
end

local function of_tensor(list, x, o)
  local images = four_axes(x)
  if not images or x:size() == 0 then return nil end
  local room = math.max(0, o.count - #list)
  local count = math.min(room, images:shape()[1])
  if count > 0 then append(list, images:slice(1, 1, count), o.range) end
  return images:shape()[1] - count
end

local expected = "expected images [n, channels, height, width] with 1 or 3 channels, got %s"

local function describe(value)
  if is_tensor(value) then return ("a tensor of shape [%s]"):format(table.concat(value:shape(), ", ")) end
  return "a " .. type(value)
end

local function read(path)
  if path:match "%.png$" then return ms.io.read_png(path) end
  return ms.io.load(path)
end

-- Appends what a value holds. Returns how many images are left out, or nil and why there are none.
local function add(list, value, o)
  if type(value) == "string" then value = read(value) end
  if is_tensor(value) then
    local left_out = of_tensor(list, value, o)
    return left_out, not left_out and expected:format(describe(value)) or nil
  end
  if class_of(value) == "ms.ImageSet" then return of_set(list, value, o) end
  if type(value) ~= "table" then return nil, expected:format(describe(value)) end
  local inner = rawget(value, "images") or type(rawget(value, "parameters")) == "table" and value.parameters.images
  if inner then return add(list, inner, o) end
  if #value == 0 then return nil, expected:format "a table without images" end
  local left_out = 0
  for _, part in ipairs(value) do
    local more, problem = add(list, part, o)
    if not more then return nil, problem end
    left_out = left_out + more
  end
  return left_out
end

--- Gives the images that a value holds.
--- @param value any
--- @param o { count: integer, range?: number[] }
--- @return table[]|nil images  all of one size
--- @return integer left_out
--- @return string|nil problem
function collect.images(value, o)
  local list = {}
  local left_out, problem = add(list, value, o)
  if not left_out then return nil, 0, problem end
  if #list == 0 then return nil, 0, expected:format "none" end
  for _, image in ipairs(list) do
    if image.width ~= list[1].width or image.height ~= list[1].height then
      return nil, 0, ("expected images of one size, got %dx%d and %dx%d"):format(list[1].height, list[1].width,
        image.height, image.width)
    end
  end
  return list, left_out
end

--- A pixel's colour, 0 to 255 each. Numbers that are not finite are red.
--- @param image table
--- @param x integer
--- @param y integer
--- @return integer red
--- @return integer green
--- @return integer blue
function collect.color(image, x, y)
  local out = {}
  for channel = 1, 3 do
    local v = image.planes[math.min(channel, #image.planes)][y][x]
    if v ~= v or math.abs(v) == math.huge then return 255, 0, 0 end
    local share = (v - image.low) / (image.high - image.low)
    out[channel] = math.floor(255 * math.max(0, math.min(1, share)) + 0.5)
  end
  return out[1], out[2], out[3]
end

return collect
