-- Where the outer loss jumps along a line through the space of synthetic images. The gradient of an inner update jumps
-- wherever relu of some unit opens or closes, or another element of a pooling window becomes its largest: there the
-- derivative of that layer by its input, which is 0 or 1 for each element, is another one.
local ms = require "moonstill"
local check = require "moonstill.check"
local trajectory = require "distill.trajectory"

local switches = {}

-- Names for the layers whose derivative jumps, such as "relu of conv2d": what they follow, or the branch they are in.
local function kinds_of(net)
  local kinds = {}
  local function walk(container, inside)
    local product
    for _, child in ipairs(container.children or {}) do
      if child.product then product = child.name:match "^%w+" end
      if child.children then
        walk(child, child.name)
      elseif child.jumps then
        kinds[child] = ("%s of %s"):format(child.name, inside or product or "the input")
      end
    end
  end
  walk(net)
  return kinds
end

-- The derivatives of these layers in the first inner updates, in the order in which they are computed.
local function states_of(still, kinds, parameters, updates)
  local states, weights = {}, trajectory.weights(still, still.w0, parameters, updates - 1)
  for t = 1, updates do
    still.net(trajectory.images(still, t, parameters), weights[t], {
      watch = function(layer, x)
        if not kinds[layer] then return end
        local derivative = ms.grad(function(input) return layer:apply(input, {}, {}):sum() end)(x)
        states[#states + 1] = { update = t, kind = kinds[layer], derivative = derivative }
      end,
    })
  end
  return states
end

-- The first state of a that is another one in b; what follows is its consequence.
local function first_switch(a, b)
  for i, state in ipairs(a) do
    local elements = (state.derivative - b[i].derivative):abs():sum():item()
    if elements > 0 then return { update = state.update, kind = state.kind } end
  end
end

local spec = check.spec("switches.find", {
  { "to", "number", "End of the line; it begins at 0." },
  { "parts", "integer", "Into which it is cut at first.", default = 100, least = 1 },
  { "width", "number", "Length of a part that counts as one place.", default = 1e-7 },
  { "updates", "integer", "Of the inner loop, from the first one on, whose switches are looked for.", default = 1 },
})

--- Finds the switches of the inner loop along a line. Parts of the line are halved until they are shorter than `width`;
--- two switches of one element within a part cancel and are not seen.
--- @param still distill.Still             of f64, or small parts look alike
--- @param point fun(at: number): table    parameters at a place of the line
--- @param options { to: number, parts?: integer, width?: number, updates?: integer }
--- @return { before: number, after: number, kind: string, update: integer }[]  by place
function switches.find(still, point, options)
  local o = check.options("switches.find", options, spec)
  local kinds, found = kinds_of(still.net), {}
  local function look(at) return { at = at, states = states_of(still, kinds, point(at), o.updates) } end
  local function search(a, b)
    local switch = first_switch(a.states, b.states)
    if not switch then return end
    if b.at - a.at < o.width then
      switch.before, switch.after = a.at, b.at
      found[#found + 1] = switch
      return
    end
    local middle = look((a.at + b.at) / 2)
    search(a, middle)
    search(middle, b)
  end
  local previous = look(0)
  for i = 1, o.parts do
    local following = look(o.to * i / o.parts)
    search(previous, following)
    previous = following
  end
  return found
end

return switches
