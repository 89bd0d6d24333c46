-- The module `moonstill`: the engine's functions, and what is written in Lua beside them.
local ms = require "moonstill.native"

return ms
