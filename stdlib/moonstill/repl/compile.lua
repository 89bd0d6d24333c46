-- What is typed, as a function: an expression if it is one, else statements.

--- @param text string
--- @return function|nil chunk
--- @return boolean|string expression  whether it is one; the message where there is no chunk
return function(text)
  local chunk = load("return " .. text, "=repl")
  if chunk then return chunk, text:match "%S" ~= nil end
  local message
  chunk, message = load(text, "=repl")
  return chunk, chunk and false or message
end
