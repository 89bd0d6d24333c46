-- ms.options: a script's command line, declared once: checks, defaults, --help.
local check = require "moonstill.check"
local host = require "moonstill.host"
local terminal = require "moonstill.terminal"

local options = {}

local exit_usage = 2

-- "images_per_class" -> "--images-per-class"
local function flag_of(name)
  return "--" .. name:gsub("_", "-")
end

local spec_of_entry = {
  { "help", "string", "What it means.", default = "" },
  { "default?", "string|number|boolean", "Its value when not given; says the type as well." },
  { "type?", '"string"|"integer"|"number"|"boolean"', "Needed without a default." },
  { "choices?", "string[]", "The only values it takes." },
  { "least?", "number", "The smallest number it takes." },
  { "most?", "number", "The largest number it takes." },
  { "required", "boolean", "Refuses to run without it.", default = false },
  { "positional", "boolean", "May be given without its name.", default = false },
  { "many", "boolean", "May be given again and again: its value is a list.", default = false },
}

local function type_of(default)
  if default == nil then return "string" end
  if math.type(default) == "integer" then return "integer" end
  return type(default)
end

local function declare(spec)
  local problem = host.mismatch("table", spec)
  if problem then check.fail("ms.options", "%s", problem) end
  local entries, by_flag, flags = {}, {}, { "--help" }
  for i, given in ipairs(spec) do
    if type(given) ~= "table" or type(given[1]) ~= "string" then
      check.fail("ms.options", 'entry %d: expected { "name", default = ..., help = ... }', i)
    end
    local named = {}
    for key, value in pairs(given) do
      if key ~= 1 then named[key] = value end
    end
    local entry = check.options("ms.options", named, spec_of_entry)
    entry.name, entry.flag = given[1], flag_of(given[1])
    entry.called = entry.positional and entry.name:upper() or ("option '%s'"):format(entry.flag)
    entry.type = entry.type or type_of(entry.default)
    if entry.type == "boolean" and entry.default == nil then entry.default = false end
    if by_flag[entry.flag] then check.fail("ms.options", "option '%s' is declared twice", entry.name) end
    entries[i], by_flag[entry.flag] = entry, entry
    flags[#flags + 1] = entry.flag
  end
  return { entries = entries, by_flag = by_flag, flags = flags, about = spec.about }
end

-- Converts the text of one value. Returns it, or nil and why not.
local function convert(entry, text)
  if entry.choices then
    for _, choice in ipairs(entry.choices) do
      if choice == text then return text end
    end
    return nil, ("expected %s, got '%s'%s"):format(table.concat(entry.choices, " or "), text,
      host.suggestion(text, entry.choices))
  end
  if entry.type == "string" then return text end
  local number = tonumber(text)
  if entry.type == "integer" then number = number and math.tointeger(number) end
  if not number then return nil, ("expected %s, got '%s'"):format(entry.type, text) end
  if entry.least and number < entry.least then
    return nil, ("expected at least %s, got '%s'"):format(entry.least, text)
  end
  if entry.most and number > entry.most then
    return nil, ("expected at most %s, got '%s'"):format(entry.most, text)
  end
  return number
end

-- The flag of the first entry that an argument without a name can be for.
local function next_positional(declared, values)
  for _, entry in ipairs(declared.entries) do
    if entry.positional and (entry.many or values[entry.name] == nil) then return entry.flag end
  end
end

local function parse_one(declared, arguments, i, values)
  local argument = arguments[i]
  local flag, attached = argument:match "^(%-%-[^=]+)=(.*)$"
  flag = flag or argument
  if flag:sub(1, 2) ~= "--" then
    flag, attached = next_positional(declared, values), argument
    if not flag then return nil, ("unexpected argument '%s'"):format(argument) end
  end
  if flag == "--help" then return nil, "option '--help': takes no value" end
  local entry, negated = declared.by_flag[flag], false
  if not entry then
    entry, negated = declared.by_flag["--" .. flag:sub(6)], flag:sub(1, 5) == "--no-"
    if not negated or not entry or entry.type ~= "boolean" then
      return nil, ("unknown option '%s'%s"):format(flag, host.suggestion(flag, declared.flags))
    end
  end
  if entry.type == "boolean" then
    if attached and attached ~= "true" and attached ~= "false" then
      return nil, ("%s: expected true or false, got '%s'"):format(entry.called, attached)
    end
    values[entry.name] = (attached ~= "false") ~= negated
    return i + 1
  end
  local text = attached or arguments[i + 1]
  if not text then return nil, ("%s: needs a value"):format(entry.called) end
  local value, problem = convert(entry, text)
  if value == nil then return nil, ("%s: %s"):format(entry.called, problem) end
  if entry.many then
    values[entry.name] = values[entry.name] or {}
    table.insert(values[entry.name], value)
  else
    values[entry.name] = value
  end
  return i + (attached and 1 or 2)
end

-- Help is at most this wide. Choices that are longer than `most_value` stand in the text instead of beside the flag.
local page_width, least_text, most_value = 100, 40, 30

local function pad(text, width) return text .. (" "):rep(width - #text) end

-- Paragraphs: lines that are indented stay as they are.
local function wrap_paragraphs(text, width)
  local lines = {}
  for line in text:gmatch "[^\n]+" do
    local wrapped = line:match "^%s" and { line } or terminal.lines(line, width)
    table.move(wrapped, 1, #wrapped, #lines + 1, lines)
  end
  return table.concat(lines, "\n")
end

-- What stands for an entry in the list, and its text.
local function describe(entry)
  local choices = entry.choices and table.concat(entry.choices, "|")
  local listed = choices and (entry.positional or #choices > most_value)
  local value = choices and not listed and choices or entry.type:upper()
  local parts = {}
  if entry.help ~= "" then parts[1] = entry.help end
  if listed then parts[#parts + 1] = "(one of: " .. table.concat(entry.choices, ", ") .. ")" end
  if entry.required then
    if not entry.positional then parts[#parts + 1] = "(required)" end
  elseif entry.default == true then
    parts[#parts + 1] = ("(on; --no%s turns it off)"):format(entry.flag:sub(2))
  elseif entry.default and entry.default ~= "" then
    parts[#parts + 1] = ("(default: %s)"):format(entry.default)
  end
  local name = entry.positional and entry.name:upper() or entry.type == "boolean" and entry.flag
    or entry.flag .. " " .. value
  return { name = name, text = table.concat(parts, " ") }
end

-- A list under its title, the texts in a column.
local function add_rows(lines, title, rows)
  if #rows == 0 then return end
  lines[#lines + 1] = ("\n%s:"):format(title)
  local width = 0
  for _, row in ipairs(rows) do width = math.max(width, #row.name) end
  local indent = (" "):rep(width + 4)
  for _, row in ipairs(rows) do
    local text = terminal.lines(row.text, math.max(least_text, page_width - #indent))
    lines[#lines + 1] = "  " .. (text[1] and pad(row.name, width + 2) .. table.concat(text, "\n" .. indent) or row.name)
  end
end

local function usage(declared, script)
  local first = { ("Usage: moonstill %s [OPTIONS]"):format(script) }
  local arguments, flags = {}, {}
  for _, entry in ipairs(declared.entries) do
    local list = entry.positional and arguments or flags
    list[#list + 1] = describe(entry)
    if entry.positional then
      local name = entry.name:upper() .. (entry.many and " ..." or "")
      first[#first + 1] = (entry.required and "%s" or "[%s]"):format(name)
    end
  end
  flags[#flags + 1] = { name = "--help", text = "Print this" }
  local lines = { table.concat(first, " ") }
  if declared.about then lines[#lines + 1] = "\n" .. wrap_paragraphs(declared.about, page_width) end
  add_rows(lines, "Arguments", arguments)
  add_rows(lines, "Options", flags)
  return table.concat(lines, "\n")
end

local strict_values = {
  __index = function(_, name)
    error(("%sms.options: option '%s' is not declared"):format(host.blame(), tostring(name)), 0)
  end,
}

local function is_help(argument)
  return argument == "--help" or argument == "-h"
end

local function parse(declared, arguments)
  local values, i = {}, 1
  while i <= #arguments do
    local after, problem = parse_one(declared, arguments, i, values)
    if not after then return nil, problem end
    i = after
  end
  for _, entry in ipairs(declared.entries) do
    if values[entry.name] == nil then
      if entry.required then return nil, entry.called .. " is missing" end
      values[entry.name] = entry.many and { entry.default } or entry.default
    end
  end
  return values
end

--- Reads a command line without ending the program: for tests, and for scripts run by scripts.
--- @param spec table  as for ms.options
--- @param arguments string[]
--- @return table|nil values  nil for a wrong command line
--- @return string|nil problem
function options.parse(spec, arguments)
  local declared = declare(spec)
  local values, problem = parse(declared, arguments)
  return values, problem
end

--- The text of --help.
--- @param spec table  as for ms.options
--- @param script string
--- @return string
function options.usage(spec, script)
  local declared = declare(spec)
  return (usage(declared, script))
end

--- Reads the script's command line.
---
--- Each entry is a list with a name and, by name, `default`, `help`, `type`, `choices`, `least`, `most`, `required`,
--- `positional`, `many`.
--- A default says the type too. `--name value`, `--name=value` and, for booleans, `--name` and `--no-name` are
--- understood; an underscore in a name is a dash on the command line. A wrong command line ends the program with
--- exit code 2 and a line that says why; --help prints all options and ends with 0.
---
--- ```lua
--- local opt = ms.options {
---   { "epochs", default = 3, least = 1, help = "passes over the data" },
---   { "model", default = "quantum", choices = { "quantum", "classical" } },
--- }
--- print(opt.epochs, opt.model)
--- ```
--- @param spec table
--- @return table
function options.read(spec)
  local declared = declare(spec)
  local arguments = rawget(_G, "arg")
  if type(arguments) ~= "table" then arguments = {} end
  local script = arguments[0] or "script"
  for _, argument in ipairs(arguments) do
    if is_help(argument) then
      print(usage(declared, script))
      os.exit(0)
    end
  end
  local values, problem = parse(declared, arguments)
  if not values then
    io.stderr:write(("moonstill: %s: %s\n'moonstill %s --help' lists the options.\n"):format(script, problem, script))
    os.exit(exit_usage)
  end
  return setmetatable(values, strict_values)
end

return options
