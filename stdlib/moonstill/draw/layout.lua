-- Where everything of a circuit's drawing stands: columns of boxes, computed once, for text, SVG and LaTeX alike.
--
-- A box reaches from qubit `first` to `last` and has a mark on some of them:
--   { shape = "control" | "not" | "swap" }               as it is drawn on the wire
--   { shape = "box", gate =, angles =, place = }         place: which of the targets, where their order matters
--   { shape = "state", input = }                         the amplitudes' input
--   { shape = "readout", letter =, number =, factor = }  what is measured: a Pauli letter, A (a Hermitian matrix),
--                                                        H (a sum of Pauli words), P (probabilities)
local layout = {}

-- What a gate with controls of its own does to its targets. Others begin with a c.
local controlled = { cnot = "x", toffoli = "x" }

local function without_controls(operation)
  if #operation.targets == #operation.qubits then return operation.gate end
  return controlled[operation.gate] or operation.gate:sub(2)
end

local function ascending(list)
  for i = 2, #list do
    if list[i] < list[i - 1] then return false end
  end
  return true
end

local function box_of(marks, more)
  local box = more or {}
  box.marks, box.first, box.last = marks, math.huge, 0
  for qubit in pairs(marks) do
    box.first, box.last = math.min(box.first, qubit), math.max(box.last, qubit)
  end
  return box
end

local function gate_box(operation)
  local marks, gate = {}, without_controls(operation)
  for _, list in ipairs { operation.qubits, operation.controls } do
    for _, qubit in ipairs(list) do marks[qubit] = { shape = "control" } end
  end
  local has_controls = #operation.targets < #operation.qubits + #operation.controls
  local depends = false
  for _, angle in ipairs(operation.angles) do depends = depends or type(angle) == "table" end
  for place, qubit in ipairs(operation.targets) do
    local mark = { shape = "box", gate = gate, angles = operation.angles }
    if gate == "swap" then mark = { shape = "swap" } end
    if gate == "x" and has_controls then mark = { shape = "not" } end
    if gate == "z" and has_controls then mark = { shape = "control" } end
    if gate == "unitary" and not ascending(operation.targets) then mark.place = place end
    marks[qubit] = mark
  end
  return box_of(marks, { depends = depends, targets = operation.targets })
end

-- Puts a box into the first column after all that is on its qubits.
local function put(columns, next_free, box)
  local at = 1
  for qubit = box.first, box.last do at = math.max(at, next_free[qubit]) end
  for qubit = box.first, box.last do next_free[qubit] = at + 1 end
  columns[at] = columns[at] or {}
  table.insert(columns[at], box)
end

local function all_qubits(n)
  local list = {}
  for qubit = 1, n do list[qubit] = qubit end
  return list
end

local function free_qubits(n)
  local list = {}
  for qubit = 1, n do list[qubit] = 1 end
  return list
end

-- The parts of one observable or of a list, and how many are of each letter.
local function parts_of(observables)
  if type(observables) ~= "table" then observables = { observables } end
  local parts, counts = {}, {}
  for _, observable in ipairs(observables) do
    for _, part in ipairs(observable:parts()) do
      part.letter = part.kind == "hermitian" and "A" or part.kind == "pauli" and #part.words > 1 and "H" or nil
      if part.letter then
        counts[part.letter] = (counts[part.letter] or 0) + 1
        part.number = counts[part.letter]
      end
      part.text = tostring(observable):match "^%[Observable (.*)%]$"
      parts[#parts + 1] = part
    end
  end
  return parts, counts
end

local function mark_all(marks, qubits, mark)
  for _, qubit in ipairs(qubits) do marks[qubit] = mark end
end

local function readout_box(part, n)
  local marks = {}
  if part.kind == "probabilities" then
    mark_all(marks, part.qubits or all_qubits(n), { shape = "readout", letter = "P" })
  elseif part.kind == "hermitian" then
    mark_all(marks, part.qubits, { shape = "readout", letter = "A", number = part.number })
  else
    for _, word in ipairs(part.words) do
      local lowest = math.min(math.huge, table.unpack(word.qubits))
      for i, qubit in ipairs(word.qubits) do
        local single = { shape = "readout", letter = word.word:sub(i, i),
          factor = qubit == lowest and word.coefficient ~= 1 and word.coefficient or nil }
        marks[qubit] = #part.words == 1 and single or { shape = "readout", letter = "H", number = part.number }
      end
    end
  end
  return next(marks) and box_of(marks, { targets = part.qubits }) or nil
end

local function readout_columns(observables, n)
  local columns, next_free, sums = {}, free_qubits(n), {}
  local parts, counts = parts_of(observables)
  for _, part in ipairs(parts) do
    if part.letter and counts[part.letter] == 1 then part.number = nil end
    local box = readout_box(part, n)
    if box then put(columns, next_free, box) end
    if part.letter == "H" then sums[#sums + 1] = { number = part.number, text = part.text } end
  end
  return columns, sums
end

--- @class moonstill.draw.Layout
--- @field qubits integer
--- @field shapes table<string, integer[]>  of the inputs
--- @field columns table[][]                boxes of gates, a list for each column
--- @field readout table[][]?               those of what is measured
--- @field sums { number?: integer, text: string }[]  the sums of Pauli words among these

--- Lays a circuit out.
--- @param circuit ms.Circuit
--- @param observables? ms.Observable|ms.Observable[]
--- @return moonstill.draw.Layout
function layout.of(circuit, observables)
  local n, columns, shapes = circuit:qubits(), {}, {}
  local next_free = free_qubits(n)
  for _, input in ipairs(circuit:inputs()) do
    shapes[input.name] = input.shape
    if input.amplitudes then
      local marks = {}
      mark_all(marks, all_qubits(n), { shape = "state", input = input.name })
      put(columns, next_free, box_of(marks, { depends = true, targets = all_qubits(n) }))
    end
  end
  for _, operation in ipairs(circuit:operations()) do put(columns, next_free, gate_box(operation)) end
  local readout, sums
  if observables then readout, sums = readout_columns(observables, n) end
  return { qubits = n, shapes = shapes, columns = columns, readout = readout, sums = sums or {} }
end

--- Whether a box is one body: several neighbouring targets in ascending order.
--- @param box table
--- @return boolean
function layout.is_body(box)
  local targets = box.targets
  if not targets or #targets < 2 or not ascending(targets) then return false end
  local shape = box.marks[targets[1]].shape
  return targets[#targets] - targets[1] + 1 == #targets and (shape == "box" or shape == "state")
end

return layout
