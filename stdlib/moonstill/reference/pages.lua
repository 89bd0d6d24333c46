-- The reference as pages of plain data, which Markdown and the site are written from: a page for each module and class.
local docs = require "moonstill.docs"
local host = require "moonstill.host"
local model = require "moonstill.reference.model"
local topics = require "moonstill.topics"

local pages = {}

-- "ms.nn.Layer" -> "ms.nn.Layer"; the address of a function on its page: "ms.nn.Layer:count" -> "ms.nn.Layer.count".
local function anchor(name) return (name:gsub(":", ".")) end

local function rows_of(list)
  local rows = {}
  for i, row in ipairs(list) do
    local notes = {}
    if row.least then notes[1] = "at least " .. row.least end
    if row.default then notes[#notes + 1] = "default: " .. row.default end
    rows[i] = { name = row.name, type = row.type, doc = row.doc, note = table.concat(notes, ", "),
      optional = row.optional or row.default ~= nil }
  end
  return rows
end

local function item(entry)
  local rows = rows_of(entry.parameters)
  table.move(rows_of(entry.options), 1, #entry.options, #rows + 1, rows)
  local example = entry.example
  if entry.setup and example ~= "" then example = entry.setup .. "\n" .. example end
  return {
    name = entry.name, anchor = anchor(entry.name), signature = docs.signature(entry), summary = docs.summary(entry),
    text = entry.documentation, rows = rows, results = entry.results, example = example,
  }
end

local function items(entries)
  local list = {}
  for i, entry in ipairs(entries) do list[i] = item(entry) end
  return list
end

-- By name, `ms` and what is in it first.
local function before(a, b)
  local x, y = a.name:match "^ms%f[%W]" ~= nil, b.name:match "^ms%f[%W]" ~= nil
  if x ~= y then return x end
  return a.name < b.name
end

-- Operators are told of in a line each: "a + b", "#a".
local signs = { __add = "a + b", __sub = "a - b", __mul = "a * b", __div = "a / b", __pow = "a ^ b", __unm = "-a",
  __len = "#a", __index = "a[i]", __call = "a(...)", __shr = "a >> b", __concat = "a .. b" }

local function operators(events)
  local list = {}
  for _, entry in ipairs(events) do
    if signs[entry.key] and entry.documentation ~= "" then
      list[#list + 1] = { sign = signs[entry.key], text = docs.summary(entry) }
    end
  end
  return list
end

-- A page for each topic of the help, the tutorial first.
local function guide()
  local list = {}
  for _, topic in ipairs(topics.list) do
    local text = topic.page or ("%s\n\n%s"):format(topic.title, topic.text)
    local page = { kind = "guide", name = topic.name, anchor = "guide." .. topic.name, text = text,
      summary = topic.title, example = topic.example or "", items = {}, fields = {}, operators = {} }
    table.insert(list, topic.page and 1 or #list + 1, page)
  end
  return list
end

-- What a module needs in front of its names, in a script.
local function required_as(name)
  local root = name:match "^[^%.]+"
  return ("local %s = require %q"):format(root, root == "ms" and "moonstill" or root)
end

-- The first sentence of a page's text, else how much there is.
local function summary_of(text, count)
  local first = (text .. "\n\n"):match "^(.-)\n\n":gsub("%s*\n%s*", " ")
  if first ~= "" then return first end
  return count == 1 and "1 function" or count .. " functions"
end

--- All pages: the guide, then modules and classes by name. `kind` is "guide", "module" or "class".
--- @return table[]
function pages.all()
  local data, list, modules, classes = model.read(), guide(), {}, {}
  for _, module in ipairs(data.modules) do
    modules[#modules + 1] = { kind = "module", name = module.name, anchor = module.name, text = module.documentation,
      requires = required_as(module.name), items = items(module.functions), fields = {}, operators = {}, example = "" }
  end
  for _, class in ipairs(data.classes) do
    local methods, signs_of = items(class.methods), operators(class.events)
    if #methods > 1 or #signs_of > 0 then   -- more than `close`
      classes[#classes + 1] = { kind = "class", name = class.name, anchor = class.name, text = class.documentation,
        example = class.example, items = methods, fields = rows_of(class.fields), operators = signs_of }
    end
  end
  for _, group in ipairs { modules, classes } do
    table.sort(group, before)
    for _, page in ipairs(group) do
      page.summary = summary_of(page.text, #page.items)
      list[#list + 1] = page
    end
  end
  return list
end

--- What the reference is of: "Moonstill 0.1.0".
--- @return string
function pages.title() return "Moonstill " .. host.version end

return pages
