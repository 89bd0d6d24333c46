-- The module `moonstill`: the engine's functions, and what is written in Lua beside them.
local ms = require "moonstill.native"
local strict = require "moonstill.strict"
require "moonstill.draw"
require "moonstill.nn"

local help = require "moonstill.help"
ms.circuit_from = require("moonstill.circuit_data").from
ms.help = help.show
ms.ledger = require "moonstill.ledger"
ms.lua_of = require("moonstill.lua_of").text
ms.options = require("moonstill.options").read
ms.pretty = require("moonstill.pretty").format
ms.progress = require("moonstill.progress").new
ms.search = help.search
ms.show = require("moonstill.show").images

local test = require "moonstill.test"
for name, value in pairs(ms.test or {}) do test[name] = value end
ms.test = test

strict.module(ms, "ms.")
for name, part in pairs(ms) do
  if type(part) == "table" and not debug.getmetatable(part) then strict.module(part, "ms." .. name .. ".") end
end

return ms
