-- ms.help: documentation by value, by name, by method, by class, by topic; and the search in all of it.
local complete = require "moonstill.complete"
local docs = require "moonstill.docs"
local host = require "moonstill.host"
local model = require "moonstill.reference.model"
local options = require "moonstill.options"
local own_help = require "moonstill.own_help"
local search = require "moonstill.search"
local terminal = require "moonstill.terminal"
local topics = require "moonstill.topics"

local help = {}

-- By hand: a format knows no width above 99.
local function pad(text, width) return text .. (" "):rep(width - #text) end

-- Rows { name, text } below a title.
local function listing(title, rows)
  local lines, width = { title, "" }, 0
  for _, row in ipairs(rows) do width = math.max(width, #row[1]) end
  for _, row in ipairs(rows) do
    lines[#lines + 1] = (("  %s  %s"):format(pad(row[1], width), row[2]):gsub("%s+$", ""))
  end
  return table.concat(lines, "\n")
end

local function rows_of(entries)
  local rows = {}
  for i, entry in ipairs(entries) do rows[i] = { entry.name, docs.summary(entry) } end
  return rows
end

local widest_type = 24   -- that the types' column makes room for

local function add_table(lines, params)
  local names, types = 0, 0
  for _, param in ipairs(params) do
    names = math.max(names, #param.name)
    if #param.type <= widest_type then types = math.max(types, #param.type) end
  end
  for _, param in ipairs(params) do
    local notes = {}
    if param.least then notes[1] = ("at least %s"):format(param.least) end
    if param.default then notes[#notes + 1] = ("default: %s"):format(param.default) end
    local note = #notes > 0 and "(" .. table.concat(notes, ", ") .. ")" or ""
    local line = ("  %s  %s  %s %s"):format(pad(param.name, names), pad(param.type, types), param.doc, note)
    lines[#lines + 1] = (line:gsub("%s+$", ""))
  end
end

local function indented(text, indent) return (indent .. text:gsub("\n", "\n" .. indent):gsub("\n +\n", "\n\n")) end

local function page(entry)
  local lines = { docs.signature(entry) }
  if entry.documentation ~= "" then lines[#lines + 1] = "\n" .. terminal.filled(entry.documentation, "  ") end
  if #entry.parameters + #entry.options > 0 then lines[#lines + 1] = "" end
  add_table(lines, entry.parameters)
  add_table(lines, entry.options)
  if entry.returns ~= "" then lines[#lines + 1] = "\n  Returns " .. entry.returns end
  if entry.example ~= "" then lines[#lines + 1] = "\n  Example\n" .. indented(entry.example, "    ") end
  if entry.source and entry.source ~= "" then lines[#lines + 1] = "\n  Source " .. entry.source end
  if entry.code then lines[#lines + 1] = indented(entry.code, "    ") end
  return table.concat(lines, "\n")
end

local function class_named(name)
  for _, class in ipairs(host.classes()) do
    if class.name == name or class.name == "ms." .. name then return class end
  end
end

local function topic_page(topic)
  if topic.page then return topic.page end
  local text = topic.name .. "\n\n" .. terminal.filled(topic.text, "  ")
  if topic.example then text = text .. "\n\n  Example\n" .. indented(topic.example, "    ") end
  return text
end

-- The usage of a subcommand of the program.
local function command_page(name)
  local module = "moonstill.commands." .. name
  for _, source in ipairs(host.sources()) do
    if source.module == module then return (options.usage(require(module).options, name)) end
  end
end

local function by_name(name)
  local entry = docs.named(name)
  if entry then return page(entry) end
  local topic = topics.named(name)
  if topic then return topic_page(topic) end
  local command = command_page(name)
  if command then return command end
  local class = class_named(name)
  local inner = docs.within(class and class.name or name)
  local about = class and class.documentation or docs.of_module(name)
  if not about and #inner == 0 then return nil end
  local title = (class and class.name or name) .. (about and "\n\n" .. terminal.filled(about, "  ") or "")
  return listing(title, rows_of(inner))
end

-- Names side by side, as many on a line as fit.
local function side_by_side(names)
  local width, lines = 0, { "" }
  for _, name in ipairs(names) do width = math.max(width, #name + 2) end
  local count = math.max(1, (terminal.columns() - 2) // width)
  for i, name in ipairs(names) do
    if i > 1 and (i - 1) % count == 0 then lines[#lines + 1] = "" end
    lines[#lines] = lines[#lines] .. pad(name, width)
  end
  for i, line in ipairs(lines) do lines[i] = "  " .. line:gsub("%s+$", "") end
  return table.concat(lines, "\n")
end

local function overview()
  local groups, seen, titles = {}, {}, {}
  for _, entry in ipairs(docs.all()) do
    local group = entry.name:match "^(.*)[%.:][^%.:]*$" or entry.name
    if not seen[group] and model.is_public(entry) then
      seen[group] = true
      groups[#groups + 1] = group
    end
  end
  table.sort(groups)
  for i, topic in ipairs(topics.list) do titles[i] = { topic.name, topic.title } end
  return listing('?name shows help (in a script: ms.help "name"), ??words searches all of it.\n\nTopics', titles)
    .. "\n\nModules and classes\n\n" .. side_by_side(groups)
end

--- The name under which scripts know a module, or nil.
--- @param value table
--- @return string|nil
function help.module_name(value)
  local ms = host.loaded["moonstill"]
  if value == ms then return "ms" end
  for name, part in pairs(ms or {}) do
    if part == value then return "ms." .. name end
  end
  for _, loaded in ipairs { host.loaded, package.loaded } do
    for name, module in pairs(loaded) do
      if module == value then return name end
    end
  end
end

-- What the user's own functions and tables say.
local function of_own(value, name)
  if type(value) == "function" then
    local entry = own_help.entry(value, name)
    return entry and page(entry)
  end
  if type(value) ~= "table" then return nil end
  local about, rows = own_help.about(value), rows_of(own_help.within(value, name or "..."))
  if #rows == 0 then return nil end
  return listing((name or "table") .. (about and "\n\n" .. terminal.filled(about, "  ") or ""), rows)
end

local function by_value(value, name)
  local entry = type(value) == "function" and docs.of(value)
  if entry then return page(entry) end
  local meta = debug.getmetatable(value)
  local known = type(meta) == "table" and rawget(meta, "__name") or type(value) == "table" and help.module_name(value)
  return known and by_name(known) or of_own(value, name)
end

local function no_help_on(name)
  local names = {}
  for i, entry in ipairs(docs.all()) do names[i] = entry.name end
  for _, topic in ipairs(topics.list) do names[#names + 1] = topic.name end
  return ("no help on '%s'%s"):format(name, host.suggestion(name, names))
end

-- The documentation, or nil and that there is none.
local function find(subject)
  if subject == nil then return (overview()) end
  if type(subject) == "string" then
    local path = subject:match "^[%a_][%w_%.:]*$"
    local text = by_name(subject) or path and by_value(complete.value(path), path)
    return text, no_help_on(subject)
  end
  return by_value(subject), ("no help on this %s"):format(type(subject))
end

--- The text that help prints.
--- @param subject? any  a function, object, module or name, also that of a global variable
--- @return string
function help.text(subject)
  local text, problem = find(subject)
  return text or problem
end

-- The text as a terminal shows it, its first paragraph as a heading.
local function print_text(text)
  if not host.is_terminal "stdout" then return print(text) end
  local title, rest = (terminal.wrapped(text) .. "\n\n"):match "^(.-)(\n\n.*)$"
  print((terminal.paint("heading", title) .. rest):match "^(.-)\n*$")
end

--- Prints the documentation of a function, a class, a module, a topic or a name.
---
--- ```lua
--- ms.help(ms.random)
--- ms.help "ms.Generator:uniform"
--- ms.help "gradients"
--- ```
--- @param subject? any  a function, object, module or name; without one, the list of topics and modules
function help.show(subject) print_text(help.text(subject)) end

--- The best finds of some words in all help, or why there are none.
--- @param words string
--- @return string
function help.found(words)
  local rows, left_out = search.rows(words)
  if not rows[1] then return ("no help with '%s' in it"):format(words) end
  local text = listing(("help with '%s' in it, the best first"):format(words), rows)
  return text .. (left_out > 0 and ("\n\n  and %d more"):format(left_out) or "")
end

--- Searches the names and texts of all help, and prints the best finds.
---
--- ```lua
--- ms.search "entangling layers"
--- ```
--- @param words string
function help.search(words) print_text(help.found(words)) end

--- Prints the help on a subject, else what a search finds. Returns whether there was either: for the command line.
--- @param subject? string
--- @return boolean
function help.find_or_search(subject)
  local text, problem = find(subject)
  if text then
    print_text(text)
    return true
  end
  local found = search.rows(subject)
  print_text(found[1] and problem .. "\n\n" .. help.found(subject) or problem)
  return found[1] ~= nil
end

return help
