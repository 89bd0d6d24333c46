-- What stands in a circuit's drawing: names of gates and their angles, in Unicode, in ASCII and in LaTeX.
local labels = {}

-- Where a script writes a gate otherwise than with capitals. By the gate without its controls.
local gate_names = {
  phase = { unicode = "P", ascii = "P", latex = "P" },
  rot = { unicode = "Rot", ascii = "Rot", latex = "R" },
  rx = { unicode = "RX", ascii = "RX", latex = "R_X" },
  ry = { unicode = "RY", ascii = "RY", latex = "R_Y" },
  rz = { unicode = "RZ", ascii = "RZ", latex = "R_Z" },
  u3 = { unicode = "U3", ascii = "U3", latex = "U_3" },
  sdg = { unicode = "S†", ascii = "SDG", latex = "S^\\dagger" },
  tdg = { unicode = "T†", ascii = "TDG", latex = "T^\\dagger" },
  sx = { unicode = "√X", ascii = "SX", latex = "\\sqrt{X}" },
  sxdg = { unicode = "√X†", ascii = "SXDG", latex = "\\sqrt{X}^\\dagger" },
  iswap = { unicode = "iSWAP", ascii = "iSWAP", latex = "i\\mathrm{SWAP}" },
  isingxx = { unicode = "XX", ascii = "XX", latex = "R_{XX}" },
  isingyy = { unicode = "YY", ascii = "YY", latex = "R_{YY}" },
  isingzz = { unicode = "ZZ", ascii = "ZZ", latex = "R_{ZZ}" },
  unitary = { unicode = "U", ascii = "U", latex = "U" },
}

local function plain_element(name, indices)
  return #indices > 0 and ("%s[%s]"):format(name, table.concat(indices, ",")) or name
end

local function latex_name(name)
  return #name > 1 and ("\\mathrm{%s}"):format(name:gsub("_", "\\_")) or name
end

local function latex_element(name, indices)
  return latex_name(name) .. (#indices > 0 and ("_{%s}"):format(table.concat(indices, ",")) or "")
end

local small_digits = { [0] = "₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉" }
local function small(number)
  return (tostring(number):gsub("%d", function(digit) return small_digits[tonumber(digit)] end))
end

local scripts = {
  unicode = { pi = "π", times = "*", element = plain_element, index = small },
  ascii = { pi = "pi", times = "*", element = plain_element, index = tostring },
  latex = {
    pi = "\\pi", times = "\\,", element = latex_element,
    index = function(number) return ("_{%d}"):format(number) end,
  },
}

local denominators = { 1, 2, 3, 4, 6, 8, 16, 32 }
local largest_numerator = 32

local function fraction(p, q, pi)
  local count = p == 1 and "" or p == -1 and "-" or tostring(p)
  return count .. pi .. (q > 1 and "/" .. q or "")
end

--- A number; a simple fraction of pi as such.
--- @param value number
--- @param script "unicode"|"ascii"|"latex"
--- @return string
function labels.number(value, script)
  local turns = value / math.pi
  for _, q in ipairs(denominators) do
    local p = math.floor(turns * q + 0.5)
    if p ~= 0 and math.abs(p) <= largest_numerator and math.abs(turns * q - p) < 1e-9 then
      return fraction(math.tointeger(p), q, scripts[script].pi)
    end
  end
  local text = ("%.4g"):format(value)
  return script == "latex" and text:gsub("e([+-])0*(%d+)", function(sign, power)
    return ("\\cdot 10^{%s%s}"):format(sign == "-" and "-" or "", power)
  end) or text
end

local function angle_text(angle, script)
  if type(angle) == "number" then return labels.number(angle, script) end
  local text = scripts[script].element(angle.input, angle.index)
  if angle.scale == -1 then
    text = "-" .. text
  elseif angle.scale ~= 1 then
    text = labels.number(angle.scale, script) .. scripts[script].times .. text
  end
  if angle.offset == 0 then return text end
  local offset = labels.number(angle.offset, script)
  return text .. (angle.offset > 0 and "+" or "") .. offset
end

-- Whether the angles are one whole row of an input, as they are.
local function is_row(angles, shapes)
  local first = angles[1]
  if #angles < 2 or type(first) == "number" then return false end
  local shape = shapes[first.input]
  if shape[#shape] ~= #angles then return false end
  for place, angle in ipairs(angles) do
    local plain = type(angle) ~= "number" and angle.input == first.input and angle.scale == 1 and angle.offset == 0
    if not plain or angle.index[#shape] ~= place then return false end
    for axis = 1, #shape - 1 do
      if angle.index[axis] ~= first.index[axis] then return false end
    end
  end
  return true
end

--- A gate's angles, separated by commas; "w[1,2]" where they are a whole row.
--- @param angles table    as circuit:operations() tells them
--- @param shapes table    of the inputs, by name
--- @param script string
--- @return string
function labels.angles(angles, shapes, script)
  if is_row(angles, shapes) then
    local first = angles[1]
    return scripts[script].element(first.input, table.move(first.index, 1, #first.index - 1, 1, {}))
  end
  local texts = {}
  for i, angle in ipairs(angles) do texts[i] = angle_text(angle, script) end
  return table.concat(texts, script == "latex" and ", " or ",")
end

--- A gate's name, without its controls.
--- @param gate string
--- @param script string
--- @return string
function labels.gate(gate, script)
  return gate_names[gate] and gate_names[gate][script] or gate:upper()
end

--- A letter with a small number, "A₂"; the letter alone where there is no number.
--- @param letter string
--- @param number? integer
--- @param script string
--- @return string
function labels.numbered(letter, number, script)
  return letter .. (number and scripts[script].index(number) or "")
end

--- The name of an input.
--- @param name string
--- @param script string
--- @return string
function labels.input(name, script) return scripts[script].element(name, {}) end

return labels
