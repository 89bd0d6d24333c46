-- What every layer is: parameters described, shapes checked, a pure function applied.
local ms = require "moonstill.native"
local check = require "moonstill.check"

--- @class ms.nn.Parameter
--- @field name string
--- @field shape integer[]
--- @field init string            an initialiser of ms.nn.initialise
--- @field gain? number           (default: 1)
--- @field trainable? boolean     false keeps the initial value (default: true)
--- @field range? number[]        {low, high}: where net:project(w) puts it back to

--- A layer, and so a network: net(x, w) applies it with any weights w, one flat vector.
--- @class ms.nn.Layer
--- @field name string            what it prints as
--- @field parameters ms.nn.Parameter[]
--- @field children? ms.nn.Layer[]
--- @operator call: ms.Tensor
local Layer = {}
Layer.__index = Layer
Layer.__name = "ms.nn.Layer"

local layer = {}

local layer_options = check.spec("ms.nn.layer", {
  { "name", "string", "What it prints as." },
  { "apply", "function", "fun(self, x, p, context) -> y" },
  { "parameters?", "table", "List of ms.nn.Parameter." },
  { "output?", "function", "One sample's shape from that of its input." },
  { "children?", "table", "Layers inside; output then gets output_of(place, shape) as its last argument." },
})

--- Makes a layer of one's own.
---
--- ```lua
--- local scale = ms.nn.layer {
---   name = "scale",
---   parameters = { { name = "factor", shape = {}, init = "ones" } },
---   apply = function(_, x, p) return x * p.factor end,
--- }
--- print(scale(ms.ones { 2, 3 }, scale:initialise(ms.random(1))))
--- ```
---
--- `apply` gets the parameters by name; `output` gives one sample's shape from that of its input, and calls
--- refuse("[batch, 3]") for what does not fit.
--- @param spec { name: string, parameters?: ms.nn.Parameter[], apply: function, output?: function, children?: table }
--- @return ms.nn.Layer
function layer.new(spec)
  check.options("ms.nn.layer", spec, layer_options)
  local self = setmetatable({
    name = spec.name,
    apply = spec.apply,
    output = spec.output or function(_, shape) return shape end,
    children = spec.children,
    own = spec.parameters or {},
  }, Layer)
  self.parameters = table.move(self.own, 1, #self.own, 1, {})
  for place, child in ipairs(self.children or {}) do
    for _, p in ipairs(child.parameters) do
      local copy = {}
      for key, value in pairs(p) do copy[key] = value end
      copy.name = ("%d.%s"):format(place, p.name)
      table.insert(self.parameters, copy)
    end
  end
  self.shapes = {}
  for i, p in ipairs(self.parameters) do self.shapes[i] = p.shape end
  return self
end

local function elements(shape)
  local count = 1
  for _, size in ipairs(shape) do count = count * size end
  return count
end

--- Counts the numbers that the weights hold, or only the trainable ones.
--- @param trainable_only? boolean
--- @return integer
function Layer:count(trainable_only)
  local total = 0
  for _, p in ipairs(self.parameters) do
    if not (trainable_only and p.trainable == false) then total = total + elements(p.shape) end
  end
  return total
end

local initialise_options = check.spec("layer:initialise", {
  { "dtype", '"f32"|"f64"', "Of the weights.", default = "f32" },
})

--- Draws initial weights: one flat vector.
--- @param random ms.Generator    each parameter has a stream of its own, named after it
--- @param options? { dtype?: string }
--- @return ms.Tensor w  [count]
function Layer:initialise(random, options)
  check.argument("layer:initialise", 1, "random", "ms.Generator", random)
  local dtype = check.options("layer:initialise", options, initialise_options).dtype
  if #self.parameters == 0 then return ms.zeros(0, { dtype = dtype }) end
  local parts = {}
  for i, p in ipairs(self.parameters) do
    parts[i] = ms.nn.initialise(p.init, p.shape, random:split(p.name), { gain = p.gain or 1, dtype = dtype })
  end
  return ms.flatten(parts)
end

-- Cuts w into tensors: {named own parameters, children = {...}}.
local function build_views(self, flat, first)
  local views = {}
  for i, p in ipairs(self.own) do
    local view = flat[first + i - 1]
    views[p.name] = p.trainable == false and view:stop_gradient() or view
  end
  first = first + #self.own
  for place, child in ipairs(self.children or {}) do
    views[place], first = build_views(child, flat, first)
  end
  return views, first
end

--- Gives the weights by name, as tensors.
--- @param w ms.Tensor  [count]
--- @return table<string, ms.Tensor>
function Layer:named(w)
  local named = {}
  for i, view in ipairs(ms.unflatten(w, self.shapes)) do named[self.parameters[i].name] = view end
  return named
end

--- Puts parameters that have a range back into it. For use after a step of full training.
--- @param w ms.Tensor
--- @return ms.Tensor
function Layer:project(w)
  local bounded = false
  for _, p in ipairs(self.parameters) do bounded = bounded or p.range ~= nil end
  if not bounded then return w end
  local views = ms.unflatten(w, self.shapes)
  for i, p in ipairs(self.parameters) do
    if p.range then
      local low, high = p.range[1], p.range[2]
      local v = ms.where(ms.lt(views[i], low), low, views[i])
      views[i] = ms.where(ms.lt(high, v), high, v)
    end
  end
  return ms.flatten(views)
end

local function shape_text(shape) return "[batch" .. (#shape > 0 and ", " or "") .. table.concat(shape, ", ") .. "]" end

-- The output's shape for one sample; an error names the way to the layer that refuses.
local function infer(self, shape, path)
  local function refuse(expected)
    check.fail("in " .. path, "expected input %s, got %s", expected, shape_text(shape))
  end
  return self:output(shape, refuse, function(place, child_shape)
    local child = self.children[place]
    return infer(child, child_shape, ("%s[%d] (%s)"):format(path, place, child.name))
  end)
end

local function check_weights(self, w)
  check.argument("in " .. self.name, 2, "w", "ms.Tensor", w)
  local shape, count = w:shape(), self:count()
  if #shape ~= 1 or shape[1] ~= count then
    check.fail("in " .. self.name, "argument 2 'w': expected %d weights, got a tensor of shape [%s]", count,
      table.concat(shape, ", "))
  end
end

local function check_input(self, x)
  check.argument("in " .. self.name, 1, "x", "ms.Tensor", x)
  local shape = x:shape()
  table.remove(shape, 1)
  local key = table.concat(shape, ",")
  if self.accepted == key then return end
  infer(self, shape, self.name)
  self.accepted = key
end

--- Applies the layer: y = net(x, w).
--- @param x ms.Tensor  [batch, ...]
--- @param w ms.Tensor  [count]
--- @param context? { train?: boolean, random?: ms.Generator }  what dropout needs
--- @return ms.Tensor
function Layer:__call(x, w, context)
  check_input(self, x)
  check_weights(self, w)
  local views = #self.shapes > 0 and build_views(self, ms.unflatten(w, self.shapes), 1) or build_views(self, {}, 1)
  return self:apply(x, views, context or {})
end

local function lines(self, indent, out)
  for place, child in ipairs(self.children or {}) do
    local count = child:count()
    out[#out + 1] = ("%s[%d] %s%s"):format(indent, place, child.name, count > 0 and ("  %d"):format(count) or "")
    lines(child, indent .. "    ", out)
  end
  return out
end

--- Prints the tree of layers, each with the number of its parameters.
function Layer:__tostring()
  local out = lines(self, "  ", { ("%s  %d parameters"):format(self.name, self:count()) })
  return table.concat(out, "\n")
end

return layer
