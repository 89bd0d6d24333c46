-- The reference as pages of plain data, which Markdown and the site are written from: a page for each module and class.
local docs = require "moonstill.docs"
local host = require "moonstill.host"
local model = require "moonstill.reference.model"

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

-- What a module needs in front of its names, in a script.
local function required_as(name)
  local root = name:match "^[^%.]+"
  return ("local %s = require %q"):format(root, root == "ms" and "moonstill" or root)
end

--- All pages: modules, then classes, by name. `kind` is "module" or "class".
--- @return table[]
function pages.all()
  local data, list = model.read(), {}
  for _, module in ipairs(data.modules) do
    list[#list + 1] = { kind = "module", name = module.name, text = module.documentation,
      requires = required_as(module.name), items = items(module.functions), fields = {}, operators = {}, example = "" }
  end
  table.sort(list, before)
  local classes = {}
  for _, class in ipairs(data.classes) do
    local methods, signs_of = items(class.methods), operators(class.events)
    if #methods > 1 or #signs_of > 0 then   -- more than `close`
      classes[#classes + 1] = { kind = "class", name = class.name, text = class.documentation, example = class.example,
        items = methods, fields = rows_of(class.fields), operators = signs_of }
    end
  end
  table.sort(classes, before)
  table.move(classes, 1, #classes, #list + 1, list)
  return list
end

--- What the reference is of: "Moonstill 0.1.0".
--- @return string
function pages.title() return "Moonstill " .. host.version end

return pages
