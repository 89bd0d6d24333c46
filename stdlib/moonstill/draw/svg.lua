-- A circuit as SVG, with colours for light and dark pages.
local labels = require "moonstill.draw.labels"
local layout = require "moonstill.draw.layout"

local svg = {}

local pitch = 46            -- from wire to wire
local height = 32           -- of a box
local gap = 14              -- between columns
local left, top = 34, 30    -- of the first wire, from the corner
local between_blocks = 26

-- Without variables, which many programs that show SVG do not know.
local style = [[<style>
.ms-circuit{background:#fff;color:#1f2328;font:14px system-ui,sans-serif}
.ms-circuit line,.ms-circuit circle,.ms-circuit rect,.ms-circuit path{stroke:currentColor;stroke-width:1.3;fill:none}
.ms-circuit .box{fill:#fff}.ms-circuit .free{fill:#e3f0fb}.ms-circuit .read{fill:#f4f1e4}
.ms-circuit .dot{fill:currentColor}.ms-circuit text{fill:currentColor;stroke:none;text-anchor:middle}
.ms-circuit .small{font-size:11px}.ms-circuit .label{text-anchor:end;opacity:.7}
@media(prefers-color-scheme:dark){.ms-circuit{background:#14171c;color:#e6e8eb}.ms-circuit .box{fill:#14171c}
.ms-circuit .free{fill:#16324a}.ms-circuit .read{fill:#36301a}}
</style>]]

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
local function escape(content) return (content:gsub("[&<>]", escapes)) end

-- About as wide as a usual font draws it.
local function text_width(content, size) return utf8.len(content) * size * 0.6 end

-- The one or two lines that stand in a mark, or nothing.
local function lines_of(mark, shapes)
  if mark.shape == "state" then return { ("|%s⟩"):format(labels.input(mark.input, "unicode")) } end
  if mark.shape == "readout" then
    local name = labels.numbered(mark.letter, mark.number, "unicode")
    if mark.letter ~= "P" then name = ("⟨%s⟩"):format(name) end
    return { (mark.factor and labels.number(mark.factor, "unicode") or "") .. name }
  end
  if mark.shape ~= "box" then return {} end
  local name = labels.numbered(labels.gate(mark.gate, "unicode"), mark.place, "unicode")
  local angles = labels.angles(mark.angles, shapes, "unicode")
  return #mark.angles > 0 and { name, angles } or { name }
end

local function mark_width(mark, shapes)
  local lines = lines_of(mark, shapes)
  if #lines == 0 then return 20 end
  return math.max(height, 14 + text_width(lines[1], 14), lines[2] and 10 + text_width(lines[2], 11) or 0)
end

local function column_width(column, shapes)
  local width = 0
  for _, box in ipairs(column) do
    for _, mark in pairs(box.marks) do width = math.max(width, mark_width(mark, shapes)) end
  end
  return width
end

local function draw_line(out, x1, y1, x2, y2)
  out[#out + 1] = ('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>'):format(x1, y1, x2, y2)
end

local function draw_text(out, x, y, class, content)
  out[#out + 1] = ('<text x="%.1f" y="%.1f"%s>%s</text>'):format(x, y, class and (' class="%s"'):format(class) or "",
    escape(content))
end

local function draw_body(out, x, y1, y2, width, class, lines)
  local round = class == "read" and height / 2 or 3
  out[#out + 1] = ('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f" class="%s"/>'):format(x - width / 2,
    y1 - height / 2, width, y2 - y1 + height, round, class)
  local middle = (y1 + y2) / 2
  if not lines[2] then return draw_text(out, x, middle + 5, nil, lines[1]) end
  draw_text(out, x, middle - 2, nil, lines[1])
  draw_text(out, x, middle + 11, "small", lines[2])
end

local function draw_mark(out, mark, x, y, plan, class)
  if mark.shape == "control" then
    out[#out + 1] = ('<circle cx="%.1f" cy="%.1f" r="4.5" class="dot"/>'):format(x, y)
  elseif mark.shape == "not" then
    out[#out + 1] = ('<circle cx="%.1f" cy="%.1f" r="10" class="box"/><path d="M%.1f %.1fh20m-10 -10v20"/>'):format(x,
      y, x - 10, y)
  elseif mark.shape == "swap" then
    out[#out + 1] = ('<path d="M%.1f %.1fl12 12m0 -12l-12 12"/>'):format(x - 6, y - 6)
  else
    draw_body(out, x, y, y, mark_width(mark, plan.shapes), class, lines_of(mark, plan.shapes))
  end
end

local function draw_box(out, box, x, y_of, plan)
  local readout = select(2, next(box.marks)).shape == "readout"
  local class = readout and "read" or box.depends and "free" or "box"
  if box.last > box.first then draw_line(out, x, y_of(box.first), x, y_of(box.last)) end
  local body = layout.is_body(box)
  if body then
    local first, last = box.targets[1], box.targets[#box.targets]
    local mark = box.marks[first]
    draw_body(out, x, y_of(first), y_of(last), mark_width(mark, plan.shapes), class, lines_of(mark, plan.shapes))
  end
  for qubit = box.first, box.last do
    local mark = box.marks[qubit]
    local inside = body and mark and (mark.shape == "box" or mark.shape == "state")
    if mark and not inside then draw_mark(out, mark, x, y_of(qubit), plan, class) end
  end
end

-- Columns broken into blocks that are no wider than asked for: lists of { column, width, readout }.
local function blocks_of(plan, most)
  local blocks, used = { {} }, math.huge
  for _, part in ipairs { { plan.columns, false }, { plan.readout or {}, true } } do
    for _, column in ipairs(part[1]) do
      local width = column_width(column, plan.shapes)
      if used + width + gap > most - left - 2 * gap and #blocks[#blocks] > 0 then
        blocks[#blocks + 1], used = {}, 0
      elseif used == math.huge then
        used = 0
      end
      used = used + width + gap
      table.insert(blocks[#blocks], { column = column, width = width })
    end
  end
  return blocks
end

local function draw_block(out, block, y, plan)
  local function y_of(qubit) return y + (qubit - 1) * pitch end
  local right, shapes = left + gap, {}
  for _, entry in ipairs(block) do
    for _, box in ipairs(entry.column) do draw_box(shapes, box, right + entry.width / 2, y_of, plan) end
    right = right + entry.width + gap
  end
  for qubit = 1, plan.qubits do
    draw_text(out, left - 12, y_of(qubit) + 5, "label", tostring(qubit))
    draw_line(out, left - 4, y_of(qubit), right, y_of(qubit))
  end
  table.move(shapes, 1, #shapes, #out + 1, out)
  return right
end

--- Draws a layout.
--- @param plan moonstill.draw.Layout
--- @param options { width?: integer }
--- @return string
function svg.draw(plan, options)
  local out, right, y = {}, 0, top
  local block_height = (plan.qubits - 1) * pitch + height
  for _, block in ipairs(blocks_of(plan, options.width or math.huge)) do
    right = math.max(right, draw_block(out, block, y, plan))
    y = y + block_height + between_blocks
  end
  y = y - between_blocks - height / 2
  for _, sum in ipairs(plan.sums) do
    y = y + 24
    local content = ("%s = %s"):format(labels.numbered("H", sum.number, "unicode"), sum.text)
    out[#out + 1] = ('<text x="%d" y="%.1f" style="text-anchor:start">%s</text>'):format(left, y, escape(content))
    right = math.max(right, left + text_width(content, 14))
  end
  local width, total = math.ceil(right + gap), math.ceil(y + top)
  return ('<svg xmlns="http://www.w3.org/2000/svg" class="ms-circuit" width="%d" height="%d" viewBox="0 0 %d %d">\n')
    :format(width, total, width, total) .. style .. "\n" .. table.concat(out, "\n") .. "\n</svg>\n"
end

return svg
