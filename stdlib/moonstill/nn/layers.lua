-- The layers of LeNet and their kin. Each is one entry: parameters, shapes, function.
local ms = require "moonstill.native"
local check = require "moonstill.check"
local layer = require "moonstill.nn.layer"

local layers = {}

local function count(name, place, argument, value)
  check.argument(name, place, argument, "integer", value)
  if value < 1 then check.fail(name, "argument %d '%s': expected at least 1, got %d", place, argument, value) end
end

local weight_options = check.spec("ms.nn.linear", {
  { "bias", "boolean", "Adds a trainable offset to each output.", default = true },
  { "init", layer.initialisers, "Initialiser of the weight.", default = "xavier_normal" },
  { "gain", "number", "Factor of its deviation.", default = 1 },
})

local conv_options = check.spec("ms.nn.conv2d", {
  { "kernel", "integer", "Side of the kernel.", least = 1 },
  { "stride", "integer", "Step between windows.", default = 1, least = 1 },
  { "padding", "integer", "Zeros on each side.", default = 0, least = 0 },
  table.unpack(weight_options),
})

local pool_options = {
  { "window", "integer", "Side of a window.", default = 2, least = 1 },
  { "stride?", "integer", "Step between windows; the window's side if left out.", least = 1 },
}

local dropout_options = check.spec("ms.nn.dropout", {
  { "p", "number", "Share of elements dropped.", default = 0.5, least = 0 },
})

local function refuse_unless(fits, refuse, expected)
  if not fits then refuse(expected) end
end

-- Makes a layer of a product and an offset (its bias, or nil). What they are by themselves is for ms.nn.sequential,
-- which computes them together with what follows.
local function affine(spec, product, offset)
  function spec.apply(_, x, p)
    local y, b = product(x, p), offset(p)
    return b and y + b or y
  end
  local self = layer.new(spec)
  self.product, self.offset = product, offset
  return self
end

--- Makes a dense layer, y = x W^T + b.
---
--- ```lua
--- print(ms.nn.linear(3, 2))
--- ```
--- @param inputs integer
--- @param outputs integer
--- @param options? { bias?: boolean, init?: string, gain?: number }
--- @return ms.nn.Layer  [batch, inputs] -> [batch, outputs]
function layers.linear(inputs, outputs, options)
  count("ms.nn.linear", 1, "inputs", inputs)
  count("ms.nn.linear", 2, "outputs", outputs)
  local o = check.options("ms.nn.linear", options, weight_options)
  local parameters = { { name = "weight", shape = { outputs, inputs }, init = o.init, gain = o.gain } }
  if o.bias then parameters[2] = { name = "bias", shape = { outputs }, init = "zeros" } end
  local function product(x, p) return ms.matmul(x, p.weight, { transpose_b = true }) end
  local function offset(p) return p.bias end
  local self = affine({
    name = ("linear(%d -> %d)"):format(inputs, outputs),
    parameters = parameters,
    output = function(_, shape, refuse)
      refuse_unless(#shape == 1 and shape[1] == inputs, refuse, ("[batch, %d]"):format(inputs))
      return { outputs }
    end,
  }, product, offset)
  return layer.made(self, "ms.nn.linear", inputs, outputs, options)
end

local function windows(size, window, stride, padding) return (size + 2 * padding - window) // stride + 1 end

--- Makes a two-dimensional convolution (cross-correlation).
---
--- ```lua
--- print(ms.nn.conv2d(1, 6, { kernel = 5, padding = 2 }))
--- ```
--- @param from integer  channels in
--- @param to integer  channels out
--- @param options { kernel: integer, stride?: integer, padding?: integer, bias?: boolean, init?: string, gain?: number}
--- @return ms.nn.Layer  [batch, from, height, width] -> [batch, to, height', width']
function layers.conv2d(from, to, options)
  count("ms.nn.conv2d", 1, "from", from)
  count("ms.nn.conv2d", 2, "to", to)
  local o = check.options("ms.nn.conv2d", options, conv_options)
  local kernel = o.kernel
  local geometry = { stride = o.stride, padding = o.padding }
  local parameters = { { name = "weight", shape = { to, from, kernel, kernel }, init = o.init, gain = o.gain } }
  if o.bias then parameters[2] = { name = "bias", shape = { to }, init = "zeros" } end
  -- Pooled by the max pooling of a layer behind it: the largest number plus the bias is the largest with it.
  local function product(x, p, pool)
    if not pool then return ms.nn.convolve(x, p.weight, geometry) end
    local both = { stride = o.stride, padding = o.padding, window = pool.window, window_stride = pool.stride }
    return ms.nn.convolve_pool(x, p.weight, both)
  end
  local function offset(p) return p.bias and p.bias:reshape { to, 1, 1 } end
  local self = affine({
    name = ("conv2d(%d -> %d, %dx%d)"):format(from, to, kernel, kernel),
    detail = ("stride %d, padding %d"):format(o.stride, o.padding),
    parameters = parameters,
    output = function(_, shape, refuse)
      refuse_unless(#shape == 3 and shape[1] == from, refuse, ("[batch, %d, height, width]"):format(from))
      local height = windows(shape[2], kernel, o.stride, o.padding)
      local width = windows(shape[3], kernel, o.stride, o.padding)
      refuse_unless(height > 0 and width > 0, refuse, ("at least %dx%d pixels"):format(kernel, kernel))
      return { to, height, width }
    end,
  }, product, offset)
  self.takes_pool = true
  return layer.made(self, "ms.nn.conv2d", from, to, options)
end

local function pooling(name, pool, smooth_pool)
  local full_name = "ms.nn." .. name
  check.spec(full_name, pool_options)
  return function(options)
    local o = check.options(full_name, options, pool_options)
    local geometry = { window = o.window, stride = o.stride or o.window }
    local self = layer.new {
      name = ("%s(%d)"):format(name, o.window),
      detail = ("stride %d"):format(geometry.stride),
      output = function(_, shape, refuse)
        local fits = #shape == 3 and shape[2] >= o.window and shape[3] >= o.window
        local text = "[batch, channels, height, width] of at least %dx%d pixels"
        refuse_unless(fits, refuse, text:format(o.window, o.window))
        local function pooled(size) return windows(size, o.window, geometry.stride, 0) end
        return { shape[1], pooled(shape[2]), pooled(shape[3]) }
      end,
      apply = function(_, x) return pool(x, geometry) end,
      smooth = smooth_pool and function(x, sharpness)
        return smooth_pool(x, { window = geometry.window, stride = geometry.stride, sharpness = sharpness })
      end,
    }
    self.max_pool = pool == ms.nn.pool_max and geometry
    return layer.made(self, full_name, options or {})
  end
end

--- Makes a layer that keeps each window's largest element.
---
--- ```lua
--- print(ms.nn.max_pool { window = 2 })
--- ```
--- @type fun(o?: { window?: integer, stride?: integer }): ms.nn.Layer
layers.max_pool = pooling("max_pool", ms.nn.pool_max, ms.nn.pool_smooth_max)

--- Makes a layer that averages over each window.
---
--- ```lua
--- print(ms.nn.average_pool { window = 2 })
--- ```
--- @type fun(o?: { window?: integer, stride?: integer }): ms.nn.Layer
layers.average_pool = pooling("average_pool", ms.nn.pool_average)

local function activation(name, smooth)
  return function()
    local self = layer.new {
      name = name, output = layer.same_shape, apply = function(_, x) return x[name](x) end, smooth = smooth,
    }
    self.activation = name
    return layer.made(self, "ms.nn." .. name)
  end
end

local function smooth_relu(x, sharpness) return (x * sharpness):softplus() / sharpness end

--- Makes a layer that computes max(x, 0).
---
--- ```lua
--- print(ms.nn.relu()(ms.tensor { -1, 2 }, ms.zeros(0)))
--- ```
--- @type fun(): ms.nn.Layer
layers.relu = activation("relu", smooth_relu)

--- Makes a layer that computes tanh(x).
---
--- ```lua
--- print(ms.nn.tanh()(ms.tensor { -1, 2 }, ms.zeros(0)))
--- ```
--- @type fun(): ms.nn.Layer
layers.tanh = activation "tanh"

--- Makes a layer that computes 1 / (1 + exp(-x)).
---
--- ```lua
--- print(ms.nn.sigmoid()(ms.tensor { -1, 2 }, ms.zeros(0)))
--- ```
--- @type fun(): ms.nn.Layer
layers.sigmoid = activation "sigmoid"

--- Makes a layer that computes x times the normal distribution up to x (Hendrycks and Gimpel, arXiv 1606.08415).
---
--- ```lua
--- print(ms.nn.gelu()(ms.tensor { { -1, 0, 1 } }, ms.zeros(0)))
--- ```
--- @type fun(): ms.nn.Layer
layers.gelu = activation "gelu"

local norm_options = check.spec("ms.nn.layer_norm", {
  { "epsilon", "number", "Added to the variance.", default = 1e-5, least = 0 },
})

--- Makes a layer that shifts and scales the last dimensions of each sample to mean 0 and variance 1, and then by a
--- trainable offset and factor of each element (Ba, Kiros and Hinton, arXiv 1607.06450).
---
--- ```lua
--- local net = ms.nn.layer_norm { 4 }
--- print(net(ms.tensor { { 1, 2, 3, 6 } }, net:initialise(ms.random(1))))
--- ```
--- @param shape integer|integer[]  of these dimensions
--- @param options? { epsilon?: number }
--- @return ms.nn.Layer  [batch, ..., shape] -> the same
function layers.layer_norm(shape, options)
  check.argument("ms.nn.layer_norm", 1, "shape", "integer|integer[]", shape)
  if type(shape) == "number" then shape = { shape } end
  local o = check.options("ms.nn.layer_norm", options, norm_options)
  local text = table.concat(shape, ", ")
  local self = layer.new {
    name = ("layer_norm(%s)"):format(text),
    detail = ("epsilon = %.17g"):format(o.epsilon),
    parameters = {
      { name = "factor", shape = shape, init = "ones" }, { name = "offset", shape = shape, init = "zeros" },
    },
    output = function(_, got, refuse)
      local last = table.concat(got, ", ", math.max(1, #got - #shape + 1))
      refuse_unless(last == text, refuse, ("[batch, ..., %s]"):format(text))
      return got
    end,
    apply = function(_, x, p)
      local axes, before = {}, #x:shape() - #shape
      for i = 1, #shape do axes[i] = before + i end
      local centred = x - x:mean(axes, { keep = true })
      local deviation = (centred:square():mean(axes, { keep = true }) + o.epsilon):sqrt()
      return centred / deviation * p.factor + p.offset
    end,
  }
  return layer.made(self, "ms.nn.layer_norm", shape, options)
end

--- Makes a layer that turns each sample into one vector.
---
--- ```lua
--- print(ms.nn.flatten()(ms.ones { 2, 3, 4 }, ms.zeros(0)))
--- ```
--- @return ms.nn.Layer  [batch, ...] -> [batch, features]
function layers.flatten()
  local self = layer.new {
    name = "flatten",
    output = function(_, shape)
      local features = 1
      for _, size in ipairs(shape) do features = features * size end
      return { features }
    end,
    apply = function(_, x) return x:reshape { x:size(1), -1 } end,
  }
  return layer.made(self, "ms.nn.flatten")
end

--- Makes a layer that, while training, sets elements to zero with probability p and scales up the others.
---
--- ```lua
--- local net = ms.nn.dropout { p = 0.5 }
--- print(net(ms.ones { 2, 4 }, ms.zeros(0), { train = true, random = ms.random(1) }))
--- ```
--- @param options { p: number }
--- @return ms.nn.Layer
function layers.dropout(options)
  local o = check.options("ms.nn.dropout", options, dropout_options)
  if o.p >= 1 then check.fail("ms.nn.dropout", "argument 'p': expected less than 1, got %g", o.p) end
  local self = layer.new {
    name = ("dropout(%g)"):format(o.p),
    detail = ("p = %.17g"):format(o.p),
    output = layer.same_shape,
    apply = function(_, x, _, context)
      if not context.train then return x end
      if not context.random then check.fail("dropout", "pass { train = true, random = generator } when training") end
      return x * ms.nn.dropout_mask(x:shape(), o.p, context.random, { dtype = x:dtype() })
    end,
  }
  return layer.made(self, "ms.nn.dropout", options)
end

return layers
