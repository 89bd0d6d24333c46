-- A circuit as a quantikz environment for LaTeX (Kay, arXiv 1809.03842).
local labels = require "moonstill.draw.labels"
local layout = require "moonstill.draw.layout"

local quantikz = {}

local function content(mark, shapes)
  if mark.shape == "state" then return ("\\ket{%s}"):format(labels.input(mark.input, "latex")) end
  if mark.shape == "readout" then
    local name = labels.numbered(mark.letter, mark.number, "latex")
    if mark.letter ~= "P" then name = ("\\langle %s\\rangle"):format(name) end
    return (mark.factor and labels.number(mark.factor, "latex") or "") .. name
  end
  local name = labels.numbered(labels.gate(mark.gate, "latex"), mark.place, "latex")
  if #mark.angles == 0 then return name end
  return ("%s(%s)"):format(name, labels.angles(mark.angles, shapes, "latex"))
end

-- The nearest qubit above or below that has a mark other than a control; or, where all are controls, the last of them.
local function partner(box, qubit)
  local best
  for other, mark in pairs(box.marks) do
    if mark.shape ~= "control" and (not best or math.abs(other - qubit) < math.abs(best - qubit)) then best = other end
  end
  return best or box.last
end

-- How far down the next mark of a box is that is not a control.
local function next_mark(box, qubit)
  for other = qubit + 1, box.last do
    local mark = box.marks[other]
    if mark and mark.shape ~= "control" then return other - qubit end
  end
end

local function cell_of(box, qubit, shapes)
  local mark = box.marks[qubit]
  if mark.shape == "control" then
    local to = partner(box, qubit)
    return to == qubit and "\\control{}" or ("\\ctrl{%d}"):format(to - qubit)
  elseif mark.shape == "not" then
    return "\\targ{}"
  end
  local down = next_mark(box, qubit)
  if mark.shape == "swap" then return down and ("\\swap{%d}"):format(down) or "\\targX{}" end
  if layout.is_body(box) then
    if qubit > box.targets[1] then return "" end
    return ("\\gate[wires=%d]{%s}"):format(#box.targets, content(mark, shapes))
  end
  return ("\\gate{%s}%s"):format(content(mark, shapes), down and ("\\vqw{%d}"):format(down) or "")
end

-- Round, since the name above a meter would be crossed by the line to the next one.
local function readout_of(box, qubit, shapes)
  local down = next_mark(box, qubit)
  return ("\\gate[style={rounded corners=7pt}]{%s}%s"):format(content(box.marks[qubit], shapes),
    down and ("\\vqw{%d}"):format(down) or "")
end

--- Draws a layout.
--- @param plan moonstill.draw.Layout
--- @return string
function quantikz.draw(plan)
  local rows = {}
  for qubit = 1, plan.qubits do rows[qubit] = { ("\\lstick{%d}"):format(qubit) } end
  for _, part in ipairs { { plan.columns, cell_of }, { plan.readout or {}, readout_of } } do
    for _, column in ipairs(part[1]) do
      for qubit = 1, plan.qubits do table.insert(rows[qubit], "\\qw") end
      for _, box in ipairs(column) do
        for qubit in pairs(box.marks) do rows[qubit][#rows[qubit]] = part[2](box, qubit, plan.shapes) end
      end
    end
  end
  local lines = {}
  for qubit, row in ipairs(rows) do lines[qubit] = "  " .. table.concat(row, " & ") .. " & \\qw" end
  return "% \\usepackage{tikz}\\usetikzlibrary{quantikz}\n\\begin{quantikz}\n" .. table.concat(lines, " \\\\\n")
    .. "\n\\end{quantikz}\n"
end

return quantikz
