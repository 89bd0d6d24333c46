-- Printing of plain tables: sorted keys, short ones on one line, shared and cyclic ones by name. Everything else says
-- itself what it is.
local terminal = require "moonstill.terminal"

local pretty = {}

local usual_columns = 80
local most_entries = 100      -- of a table
local most_in_all = 5000
local deepest = 20            -- of tables in tables
local longest_string = 2000

local function is_name(key)
  return type(key) == "string" and key:match "^[%a_][%w_]*$"
end

-- Numbers first, then strings, then the rest.
local rank = { number = 1, string = 2, boolean = 3 }
local function before(a, b)
  local ra, rb = rank[type(a)] or 4, rank[type(b)] or 4
  if ra ~= rb then return ra < rb end
  if ra <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

local function other_keys(value)
  local size, keys = #value, {}
  for key in next, value do
    if not (math.type(key) == "integer" and key >= 1 and key <= size) then keys[#keys + 1] = key end
  end
  table.sort(keys, before)
  return keys
end

local function paint(form, style, text)
  return form.color and terminal.paint(style, text) or text
end

local function string_text(value, form)
  local rest = #value - longest_string
  local text = ("%q"):format(rest > 0 and form.short and value:sub(1, longest_string) or value):gsub("\\\n", "\\n")
  return paint(form, "string", text) .. (rest > 0 and form.short and (" ... %d more bytes"):format(rest) or "")
end

-- "function f(x, y)": what can be known of a function without its documentation.
local function function_text(value)
  local info = debug.getinfo(value, "Su")
  if info.what == "C" then return tostring(value) end
  local names = {}
  for i = 1, info.nparams do names[i] = debug.getlocal(value, i) end
  if info.isvararg then names[#names + 1] = "..." end
  return ("function(%s) from %s:%d"):format(table.concat(names, ", "), info.short_src, info.linedefined)
end

-- An object inside a table: numbers that are one line, else nothing but what it is, "[Tensor 2x3 f32]".
local function inner_text(text, indent)
  local body, last = text:match "^(.-)\n(%[[^%[%]\n]*%])$"
  if not body then return (text:gsub("\n", "\n" .. indent .. "  ")) end
  if body:find("\n", 1, true) or #body > usual_columns / 2 then return last end
  return body:gsub("^%s+", "") .. "  " .. last
end

-- What is no table: a string, a number, an object's own text with its last line, "[Tensor ...]", in the background.
local function scalar_text(value, form, indent)
  if type(value) == "string" then return string_text(value, form) end
  if type(value) == "function" then return paint(form, "faint", function_text(value)) end
  local text = indent == "" and tostring(value) or inner_text(tostring(value), indent)
  if type(value) == "number" then return paint(form, "number", value == value and text or "nan") end
  if type(value) == "nil" or type(value) == "boolean" then return paint(form, "constant", text) end
  local body, last = text:match "^(.-)(%[[^%[%]\n]*%])$"
  return last and body .. paint(form, "faint", last) or text
end

local format

local function entries_of(value, form, indent, open)
  local entries = {}
  local function add(size, limit, text_at)
    local shown = 0
    while shown < math.min(size, limit) and form.left > 0 do
      shown, form.left = shown + 1, form.left - 1
      entries[#entries + 1] = text_at(shown)
    end
    if shown < size then entries[#entries + 1] = ("... %d more"):format(size - shown) end
  end
  add(#value, most_entries, function(i) return format(rawget(value, i), form, indent, open) end)
  local keys = other_keys(value)
  add(#keys, 2 * most_entries - #entries, function(i)
    local key = keys[i]
    local name = is_name(key) and key or "[" .. format(key, form, indent, open) .. "]"
    return name .. " = " .. format(rawget(value, key), form, indent, open)
  end)
  return entries
end

-- As many entries on a line as fit, where all are short; else one on each.
local function lines_of(entries, form, indent)
  local room, lines, used = form.columns - #indent, { "" }, 0
  for i, entry in ipairs(entries) do
    local width = terminal.width(entry) + 2
    if entry:find("\n", 1, true) or width > room / 3 then return entries, ",\n" end
    if used > 0 and used + width > room then
      lines[#lines + 1] = ""
      used = 0
    end
    lines[#lines] = lines[#lines] .. (used > 0 and " " or "") .. entry .. (i < #entries and "," or "")
    used = used + width
  end
  return lines, "\n"
end

--- Whether a value is a table that does not say itself what it is.
--- @param value any
--- @return boolean
function pretty.is_plain(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "table" and not (type(meta) == "table" and meta.__tostring)
end

function format(value, form, indent, open)
  if not pretty.is_plain(value) then return scalar_text(value, form, indent) end
  if open[value] then return "(itself)" end
  if #indent >= 2 * deepest then return next(value) == nil and "{}" or "{ ... }" end
  open[value] = true
  local deeper = indent .. "  "
  local entries = entries_of(value, form, deeper, open)
  open[value] = nil
  if #entries == 0 then return "{}" end
  local line = "{ " .. table.concat(entries, ", ") .. " }"
  if terminal.width(line) + #indent <= form.columns and not line:find("\n", 1, true) then return line end
  local lines, separator = lines_of(entries, form, deeper)
  return "{\n" .. deeper .. table.concat(lines, separator .. deeper) .. "\n" .. indent .. "}"
end

--- Formats any value as the prompt shows it; tables as Lua text that a person can read, where what is too long or too
--- deep is left out and says so.
---
--- ```lua
--- print(ms.pretty { 1, 2, name = "x" })
--- ```
--- @param value any
--- @param options? { color?: boolean, columns?: integer, short?: boolean }  color: where the terminal shows colours;
---   columns: that lines fill (default: 80); short: cuts long strings
--- @return string
function pretty.format(value, options)
  options = options or {}
  local form = { color = options.color, columns = options.columns or usual_columns, short = options.short,
    left = most_in_all }
  local text = format(value, form, "", {})
  return text
end

return pretty
