-- Says which tensor is the first that is not finite, when an outer iteration failed.
local ms = require "moonstill"
local finite = require "train.finite"
local trajectory = require "distill.trajectory"

local diagnose = {}

-- Walks through the inner loop from some initial weights: "weight '4.bias' after inner update 2", or nothing.
local function walk(still, w)
  for t, weights in ipairs(trajectory.weights(still, w)) do
    local name = t > 1 and finite.culprit(still.net, weights)
    if name then return ("weight '%s' after inner update %d"):format(name, t - 1) end
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
    if not finite.all(images) then return ("images[%d]"):format(s) end
  end
  return "raw_step_sizes"
end

return diagnose
