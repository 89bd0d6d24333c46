-- What every layer is: parameters described, shapes checked, a pure function applied.
local ms = require "moonstill.native"
local check = require "moonstill.check"
local draw = require "moonstill.draw"
local host = require "moonstill.host"

--- @class ms.nn.Parameter
--- @field name string
--- @field shape integer[]
--- @field init string            an initialiser of ms.nn.initialise
--- @field gain? number           (default: 1)
--- @field trainable? boolean     false keeps the initial value (default: true)
--- @field range? number[]        {low, high}: where net:project(w) puts it back to

--- A layer, and so a network: net(x, w) applies it with any weights w, one flat vector.
---
--- ```lua
--- local net = ms.nn.sequential { ms.nn.linear(3, 4), ms.nn.relu(), ms.nn.linear(4, 2) }
--- local w = net:initialise(ms.random(1))
--- ```
--- @class ms.nn.Layer
--- @field name string            what it prints as
--- @field parameters ms.nn.Parameter[]
--- @field children? ms.nn.Layer[]
--- @field smooth? fun(x: ms.Tensor, sharpness: number): ms.Tensor  what it does in a smooth network
--- @field jumps boolean          its derivative does, or that of a layer inside: it has a smooth counterpart
--- @operator call: ms.Tensor
local Layer = {}
Layer.__index = Layer
Layer.__name = "ms.nn.Layer"

local layer = {}

-- The type of ms.nn.initialise's first argument: the names of all initialisers.
local function initialisers()
  for _, described in ipairs(host.functions()) do
    if described.name == "ms.nn.initialise" then return described.parameters[1].type end
  end
end
layer.initialisers = initialisers()

local parameter_options = {
  { "name", "string", "The key under which apply gets it." },
  { "shape", "integer[]", "Sizes; {} for a number." },
  { "init", layer.initialisers, "How it is drawn." },
  { "gain", "number", "Factor of its deviation.", default = 1 },
  { "trainable", "boolean", "False keeps the initial value.", default = true },
  { "range?", "number[]", "{low, high}: where net:project(w) puts it back to." },
}

local layer_options = check.spec("ms.nn.layer", {
  { "name", "string", "What it prints as." },
  { "apply", "function", "fun(self, x, p, context) -> y" },
  { "smooth?", "function", "fun(x, sharpness) -> y: what it does in a smooth network, see net(x, w, { sharpness })." },
  { "parameters?", "table", "List of ms.nn.Parameter." },
  { "output?", "function", "One sample's shape from that of its input. Without it nothing behind is checked." },
  { "children?", "table", "Layers inside; output then gets output_of(place, shape) as its last argument." },
  { "ansatz?", "ms.Circuit", "A circuit that it applies, which printing the layer draws." },
  { "observable?", "function", "fun() -> ms.Observable|ms.Observable[]: what of the circuit is read out." },
  { "detail", "string", "What else tells it from others of its name, for net:description().", default = "" },
  { "lua?", "string", "An expression that makes the layer again, for ms.lua_of: 'require(\"mine\").scale(3)'." },
})

local function unknown_shape() return nil end

--- The output of layers that keep the shape.
function layer.same_shape(_, shape) return shape end

local function check_parameters(parameters)
  local checked, places = {}, {}
  for i, parameter in ipairs(parameters) do
    local p = check.options(("ms.nn.layer: parameter %d"):format(i), parameter, parameter_options)
    for axis, size in ipairs(p.shape) do
      if size < 1 then
        check.fail("ms.nn.layer", "parameter '%s': expected sizes of at least 1, got %d on axis %d", p.name, size, axis)
      end
    end
    if p.range and not (#p.range == 2 and p.range[1] <= p.range[2]) then
      check.fail("ms.nn.layer", "parameter '%s': expected a range {low, high}, got {%s}", p.name,
        table.concat(p.range, ", "))
    end
    if places[p.name] then
      check.fail("ms.nn.layer", "parameters %d and %d are both named '%s'", places[p.name], i, p.name)
    end
    checked[i], places[p.name] = p, i
  end
  return checked
end

-- What a layer does where the context asks for more than its output.
local function apply_in_context(o)
  return function(self, x, p, context)
    if context.watch then context.watch(self, x) end
    if context.sharpness and self.smooth then return self.smooth(x, context.sharpness) end
    return o.apply(self, x, p, context)
  end
end

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
--- @param spec { name: string, parameters?: ms.nn.Parameter[], apply: function, output?: function, children?: table,
---   smooth?: function, ansatz?: ms.Circuit, observable?: function, detail?: string, lua?: string }
--- @return ms.nn.Layer
function layer.new(spec)
  local o = check.options("ms.nn.layer", spec, layer_options)
  local _, problem = load("return " .. (o.lua or "nil"), "=lua")
  if problem then check.fail("ms.nn.layer", "argument 'lua': expected an expression: %s", problem) end
  local self = setmetatable({
    name = o.name,
    detail = o.detail,
    lua = o.lua,
    ansatz = o.ansatz,
    observable = o.observable,
    apply = apply_in_context(o),
    smooth = o.smooth,
    jumps = o.smooth ~= nil,
    output = o.output or unknown_shape,
    children = o.children,
    own = check_parameters(o.parameters or {}),
  }, Layer)
  self.parameters = table.move(self.own, 1, #self.own, 1, {})
  for place, child in ipairs(self.children or {}) do
    self.jumps = self.jumps or child.jumps
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

local function copy_of(value)
  if type(value) ~= "table" or getmetatable(value) then return value end
  local copy = {}
  for key, element in pairs(value) do copy[key] = copy_of(element) end
  return copy
end

--- Notes how a layer was made, for ms.lua_of.
--- @param self ms.nn.Layer
--- @param maker string  such as "ms.nn.linear"
--- @return ms.nn.Layer self
function layer.made(self, maker, ...)
  self.maker, self.arguments = maker, {}
  for i = 1, select("#", ...) do self.arguments[i] = copy_of((select(i, ...))) end
  return self
end

local function elements(shape)
  local count = 1
  for _, size in ipairs(shape) do count = count * size end
  return count
end

--- Counts the numbers that the weights hold, or only the trainable ones.
---
--- ```lua
--- print(net:count())
--- ```
--- @param trainable_only? boolean
--- @return integer
function Layer:count(trainable_only)
  local total = 0
  for _, p in ipairs(self.parameters) do
    if p.trainable or not trainable_only then total = total + elements(p.shape) end
  end
  return total
end

local initialise_options = check.spec("layer:initialise", {
  { "dtype", '"f32"|"f64"', "Of the weights.", default = "f32" },
})

--- Draws initial weights: one flat vector.
---
--- ```lua
--- print(net(ms.ones { 1, 3 }, w))
--- ```
--- @param random ms.Generator    each parameter has a stream of its own, named after it
--- @param options? { dtype?: string }
--- @return ms.Tensor w  [count]
function Layer:initialise(random, options)
  check.argument("layer:initialise", 1, "random", "ms.Generator", random)
  local dtype = check.options("layer:initialise", options, initialise_options).dtype
  if #self.parameters == 0 then return ms.zeros(0, { dtype = dtype }) end
  local parts = {}
  for i, p in ipairs(self.parameters) do
    parts[i] = ms.nn.initialise(p.init, p.shape, random:split(p.name), { gain = p.gain, dtype = dtype })
  end
  return ms.flatten(parts)
end

-- Cuts w into tensors: {named own parameters, children = {...}}.
local function build_views(self, flat, first)
  local views = {}
  for i, p in ipairs(self.own) do
    local view = flat[first + i - 1]
    views[p.name] = p.trainable and view or view:stop_gradient()
  end
  first = first + #self.own
  for place, child in ipairs(self.children or {}) do
    views[place], first = build_views(child, flat, first)
  end
  return views, first
end

local function check_weights(self, name, place, w)
  check.argument(name, place, "w", "ms.Tensor", w)
  local shape, count = w:shape(), self:count()
  if #shape ~= 1 or shape[1] ~= count then
    check.fail(name, "argument %d 'w': expected %d weights, got a tensor of shape [%s]", place, count,
      table.concat(shape, ", "))
  end
end

-- So that a message does not depend on the order of the table.
local function sorted_names(named)
  local names = {}
  for name in pairs(named) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return names
end

--- Gives the weights by name, as tensors.
---
--- ```lua
--- print(net:named(w)["1.bias"])
--- ```
--- @param w ms.Tensor  [count]
--- @return table<string, ms.Tensor>
function Layer:named(w)
  check_weights(self, "layer:named", 1, w)
  if #self.parameters == 0 then return {} end
  local named = {}
  for i, view in ipairs(ms.unflatten(w, self.shapes)) do named[self.parameters[i].name] = view end
  return named
end

--- Gives the weights as one flat vector again: what named() gave, or what a file holds that was saved from it.
---
--- ```lua
--- print(net:flat(net:named(w)))
--- ```
--- @param named table<string, ms.Tensor>  each parameter by its name
--- @return ms.Tensor w  [count]
function Layer:flat(named)
  check.argument("layer:flat", 1, "named", "table", named)
  local parts, known = {}, {}
  for i, p in ipairs(self.parameters) do
    local x = named[p.name]
    if x == nil then check.fail("layer:flat", "argument 1 'named': '%s' is missing", p.name) end
    check.argument("layer:flat", 1, ("named['%s']"):format(p.name), "ms.Tensor", x)
    if table.concat(x:shape(), ", ") ~= table.concat(p.shape, ", ") then
      check.fail("layer:flat", "argument 1 'named': expected '%s' of shape [%s], got [%s]", p.name,
        table.concat(p.shape, ", "), table.concat(x:shape(), ", "))
    end
    parts[i], known[p.name] = x, true
  end
  for _, name in ipairs(sorted_names(named)) do
    if not known[name] then check.fail("layer:flat", "argument 1 'named': the network has no parameter '%s'", name) end
  end
  if #parts == 0 then return ms.zeros(0) end
  return ms.flatten(parts)
end

--- Puts parameters that have a range back into it. For use after a step of full training.
---
--- ```lua
--- print(net:project(w))
--- ```
--- @param w ms.Tensor
--- @return ms.Tensor
function Layer:project(w)
  check_weights(self, "layer:project", 1, w)
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

-- The output's shape for one sample, or nil where it is not known; an error names the way to the layer that refuses.
local function infer(self, shape, path)
  if not shape then return nil end
  local function refuse(expected)
    check.fail("in " .. path, "expected input %s, got %s", expected, shape_text(shape))
  end
  return self:output(shape, refuse, function(place, child_shape)
    local child = self.children[place]
    return infer(child, child_shape, ("%s[%d] (%s)"):format(path, place, child.name))
  end)
end

local function check_input(self, x)
  check.argument("in " .. self.name, 1, "x", "ms.Tensor", x)
  local shape = x:shape()
  if not table.remove(shape, 1) then
    check.fail("in " .. self.name, "argument 1 'x': expected a batch, got one number: a tensor of shape []")
  end
  local key = table.concat(shape, ",")
  if self.accepted == key then return end
  infer(self, shape, self.name)
  self.accepted = key
end

--- Applies the layer: y = net(x, w).
---
--- With `sharpness` the network is smooth: relu(x) is softplus(sharpness * x) / sharpness, and max pooling the mean of
--- each window weighted with exp(sharpness * x), which ms.nn.sequential takes before relu where it follows it. The
--- larger, the closer to the network itself. `watch` is called with every layer inside and what goes into it.
--- @param x ms.Tensor  [batch, ...]
--- @param w ms.Tensor  [count]
--- @param context? { train?: boolean, random?: ms.Generator, sharpness?: number, watch?: fun(layer, x) }  the first two
---   are for dropout
--- @return ms.Tensor
function Layer:__call(x, w, context)
  check_input(self, x)
  check_weights(self, "in " .. self.name, 2, w)
  local sharpness = context and context.sharpness
  if sharpness and not (type(sharpness) == "number" and sharpness > 0 and sharpness < math.huge) then
    check.fail("in " .. self.name, "context 'sharpness': expected a finite number above 0, got %s", tostring(sharpness))
  end
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

--- Prints the tree of layers, each with the number of its parameters; a circuit also as a drawing with its readout.
function Layer:__tostring()
  local out = lines(self, "  ", { ("%s  %d parameters"):format(self.name, self:count()) })
  local drawing = self.ansatz and draw.on_terminal(self.ansatz, self.observable and self.observable()) or ""
  return drawing .. table.concat(out, "\n")
end

--- Gives the first circuit inside a network, and what is read out of it; nil where there is none.
---
--- ```lua
--- local ansatz = ms.circuit(2, { x = { 2 } }, function(c, x) c:angles(x):cnot(1, 2) end)
--- local net = ms.nn.sequential { ms.nn.flatten(), ms.nn.circuit(ansatz, { observable = ms.observable.pauli "ZZ" }) }
--- local circuit, observable = net:circuit()
--- print(circuit:draw { observable = observable })
--- ```
--- @return ms.Circuit?
--- @return ms.Observable|ms.Observable[]|nil
function Layer:circuit()
  if self.ansatz then return self.ansatz, self.observable and self.observable() end
  for _, child in ipairs(self.children or {}) do
    local ansatz, observable = child:circuit()
    if ansatz then return ansatz, observable end
  end
end

local function describe(self, indent, out)
  out[#out + 1] = indent .. self.name
  for line in self.detail:gmatch "[^\n]+" do out[#out + 1] = indent .. "  " .. line end
  for _, p in ipairs(self.own) do
    local range = p.range and (", in [%.17g, %.17g]"):format(p.range[1], p.range[2]) or ""
    out[#out + 1] = ("%s  %s [%s]: %s, gain %.17g%s%s"):format(indent, p.name, table.concat(p.shape, ", "), p.init,
      p.gain, p.trainable and "" or ", not trained", range)
  end
  for _, child in ipairs(self.children or {}) do describe(child, indent .. "  ", out) end
  return out
end

--- Says all that tells networks apart, as text: layers, circuits, parameters and how they are drawn.
---
--- ```lua
--- print(net:description())
--- ```
--- @return string
function Layer:description() return table.concat(describe(self, "", {}), "\n") end

return layer
