-- What an unfinished text ends in: a string, a comment, open brackets. One pass over its characters.

local closing = { [")"] = true, ["]"] = true, ["}"] = true }
local opening = { ["("] = true, ["["] = true, ["{"] = true }

--- @class complete.Place
--- @field text string
--- @field open integer[]             where the brackets begin that are still open, the innermost last
--- @field partner table<integer, integer>  of a closing bracket, or a string's end, where that begins
--- @field string? integer            where the string begins that the text ends in
--- @field comment? boolean           the text ends in a comment

-- Where a string or comment that begins at `at` ends, and whether it is one that stays open; nil where none begins.
local function skip(text, at)
  local comment = text:match("^%-%-()", at)
  local level, inside = text:match("^%[(=*)%[()", comment or at)
  if inside then
    local _, last = text:find("]" .. level .. "]", inside, true)
    return last or #text, last == nil, comment ~= nil
  end
  if comment then
    local line_end = text:find("\n", comment, true)
    return line_end and line_end - 1 or #text, line_end == nil, true
  end
  local quote = text:match("^[\"']", at)
  if not quote then return end
  local place = at + 1
  while place <= #text do
    local c = text:sub(place, place)
    if c == quote then return place, false end
    if c == "\n" then return place - 1, false end
    place = place + (c == "\\" and 2 or 1)
  end
  return #text, true
end

--- @param text string
--- @return complete.Place
return function(text)
  local place = { text = text, open = {}, partner = {} }
  local at = 1
  while at <= #text do
    local c = text:sub(at, at)
    local last, unfinished, comment = skip(text, at)
    if last then
      if unfinished and comment then place.comment = true end
      if unfinished and not comment then place.string = at end
      if not comment then place.partner[last] = at end
      at = last
    elseif opening[c] then
      place.open[#place.open + 1] = at
    elseif closing[c] then
      place.partner[at] = table.remove(place.open)
    end
    at = at + 1
  end
  return place
end
