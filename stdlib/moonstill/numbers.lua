-- Angles as text that reads back to the same number: simple multiples of pi by name, others with as many digits as it
-- takes.
local numbers = {}

local denominators = { 1, 2, 3, 4, 6, 8, 16 }
local largest_numerator = 64

local function of_pi(x)
  for _, below in ipairs(denominators) do
    local above = math.floor(x * below / math.pi + 0.5)
    if above ~= 0 and math.abs(above) <= largest_numerator and above * math.pi / below == x then
      local text = above == 1 and "pi" or above == -1 and "-pi" or above .. "*pi"
      return below == 1 and text or text .. "/" .. below
    end
  end
end

--- Writes a number.
--- @param x number
--- @return string
function numbers.text(x)
  local text = of_pi(x)
  for digits = 15, 17 do
    if text then return text end
    local decimal = ("%%.%dg"):format(digits):format(x)
    if tonumber(decimal) == x then text = decimal end
  end
  return text
end

--- Writes scale * name + offset.
--- @param name string
--- @param scale number
--- @param offset number
--- @return string
function numbers.affine(name, scale, offset)
  if scale == 0 then return numbers.text(offset) end
  local product = scale == 1 and name or scale == -1 and "-" .. name or numbers.text(scale) .. "*" .. name
  if offset == 0 then return product end
  return ("%s %s %s"):format(product, offset < 0 and "-" or "+", numbers.text(math.abs(offset)))
end

return numbers
