-- A circuit as text: one line for each qubit, broken into blocks that are no wider than asked for.
local labels = require "moonstill.draw.labels"

local text = {}

local alphabets = {
  unicode = {
    wire = "─", top = "╭", middle = "├", cross = "┼", pass = "│", bottom = "╰", edge = "┤ ",
    control = "●", ["not"] = "⊕", swap = "×", state = "|%s⟩", mean = "⟨%s⟩",
  },
  ascii = {
    wire = "-", top = "/", middle = "|", cross = "+", pass = "|", bottom = "\\", edge = "| ",
    control = "@", ["not"] = "X", swap = "x", state = "|%s>", mean = "<%s>",
  },
}

local function mark_text(mark, plan, script)
  local alphabet = alphabets[script]
  if mark.shape == "state" then return alphabet.state:format(labels.input(mark.input, script)) end
  if mark.shape == "readout" then
    local name = labels.numbered(mark.letter, mark.number, script)
    if mark.letter ~= "P" then name = alphabet.mean:format(name) end
    return (mark.factor and labels.number(mark.factor, script) or "") .. name
  end
  if mark.shape ~= "box" then return alphabet[mark.shape] end
  local name = labels.numbered(labels.gate(mark.gate, script), mark.place, script)
  if #mark.angles == 0 then return name end
  return ("%s(%s)"):format(name, labels.angles(mark.angles, plan.shapes, script))
end

-- How a box that reaches over several qubits is joined on one of them.
local function joint(box, qubit, alphabet, filling)
  if qubit == box.first then return alphabet.top end
  if qubit == box.last then return alphabet.bottom end
  if box.marks[qubit] then return alphabet.middle end
  return filling == alphabet.wire and alphabet.cross or alphabet.pass
end

-- One column's texts by qubit, of one width, filled with what the wire is there.
local function cells_of(column, plan, script, filling)
  local cells, joins, width = {}, {}, 1
  local alphabet, joined = alphabets[script], false
  for _, box in ipairs(column) do
    for qubit = box.first, box.last do
      local mark = box.marks[qubit]
      cells[qubit] = mark and mark_text(mark, plan, script)
      if box.last > box.first then joins[qubit], joined = joint(box, qubit, alphabet, filling), true end
    end
  end
  for qubit = 1, plan.qubits do width = math.max(width, utf8.len(cells[qubit] or "")) end
  for qubit = 1, plan.qubits do
    local cell = cells[qubit] or ""
    cells[qubit] = (joined and (joins[qubit] or filling) or "") .. cell .. filling:rep(width - utf8.len(cell))
  end
  return cells, width + (joined and 1 or 0)
end

-- All columns with what stands between: { cells, width, between }.
local function all_columns(plan, script)
  local alphabet, columns = alphabets[script], {}
  for _, column in ipairs(plan.columns) do
    local cells, width = cells_of(column, plan, script, alphabet.wire)
    columns[#columns + 1] = { cells = cells, width = width + 1, before = "", after = alphabet.wire }
  end
  for i, column in ipairs(plan.readout or {}) do
    local cells, width = cells_of(column, plan, script, " ")
    local before = i == 1 and alphabet.edge or ""
    columns[#columns + 1] = { cells = cells, width = width + 1 + utf8.len(before), before = before, after = " " }
  end
  return columns
end

local function legend(plan, script)
  local lines = {}
  for i, sum in ipairs(plan.sums) do
    lines[i] = ("%s = %s\n"):format(labels.numbered("H", sum.number, script), sum.text)
  end
  return table.concat(lines)
end

--- Draws a layout.
--- @param plan moonstill.draw.Layout
--- @param options { width: integer, ascii: boolean }
--- @return string
function text.draw(plan, options)
  local script = options.ascii and "ascii" or "unicode"
  local columns, label = all_columns(plan, script), #tostring(plan.qubits)
  local blocks, first = {}, 1
  repeat
    local used, last = label + 3, first - 1
    while columns[last + 1] and (last < first or used + columns[last + 1].width <= options.width) do
      last = last + 1
      used = used + columns[last].width
    end
    local lines = {}
    for qubit = 1, plan.qubits do
      local line = { (" "):rep(label - #tostring(qubit)), qubit, ": ", alphabets[script].wire }
      for i = first, last do
        line[#line + 1] = columns[i].before .. columns[i].cells[qubit] .. columns[i].after
      end
      lines[qubit] = table.concat(line):gsub("%s+$", "") .. "\n"
    end
    blocks[#blocks + 1] = table.concat(lines)
    first = last + 1
  until first > #columns
  return table.concat(blocks, "\n") .. legend(plan, script)
end

return text
