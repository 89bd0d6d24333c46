-- :save: what was typed, as a script that runs. Names set at the prompt become locals: in place where that is plain to
-- see, else declared at the top.
local host = require "moonstill.host"
local ms = require "moonstill"
local strict = require "moonstill.strict"

local save = {}

local known = { ms = true, help = true, _ = true }   -- names that the script has anyway

local function mentions(text, name) return text:find("%f[%w_]" .. name .. "%f[^%w_]") ~= nil end

-- The user's globals that a text sets somewhere: "x =", "x, y =", "function f(". Fields and named arguments of these
-- names are among them at times, which does no harm.
local function names_set(text, own)
  local found = {}
  local function add(name)
    local exists = rawget(_G, name) ~= nil or strict.is_declared(name)
    if exists and not known[name] and not own[name] and not found[name] then
      found[name] = true
      found[#found + 1] = name
    end
  end
  text = " " .. text
  for list in text:gmatch "[^%w_%.:]([%a_][%w_%s,]-)%s*=%f[^=]" do
    for name in list:gmatch "[%a_][%w_]*" do add(name) end
  end
  for name in text:gmatch "%f[%w_]function%s+([%a_][%w_]*)%s*%(" do add(name) end
  return found
end

-- Whether "local " in front of an input declares all that it sets: one assignment or function, at its beginning, of
-- names that nothing before it mentions.
local function can_declare(entry, names, before)
  local list = entry.text:match "^%s*([%a_][%w_%s,]-)%s*=%f[^=]"
    or entry.text:match "^%s*function%s+([%a_][%w_]*)%s*%("
  if not list then return false end
  local listed, count = {}, 0
  for name in list:gmatch "[%a_][%w_]*" do
    listed[name] = true
    count = count + 1
    if before.declared[name] or mentions(before.text, name) then return false end
  end
  for _, name in ipairs(names) do
    if not listed[name] then return false end
  end
  return count == #names and load("local " .. entry.text) ~= nil
end

-- A call that does not go on with the line before it.
local function statement(call) return call:match "^%(" and ";" .. call or call end

-- An expression's values were printed; later inputs may use them by number.
local function expression_text(entry, later, declare)
  local code = entry.text:gsub("[;%s]+$", "")
  local quiet = entry.text:match ";%s*$"
  local lines, numbers, used = {}, {}, false
  for i, number in ipairs(entry.numbers) do
    numbers[i] = "_" .. number
    used = used or mentions(later, numbers[i])
  end
  if used then
    local names = table.concat(numbers, ", ")
    lines[1], code = ("%s%s = %s"):format(declare, names, code), names
  elseif quiet or entry.values == 0 then
    if load(code) then return statement(code) end
    return ("do local _ = %s end"):format(code)
  end
  local form = entry.plain and "print(ms.pretty(%s))" or "print(%s)"
  if not quiet then lines[#lines + 1] = form:format(code) end
  return table.concat(lines, "\n")
end

-- Whether a text declares locals, which ended with their input, or returns.
local function needs_block(text)
  return ("\n" .. text):find "[\n;]%s*local%s" ~= nil or load(text .. "\n;") == nil
end

-- The inputs' texts from the one after `place` on.
local function texts_after(log, place)
  local texts = {}
  for i = place + 1, #log do texts[#texts + 1] = log[i].text end
  return table.concat(texts, "\n")
end

-- "_" means the last values before it: by their number.
local function name_last(log)
  local out, last = {}, nil
  for i, entry in ipairs(log) do
    local copy = {}
    for key, value in pairs(entry) do copy[key] = value end
    if last and not entry.loaded then copy.text = (" " .. copy.text):gsub("%f[%w_]_%f[^%w_]", "_" .. last):sub(2) end
    last = entry.numbers[1] or last
    out[i] = copy
  end
  return out
end

-- Lines that make up the script, without its head; and the names to declare there. `declare` stands in front of what
-- is set first.
local function body(log, own, declare)
  local before, lines, top = { text = "", declared = {} }, {}, {}
  for i, entry in ipairs(log) do
    local text = entry.text:gsub("%s+$", "")
    local names = entry.expression and not entry.loaded and {} or names_set(text, own)
    if entry.expression then
      text = expression_text(entry, texts_after(log, i), declare)
    elseif needs_block(text) then
      text = "do\n" .. text .. "\nend"
    elseif can_declare(entry, names, before) then
      text = declare .. text
      for _, name in ipairs(names) do before.declared[name] = true end
    end
    for _, name in ipairs(names) do
      if not before.declared[name] then
        before.declared[name] = true
        top[#top + 1] = name
      end
    end
    lines[#lines + 1] = text
    before.text = before.text .. "\n" .. entry.text
  end
  return table.concat(lines, "\n"), top
end

-- Names are locals, or fields of the script's own globals: Lua allows 200 locals.
local function script_with(session, locals)
  local code, names = body(name_last(session.log), session.own, locals and "local " or "")
  local head = { '-- Saved from the prompt of Moonstill.\nlocal ms = require "moonstill"' }
  if mentions(code, "help") then head[#head + 1] = "local help = ms.help" end
  if not locals then
    head[#head + 1] = "local _ENV <const> = setmetatable({}, { __index = _G })   -- more names than Lua has locals"
  elseif #names > 0 then
    head[#head + 1] = "local " .. table.concat(names, ", ")
  end
  return table.concat(head, "\n") .. "\n\n" .. code .. "\n"
end

--- The inputs of a session as a script.
--- @param session repl.Session
--- @return string
function save.script(session)
  local script = script_with(session, true)
  return load(script) and script or script_with(session, false)
end

--- Runs `:save FILE`.
--- @param session repl.Session
--- @param argument string
function save.run(session, argument)
  if #session.log == 0 then return session:report ":save: nothing was typed so far" end
  if ms.io.exists(argument) and argument ~= session.saved then
    return session:report((":save: '%s' exists; choose another name"):format(argument))
  end
  local folder = argument:match "^(.*/)[^/]*$"
  if folder and not host.kind(folder) then return session:report((":save: there is no folder '%s'"):format(folder)) end
  local script = save.script(session)
  local fine, problem = load(script, "=" .. argument)
  if fine then fine, problem = pcall(ms.io.write_text, argument, script) end
  if not fine then return session:report(":save: " .. problem:gsub("^.*ms%.io%.write_text: ", "")) end
  session.saved = argument
  print(("%d inputs in %s"):format(#session.log, argument))
end

return save
