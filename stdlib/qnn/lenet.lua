-- LeNet, classical and quantum (arXiv 2503.17935, section III).
local ms = require "moonstill"
local check = require "moonstill.check"
local nn = ms.nn

local lenet = {}

local function convolutions(channels, size)
  -- 28x28 is padded to what 32x32 gives: 16 maps of 5x5.
  local padding = (32 - size) // 2
  return nn.conv2d(channels, 6, { kernel = 5, padding = padding }), nn.relu(), nn.max_pool(),
    nn.conv2d(6, 16, { kernel = 5 }), nn.relu(), nn.max_pool(), nn.flatten()
end

local function chain(name, layers, ...)
  local list = { name = name, table.unpack(layers) }
  for _, more in ipairs { ... } do list[#list + 1] = more end
  return nn.sequential(list)
end

local classical_spec = {
  { "channels", "integer", "1 for grey images, 3 for colour.", default = 1 },
  { "size", "integer", "Height and width of an image: 28 or 32.", default = 28 },
  { "classes", "integer", "How many there are.", default = 10 },
}

local function check_size(name, o)
  if o.size ~= 28 and o.size ~= 32 then check.fail(name, "argument 'size': expected 28 or 32, got %d", o.size) end
end

--- Makes the classical LeNet: two convolutions, three dense layers.
---
--- ```lua
--- local qnn = require "qnn"
--- print(qnn.lenet.classical { channels = 1, size = 28 })
--- ```
--- @param options? { channels?: integer, size?: integer, classes?: integer }
--- @return ms.nn.Layer  [batch, channels, size, size] -> [batch, classes]
function lenet.classical(options)
  local o = check.options("qnn.lenet.classical", options, classical_spec)
  check_size("qnn.lenet.classical", o)
  return chain("classical LeNet", { convolutions(o.channels, o.size) },
    nn.linear(400, 120), nn.relu(), nn.linear(120, 84), nn.relu(), nn.linear(84, o.classes))
end

return lenet
