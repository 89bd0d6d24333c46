-- The text of functions that were typed at the prompt, for their help.
local typed = {}

local texts = setmetatable({}, { __mode = "k" })   -- { text, place }: of the input in which a function was made

local comment = {}   -- lines that were typed before the input that comes

local function remember_in(fields, text)
  for _, value in next, fields do
    if type(value) == "function" and not texts[value] and debug.getinfo(value, "S").source == "=repl" then
      texts[value] = { table.concat(comment) .. text, #comment }
    end
  end
end

--- Remembers the functions that an input made: those in globals, and in tables that are globals.
--- @param text string  the input
function typed.remember(text)
  if text:match "^%s*%-%-[^\n]*$" then
    comment[#comment + 1] = text .. "\n"
    return
  end
  if text:find("function", 1, true) then
    remember_in(_G, text)
    for _, value in next, _G do
      if type(value) == "table" and value ~= _G and value ~= package.loaded then remember_in(value, text) end
    end
  end
  comment = {}
end

--- The input that made a function, with the comment before it, and how many lines that comment has; nil where it was
--- not typed.
--- @param value function
--- @return string|nil text
--- @return integer comment_lines
function typed.text(value)
  if texts[value] then return table.unpack(texts[value]) end
  return nil, 0
end

return typed
