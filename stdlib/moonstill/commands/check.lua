-- check PATH: run a module's tests, examples and luacheck
local checking = require "moonstill.modules.checking"

return {
  options = {
    about = "Holds a module against its manifest, and runs its tests (*_test.lua), its examples (```lua blocks of "
      .. "docstrings and of Markdown) and, where it is installed, luacheck.",
    { "path", positional = true, required = true, help = "the module's folder" },
    { "inside", default = "", help = "exports, or examples as well, in this process and nothing else" },
  },
  run = function(o)
    local folder = o.path:gsub("(.)/+$", "%1")
    if o.inside ~= "" then return checking.inside(folder, o.inside) end
    return checking.all(folder)
  end,
}
