-- Documentation of every public function: rows of the described functions, and the `---` comments of the standard
-- library's own sources, read when first asked for.
local host = require "moonstill.host"

local docs = {}

local entries   -- list of { name, documentation, parameters, options, returns, example, call }
local by_name

-- The comment block above a public function: documentation, parameters, returns, example.
local function read_comment(lines)
  local entry = { parameters = {}, options = {}, returns = "", example = "" }
  local text, example, inside = {}, {}, false
  for _, line in ipairs(lines) do
    local name, type_, doc = line:match "^@param%s+(%S+)%s+(%S+)%s*(.*)$"
    local result = line:match "^@return%s+(.+)$"
    if line:match "^```" then
      inside = not inside
    elseif inside then
      example[#example + 1] = line
    elseif name then
      local optional = name:sub(-1) == "?"
      entry.parameters[#entry.parameters + 1] =
        { name = name:gsub("%?$", ""), type = type_, doc = doc, optional = optional }
    elseif result then
      entry.returns = entry.returns .. (entry.returns ~= "" and ", " or "") .. result
    elseif not line:match "^@" then
      text[#text + 1] = line
    end
  end
  entry.documentation = table.concat(text, "\n"):gsub("%s+$", "")
  entry.example = table.concat(example, "\n")
  return entry
end

local function read_source(source, add)
  local lines = {}
  for line in (source.text .. "\n"):gmatch "(.-)\n" do
    local comment = line:match "^%-%-%-%s?(.*)$"
    if comment then
      lines[#lines + 1] = comment
    else
      local separator, name = line:match "^function%s+[%w_]+([%.:])([%w_]+)%s*%("
      if name and #lines > 0 and name:sub(1, 1) ~= "_" then
        local entry = read_comment(lines)
        entry.name = source.module .. separator .. name
        entry.module, entry.key = source.module, name
        add(entry)
      end
      lines = {}
    end
  end
end

-- The path of a value in the ms tree, such as "ms.nn.blend", or nil.
local function path_in_tree(value)
  local ms = package.loaded["moonstill"]
  if not ms or value == nil then return nil end
  for key, member in pairs(ms) do
    if member == value then return "ms." .. key end
    for inner, part in next, type(member) == "table" and member or {} do
      if part == value then return ("ms.%s.%s"):format(key, inner) end
    end
  end
end

-- What scripts call a function of one of our own modules.
local function public_name(entry)
  local module = entry.module and package.loaded[entry.module]
  local value = type(module) == "table" and rawget(module, entry.key)
  return value and path_in_tree(value) or entry.name
end

local function load_all()
  entries, by_name = {}, {}
  local function add(entry)
    entry.name = public_name(entry)
    entries[#entries + 1] = entry
    by_name[entry.name] = entry
  end
  for _, entry in ipairs(host.functions()) do add(entry) end
  for _, source in ipairs(host.sources()) do read_source(source, add) end
end

--- Every documented function, in the order of registration.
--- @return table[]
function docs.all()
  if not entries then load_all() end
  return entries
end

--- The function of a full name, also without the leading "ms.".
--- @param name string
--- @return table|nil
function docs.named(name)
  docs.all()
  return by_name[name] or by_name["ms." .. name]
end

--- The entry whose function is this value.
--- @param value function
--- @return table|nil
function docs.of(value)
  for _, entry in ipairs(docs.all()) do
    if entry.call == value then return entry end
    local module = entry.module and package.loaded[entry.module]
    if type(module) == "table" and rawget(module, entry.key) == value then return entry end
  end
end

local function below(name, pattern)
  local found = {}
  for _, entry in ipairs(docs.all()) do
    local rest = entry.name:sub(#name + 1)
    if entry.name:sub(1, #name) == name and rest:match(pattern) then found[#found + 1] = entry end
  end
  return found
end

--- The functions right in a module or class, or, where it has none, in the modules below it.
--- @param name string
--- @return table[]
function docs.within(name)
  for _, full in ipairs { name, "ms." .. name } do
    for _, pattern in ipairs { "^[%.:][%w_]+$", "^[%.:]" } do
      local found = below(full, pattern)
      if #found > 0 then return found end
    end
  end
  return {}
end

--- What a module of the standard library says of itself: the comment at its top.
--- @param name string
--- @return string|nil
function docs.of_module(name)
  for _, source in ipairs(host.sources()) do
    if source.module == name then
      local lines = {}
      for line in source.text:gmatch "([^\n]*)\n" do
        local comment = line:match "^%-%-%s?([^%-].*)$" or line:match "^%-%-()$" and ""
        if not comment then break end
        lines[#lines + 1] = comment
      end
      return #lines > 0 and table.concat(lines, "\n") or nil
    end
  end
end

--- How the function is called: `ms.zeros(shape, { type = "f32" })`.
--- @param entry table
--- @return string
function docs.signature(entry)
  local words = {}
  for i, param in ipairs(entry.parameters) do
    words[i] = param.name .. (param.optional and param.name ~= "..." and "?" or "")
  end
  if #entry.options > 0 then
    local keys = {}
    for i, option in ipairs(entry.options) do
      keys[i] = option.default and option.name .. " = " .. option.default or option.name
    end
    words[#words + 1] = "{ " .. table.concat(keys, ", ") .. " }"
  end
  return entry.name .. "(" .. table.concat(words, ", ") .. ")"
end

--- The first sentence of the documentation.
--- @param entry table
--- @return string
function docs.summary(entry)
  local text = (entry.documentation .. "\n\n"):match "^(.-)%s*\n\n":gsub("\n", " ")
  return text:match "^(.-%.)%s" or text
end

return docs
