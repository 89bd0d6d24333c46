-- Texts of types (LuaCATS): cut where a type ends, whatever stands inside its brackets.
local types = {}

local closing = { ["("] = ")", ["{"] = "}", ["<"] = ">", ["["] = "]" }

-- Where the first of some characters stands outside brackets and quotes, or nil.
local function find_outside(text, characters)
  local open, quote = {}, nil
  for place = 1, #text do
    local char = text:sub(place, place)
    if quote then
      if char == quote then quote = nil end
    elseif char == '"' then
      quote = char
    elseif #open == 0 and characters:find(char, 1, true) then
      return place
    elseif closing[char] and not (char == "<" and text:sub(place + 1, place + 1):match "[%s=]") then
      open[#open + 1] = closing[char]
    elseif char == open[#open] then
      open[#open] = nil
    end
  end
end

--- Cuts a type from what follows it: "table<string, integer> by name" is a type and "by name". `fun(...)` may have a
--- result behind a colon.
--- @param text string
--- @return string type
--- @return string rest  with the space in front
function types.cut(text)
  local stop = find_outside(text, " \t") or #text + 1
  local head = text:sub(1, stop - 1)
  if head:match "^fun%(.*%):$" then
    local result, rest = types.cut(text:sub(stop):match "^%s*(.*)$")
    return head .. " " .. result, rest
  end
  return head, text:sub(stop)
end

--- A result as `@return` tells of it: a type, one space and a name, two spaces and what it is.
--- @param text string
--- @return { type: string, name?: string, doc: string }
function types.result(text)
  local type, rest = types.cut(text)
  local name, doc = rest:match "^ ([%a_][%w_]*%??)%s*(.*)$"
  return { type = type, name = name, doc = doc or rest:match "^%s*(.*)$" }
end

--- The results that one text tells of: "ms.Tensor, number: the gradients, and their norm".
--- @param text string
--- @return { type: string, doc: string }[]
function types.results(text)
  local list, colon = {}, find_outside(text, ":")
  local doc = colon and text:sub(colon + 1):match "^%s*(.-)%s*$" or ""
  local rest = colon and text:sub(1, colon - 1) or text
  while rest ~= "" do
    local comma = find_outside(rest, ",") or #rest + 1
    list[#list + 1] = { type = rest:sub(1, comma - 1):match "^%s*(.-)%s*$", doc = "" }
    rest = rest:sub(comma + 1)
  end
  if list[1] then list[1].doc = doc end
  return list
end

--- Whether a text is a type: names, their lists and unions, tables and functions.
--- @param text string
--- @return boolean
function types.is_type(text)
  local head, rest = types.cut(text)
  return rest:match "^%s*$" and head:match "^[%a_\"{(]" ~= nil
end

return types
