-- ms.help: documentation by value, by name, by method, by class.
local complete = require "moonstill.complete"
local docs = require "moonstill.docs"
local host = require "moonstill.host"

local help = {}

-- By hand: a format knows no width above 99.
local function pad(text, width) return text .. (" "):rep(width - #text) end

local function listing(title, entries)
  local lines, width = { title, "" }, 0
  for _, entry in ipairs(entries) do width = math.max(width, #entry.name) end
  for _, entry in ipairs(entries) do
    lines[#lines + 1] = ("  %s  %s"):format(pad(entry.name, width), docs.summary(entry))
  end
  return table.concat(lines, "\n")
end

local function add_table(lines, params)
  local names, types = 0, 0
  for _, param in ipairs(params) do
    names, types = math.max(names, #param.name), math.max(types, #param.type)
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

local function page(entry)
  local lines = { docs.signature(entry), "" }
  if entry.documentation ~= "" then
    lines[#lines + 1] = "  " .. entry.documentation:gsub("\n", "\n  "):gsub("\n  \n", "\n\n")
  end
  if #entry.parameters + #entry.options > 0 then lines[#lines + 1] = "" end
  add_table(lines, entry.parameters)
  add_table(lines, entry.options)
  if entry.returns ~= "" then lines[#lines + 1] = "\n  Returns " .. entry.returns end
  if entry.example ~= "" then lines[#lines + 1] = "\n  Example\n    " .. entry.example:gsub("\n", "\n    ") end
  return table.concat(lines, "\n")
end

local function class_named(name)
  for _, class in ipairs(host.classes()) do
    if class.name == name or class.name == "ms." .. name then return class end
  end
end

local function by_name(name)
  local entry = docs.named(name)
  if entry then return page(entry) end
  local class = class_named(name)
  local inner = docs.within(class and class.name or name)
  local about = class and class.documentation or docs.of_module(name)
  if not about and #inner == 0 then return nil end
  local title = (class and class.name or name) .. (about and "\n\n  " .. about:gsub("\n", "\n  ") or "")
  return listing(title, inner)
end

local function overview()
  local groups, seen = {}, {}
  for _, entry in ipairs(docs.all()) do
    local group = entry.name:match "^(.*)[%.:][^%.:]*$" or entry.name
    if not seen[group] and not group:match "^moonstill" then
      seen[group] = true
      groups[#groups + 1] = group
    end
  end
  table.sort(groups)
  return 'Help on a function, class or module: help("name") or, at the prompt, ?name\n\n  '
    .. table.concat(groups, "\n  ")
end

-- The name under which scripts know a module table.
local function module_name(value)
  local ms = package.loaded["moonstill"]
  if value == ms then return "ms" end
  for name, part in pairs(ms or {}) do
    if part == value then return "ms." .. name end
  end
  for name, module in pairs(package.loaded) do
    if module == value then return name end
  end
end

local function by_value(value)
  local entry = type(value) == "function" and docs.of(value)
  if entry then return page(entry) end
  local meta = debug.getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name") or type(value) == "table" and module_name(value)
  return name and by_name(name)
end

local function no_help_on(name)
  local names = {}
  for i, entry in ipairs(docs.all()) do names[i] = entry.name end
  return ("no help on '%s'%s"):format(name, host.suggestion(name, names))
end

--- The text that help prints.
--- @param subject? any  a function, object, module or name, also that of a global variable
--- @return string
function help.text(subject)
  if subject == nil then return (overview()) end
  if type(subject) == "string" then
    local path = subject:match "^[%a_][%w_%.:]*$"
    return by_name(subject) or path and by_value(complete.value(path)) or no_help_on(subject)
  end
  return by_value(subject) or ("no help on this %s"):format(type(subject))
end

local continuation = "    "   -- further in than the line that goes on

-- Breaks lines at spaces where they are wider than so many columns. A word that is wider stays whole.
local function wrapped(text, columns)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local indent, rest = line:match "^(%s*)(.*)$"
    while #indent + #rest > columns do
      local room = columns - #indent
      local head = rest:sub(1, room + 1):match "^(.*%S)%s" or rest:match "^%S+"
      lines[#lines + 1] = indent .. head
      rest = rest:sub(#head + 1):match "^%s*(.*)$"
      indent = line:match "^%s*" .. continuation
    end
    if rest ~= "" or line == "" then lines[#lines + 1] = indent .. rest end
  end
  return table.concat(lines, "\n")
end

--- Prints the documentation of a function, a class, a module or a name.
---
--- ```lua
--- ms.help(ms.random)
--- ms.help "ms.Generator:uniform"
--- ```
--- @param subject? any  a function, object, module or name; without one, the list of modules
function help.show(subject)
  local columns = host.terminal_width "stdout"
  local text = help.text(subject)
  print(columns and wrapped(text, columns) or text)
end

return help
