-- A state of real amplitudes as rotations: each qubit is turned about Y by an angle of its own for every basis state of
-- the qubits before it (Mottonen et al., arXiv quant-ph/0407010).
local preparation = {}

local function norm(amplitudes, first, last)
  local sum = 0
  for i = first, last do sum = sum + amplitudes[i] * amplitudes[i] end
  return math.sqrt(sum)
end

--- Calls rotate(qubit, angle, bits) for each rotation, `bits` being what the qubits before it must be, as 0 and 1.
--- @param amplitudes number[]  2^n, of any norm but 0
--- @param rotate fun(qubit: integer, angle: number, bits: integer[])
function preparation.each(amplitudes, rotate)
  local function split(first, last, bits)
    local half = (last - first + 1) // 2
    local left, right = amplitudes[first], amplitudes[last]
    if half > 1 then left, right = norm(amplitudes, first, first + half - 1), norm(amplitudes, first + half, last) end
    local angle = 2 * math.atan(right, left)
    if angle ~= 0 then rotate(#bits + 1, angle, bits) end
    if half == 1 then return end
    for bit = 0, 1 do
      local deeper = table.move(bits, 1, #bits, 1, {})
      deeper[#bits + 1] = bit
      split(first + bit * half, first + (bit + 1) * half - 1, deeper)
    end
  end
  split(1, #amplitudes, {})
end

return preparation
