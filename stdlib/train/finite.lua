-- Finds the first tensor that holds NaN or infinity.
local finite = {}

--- Says whether all numbers of a tensor are finite.
--- @param x ms.Tensor
--- @return boolean
function finite.all(x) return (x * 0):sum():item() == 0 end   -- zero times NaN or infinity is NaN

--- Names the first of a network's weights that is not finite, or nothing.
--- @param net ms.nn.Layer
--- @param w ms.Tensor  weights, or a gradient by them
--- @return string?
function finite.culprit(net, w)
  if finite.all(w) then return nil end
  local named = net:named(w)
  for _, parameter in ipairs(net.parameters) do
    if not finite.all(named[parameter.name]) then return parameter.name end
  end
end

--- Says where an output that is not finite comes from.
--- @param net ms.nn.Layer
--- @param w ms.Tensor
--- @return string  "weight '4.bias'" or "the network's outputs"
function finite.source(net, w)
  local name = finite.culprit(net, w)
  return name and ("weight '%s'"):format(name) or "the network's outputs"
end

return finite
