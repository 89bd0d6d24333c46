-- :load, :reload and :edit: code from files.
local host = require "moonstill.host"
local ms = require "moonstill"
local results = require "moonstill.repl.results"
local shell = require "moonstill.modules.shell"

local files = {}

-- Modules beside a loaded script are found from then on, as when it is run.
local function search_beside(path)
  local folder = path:match "^(.*)/[^/]*$" or "."
  local entry = ("%s/?.lua;%s/?/init.lua"):format(folder, folder)
  if not (";" .. package.path .. ";"):find(";" .. entry .. ";", 1, true) then
    package.path = entry .. ";" .. package.path
  end
end

-- A script that ran as the call of a function, whose arguments are also `arg`: what :save writes.
local function call_text(text, path, arguments)
  local words = {}
  for i, word in ipairs(arguments) do words[i] = ("%q"):format(word) end
  local head = #words > 0 and ("_G.arg = { [0] = %q, ... }\n"):format(path) or ""
  local body = text:match "^\n*(.-)%s*$"
  return ("(function(...)\n%s%s\nend)(%s);"):format(head, body, table.concat(words, ", "))
end

local function run_file(session, path, arguments)
  local fine, text = pcall(ms.io.read_text, path)
  if not fine then return session:report((text:gsub("^.-ms%.io%.read_text: ", ":load: "))) end
  text = text:gsub("^#[^\n]*", "")
  local chunk, problem = load(text, "@" .. path, "t")
  if not chunk then return session:report(problem) end
  search_beside(path)
  rawset(_G, "arg", table.move(arguments, 1, #arguments, 1, { [0] = path }))
  local outcome = table.pack(host.call(chunk, table.unpack(arguments)))
  if not outcome[1] then return session:report(outcome[2]) end
  local values = table.pack(table.unpack(outcome, 2, outcome.n))
  local numbers = results.keep(values)
  session.log[#session.log + 1] = {
    text = call_text(text, path, arguments), expression = true, loaded = text, values = values.n, numbers = numbers,
  }
  results.show(values, numbers, { quiet = true })
end

--- Runs `:load FILE [ARGUMENTS]`.
function files.load(session, argument)
  if ms.io.exists(argument) then return run_file(session, argument, {}) end
  local words = {}
  for word in argument:gmatch "%S+" do words[#words + 1] = word end
  run_file(session, table.remove(words, 1), words)
end

-- The names of globals that hold a value.
local function names_of(session, value)
  local names = {}
  for name, held in next, _G do
    if held == value and not session.own[name] and not tostring(name):match "^_%d*$" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- Runs `:reload MODULE`.
function files.reload(session, argument)
  local old = package.loaded[argument]
  package.loaded[argument] = nil
  local outcome = table.pack(host.call(host.require, argument))
  if not outcome[1] then
    package.loaded[argument] = old
    return session:report(outcome[2])
  end
  local names = old ~= nil and names_of(session, old) or {}
  for _, name in ipairs(names) do rawset(_G, name, outcome[2]) end
  print(("loaded '%s' anew%s"):format(argument, #names > 0 and ", as " .. table.concat(names, ", ") or ""))
end

local function editor()
  for _, name in ipairs { "VISUAL", "EDITOR" } do
    local value = os.getenv(name)
    if value and value ~= "" then return value end
  end
  return "vi"
end

--- Runs `:edit [FILE]`.
function files.edit(session, argument)
  local path = argument
  if path == "" then
    path = os.tmpname()
    local last = session.log[#session.log]
    ms.io.write_text(path, last and (last.loaded or last.text .. "\n") or "")
  end
  if os.execute(editor() .. " " .. shell.quote(path)) then
    run_file(session, path, {})
  else
    session:report((":edit: '%s' failed; set EDITOR to yours"):format(editor()))
  end
  if argument == "" then os.remove(path) end
end

return files
