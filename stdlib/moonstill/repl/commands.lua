-- The prompt's commands: one row each, from which :help, completion and the dispatch follow.
local errors = require "moonstill.repl.errors"
local files = require "moonstill.repl.files"
local host = require "moonstill.host"
local save = require "moonstill.repl.save"
local settings = require "moonstill.repl.settings"
local terminal = require "moonstill.terminal"
local timing = require "moonstill.repl.timing"
local who = require "moonstill.repl.who"

local commands = {}

--- @class repl.Command
--- @field name string
--- @field argument string        how its argument is written
--- @field completes? "lua"|"file"|"module"|"setting"|"command"  what the argument is
--- @field doc string             one sentence
--- @field run fun(session: repl.Session, argument: string)

local function show_backtrace() print(errors.last() or "no error so far") end

local function quit(session) session.ended = true end

local show_help   -- which shows that list

--- @type repl.Command[]
local list = {
  { name = "time", argument = "[RUNS] CODE", completes = "lua", run = timing.time,
    doc = "Runs code, once or so many times, and says how long that takes." },
  { name = "profile", argument = "CODE", completes = "lua", run = timing.profile,
    doc = "Runs code, and shows where its time goes, by operation and by line." },
  { name = "who", argument = "", run = who.show, doc = "Lists your names with type, shape and bytes." },
  { name = "load", argument = "FILE [ARGUMENTS]", completes = "file", run = files.load,
    doc = "Runs a script here: the globals that it sets are yours." },
  { name = "reload", argument = "MODULE", completes = "module", run = files.reload,
    doc = "Requires a module anew, after its file was changed." },
  { name = "edit", argument = "[FILE]", completes = "file", run = files.edit,
    doc = "Opens $EDITOR on a file, or on what was typed last, then runs it." },
  { name = "save", argument = "FILE", completes = "file", run = save.run,
    doc = "Writes what was typed, and succeeded, as a script that runs." },
  { name = "set", argument = "[NAME VALUE]", completes = "setting", run = settings.run,
    doc = "Changes a setting: " .. table.concat(settings.names(), ", ") .. ". Alone, shows all." },
  { name = "bt", argument = "", run = show_backtrace, doc = "Shows every call that led to the last error." },
  { name = "help", argument = "[COMMAND]", completes = "command",
    run = function(session, argument) show_help(session, argument) end, doc = "Lists the commands." },
  { name = "quit", argument = "", run = quit, doc = "Leaves, as Ctrl-D does." },
}

commands.list = list

--- Whether a line is a command. A label ("::name::") is none.
--- @param line string
--- @return boolean
function commands.is_command(line) return line:match "^%s*:[^:]" ~= nil or line:match "^%s*:%s*$" ~= nil end

local function with_colon(rows)
  local names = {}
  for i, row in ipairs(rows) do names[i] = ":" .. row.name end
  return names
end

-- The row of a name, or of what only one name begins with. nil and why not.
local function find(name)
  local fitting = {}
  for _, row in ipairs(commands.list) do
    if row.name == name then return row end
    if name ~= "" and row.name:sub(1, #name) == name then fitting[#fitting + 1] = row end
  end
  if #fitting == 1 then return fitting[1] end
  if #fitting > 1 then return nil, ("':%s' may be %s"):format(name, table.concat(with_colon(fitting), " or ")) end
  local near = host.suggestion(":" .. name, with_colon(commands.list))
  return nil, ("unknown command ':%s'%s; :help lists them"):format(name, near)
end

-- Broken where a line would leave the terminal; a pipe gets what it was.
local function on_screen(text) return host.is_terminal "stdout" and terminal.wrapped(text) or text end

function show_help(session, argument)
  local only, problem
  if argument ~= "" then only, problem = find(argument:match "^:?(.*)$") end
  if problem then return session:report(problem) end
  local width, shown = 0, only and { only } or commands.list
  for _, row in ipairs(shown) do width = math.max(width, #row.name + #row.argument + 2) end
  for _, row in ipairs(shown) do
    local use = (":%s %s"):format(row.name, row.argument):gsub(" $", "")
    local text = on_screen(use .. (" "):rep(width - #use) .. "  " .. row.doc)
    print(terminal.paint("name", use) .. text:sub(#use + 1))
  end
  if only then return end
  print(on_screen '\n?name shows help on anything, ??words searches all help, "?" alone lists what there is.')
  print(on_screen "_ is the last value, _1, _2 ... those before; a ';' at the end of a line prints nothing.")
end

--- Runs a command's line.
--- @param session repl.Session
--- @param line string
function commands.run(session, line)
  local name, argument = line:match "^%s*:(%S*)%s*(.-)%s*$"
  local row, problem = find(name)
  if not row then return session:report(problem) end
  if row.argument == "" and argument ~= "" then
    return session:report((":%s takes no argument, got '%s'"):format(row.name, argument))
  end
  if argument == "" and row.argument:match "^[^%[]" or row.argument:match "^%[RUNS" and argument == "" then
    return session:report((":%s needs %s"):format(row.name, row.argument))
  end
  row.run(session, argument)
end

return commands
