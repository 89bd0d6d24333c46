-- Layers made of layers.
local ms = require "moonstill.native"
local check = require "moonstill.check"
local layer = require "moonstill.nn.layer"

local containers = {}

local function check_children(name, children, least)
  if type(children) ~= "table" then check.fail(name, "expected a list of layers, got %s", type(children)) end
  if #children < least then check.fail(name, "expected at least %d layers, got %d", least, #children) end
  for i, child in ipairs(children) do
    if type(child) ~= "table" or not child.apply then
      check.fail(name, "element %d: expected a layer, got %s", i, type(child))
    end
  end
end

-- The layers' work as a list of fun(x, p, context) -> y. A product, its bias and relu are two passes over memory, and a
-- convolution is pooled as it is computed and never stored: the maximum of relu is relu of the maximum. Of a smooth
-- network that is the definition: it pools, adds the bias and rounds relu last. Watched layers are computed one by one.
local function steps_of(children)
  local steps, place = {}, 1
  while children[place] do
    local here, child, following = place, children[place], children[place + 1] or {}
    local relu = child.product and following.activation == "relu"
    local pooling = relu and children[place + 2] or following
    local pool = child.takes_pool and pooling.max_pool
    place = place + 1 + (relu and 1 or 0) + (pool and 1 or 0)
    steps[#steps + 1] = function(x, p, context)
      if not relu and not pool then return child:apply(x, p[here], context) end
      local sharpness, offset = context.sharpness, child.offset(p[here])
      local y = child.product(x, p[here], not sharpness and pool or nil)
      if sharpness then
        if pool then y = pooling.smooth(y, sharpness) end
        if offset then y = y + offset end
        return relu and following.smooth(y, sharpness) or y
      end
      if relu then return offset and ms.nn.add_relu(y, offset) or y:relu() end
      return offset and y + offset or y
    end
  end
  return steps
end

--- Makes a layer that applies others one after another.
---
--- ```lua
--- print(ms.nn.sequential { ms.nn.linear(4, 8), ms.nn.tanh(), ms.nn.linear(8, 2) })
--- ```
--- @param children ms.nn.Layer[]  with an optional field `name` to print it by
--- @return ms.nn.Layer
function containers.sequential(children)
  check_children("ms.nn.sequential", children, 1)
  local steps = steps_of(children)
  local self = layer.new {
    name = children.name or "sequential",
    children = table.move(children, 1, #children, 1, {}),
    output = function(self, shape, _, output_of)
      for place in ipairs(self.children) do shape = output_of(place, shape) end
      return shape
    end,
    apply = function(self, x, p, context)
      if context.watch then
        for place, child in ipairs(self.children) do x = child:apply(x, p[place], context) end
        return x
      end
      for _, step in ipairs(steps) do x = step(x, p, context) end
      return x
    end,
  }
  return layer.made(self, "ms.nn.sequential", children)
end

local function same_shape(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

--- Makes a layer that adds its body's output to its input.
---
--- ```lua
--- print(ms.nn.residual(ms.nn.linear(4, 4)))
--- ```
--- @param body ms.nn.Layer  shape in = shape out
--- @return ms.nn.Layer
function containers.residual(body)
  check_children("ms.nn.residual", { body }, 1)
  local self = layer.new {
    name = "residual",
    children = { body },
    output = function(_, shape, refuse, output_of)
      local out = output_of(1, shape)
      if out and not same_shape(out, shape) then
        refuse(("of the body's output shape, [batch, %s]"):format(table.concat(out, ", ")))
      end
      return out
    end,
    apply = function(self, x, p, context) return x + self.children[1]:apply(x, p[1], context) end,
  }
  return layer.made(self, "ms.nn.residual", body)
end

--- Makes a layer that mixes two branches: alpha * first(x) + (1 - alpha) * second(x), alpha one trainable number that
--- starts at 0.5.
---
--- ```lua
--- print(ms.nn.blend { ms.nn.linear(4, 2), ms.nn.linear(4, 2) })
--- ```
--- @param branches ms.nn.Layer[]  two, of equal output shapes
--- @return ms.nn.Layer
function containers.blend(branches)
  check_children("ms.nn.blend", branches, 2)
  local self = layer.new {
    name = "blend",
    parameters = { { name = "alpha", shape = {}, init = "ones", gain = 0.5 } },
    children = { branches[1], branches[2] },
    output = function(_, shape, refuse, output_of)
      local first, second = output_of(1, shape), output_of(2, shape)
      if first and second and not same_shape(first, second) then refuse "for which both branches give one shape" end
      return first or second
    end,
    apply = function(self, x, p, context)
      local first = self.children[1]:apply(x, p[1], context)
      local second = self.children[2]:apply(x, p[2], context)
      return second + p.alpha * (first - second)
    end,
  }
  return layer.made(self, "ms.nn.blend", branches)
end

return containers
