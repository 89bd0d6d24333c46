-- check PATH: run a module's tests, examples and luacheck
local checking = require "moonstill.modules.checking"

return {
  options = {
    about = "Holds a module against its manifest, and runs its tests (*_test.lua), its examples (```lua blocks of "
      .. "docstrings and of Markdown) and, where it is installed, luacheck.",
    { "path", positional = true, required = true, help = "the module's folder" },
    { "inside", default = false, help = "exports and examples only, in this process" },
  },
  run = function(o) return checking[o.inside and "inside" or "all"]((o.path:gsub("(.)/+$", "%1"))) end,
}
