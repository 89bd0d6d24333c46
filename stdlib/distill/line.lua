-- The outer loss along a line through the space of synthetic images: each pixel moves by the same amount against the
-- sign of its gradient, as in a first step of Adam. In f64, so that places 1e-9 apart are two places.
local ms = require "moonstill"
local tune = require "distill.tune"

local line = {}

--- @class distill.Line
--- @field still distill.Still       a copy, in f64
--- @field gradient ms.Tensor[]      the outer gradient by the images
--- @field slope number              what it predicts: the loss changes by slope * at
local Line = {}
Line.__index = Line

local function in_f64(still)
  local copy = {}
  for name, value in pairs(still) do copy[name] = value end
  local images = {}
  for s, list in ipairs(still.parameters.images) do images[s] = list:to "f64" end
  copy.dtype, copy.w0, copy.labels = "f64", still.w0:to "f64", still.labels:to "f64"
  copy.parameters = { images = images, raw_step_sizes = still.parameters.raw_step_sizes:to "f64" }
  return setmetatable(copy, getmetatable(still))
end

--- Takes the line that begins at the images of a still.
--- @param still distill.Still     of known initialisation
--- @param x ms.Tensor             real images, f64
--- @param y ms.Tensor             their labels
--- @param sharpness? number       inner updates of the smooth network, and not the network's own
--- @return distill.Line
function line.new(still, x, y, sharpness)
  local self = setmetatable({ still = in_f64(still), x = x, y = y }, Line)
  if sharpness then
    self.still.inner_gradient = ms.grad(function(w, images, labels)
      return ms.nn.cross_entropy(still.net(images, w, { sharpness = sharpness }), labels)
    end)
  end
  self.still.smooth_gradient = self.still.inner_gradient
  self.gradient = self:gradient_at(self.still.parameters.images)
  self.directions, self.slope = {}, 0
  for s, gradient in ipairs(self.gradient) do
    self.directions[s] = -gradient:sign()
    self.slope = self.slope - gradient:abs():sum():item()
  end
  return self
end

--- Gives the outer gradient by the images, at other ones. It knows slopes, no jumps.
--- @param images ms.Tensor[]
--- @return ms.Tensor[]
function Line:gradient_at(images)
  local there = in_f64(self.still)
  there.parameters.images = images
  return select(2, there:outer_gradient(1, self.x, self.y)).images
end

--- Gives the parameters at a place.
--- @param at number       how far each pixel has moved
--- @param scale? number   factor of the step sizes
--- @return table
function Line:point(at, scale)
  local images, raw = {}, self.still.parameters.raw_step_sizes
  for s, start in ipairs(self.still.parameters.images) do images[s] = start + at * self.directions[s] end
  if scale then
    local scaled = {}
    for t, step_size in ipairs(self.still:step_sizes()) do scaled[t] = tune.raw_step_size(scale * step_size) end
    raw = ms.tensor(scaled, { dtype = "f64" })
  end
  return { images = images, raw_step_sizes = raw }
end

--- Gives the outer loss at a place.
--- @param at number
--- @param scale? number  factor of the step sizes
--- @return number
function Line:loss(at, scale)
  local still = self.still
  local w = still:inner_loop(still.w0, self:point(at, scale))
  return ms.nn.cross_entropy(still.net(self.x, w), self.y):item()
end

--- Gives the slope of the outer loss at a place, along the line.
--- @param at number
--- @return number
function Line:slope_at(at)
  local slope = 0
  for s, gradient in ipairs(self:gradient_at(self:point(at).images)) do
    slope = slope + (gradient * self.directions[s]):sum():item()
  end
  return slope
end

--- Gives by how much the loss jumps at a switch.
--- @param switch { before: number, after: number }  of switches.find
--- @param scale? number  factor of the step sizes
--- @return number
function Line:jump(switch, scale) return self:loss(switch.after, scale) - self:loss(switch.before, scale) end

return line
