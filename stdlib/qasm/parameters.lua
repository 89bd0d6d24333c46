-- Inputs of a circuit as parameters of OpenQASM, which are single numbers counted from 0: input w of shape {2, 3} is
-- w_0_0, w_0_1, .. w_1_2.
local parameters = {}

--- The parameter that holds one number of an input.
--- @param input string
--- @param index integer[]  counted from 1
--- @return string
function parameters.name(input, index)
  local words = { input }
  for axis, place in ipairs(index) do words[axis + 1] = ("%d"):format(place - 1) end
  return table.concat(words, "_")
end

--- Calls visit(index) for every place of a shape, the last axis running fastest.
--- @param shape integer[]
--- @param visit fun(index: integer[])
function parameters.each(shape, visit)
  local index = {}
  local function walk(axis)
    if axis > #shape then return visit(index) end
    for place = 1, shape[axis] do
      index[axis] = place
      walk(axis + 1)
    end
  end
  walk(1)
end

-- "w_0_1" -> "w", { 1, 2 }; "_w_0_", which Qiskit writes for w[0], -> "w", { 1 }
local function split(name)
  local element, at = name:match "^_(.+)_(%d+)_$"
  if element then return element, { math.tointeger(tonumber(at)) + 1 } end
  local index = {}
  while true do
    local base, place = name:match "^(.+)_(%d+)$"
    if not base then return name, index end
    table.insert(index, 1, math.tointeger(tonumber(place)) + 1)
    name = base
  end
end

-- The shape of a group of indices, or nil unless they are all the places of one.
local function shape_of(indices)
  local shape, count = {}, 1
  for axis = 1, #indices[1] do
    shape[axis] = 0
    for _, index in ipairs(indices) do
      if #index ~= #indices[1] then return nil end
      shape[axis] = math.max(shape[axis], index[axis])
    end
    count = count * shape[axis]
  end
  return count == #indices and shape or nil
end

--- Puts parameters together that are the numbers of one input; what is no such group stays a number by itself.
--- @param names string[]
--- @return table<string, integer[]> inputs  shapes
--- @return table<string, { input: string, index: integer[] }> places  of each parameter
function parameters.group(names)
  local groups, taken = {}, {}
  for _, name in ipairs(names) do
    local base, index = split(name)
    groups[base] = groups[base] or {}
    table.insert(groups[base], index)
    taken[name] = true
  end
  local inputs, places = {}, {}
  for _, name in ipairs(names) do
    local base, index = split(name)
    local shape = not taken[base] and shape_of(groups[base])
    if not shape then base, index, shape = name, {}, {} end
    inputs[base], places[name] = shape, { input = base, index = index }
  end
  return inputs, places
end

return parameters
