-- The module `moonstill`: the engine's functions, and what is written in Lua beside them.
local ms = require "moonstill.native"
require "moonstill.nn"

ms.help = require("moonstill.help").show
ms.options = require("moonstill.options").read
ms.progress = require("moonstill.progress").new

local test = require "moonstill.test"
for name, value in pairs(ms.test or {}) do test[name] = value end
ms.test = test

return ms
