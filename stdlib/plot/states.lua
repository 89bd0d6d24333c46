-- Panels of matrices, of images and of quantum states.
local states = {}

local function extent(rows)
  local low, high = math.huge, -math.huge
  for _, row in ipairs(rows) do
    for _, value in ipairs(row) do
      if value == value then low, high = math.min(low, value), math.max(high, value) end
    end
  end
  return low, high
end

--- A heat map. Colours of signs are as far on both sides of 0.
function states.heat_panel(rows, o)
  local low, high = extent(rows)
  if o.range then low, high = table.unpack(o.range) end
  local signed = o.signed
  if signed == nil then signed = low < 0 and high > 0 end
  if signed and not o.range then
    high = math.max(math.abs(low), math.abs(high))
    low = -high
  end
  if low >= high then low, high = low - 0.5, low + 0.5 end
  return {
    kind = "heatmap", rows = rows, x_names = o.x_names or {}, y_names = o.y_names or {}, range = { low, high },
    signed = signed, title = o.title,
  }
end

-- Smallest and largest number of nested lists.
local function deep_extent(list)
  if type(list[1]) == "number" then return extent { list } end
  local low, high = math.huge, -math.huge
  for _, part in ipairs(list) do
    local a, b = deep_extent(part)
    low, high = math.min(low, a), math.max(high, b)
  end
  return low, high
end

--- Images in rows and columns with a pixel between, as pixels {r, g, b} from 0 to 1.
function states.picture_panel(images, columns, title)
  local low, high = deep_extent(images)
  local span = high > low and high - low or 1
  local height, width = #images[1][1], #images[1][1][1]
  local rows, ground, pixels = math.ceil(#images / columns), { 0.5, 0.5, 0.5 }, {}
  for y = 1, rows * (height + 1) - 1 do
    pixels[y] = {}
    for x = 1, columns * (width + 1) - 1 do pixels[y][x] = ground end
  end
  for i, image in ipairs(images) do
    local top, left = (i - 1) // columns * (height + 1), (i - 1) % columns * (width + 1)
    for y = 1, height do
      for x = 1, width do
        local colour = {}
        for c = 1, 3 do colour[c] = ((image[c] or image[1])[y][x] - low) / span end
        pixels[top + y][left + x] = colour
      end
    end
  end
  return { kind = "images", pixels = pixels, title = title }
end

-- "|01⟩" for state 1 of two qubits.
local function ket(state, count)
  local bits = {}
  for place = count - 1, 0, -1 do bits[#bits + 1] = (state >> place) & 1 end
  return ("|%s⟩"):format(table.concat(bits))
end

local function count_of(qubits, state)
  if type(qubits) == "table" then return #qubits end
  return qubits and 1 or state:qubits()
end

function states.probabilities(state, o)
  local values, count = state:probabilities(o.qubits):totable(), count_of(o.qubits, state)
  local order, title = {}, "Probabilities"
  for i = 1, #values do order[i] = i end
  if #values > o.most then
    table.sort(order, function(a, b) return values[a] > values[b] or values[a] == values[b] and a < b end)
    order = table.move(order, 1, o.most, 1, {})
    table.sort(order)
    title = ("The %d likeliest of %d probabilities"):format(o.most, #values)
  end
  local shown, labels = {}, {}
  for i, index in ipairs(order) do shown[i], labels[i] = values[index], ket(index - 1, count) end
  local range = { 0, math.max(1e-12, table.unpack(shown)) }
  return { kind = "bars", values = shown, labels = labels, range = range, title = title }
end

function states.bloch(state)
  local vectors, labels = {}, {}
  for q = 1, state:qubits() do vectors[q], labels[q] = state:bloch(q), tostring(q) end
  return { kind = "bloch", vectors = vectors, labels = labels, title = "Bloch vectors" }
end

function states.density(state, qubits)
  local matrix, count = state:density(qubits):totable(), count_of(qubits, state)
  local names, panels, largest = {}, {}, 1e-12
  for i = 1, #matrix do names[i] = ket(i - 1, count) end
  for part, title in ipairs { "Density matrix, real part", "Density matrix, imaginary part" } do
    local rows = {}
    for i, row in ipairs(matrix) do
      rows[i] = {}
      for j, z in ipairs(row) do
        rows[i][j] = z[part]
        largest = math.max(largest, math.abs(z[part]))
      end
    end
    panels[part] = { rows, { x_names = names, y_names = names, signed = true, title = title } }
  end
  for part, panel in ipairs(panels) do
    panel[2].range = { -largest, largest }
    panels[part] = states.heat_panel(panel[1], panel[2])
  end
  return panels
end

function states.entanglement(state)
  local values, labels, n = {}, {}, state:qubits()
  for cut = 1, n - 1 do
    values[cut], labels[cut] = state:entropy(cut), ("%d|%d"):format(cut, cut + 1)
  end
  return {
    kind = "bars", values = values, labels = labels, range = { 0, math.max(1, table.unpack(values)) },
    title = "Entanglement entropy across each cut, in bits",
  }
end

return states
