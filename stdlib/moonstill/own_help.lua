-- Help on functions that the user or a module wrote: their comment, place and code.
local docs = require "moonstill.docs"
local typed = require "moonstill.repl.typed"

local own_help = {}

local longest_code = 16   -- lines that are shown

-- The lines of the text in which a function stands, or none where it cannot be read, and how many come before the
-- line that Lua counts as the first.
local function lines_around(value, info)
  local text, offset = typed.text(value)
  if not text and info.source:sub(1, 1) == "@" then
    local file <close> = io.open(info.source:sub(2))
    text = file and file:read "a"
  end
  local lines = {}
  for line in text and (text .. "\n"):gmatch "(.-)\n" or function() end do lines[#lines + 1] = line end
  return lines, offset
end

-- The comment right above a line, without its dashes.
local function comment_above(lines, place)
  local comment = {}
  for i = place - 1, 1, -1 do
    local text = lines[i]:match "^%s*%-%-+%s?(.*)$"
    if not text then break end
    table.insert(comment, 1, text)
  end
  return comment
end

local function parameters_of(value, info)
  local parameters = {}
  for i = 1, info.nparams do parameters[i] = { name = debug.getlocal(value, i), type = "any", doc = "" } end
  if info.isvararg then parameters[#parameters + 1] = { name = "...", type = "any", doc = "" } end
  return parameters
end

--- What there is to say of a function, as docs.all() has it.
--- @param value function
--- @param name? string  what it is called
--- @return table|nil entry
function own_help.entry(value, name)
  local info = debug.getinfo(value, "Su")
  if info.what == "C" then return nil end
  local lines, offset = lines_around(value, info)
  local first, last = info.linedefined + offset, info.lastlinedefined + offset
  local entry = docs.read_comment(lines[first] and comment_above(lines, first) or {})
  entry.name = name or "function"
  if #entry.parameters == 0 then entry.parameters = parameters_of(value, info) end
  entry.source = typed.text(value) and "typed at the prompt" or ("%s:%d"):format(info.short_src, info.linedefined)
  if lines[last] then
    local shown = math.min(last, first + longest_code - 1)
    entry.code = table.concat(lines, "\n", first, shown) .. (shown < last and "\n..." or "")
  end
  return entry
end

--- The functions right in a table, by name.
--- @param fields table
--- @param prefix string  what stands before their names
--- @return table[] entries
function own_help.within(fields, prefix)
  local entries = {}
  for key, value in next, fields do
    local entry = type(key) == "string" and type(value) == "function"
      and (docs.of(value) or own_help.entry(value, prefix .. "." .. key))
    if entry then entries[#entries + 1] = entry end
  end
  table.sort(entries, function(a, b) return a.name < b.name end)
  return entries
end

--- The comment at the top of the file in which a table's functions stand.
--- @param fields table
--- @return string|nil
function own_help.about(fields)
  for _, value in next, fields do
    local info = type(value) == "function" and debug.getinfo(value, "S")
    if info and info.source:sub(1, 1) == "@" then
      local comment = {}
      for _, line in ipairs((lines_around(value, info))) do
        local text = line:match "^%-%-+%s?(.*)$"
        if not text then break end
        comment[#comment + 1] = text
      end
      return #comment > 0 and table.concat(comment, "\n") or nil
    end
  end
end

return own_help
