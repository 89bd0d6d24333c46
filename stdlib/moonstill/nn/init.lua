-- ms.nn: losses and kernels from the engine, layers written in Lua.
local nn = require("moonstill.native").nn

nn.layer = require("moonstill.nn.layer").new
for _, part in ipairs { (require "moonstill.nn.layers"), (require "moonstill.nn.containers"), (require "moonstill.nn.circuit") } do
  for name, maker in pairs(part) do nn[name] = maker end
end

return nn
