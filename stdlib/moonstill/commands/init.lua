-- The program's subcommands that are written in Lua, one a file here: the first line says what it does (the program's
-- usage shows it), and it gives { options =, run = }.
local options = require "moonstill.options"

local commands = {}

--- Runs a subcommand with the arguments in `arg`.
--- @param name string
--- @return boolean  whether all went well
function commands.run(name)
  local command = require("moonstill.commands." .. name)
  return command.run(options.read(command.options)) ~= false
end

return commands
