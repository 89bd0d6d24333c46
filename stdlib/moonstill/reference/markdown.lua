-- The reference as Markdown: one file for each page, and README.md, which lists them.
local pages = require "moonstill.reference.pages"

local markdown = {}

-- Text in a cell of a table.
local function cell(text) return (text:gsub("|", "\\|"):gsub("%s*\n%s*", " ")) end

local function add_rows(lines, rows)
  if #rows == 0 then return end
  lines[#lines + 1] = "\n| name | type | |\n|---|---|---|"
  for _, row in ipairs(rows) do
    local note = row.note ~= "" and (" (%s)"):format(row.note) or row.optional and " (optional)" or ""
    lines[#lines + 1] = ("| `%s` | `%s` | %s%s |"):format(row.name, cell(row.type), cell(row.doc), cell(note))
  end
end

local function add_item(lines, item)
  lines[#lines + 1] = ("\n### %s\n\n```lua\n%s\n```\n\n%s"):format(item.name, item.signature, item.text)
  add_rows(lines, item.rows)
  for i, result in ipairs(item.results) do
    if i == 1 then lines[#lines + 1] = "" end
    lines[#lines + 1] = ("Gives `%s`%s%s\n"):format(result.type, result.name and " " .. result.name or "",
      result.doc ~= "" and ": " .. result.doc:gsub("%s*\n%s*", " ") or "")
  end
  if item.example ~= "" then lines[#lines + 1] = ("\n```lua\n%s\n```"):format(item.example) end
end

local function page_text(page)
  if page.text:match "^# " then return page.text end   -- the tutorial is Markdown
  local lines = { "# " .. page.name, "" }
  if page.requires then lines[#lines + 1] = ("```lua\n%s\n```\n"):format(page.requires) end
  if page.text ~= "" then lines[#lines + 1] = page.text end
  if page.example ~= "" then lines[#lines + 1] = ("\n```lua\n%s\n```"):format(page.example) end
  add_rows(lines, page.fields)
  for i, operator in ipairs(page.operators) do
    lines[#lines + 1] = ("%s- `%s`: %s"):format(i == 1 and "\n" or "", operator.sign, operator.text)
  end
  for _, item in ipairs(page.items) do add_item(lines, item) end
  return table.concat(lines, "\n") .. "\n"
end

--- The files: texts by name ("ms.nn.md").
--- @return table<string, string>
function markdown.files()
  local lines, files = { "# " .. pages.title() .. ": reference" }, {}
  local kinds = { guide = "\n## Guide\n", module = "\n## Modules\n", class = "\n## Classes\n" }
  for _, page in ipairs(pages.all()) do
    if kinds[page.kind] then lines[#lines + 1] = kinds[page.kind] end
    kinds[page.kind] = nil
    lines[#lines + 1] = ("- [%s](%s.md): %s"):format(page.name, page.anchor, page.summary)
    files[page.anchor .. ".md"] = page_text(page)
  end
  files["README.md"] = table.concat(lines, "\n") .. "\n"
  return files
end

return markdown
