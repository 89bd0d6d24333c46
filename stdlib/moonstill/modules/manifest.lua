-- A module's manifest, `module.lua` in its folder: plain data that is read and never run.
local host = require "moonstill.host"
local literal = require "moonstill.modules.literal"

local manifest = {}

local longest_name = 64

-- The fields, in the order in which they are written.
local fields = {
  { "name", "string", "What `require` is given." },
  { "version", "string", "Such as 0.1.0." },
  { "author", "string", "Who wrote it." },
  { "licence", "string", "Such as MIT: who may do what with it." },
  { "about", "string", "What it is for, in a sentence." },
  { "exports", "string[]", "The names in the table that `require` gives." },
  { "moonstill", "string", "The oldest Moonstill that runs it." },
  { "needs?", "table", "Other modules that it requires: their oldest versions by name, { bell = \"0.2.0\" }." },
  { "checksum?", "string", "Of the module's files; `moonstill pack` writes it." },
}

local function field_names()
  local names = {}
  for i, field in ipairs(fields) do names[i] = field[1]:match "^[^?]+" end
  return names
end

-- The numbers of a version such as "0.1.0", or nil.
local function numbers_of(version)
  if not version:match "^%d+%.[%d%.]*%d$" or version:find("..", 1, true) then return nil end
  local numbers = {}
  for digits in version:gmatch "%d+" do numbers[#numbers + 1] = math.tointeger(tonumber(digits)) or math.maxinteger end
  return numbers
end

--- Whether a version is older than another.
--- @param a string
--- @param b string
--- @return boolean
function manifest.older(a, b)
  local x, y = numbers_of(a), numbers_of(b)
  for i = 1, math.max(#x, #y) do
    local p, q = x[i] or 0, y[i] or 0
    if p ~= q then return p < q end
  end
  return false
end

--- Why a module cannot have this name, or nil.
--- @param name string
--- @return string|nil
function manifest.problem_with_name(name)
  if #name > longest_name or not name:match "^%l[%l%d_]*$" then
    return ("'%s' is no name for a module: expected small letters, digits and _, a letter first, at most %d"):format(
      name, longest_name)
  end
  for _, source in ipairs(host.sources()) do
    if source.module:match "^[^%.]+" == name then return ("'%s' is a module of the standard library"):format(name) end
  end
  if not load("local " .. name) then return ("'%s' is a keyword of Lua"):format(name) end
  if name == "ms" then return "'ms' is what scripts call Moonstill itself" end
  if package.loaded[name] ~= nil and rawget(_G, name) == package.loaded[name] then
    return ("'%s' is a library of Lua"):format(name)
  end
  if type(rawget(_G, name)) == "function" then return ("'%s' is a function of Lua"):format(name) end
end

-- Text that a terminal shows and does not obey.
local function is_plain(text)
  return not text:find "%c" and not text:find "\xC2[\x80-\x9F]" and utf8.len(text) ~= nil
end

local function all_plain(value)
  if type(value) == "string" then return is_plain(value) end
  for _, element in ipairs(value) do
    if not is_plain(element) then return false end
  end
  return true
end

local function problem_with_needs(needs)
  for name, version in pairs(needs) do
    local problem = manifest.problem_with_name(tostring(name))
    if problem then return "'needs': " .. problem end
    if type(version) ~= "string" or not numbers_of(version) then
      return ("'needs': '%s': expected a version such as \"0.1.0\", got %s"):format(name, host.describe(version))
    end
  end
end

local function problem_of(data)
  if type(data) ~= "table" then return "expected `return` and a table" end
  local known = {}
  for _, name in ipairs(field_names()) do known[name] = true end
  for key in pairs(data) do
    if not known[key] then return (host.unknown(tostring(key), field_names()):gsub("argument", "field")) end
  end
  for _, field in ipairs(fields) do
    local name, optional = field[1]:match "^([^?]+)(%??)$"
    local value = data[name]
    if value == nil and optional == "" then return ("'%s' is missing: %s"):format(name, field[3]) end
    local problem = value ~= nil and host.mismatch(field[2], value)
    if problem then return ("'%s': %s"):format(name, problem) end
    if value == "" then return ("'%s' is empty: %s"):format(name, field[3]) end
    if value ~= nil and not all_plain(value) then
      return ("'%s': expected one line of text without control characters"):format(name)
    end
  end
  local problem = manifest.problem_with_name(data.name) or problem_with_needs(data.needs or {})
  if problem then return problem end
  for _, key in ipairs { "version", "moonstill" } do
    if not numbers_of(data[key]) then
      return ("'%s': expected numbers such as 0.1.0, got '%s'"):format(key, data[key])
    end
  end
  if data.checksum and not data.checksum:match "^sha256:%x+$" then
    return ("'checksum': expected sha256: and digits, got '%s'"):format(data.checksum)
  end
end

--- Reads a manifest. Raises an error that names the file and what is wrong.
--- @param text string
--- @param file string  its name, for the error
--- @return table
function manifest.read(text, file)
  local data, problem = literal.parse(text)
  problem = problem or problem_of(data)
  if problem then error(("%s: %s"):format(file, (problem:gsub("[\0-\x1F\x7F-\x9F]", "?"))), 0) end
  return data
end

--- Writes a manifest, its fields in their order.
--- @param data table
--- @return string
function manifest.write(data)
  local lines = { "return {" }
  for _, name in ipairs(field_names()) do
    if data[name] ~= nil then
      local value = literal.format(data[name]):match "^return (.*)\n$"
      lines[#lines + 1] = ("  %s = %s,"):format(name, value)
    end
  end
  lines[#lines + 1] = "}\n"
  return table.concat(lines, "\n")
end

--- Raises an error where this Moonstill is too old for a module.
--- @param data table
function manifest.check_version(data)
  if manifest.older(host.version, data.moonstill) then
    error(("%s %s needs Moonstill %s or newer; this is %s"):format(data.name, data.version, data.moonstill,
      host.version), 0)
  end
end

return manifest
