-- Runs the program itself in a process of its own, on files and in folders that do not stay.
local host = require "moonstill.host"

local program = {}

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs `moonstill ARGS` and gives what it printed (both streams) and its exit code.
--- @param arguments string[]
--- @param input? string  standard input (default: empty)
--- @return string output
--- @return integer code
function program.run(arguments, input)
  local words = { quote(host.program) }
  for i, argument in ipairs(arguments) do words[i + 1] = quote(argument) end
  local command = ("printf %%s %s | %s 2>&1; echo $?"):format(quote(input or ""), table.concat(words, " "))
  local pipe <close> = assert(io.popen(command))
  local output, code = pipe:read("a"):match "^(.-)(%d+)\n$"
  return output, math.tointeger(code)
end

--- Writes a file that is removed when the variable goes out of scope.
--- @param name string  how it ends
--- @param text string
function program.file(name, text)
  local path = os.tmpname()
  os.remove(path)
  path = path .. name
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
  return setmetatable({ path = path }, { __close = function() os.remove(path) end })
end

--- Gives the path of a folder, which is yet to be made, and is removed when the variable goes out of scope.
function program.folder()
  local path = os.tmpname()
  os.remove(path)
  return setmetatable({ path = path }, { __close = function() os.execute("rm -rf " .. quote(path)) end })
end

--- Gives what a file holds.
--- @param path string
--- @return string
function program.bytes(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

return program
