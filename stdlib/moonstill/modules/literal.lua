-- Data that is written as Lua: tables of strings, numbers and booleans, with comments, after `return`. It is read by
-- this file and never run, so that it can do no harm.
local literal = {}

local deepest = 20

local constants = { ["true"] = true, ["false"] = false }

local function fail(state, format, ...)
  local _, line = state.text:sub(1, state.place - 1):gsub("\n", "")
  error({ line = line + 1, text = format:format(...) }, 0)
end

-- Takes what a pattern matches here, anchored, and gives its captures or all of it; nil where it does not match.
local function take(state, pattern)
  local _, last, capture, second = state.text:find("^" .. pattern, state.place)
  if not last then return nil end
  local whole = state.text:sub(state.place, last)
  state.place = last + 1
  return capture or whole, second
end

local function skip(state)
  repeat
    take(state, "%s+")
    local comment = take(state, "%-%-%[(=*)%[.-%]%1%]") or take(state, "%-%-[^\n]*")
  until not comment
end

-- A quoted string, backslashes and all, is left to Lua: nothing else stands in it.
local function quoted(state, quote)
  local first, place = state.place, state.place + 1
  while true do
    local char = state.text:sub(place, place)
    if char == "" or char == "\n" then fail(state, "a string that does not end") end
    if char == quote then break end
    place = place + (char == "\\" and 2 or 1)
  end
  local chunk = load("return " .. state.text:sub(first, place), "=string", "t", {})
  if not chunk then fail(state, "a string that Lua does not read") end
  state.place = place + 1
  return chunk()
end

local value_here

local function table_here(state, depth)
  if depth > deepest then fail(state, "tables within tables, more than %d deep", deepest) end
  local result, size = {}, 0
  while true do
    skip(state)
    if take(state, "}") then return result end
    local key = take(state, "([%a_][%w_]*)%s*=")
    if not key and take(state, "%[%f[^%[]") then
      skip(state)
      key = value_here(state, depth + 1)
      skip(state)
      if not take(state, "%]%s*=") then fail(state, "expected ']=' after a key") end
    end
    if key == nil then
      size = size + 1
      key = size
    end
    if type(key) == "table" or key ~= key then fail(state, "a key that is no string and no number") end
    if result[key] ~= nil then fail(state, "'%s' stands there twice", tostring(key)) end
    skip(state)
    result[key] = value_here(state, depth + 1)
    skip(state)
    if not take(state, "[,;]") and state.text:sub(state.place, state.place) ~= "}" then
      fail(state, "expected ',' or '}' after '%s'", tostring(key))
    end
  end
end

function value_here(state, depth)
  local char = state.text:sub(state.place, state.place)
  if take(state, "{") then return table_here(state, depth) end
  if char == '"' or char == "'" then return quoted(state, char) end
  local _, long = take(state, "%[(=*)%[\n?(.-)%]%1%]")
  if long then return long end
  local number = tonumber(take(state, "%-?[%d%.]+[eE][%+%-]?%d+") or take(state, "%-?%.?%d[%w%.]*") or "")
  if number then return number end
  local word = take(state, "[%a_][%w_]*")
  if word and constants[word] ~= nil then return constants[word] end
  fail(state, "expected a table, string, number or boolean%s", word and (", got '%s'"):format(word) or "")
end

--- Reads data.
--- @param text string  `return { ... }`
--- @return any value  nil where the text is no such data
--- @return string|nil problem  "line 3: expected ..."
function literal.parse(text)
  local state = { text = text, place = text:find "^\xEF\xBB\xBF" and 4 or 1 }   -- behind a byte-order mark
  local fine, result = pcall(function()
    skip(state)
    if not take(state, "return%f[^%w_]") then fail(state, "expected 'return' and a table") end
    skip(state)
    local value = value_here(state, 1)
    skip(state)
    if state.place <= #text then fail(state, "something stands after the data") end
    return value
  end)
  if fine then return result end
  if type(result) ~= "table" then error(result, 0) end
  return nil, ("line %d: %s"):format(result.line, result.text)
end

local function key_text(key)
  if type(key) == "string" and key:match "^[%a_][%w_]*$" then return key end
  return ("[%q]"):format(key)
end

local function format(value, indent)
  if type(value) == "string" then return (("%q"):format(value):gsub("\\\n", "\\n")) end
  if math.type(value) == "float" then return ("%.17g"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  local deeper, lines, keys = indent .. "  ", {}, {}
  for i = 1, #value do lines[i] = format(value[i], deeper) end
  for key in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #value) then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  local named = #keys > 0
  for _, key in ipairs(keys) do lines[#lines + 1] = key_text(key) .. " = " .. format(value[key], deeper) end
  if #lines == 0 then return "{}" end
  if not named then return "{ " .. table.concat(lines, ", ") .. " }" end
  return "{\n" .. deeper .. table.concat(lines, ",\n" .. deeper) .. ",\n" .. indent .. "}"
end

--- Writes data so that literal.parse reads it, keys in order.
--- @param value any
--- @return string
function literal.format(value)
  return "return " .. format(value, "") .. "\n"
end

return literal
