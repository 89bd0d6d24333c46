-- Rows of texts as columns: the first to the left, the others, which hold numbers, to the right.

--- @param rows string[][]
--- @param between string  stands between columns
--- @return string[] lines
return function(rows, between)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i, text in ipairs(row) do widths[i] = math.max(widths[i] or 0, utf8.len(text)) end
  end
  for place, row in ipairs(rows) do
    local cells = {}
    for i, text in ipairs(row) do
      local space = (" "):rep(widths[i] - utf8.len(text))
      cells[i] = i == 1 and text .. space or space .. text
    end
    lines[place] = table.concat(cells, between)
  end
  return lines
end
