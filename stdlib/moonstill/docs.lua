-- Documentation of every public function: rows of the described functions, and the `---` comments of the standard
-- library's own sources, read when first asked for.
local check = require "moonstill.check"
local host = require "moonstill.host"
local types = require "moonstill.reference.types"

local docs = {}

-- List of { name, documentation, parameters, options, returns, example, setup, call }: what stands in `setup`, the
-- example of the class, comes before the example.
local entries
local by_name

-- Lines that go on with what an @ begins stand two spaces in.
local function joined(lines)
  local whole = {}
  for _, line in ipairs(lines) do
    local goes_on = #whole > 0 and whole[#whole]:match "^@" and line:match "^%s%s+(%S.*)$"
    if goes_on then whole[#whole] = whole[#whole] .. " " .. goes_on else whole[#whole + 1] = line end
  end
  return whole
end

--- Reads the comment above a function: documentation, parameters, returns, example.
--- @param lines string[]  without their dashes
--- @return table entry
function docs.read_comment(lines)
  local entry = { parameters = {}, options = {}, results = {}, returns = "", example = "" }
  local text, example, inside = {}, {}, false
  for _, line in ipairs(joined(lines)) do
    local name, rest = line:match "^@param%s+(%S+)%s+(.+)$"
    local result = line:match "^@return%s+(.+)$" or line:match "^@type fun%(%): (.+)$"
    if line:match "^```" then
      inside = not inside
    elseif inside then
      example[#example + 1] = line
    elseif name then
      local optional, type_, doc = name:sub(-1) == "?", types.cut(rest)
      entry.parameters[#entry.parameters + 1] =
        { name = name:gsub("%?$", ""), type = type_, doc = doc:match "^%s*(.*)$", optional = optional }
    elseif result then
      entry.results[#entry.results + 1] = result
      entry.returns = entry.returns .. (entry.returns ~= "" and ", " or "") .. result
    elseif not line:match "^@" then
      text[#text + 1] = line
    end
  end
  entry.documentation = table.concat(text, "\n"):gsub("%s+$", "")
  entry.example = table.concat(example, "\n")
  return entry
end

-- The name that errors give a class's method: "still:fit" for that of "distill.Still".
local function method_name(class, key) return class:match "[^%.]*$":lower() .. ":" .. key end

local function read_source(source, add)
  local lines, classes, setups, place = {}, {}, {}, 0
  for line in (source.text .. "\n"):gmatch "(.-)\n" do
    place = place + 1
    local comment = line:match "^%-%-%-%s?(.*)$"
    if comment then
      lines[#lines + 1] = comment
    else
      local declared = table.concat(lines, "\n"):match "@class ([%w_%.]+)"
      if declared then setups[declared] = docs.read_comment(lines).example end
      local class, class_name = line:match '^([%w_]+)%.__name = "(.*)"$'
      if class then classes[class] = class_name end
      local owner, separator, name = line:match "^function%s+([%w_]+)([%.:])([%w_]+)%s*%("
      if not owner then owner, separator, name = line:match "^([%w_]+)(%.)([%w_]+) = " end
      if name and #lines > 0 and name:sub(1, 1) ~= "_" then
        local entry = docs.read_comment(lines)
        class_name = separator == ":" and classes[owner]
        entry.name = (class_name or source.module) .. separator .. name
        entry.alias = class_name and method_name(class_name, name)
        entry.setup = class_name and setups[class_name]
        entry.module, entry.key = source.module, name
        entry.position = ("=[moonstill]/%s:%d"):format(source.file, place)
        entry.source = ("stdlib/%s:%d"):format(source.file, place)
        add(entry)
      end
      lines = {}
    end
  end
end

-- The path of a value in the ms tree, such as "ms.nn.blend", or nil.
local function path_in_tree(value)
  for key, member in pairs(host.loaded["moonstill"] or {}) do
    if member == value then return "ms." .. key end
    for inner, part in next, type(member) == "table" and member or {} do
      if part == value then return ("ms.%s.%s"):format(key, inner) end
    end
  end
end

-- The name of a value that the module above gives, such as "distill.unrolled" for distill.unrolled.new, or nil.
local function path_above(module, value)
  local above = module:match "^(.*)%.[^%.]*$"
  for key, member in pairs(above and host.loaded[above] or {}) do
    if member == value then return above .. "." .. key end
  end
end

-- The value of a module's function.
local function value_of(entry)
  local module = host.loaded[entry.module]
  return type(module) == "table" and rawget(module, entry.key) or nil
end

-- What scripts call a function of one of our own modules.
local function public_name(entry)
  local value = value_of(entry)
  return value and (path_in_tree(value) or path_above(entry.module, value)) or entry.name
end

-- Named arguments stand for the last parameter, the table that holds them.
local function add_options(entry)
  local options = check.described(entry.alias or entry.name)
  if not options then return end
  entry.options = options
  table.remove(entry.parameters)
end

-- The modules beside `moonstill` declare their named arguments when they are loaded.
local function load_modules()
  for _, source in ipairs(host.sources()) do
    if not source.module:match "^moonstill%." then require(source.module) end
  end
end

local function load_all()
  load_modules()
  entries, by_name = {}, {}
  local function add(entry)
    if entry.module then
      entry.name = public_name(entry)
      add_options(entry)
    end
    entries[#entries + 1] = entry
    by_name[entry.name] = entry
    if entry.alias then by_name[entry.alias] = entry end
  end
  for _, entry in ipairs(host.functions()) do add(entry) end
  for _, source in ipairs(host.sources()) do
    if source.module ~= "moonstill.tutorial" then read_source(source, add) end   -- whose code is a reader's
  end
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
  local info = debug.getinfo(value, "S")
  local position = info.source .. ":" .. info.linedefined
  for _, entry in ipairs(docs.all()) do
    if entry.call == value or entry.position == position then return entry end
    if entry.module and value_of(entry) == value then return entry end
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
