-- Says which tensor is the first that is not finite, when an outer iteration failed.
local ms = require "moonstill"

local diagnose = {}

-- Zero times NaN or infinity is NaN.
local function finite(x) return (x * 0):sum():item() == 0 end

-- The first weight, by name, that is not finite; or nil.
local function weight(net, w)
  if finite(w) then return nil end
  local named = net:named(w)
  for _, parameter in ipairs(net.parameters) do
    if not finite(named[parameter.name]) then return parameter.name end
  end
end

--- Walks through the inner loop from some initial weights.
--- @param still distill.Still
--- @param w ms.Tensor
--- @return string?  "weight '4.bias' after inner update 2"
local function walk(still, w)
  local parameters = still.parameters
  local eta = parameters.raw_step_sizes:softplus()
  for t = 1, still.updates do
    w = w - eta:slice(1, t, t) * still.inner_gradient(w, parameters.images[(t - 1) % still.steps + 1], still.labels)
    local name = weight(still.net, w)
    if name then return ("weight '%s' after inner update %d"):format(name, t) end
  end
end

--- Says where a loss that is not finite comes from.
--- @param still distill.Still
--- @return string
function diagnose.loss(still)
  local _ <close> = ms.ledger.pause()
  for _, w in ipairs(still:initial_weights(still.iteration + 1)) do
    local place = walk(still, w)
    if place then return place end
  end
  return "the trained network's outputs"
end

--- Names the first tensor of a gradient that is not finite.
--- @param gradient table  built like the parameters
--- @return string
function diagnose.gradient(gradient)
  for s, images in ipairs(gradient.images) do
    if not finite(images) then return ("images[%d]"):format(s) end
  end
  return "raw_step_sizes"
end

return diagnose
