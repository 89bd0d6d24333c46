-- Strict names: reading or setting a global that nobody declared, or reading a field of a module that it does not
-- have, is an error that names it.
local host = require "moonstill.host"

local strict = {}

local allow_assignment = false
local exempt = {}   -- sources of chunks that may do as they like
local declared = {}   -- globals that may be nil

-- Functions and modules; classes begin with a capital, and scripts do not call them.
local function names_in(fields, prefix)
  local names = {}
  for name in pairs(fields) do
    if type(name) == "string" and name:match "^%l" then names[#names + 1] = prefix .. name end
  end
  table.sort(names)
  return names
end

local function refuse(text)
  error(host.blame() .. text, 0)
end

-- Whether the function that uses a global is exempt: it stands above the metamethod, which calls this.
local function is_exempt()
  local user = debug.getinfo(3, "S")
  return user ~= nil and exempt[user.source] == true
end

local function read(globals, name)
  if declared[name] or is_exempt() then return nil end
  refuse(("undeclared global '%s'%s"):format(name, host.suggestion(tostring(name), names_in(globals, ""))))
end

local function assign(globals, name, value)
  if allow_assignment or is_exempt() then
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

--- Makes reading a field that a module does not have an error.
--- @param module table
--- @param prefix string  what scripts write before its fields, such as "ms.nn."
function strict.module(module, prefix)
  setmetatable(module, { __index = function(fields, name)
    local full = prefix .. tostring(name)
    refuse(("%s does not exist%s"):format(full, host.suggestion(full, names_in(fields, prefix))))
  end })
end

--- Lets a chunk read globals that nobody declared, and set them: packages that were written for plain Lua.
--- @param source string  as debug.getinfo gives it: "@" and the file
function strict.exempt(source) exempt[source] = true end

--- Lets a global be read while it is nil.
--- @param name string
function strict.declare(name) declared[name] = true end

--- Makes reading a global that is nil an error again.
--- @param name string
function strict.forget(name) declared[name] = nil end

--- Whether a global may be read while it is nil.
--- @param name string
--- @return boolean
function strict.is_declared(name) return declared[name] == true end

--- Lets globals be set (the prompt) or not (scripts).
--- @param allowed boolean
function strict.allow_assignment(allowed)
  allow_assignment = allowed
end

return strict
