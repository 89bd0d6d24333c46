-- A folder for the files of one test, with the program run in it as a user without modules of his own would.
local host = require "moonstill.host"
local ms = require "moonstill"
local shell = require "moonstill.modules.shell"
local test = require "moonstill.test"

local sandbox = {}
sandbox.__index = sandbox

--- Makes an empty folder, which goes when the variable goes out of scope.
function sandbox.new()
  local path = os.tmpname()
  os.remove(path)
  host.make_folder(path)
  return setmetatable({ path = host.absolute(path) }, sandbox)
end

sandbox.__close = function(self) host.remove_all(self.path) end

--- Writes a file, with the folders on the way.
function sandbox:write(name, text) ms.io.write_text(self.path .. "/" .. name, text) end

--- Reads a file.
function sandbox:read(name) return ms.io.read_text(self.path .. "/" .. name) end

--- Runs a line of shell, in which `moonstill` is the program, inside the folder (or one below it).
--- @return string output
--- @return integer code
function sandbox:run(line, below)
  local setup = ('cd %s; export HOME=%s XDG_DATA_HOME= LUA_PATH= LUA_PATH_5_4=; unset LUA_PATH LUA_PATH_5_4; '
    .. 'moonstill() { %s "$@"; }; '):format(shell.quote(self.path .. "/" .. (below or "")), shell.quote(self.path .. "/home"),
    shell.quote(host.program))
  return shell.run { "sh", "-c", setup .. line }
end

--- Runs a line of shell that must end with this code and print these texts.
--- @return string output
function sandbox:expect(line, code, ...)
  local output, got = self:run(line)
  for _, part in ipairs { ... } do
    test.ok(output:find(part, 1, true), ("%s: no '%s' in\n%s"):format(line, part, output))
  end
  if got ~= code then error(("%s: expected %d, got %d\n%s"):format(line, code, got, output), 2) end
  return output
end

return sandbox
