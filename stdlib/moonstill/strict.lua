-- Strict globals: reading or setting a global that nobody declared is an error that names it.
local host = require "moonstill.host"

local strict = {}

local allow_assignment = false

local function names_of_globals()
  local names = {}
  for name in pairs(_G) do
    if type(name) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function refuse(text)
  error(host.blame() .. text, 0)
end

local function read(_, name)
  refuse(("undeclared global '%s'%s"):format(name, host.suggestion(tostring(name), names_of_globals())))
end

local function assign(globals, name, value)
  if allow_assignment then
    rawset(globals, name, value)
    return
  end
  local form = type(value) == "function" and "local function %s" or "local %s = ..."
  refuse(("assignment to undeclared global '%s' (write '%s')"):format(name, form:format(name)))
end

--- Makes the global table strict.
function strict.open()
  setmetatable(_G, { __index = read, __newindex = assign })
end

--- Lets globals be set (the prompt) or not (scripts).
--- @param allowed boolean
function strict.allow_assignment(allowed)
  allow_assignment = allowed
end

return strict
