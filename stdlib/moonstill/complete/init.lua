-- Completion at the prompt: names, fields, methods, keys of options and their values, modules, files, commands. What
-- is said of each comes from the documentation that help shows.
local collect = require "moonstill.complete.collect"
local directives = require "moonstill.complete.directives"
local docs = require "moonstill.docs"
local resolve = require "moonstill.complete.resolve"
local scan = require "moonstill.complete.scan"
local strings = require "moonstill.complete.strings"

local complete = { value = resolve.value }

local keywords = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
  "or", "repeat", "return", "then", "true", "until", "while",
}

-- What is said of a name: a function's call and first sentence, or the type of the value.
local function described(name, found)
  local entry = resolve.entry(found)
  if entry then return name .. docs.signature(entry):match "%(.*$", docs.summary(entry) end
  local value = found.value
  local meta = debug.getmetatable(value)
  local kind = type(meta) == "table" and rawget(meta, "__name") or type(value)
  return ("%s: %s"):format(name, kind), type(value) == "table" and (docs.of_module(name) or ""):match "^[^\n]*" or ""
end

-- Behind a dot stand fields and no methods, behind a colon methods and functions in a table's own fields.
local function members(owner, separator, partial)
  local found, add = collect.begin(partial)
  local methods, add_method = collect.begin(partial)
  resolve.members(owner, function(name, one)
    if one.is_method then add_method(name, described(name, one))
    elseif separator == "." or type(one.value) == "function" then add(name, described(name, one))
    end
  end)
  if separator == ":" then table.move(methods, 1, #methods, #found + 1, found)
  elseif #found == 0 and #methods > 0 then found.hint = "methods stand behind a colon"
  end
  return collect.sorted(found)
end

-- The call around the end of the text, if any: its documentation, and whether the text ends in its table of options.
local function call_around(place)
  local bracket = place.open[#place.open]
  if not bracket then return nil end
  local inside = place.text:sub(bracket, bracket)
  if inside == "[" then return nil end
  local before = bracket - 1
  if inside == "{" and #place.open > 1 then
    local outer = place.open[#place.open - 1]
    local between = place.text:sub(outer + 1, before)
    local argument = between:match "^%s*$" or between:match ",%s*$"
    if place.text:sub(outer, outer) == "(" and argument then before = outer - 1 end
  end
  local entry = resolve.entry(resolve.at(place, before))
  return entry, inside == "{", place.text:sub(bracket + 1)
end

local function parameter_text(param)
  local default = param.default and " = " .. param.default or ""
  return ("%s: %s%s"):format(param.name, param.type, default)
end

local function add_options(entry, given, add)
  for _, param in ipairs(entry.options) do
    if not given:find("%f[%w_]" .. param.name .. "%s*=[^=]") then
      add(param.name, parameter_text(param), param.doc)
    end
  end
end

-- The option whose value the text ends in: "init = " or 'init = "kn'.
local function option_at(entry, given)
  local name = given:match "([%a_][%w_]*)%s*=%s*[\"']?[^\"'=,]*$"
  for _, param in ipairs(name and entry.options or {}) do
    if param.name == name then return param end
  end
end

local function with_hint(found, entry)
  if #found == 0 and entry then found.hint = docs.signature(entry) .. "  " .. docs.summary(entry) end
  return found
end

-- Inside a string that begins at place.string.
local function in_string(place)
  local quote = place.text:sub(place.string, place.string)
  local partial = place.text:sub(place.string + 1)
  local before = place.text:sub(1, place.string - 1)
  if before:match "%f[%w_]require%s*%(?%s*$" then
    return strings.modules(partial)
  end
  local entry, options, given = call_around(place)
  local option = entry and options and option_at(entry, given)
  local words = option and strings.words_of(option.type) or {}
  if #words > 0 then
    local found, add = collect.begin(partial)
    for _, word in ipairs(words) do add(word:sub(2, -2) .. quote) end
    return found
  end
  return strings.files(partial)
end

local function option_values(option, partial)
  local found, add = collect.begin(partial)
  local words = option.type == "boolean" and { "true", "false" } or strings.words_of(option.type)
  for _, word in ipairs(words) do add(word) end
  found.hint = parameter_text(option) .. "  " .. option.doc
  return found
end

local function globals(partial)
  local found, add = collect.begin(partial)
  if partial == "" then return found end
  for key, value in next, _G do
    if type(key) == "string" then add(key, described(key, { value = value })) end
  end
  for _, word in ipairs(keywords) do add(word) end
  return collect.sorted(found)
end

-- A name that stands by itself.
local function alone(place, partial)
  local entry, options, given = call_around(place)
  if entry and options then
    local option = given:match "=%s*[%w_]*$" and option_at(entry, given)
    if option then
      local found = option_values(option, partial)
      if #found > 0 or partial == "" then return found end
    elseif given:sub(1, #given - #partial):match "^%s*$" or given:sub(1, #given - #partial):match "[,;]%s*$" then
      local found, add = collect.begin(partial)
      add_options(entry, given, add)
      if #found > 0 then return found end
    end
  end
  return with_hint(globals(partial), entry)
end

-- At the end of Lua.
local function in_lua(before)
  local place = scan(before)
  if place.comment then return { length = 0 } end
  if place.string then return in_string(place) end
  local partial = before:match "[%w_]*$"
  local rest, separator = before:sub(1, #before - #partial):match "^(.-)%s*([%.:])%s*$"
  if partial:match "^%d" then return { length = 0 } end
  if not rest or rest:match "%.$" then return alone(place, partial) end
  local owner = resolve.at(place, #rest)
  return owner and members(owner, separator, partial) or { length = #partial }
end

--- What may stand at the end of an input: a list of candidates, each with its `word`, `signature` and `summary`; the
--- `length` of the part that the words replace; where there are none, maybe a `hint` on the call around the place.
---
--- ```lua
--- local complete = require "moonstill.complete"
--- print(complete.candidates("string.gs")[1].word)   --> gsub
--- ```
--- @param before string  the input up to the cursor
--- @return table
function complete.candidates(before)
  return directives.candidates(before, in_lua) or in_lua(before)
end

return complete
