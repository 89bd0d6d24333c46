-- Splits OpenQASM into words, numbers, texts and signs, each with its line and column.
local lexer = {}

--- @class qasm.Token
--- @field kind "word"|"number"|"text"|"sign"|"end"
--- @field text string  as it stands in the file
--- @field value? number  of a number
--- @field line integer
--- @field column integer  in characters

local blanks = { "^%s+", "^//[^\n]*", "^/%*.-%*/", "^#?pragma%f[^%w_][^\n]*" }
local pairs_of_signs = { ["->"] = true, ["=="] = true, ["**"] = true, ["/*"] = true }
local byte_order_mark = "\xEF\xBB\xBF"

local function number_at(text, at)
  local digits = text:match("^%d[%d_]*%.?[%d_]*", at) or text:match("^%.%d[%d_]*", at)
  if not digits then return nil end
  local exponent = text:match("^[eE][+-]?%d+", at + #digits) or ""
  return digits .. exponent, tonumber((digits:gsub("_", "")) .. exponent)
end

local function blank_at(text, at)
  for _, pattern in ipairs(blanks) do
    local piece = text:match(pattern, at)
    if piece then return piece end
  end
end

local function token_at(text, at)
  local word = text:match("^[%a_\x80-\xff][%w_\x80-\xff]*", at)
  if word then return { kind = "word", text = word } end
  local number, value = number_at(text, at)
  if number then return { kind = "number", text = number, value = value } end
  local quoted = text:match('^"[^"\n]*"', at)
  if quoted then return { kind = "text", text = quoted } end
  local two = text:sub(at, at + 1)
  return { kind = "sign", text = pairs_of_signs[two] and two or text:sub(at, at) }
end

--- Gives the tokens of a text; the last is of kind "end".
--- @param text string
--- @return qasm.Token[]
function lexer.tokens(text)
  local tokens, line, column = {}, 1, 1
  local at = text:sub(1, #byte_order_mark) == byte_order_mark and #byte_order_mark + 1 or 1
  local function advance(piece)
    at = at + #piece
    local _, breaks = piece:gsub("\n", "")
    if breaks > 0 then line, column, piece = line + breaks, 1, piece:match "[^\n]*$" end
    column = column + (utf8.len(piece) or #piece)
  end
  while true do
    local blank = blank_at(text, at)
    if blank then
      advance(blank)
    else
      local token = at > #text and { kind = "end", text = "the end" } or token_at(text, at)
      token.line, token.column = line, column
      tokens[#tokens + 1] = token
      if token.kind == "end" then return tokens end
      advance(token.text)
    end
  end
end

return lexer
