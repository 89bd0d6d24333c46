-- A run's folder as one self-contained page, index.html: what it is, what came out, curves, images, the ledger,
-- settings. For light and dark, phones and desktops; no scripts, nothing fetched.
local ms = require "moonstill"
local check = require "moonstill.check"
local grouped = require "moonstill.grouped"
local host = require "moonstill.host"
local metrics = require "plot.metrics"
local shell = require "moonstill.modules.shell"

local page = {}

local largest_picture = 8 << 20   -- bytes; a page should open at once
local least_picture = 640         -- pixels, below which a phone scrolls it
local panel_width = 460           -- pixels: readable on a phone

local style = [[
:root{--ground:#fff;--ink:#1f2328;--faint:#59636e;--line:#d8dce0;--card:#f6f8fa;--good:#0072b2}
@media(prefers-color-scheme:dark){:root{--ground:#14171c;--ink:#e6e8eb;--faint:#9aa4af;--line:#3a4048;--card:#1c2128;
--good:#56b4e9}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:20px 16px 48px;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,sans-serif;-webkit-text-size-adjust:100%}
h1{font-size:24px;line-height:1.25;margin:8px 0 2px}h2{font-size:17px;margin:32px 0 10px}
p{margin:4px 0}.faint{color:var(--faint)}.conclusion{font-size:18px;margin:14px 0 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:18px 0 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px}
.card b{display:block;font-size:22px;line-height:1.3}.card:first-child b{color:var(--good)}
.card span{color:var(--faint);font-size:13px}
.curves{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:18px}
.curves svg,figure svg{display:block;width:100%;height:auto}
figure{margin:0 0 18px}figcaption{color:var(--faint);font-size:13px;margin-top:4px}
img{display:block;max-width:100%;height:auto;image-rendering:pixelated;border-radius:4px}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:14px}
th,td{padding:4px 18px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
.numbers td:not(:first-child),.numbers th:not(:first-child){text-align:right;padding:4px 0 4px 18px;
font-variant-numeric:tabular-nums}
.settings{columns:2 340px;column-gap:40px}.settings div{display:flex;justify-content:space-between;gap:16px;
break-inside:avoid;border-bottom:1px solid var(--line);padding:3px 0;font-size:14px}
.settings dt{color:var(--faint)}.settings dd{margin:0;text-align:right;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px;overflow-x:auto;
font:13px/1.45 ui-monospace,monospace}
details summary{cursor:pointer;color:var(--faint)}
]]

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
local function escape(text) return (tostring(text):gsub('[&<>"]', escapes)) end

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local letters = {}
  for i = 0, 63 do letters[i] = alphabet:sub(i + 1, i + 1) end
  local text = bytes:gsub("..?.?", function(group)
    local a, b, c = group:byte(1, 3)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    return letters[bits >> 18] .. letters[bits >> 12 & 63] .. (b and letters[bits >> 6 & 63] or "=")
      .. (c and letters[bits & 63] or "=")
  end)
  return text
end

local function read_json(path) return ms.io.exists(path) and ms.io.parse_json(ms.io.read_text(path)) or nil end

local function percent(share) return ("%.2f %%"):format(100 * share) end

local function duration(seconds)
  if seconds < 120 then return ("%.1f s"):format(seconds) end
  if seconds < 7200 then return ("%.0f min"):format(seconds / 60) end
  return ("%.1f h"):format(seconds / 3600)
end

local function number(value)
  if math.abs(value) < 1e15 and value == math.floor(value) then return grouped(value) end
  return ("%.4g"):format(value)
end

-- What is told first, in this order, where a result has it.
local heads = {
  { "test_accuracy", "test accuracy", percent }, { "accuracy", "accuracy", percent },
  { "test_accuracy_last", "moving average at the end", percent },
  { "test_accuracy_random_images", "random real images", percent },
  { "test_accuracy_class_means", "class means", percent }, { "energy", "energy", number },
  { "exact_energy", "exact energy", number }, { "test_loss", "test loss", number }, { "images", "images", number },
  { "inner_updates", "gradient steps", number }, { "parameters", "parameters", number },
  { "seconds", "time", duration },
}

-- What every result has, or what stands elsewhere on the page.
local elsewhere = {
  settings = true, arguments = true, versions = true, machine = true, script = true, script_hash = true, commit = true,
  seed = true, threads = true, history = true, dataset = true, model = true, seconds_before = true, ledger = true,
  report = true, conclusion = true,
}
for _, head in ipairs(heads) do elsewhere[head[1]] = true end

local function add_cards(out, result)
  local cards = {}
  for _, head in ipairs(heads) do
    local value = result[head[1]]
    if type(value) == "number" then
      cards[#cards + 1] = ('<div class="card"><b>%s</b><span>%s</span></div>'):format(escape(head[3](value)), head[2])
    end
  end
  if #cards > 0 then out[#out + 1] = '<div class="cards">' .. table.concat(cards) .. "</div>" end
end

local function add_curves(out, rows)
  local figure = metrics.figure(rows)
  if not figure then return end
  out[#out + 1] = '<h2>Curves</h2>\n<div class="curves">'
  for _, part in ipairs(figure:parts()) do out[#out + 1] = part:page_svg { width = panel_width } end
  out[#out + 1] = "</div>"
end

local function png_element(name, bytes)
  local width = #bytes > 24 and (">I4"):unpack(bytes, 17) or 0
  return ('<img alt="%s" style="min-width:%dpx" src="data:image/png;base64,%s">'):format(escape(name),
    math.min(width, least_picture), base64(bytes))
end

-- No larger than it was drawn.
local function svg_element(_, text)
  local svg = text:match "<svg.*" or ""
  local width = tonumber(svg:match 'viewBox="%S+ %S+ (%S+)') or least_picture
  return (svg:gsub("^<svg[^>]*", ('%%0 style="max-width:%.0fpx;min-width:%.0fpx"'):format(width,
    math.min(width, least_picture)), 1))
end

local elements = { png = png_element, svg = svg_element }

local function add_pictures(out, folder)
  local pictures = {}
  for _, path in ipairs(host.files(folder, "") or {}) do
    local name = path:sub(#folder + 2)
    local element = elements[name:match "^[^/]*%.(%a+)$"]
    -- The curves are on the page already.
    local content = element and name ~= "curves.svg" and ms.io.read_text(path) or ""
    if #content > 0 and #content <= largest_picture then
      local caption = name:match "^picture%-%d" and "" or ("<figcaption>%s</figcaption>"):format(escape(name))
      local picture = element(name, content)
      pictures[#pictures + 1] = ('<figure><div class="wide">%s</div>%s</figure>'):format(picture, caption)
    end
  end
  if #pictures > 0 then out[#out + 1] = "<h2>Images</h2>\n" .. table.concat(pictures, "\n") end
end

local ledger_columns = {
  { "executions", "executions" }, { "values", "values" }, { "angles", "angles" }, { "inputs", "inputs" },
  { "hermitians", "Hermitians" }, { "second_order", "second order" }, { "steps", "gradient steps" },
}

local function with_sum(counts)
  local sum = { executions = 0 }
  for name, count in pairs(counts) do
    sum[name] = count
    if name ~= "steps" then sum.executions = sum.executions + count end
  end
  return sum
end

local function add_ledger(out, counts)
  if not counts or not next(counts) then return end
  local book <close> = ms.ledger.from(counts)
  local phases, rows, all, columns = {}, {}, book:totals(), {}
  -- A classical network executes nothing.
  for _, column in ipairs(ledger_columns) do
    if all[column[1]] > 0 or column[1] == "executions" then columns[#columns + 1] = column end
  end
  for phase in pairs(counts) do phases[#phases + 1] = phase end
  table.sort(phases)
  local function add(name, totals)
    local cells = {}
    for i, column in ipairs(columns) do cells[i] = ("<td>%s</td>"):format(grouped(totals[column[1]])) end
    rows[#rows + 1] = ("<tr><td>%s</td>%s</tr>"):format(escape(name), table.concat(cells))
  end
  for _, phase in ipairs(phases) do add(phase == "" and "-" or phase, with_sum(counts[phase])) end
  add("all", all)
  local names = {}
  for i, column in ipairs(columns) do names[i] = "<th>" .. column[2] .. "</th>" end
  out[#out + 1] = "<h2>Ledger</h2>\n<p class=\"faint\">What quantum hardware would have had to execute, by phase.</p>\n"
    .. '<div class="wide"><table class="numbers"><tr><th>phase</th>' .. table.concat(names) .. "</tr>\n"
    .. table.concat(rows, "\n") .. "\n</table></div>"
end

local function text_of(value)
  if type(value) == "number" then return ("%.6g"):format(value) end
  if type(value) == "table" then
    local texts = {}
    for i, one in ipairs(value) do texts[i] = text_of(one) end
    return #texts == #value and #texts > 0 and table.concat(texts, ", ") or ms.io.json(value)
  end
  return value == "" and "none" or tostring(value)
end

local function add_list(out, title, entries, skip)
  local names, lines = {}, {}
  for name, value in pairs(entries) do
    local text = text_of(value)
    if not skip[name] and not text:find "\n" and #text < 400 then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local shown = escape(text_of(entries[name]))
    lines[i] = ("<div><dt>%s</dt><dd>%s</dd></div>"):format(escape((name:gsub("_", " "))), shown)
  end
  if #lines > 0 then
    out[#out + 1] = ('<h2>%s</h2>\n<dl class="settings">%s</dl>'):format(title, table.concat(lines, "\n"))
  end
end

local function quoted(word) return word:find "[^%w%-_%./=,]" and shell.quote(word) or word end

local function add_command(out, result)
  if not result.script then return end
  local words = { "moonstill", "run", quoted(result.script) }
  for _, argument in ipairs(result.arguments or {}) do words[#words + 1] = quoted(tostring(argument)) end
  local versions, threads = result.versions or {}, result.threads or "?"
  local facts = {
    "Moonstill " .. (versions.moonstill or "?"), versions.lua or "Lua",
    result.commit and "commit " .. result.commit or "script " .. (result.script_hash or "?"),
    "seed " .. (result.seed or "?"), ("%s thread%s of %s"):format(threads, threads == 1 and "" or "s",
      result.machine or "an unknown machine"),
  }
  out[#out + 1] = ('<h2>To run it again</h2>\n<pre>%s</pre>\n<p class="faint">%s</p>'):format(
    escape(table.concat(words, " ")), escape(table.concat(facts, "; ")))
end

local function heading(result, settings, rows)
  local name = result.script and result.script:match "([^/]*)%.lua$" or "run"
  local parts = {}
  for _, key in ipairs { "model", "dataset" } do parts[#parts + 1] = result[key] end
  if #parts == 0 then
    parts = { settings.net and settings.net:match "^[^\n]*", settings.data and settings.data:match "^[^:]*" }
  end
  local about = table.concat(parts, " on ")
  local last = rows[#rows]
  local state = result.script and "" or last and last.iteration
    and ("not ended: iteration %s"):format(grouped(last.iteration)) or "not ended"
  return name, about, state
end

--- Writes a run's folder as a page, folder/index.html, from what lies there: result.json, settings.json,
--- metrics.jsonl, ledger.json and pictures. A run that has not ended has a page too; a folder without any run none.
---
--- ```lua
--- local page, folder = require "plot.page", os.tmpname()
--- os.remove(folder)
--- ms.io.write_text(folder .. "/result.json", '{"script": "a.lua", "energy": -1.5}')
--- print(page.write(folder))
--- os.execute("rm -r " .. folder)
--- ```
--- @param folder string
--- @return string path
function page.write(folder)
  check.argument("plot.page.write", 1, "folder", "string", folder)
  local result, settings = read_json(folder .. "/result.json"), read_json(folder .. "/settings.json")
  if not result and not settings then check.fail("plot.page.write", "'%s' holds no run", folder) end
  result, settings = result or {}, settings or {}
  local rows = metrics.read(folder)
  if #rows == 0 then rows = result.history or {} end
  local name, about, state = heading(result, settings, rows)
  local out = {
    "<!DOCTYPE html>", '<html lang="en">', '<head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    ("<title>%s</title>"):format(escape(about ~= "" and name .. ": " .. about or name)),
    "<style>\n" .. style .. "</style></head>", "<body>",
    ("<h1>%s</h1>"):format(escape(name)), ('<p class="faint">%s%s</p>'):format(escape(about),
      state ~= "" and (about ~= "" and "; " or "") .. escape(state) or ""),
  }
  if result.conclusion then out[#out + 1] = ('<p class="conclusion">%s</p>'):format(escape(result.conclusion)) end
  add_cards(out, result)
  add_curves(out, rows)
  add_pictures(out, folder)
  add_ledger(out, type(result.ledger) == "table" and result.ledger or read_json(folder .. "/ledger.json"))
  add_list(out, "Results", result, elsewhere)
  add_list(out, "Settings", result.settings or settings, {})
  if settings.net then
    out[#out + 1] = "<h2>Network</h2>\n<details><summary>all layers</summary><pre>" .. escape(settings.net)
      .. "</pre></details>"
  end
  add_command(out, result)
  out[#out + 1] = "</body></html>\n"
  local path = folder .. "/index.html"
  ms.io.write_text(path, table.concat(out, "\n"))
  return path
end

return page
