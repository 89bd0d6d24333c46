-- Other programs, run through the shell.
local shell = {}

--- A word as the shell takes it, whatever is in it.
--- @param word string
--- @return string
function shell.quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

--- Words as a line for the shell.
--- @param words string[]
--- @return string
function shell.line(words)
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = shell.quote(word) end
  return table.concat(quoted, " ")
end

--- Whether a program is installed.
--- @param program string
--- @return boolean
function shell.has(program)
  local _, code = shell.run { "command", "-v", program }
  return code == 0
end

--- Runs a command without input, and gives what it printed (both streams) and its exit code.
--- @param words string[]
--- @return string output
--- @return integer code
function shell.run(words)
  local pipe <close> = assert(io.popen(shell.line(words) .. " 2>&1 </dev/null; echo $?"))
  local output, code = pipe:read("a"):match "^(.-)(%d+)\n$"
  return output, math.tointeger(code)
end

return shell
