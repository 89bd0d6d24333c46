-- Tables as Markdown, and texts that a script keeps up to date in a Markdown file which people write.
local ms = require "moonstill"

local markdown = {}

--- Gives a table of texts.
---
--- ```lua
--- print(require("experiment.markdown").table({ "model", "accuracy" }, { { "classical", "99.1 %" } }))
--- ```
--- @param columns string[]
--- @param rows string[][]
--- @return string
function markdown.table(columns, rows)
  local lines = { "| " .. table.concat(columns, " | ") .. " |", ("|---"):rep(#columns) .. "|" }
  for _, row in ipairs(rows) do lines[#lines + 1] = "| " .. table.concat(row, " | ") .. " |" end
  return table.concat(lines, "\n")
end

--- Puts a text into a file between the lines `<!-- NAME -->` and `<!-- end of NAME -->`, in place of what is there; at
--- the end of a file that has no such lines, which may be a new one.
---
--- ```lua
--- local path = os.tmpname()
--- require("experiment.markdown").put(path, "measured", "| 1 |")
--- print(ms.io.read_text(path))
--- os.remove(path)
--- ```
--- @param path string
--- @param name string
--- @param text string
function markdown.put(path, name, text)
  local open, close = ("<!-- %s -->"):format(name), ("<!-- end of %s -->"):format(name)
  local block = ("%s\n%s\n%s"):format(open, text, close)
  local old = ms.io.exists(path) and ms.io.read_text(path) or ""
  local first, last = old:find(open, 1, true), select(2, old:find(close, 1, true))
  if first and last then
    ms.io.write_text(path, old:sub(1, first - 1) .. block .. old:sub(last + 1))
  else
    ms.io.write_text(path, (old ~= "" and old .. "\n" or "") .. block .. "\n")
  end
end

return markdown
