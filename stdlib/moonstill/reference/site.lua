-- The reference as one page of HTML that needs nothing else: light and dark, narrow and wide, with a search box.
local host = require "moonstill.host"
local native = require "moonstill.native"
local pages = require "moonstill.reference.pages"

local site = {}

local style = [[
:root { color-scheme: light dark; --back: #fcfcfa; --text: #1f2328; --dim: #60676f; --line: #dddfe2; --code: #f2f2ee;
  --link: #0b57a4; --word: #8250df; --text2: #0a6b4f; --note: #6e7781; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --text: #dfe3e8; --dim: #98a1ab; --line: #2d333b;
  --code: #1d2229; --link: #78b4f5; --word: #c3a4f7; --text2: #7fd1b0; --note: #8b949e; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .875em; }
code { background: var(--code); border-radius: 3px; padding: .1em .25em; overflow-wrap: break-word; }
pre { background: var(--code); border-radius: 6px; padding: .7em .9em; overflow-x: auto; margin: .7em 0;
  line-height: 1.45; }
pre code { background: none; padding: 0; font-size: 1em; overflow-wrap: normal; }
pre.signature { white-space: pre-wrap; border-left: 3px solid var(--link); }
.k { color: var(--word); } .s { color: var(--text2); } .c { color: var(--note); font-style: italic; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.2rem; border-right: 1px solid var(--line); }
nav h1 { font-size: 1.1rem; margin: 0 0 .8rem; } nav h1 a { color: inherit; }
nav h2 { font-size: .75rem; text-transform: uppercase; letter-spacing: .06em; color: var(--dim);
  margin: 1.2rem 0 .3rem; }
nav ul { list-style: none; margin: 0; padding: 0; } nav li a { display: block; padding: .12rem 0; }
input { width: 100%; font: inherit; color: inherit; background: var(--code); border: 1px solid var(--line);
  border-radius: 6px; padding: .45em .7em; }
input:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
#found { margin: .4rem 0 0; } #found li a { padding: .3rem 0; line-height: 1.3; border-bottom: 1px solid var(--line); }
#found small { display: block; color: var(--dim); }
main { padding: 1.5rem 2.5rem 6rem; max-width: 54rem; min-width: 0; }
section { border-bottom: 1px solid var(--line); padding: 1rem 0 2rem; }
h2.page { font-size: 1.6rem; margin: .5rem 0; } h3 { font-size: 1.05rem; margin: 2.2rem 0 .4rem; }
h3 a { color: inherit; } p { margin: .5em 0; } .kind { color: var(--dim); font-size: .9rem; font-weight: normal; }
table { border-collapse: collapse; width: 100%; margin: .6em 0; font-size: .95em; }
td { border-top: 1px solid var(--line); padding: .3em .8em .3em 0; vertical-align: top; }
td.note { color: var(--dim); } td:first-child { white-space: nowrap; }
@media (min-width: 900px) { body { display: grid; grid-template-columns: 18rem minmax(0, 1fr); } }
@media (max-width: 899px) {
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  nav details { margin-top: .8rem; } main { padding: 1rem 1.1rem 4rem; }
  td { display: inline; border: 0; padding: .1em .3em .1em 0; } td + td + td { display: block; }
  tr { display: block; border-top: 1px solid var(--line); padding: .4em 0; } }
]]

-- Search: every word must be in a function's name or text; names that are or begin so come first.
local script = [[
const box = document.querySelector("input"), list = document.querySelector("#found");
const rank = (row, words) => { const name = row[0].toLowerCase(), text = name + " " + row[3].toLowerCase();
  if (!words.every(word => text.includes(word))) return 0;
  const last = name.split(/[.:]/).pop();
  return last === words[0] ? 4 : last.startsWith(words[0]) ? 3 : name.includes(words[0]) ? 2 : 1; };
const search = () => { const words = box.value.toLowerCase().split(/\s+/).filter(Boolean); list.replaceChildren();
  if (!words.length) return;
  const found = index.map(row => [rank(row, words), row]).filter(pair => pair[0] > 0)
    .sort((a, b) => b[0] - a[0] || (a[1][0] < b[1][0] ? -1 : 1)).slice(0, 30);
  for (const [, row] of found) { const item = document.createElement("li"), link = document.createElement("a"),
    about = document.createElement("small"); link.href = "#" + row[1]; link.textContent = row[0];
    about.textContent = row[2]; link.append(about); item.append(link); list.append(item); }
  if (!found.length) { const item = document.createElement("li"); item.textContent = "Nothing found.";
    list.append(item); } };
box.addEventListener("input", search);
box.addEventListener("keydown", event => { if (event.key === "Enter") list.querySelector("a")?.click();
  if (event.key === "Escape") { box.value = ""; search(); } });
document.addEventListener("keydown", event => { if (event.key === "/" && document.activeElement !== box) {
  event.preventDefault(); box.focus(); } });
if (matchMedia("(max-width: 899px)").matches) document.querySelector("nav details").open = false;
]]

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
local function escape(text) return (text:gsub('[&<>"]', entities)) end

local keywords = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while"):gmatch "%l+" do keywords[word] = true end

local function paint(class, text) return ('<span class="%s">%s</span>'):format(class, escape(text)) end

-- Lua with its keywords, strings and comments coloured.
local function coloured(code, class)
  local parts, place = {}, 1
  while place <= #code do
    local rest = code:sub(place)
    local comment = rest:match "^%-%-[^\n]*"
    local text = rest:match '^"[^"\n]*"' or rest:match "^'[^'\n]*'" or rest:match "^%[%[.-%]%]"
    local word = rest:match "^[%a_][%w_]*"
    local piece = comment or text or word or rest:sub(1, 1)
    local kind = comment and "c" or text and "s" or word and keywords[word] and "k"
    parts[#parts + 1] = kind and paint(kind, piece) or escape(piece)
    place = place + #piece
  end
  return ('<pre class="%s"><code>%s</code></pre>'):format(class or "example", table.concat(parts))
end

-- Paragraphs, with `code`; those that stand two spaces in are Lua. Headings of the highest level are the page's own.
local function paragraphs(text)
  local parts = {}
  for paragraph in (text:gsub("^\n+", "") .. "\n\n"):gmatch "(.-)\n%s*\n" do
    local level, heading = paragraph:match "^(#+) (.*)$"
    if heading then
      parts[#parts + 1] = #level > 1 and ("<h3>%s</h3>"):format(escape(heading)) or ""
    elseif paragraph:match "^  " and not ("\n" .. paragraph):find "\n ?[^ \n]" then
      parts[#parts + 1] = coloured((("\n" .. paragraph):gsub("\n  ", "\n"):sub(2)))
    elseif paragraph:match "%S" then
      local html = escape(paragraph):gsub("`([^`]+)`", "<code>%1</code>")
      parts[#parts + 1] = ("<p>%s</p>"):format(html)
    end
  end
  return table.concat(parts, "\n")
end

-- Paragraphs with fenced blocks between them.
local function article(text)
  local parts, place = {}, 1
  text = "\n" .. text
  for first, kind, code, after in text:gmatch "()\n```(%l*)\n(.-)\n```()" do
    parts[#parts + 1] = paragraphs(text:sub(place, first - 1))
    parts[#parts + 1] = kind == "lua" and coloured(code) or ("<pre><code>%s</code></pre>"):format(escape(code))
    place = after
  end
  parts[#parts + 1] = paragraphs(text:sub(place))
  return table.concat(parts, "\n")
end

local function rows_html(rows)
  if #rows == 0 then return "" end
  local lines = { "<table>" }
  for _, row in ipairs(rows) do
    local note = row.note ~= "" and row.note or row.optional and "optional" or ""
    lines[#lines + 1] = ('<tr><td><code>%s</code></td><td><code>%s</code></td><td>%s</td><td class="note">%s</td></tr>')
      :format(escape(row.name), (escape(row.type):gsub("|", "|<wbr>")), escape(row.doc), escape(note))
  end
  lines[#lines + 1] = "</table>"
  return table.concat(lines, "\n")
end

local function item_html(item)
  local results = {}
  for i, result in ipairs(item.results) do
    local name = result.name and " " .. escape(result.name) or ""
    local doc = result.doc ~= "" and ": " .. escape(result.doc) or ""
    results[i] = ("<p>Gives <code>%s</code>%s%s</p>"):format(escape(result.type), name, doc)
  end
  return table.concat({
    ('<h3 id="%s"><a href="#%s">%s</a></h3>'):format(escape(item.anchor), escape(item.anchor), escape(item.name)),
    coloured(item.signature, "signature"), paragraphs(item.text), rows_html(item.rows), table.concat(results, "\n"),
    item.example ~= "" and coloured(item.example) or "",
  }, "\n")
end

local function page_html(page)
  local parts = {
    ('<section>\n<h2 class="page" id="%s">%s <span class="kind">%s</span></h2>'):format(page.anchor, page.name,
      page.kind),
    page.requires and coloured(page.requires) or "", article(page.text),
    page.example ~= "" and coloured(page.example) or "", rows_html(page.fields),
  }
  for _, operator in ipairs(page.operators) do
    parts[#parts + 1] = ("<p><code>%s</code> %s</p>"):format(escape(operator.sign), escape(operator.text))
  end
  for _, item in ipairs(page.items) do parts[#parts + 1] = item_html(item) end
  parts[#parts + 1] = "</section>"
  return table.concat(parts, "\n")
end

local titles = { guide = "Guide", module = "Modules", class = "Classes" }

local function contents_html(all)
  local lines, kind = {}, nil
  for _, page in ipairs(all) do
    if page.kind ~= kind then
      if kind then lines[#lines + 1] = "</ul>" end
      kind = page.kind
      lines[#lines + 1] = ("<h2>%s</h2>\n<ul>"):format(titles[kind])
    end
    lines[#lines + 1] = ('<li><a href="#%s">%s</a></li>'):format(page.anchor, page.name)
  end
  lines[#lines + 1] = "</ul>"
  return table.concat(lines, "\n")
end

-- Names, addresses, first sentences and texts. "<" is written so that no sentence can end the script.
local function index_json(all)
  local rows = {}
  for _, page in ipairs(all) do
    rows[#rows + 1] = { page.name, page.anchor, page.summary, page.text }
    for _, item in ipairs(page.items) do rows[#rows + 1] = { item.name, item.anchor, item.summary, item.text } end
  end
  return (native.io.json(rows):gsub("<", "\\u003c"))
end

--- The page.
--- @return string
function site.html()
  local all, sections = pages.all(), {}
  for i, page in ipairs(all) do sections[i] = page_html(page) end
  return table.concat({
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    ("<title>%s</title>\n<style>\n%s</style>\n</head>\n<body>"):format(pages.title(), style),
    ('<nav>\n<h1 id="top"><a href="#top">%s</a></h1>'):format(pages.title()),
    '<input type="search" placeholder="Search ( / )" aria-label="Search the reference" autocomplete="off">',
    '<ul id="found"></ul>\n<details open>\n<summary>Contents</summary>', contents_html(all),
    "</details>\n</nav>\n<main>",
    ("<p>The reference of Moonstill %s, written by <code>moonstill docs</code>. Every example runs as it stands, with "
      .. "<code>local ms = require \"moonstill\"</code> before it.</p>"):format(host.version),
    table.concat(sections, "\n"), "</main>",
    ("<script>\nconst index = %s;\n%s</script>\n</body>\n</html>\n"):format(index_json(all), script),
  }, "\n")
end

return site
