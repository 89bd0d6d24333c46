-- ms.nn: losses and kernels from the engine, layers written in Lua.
local nn = require("moonstill.native").nn

nn.layer = require("moonstill.nn.layer").new
for _, part in ipairs { "layers", "containers", "circuit" } do
  for name, maker in pairs(require("moonstill.nn." .. part)) do nn[name] = maker end
end

return nn
