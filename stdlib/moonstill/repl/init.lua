-- The prompt: reads, runs and prints line by line. Keys and history are the host's.
local commands = require "moonstill.repl.commands"
local compile = require "moonstill.repl.compile"
local complete = require "moonstill.complete"
local errors = require "moonstill.repl.errors"
local help = require "moonstill.help"
local host = require "moonstill.host"
local ms = require "moonstill"
local pasted = require "moonstill.repl.pasted"
local pretty = require "moonstill.pretty"
local results = require "moonstill.repl.results"
local strict = require "moonstill.strict"
local terminal = require "moonstill.terminal"
local typed = require "moonstill.repl.typed"

local repl = {}

--- What a prompt knows. Commands get it.
--- @class repl.Session
--- @field interactive boolean    somebody sits before it
--- @field editor userdata
--- @field failed boolean         something went wrong
--- @field log table[]            inputs that succeeded: { text, expression, values, numbers, plain, loaded }, for :save
--- @field own table<string, boolean>  globals that are not the user's
--- @field ended boolean          :quit was typed
local Session = {}
Session.__index = Session

local function history_path()
  local state = os.getenv "XDG_STATE_HOME"
  local home = os.getenv "HOME"
  if not state or state == "" then state = home and home .. "/.local/state" end
  return state and state .. "/moonstill/history" or ""
end

local function new_session()
  local interactive = host.is_terminal "stdin"
  local own = { arg = true }   -- which :load sets
  for name in next, _G do own[name] = true end
  return setmetatable({
    interactive = interactive, editor = host.open_editor(interactive and history_path() or ""), failed = false,
    log = {}, own = own, ended = false,
  }, Session)
end

--- Shows an error: its message, and the calls that led to it. What was pasted behind an interruption is not run.
function Session:report(problem, interrupted)
  self.failed = true
  errors.show(problem)
  if interrupted then host.drop_pasted(self.editor) end
end

-- Says something that is shown once in a session.
function Session:hint(text)
  if not self.interactive or self.hinted then return end
  self.hinted = true
  print(terminal.paint("faint", text))
end

-- Of one of several lines that were pasted at once. Scripts begin with `local ms`.
function Session:keep_locals(text)
  local kept, names = pasted(text, setmetatable({ ms = false, help = false }, { __index = self.own }))
  if not load(kept) then return text end
  for _, name in ipairs(names) do strict.declare(name) end
  return kept
end

-- Inputs for the prompt itself rather than Lua: "?name", ":time x".
local function is_directive(text) return text:match "^%s*%?" ~= nil or commands.is_command(text) end

-- Whether Enter runs a text, wrong or right, or goes on to another line.
local function is_finished(text)
  if is_directive(text) then return true end
  local chunk, problem = compile(text)
  return chunk ~= nil or not problem:match "<eof>$"
end

-- Reads an input. Returns the text, the function and whether it is an expression; the text alone of a directive; or
-- nil and whether the input has ended.
function Session:read()
  local text, other = host.read(self.editor, {
    prompt = "> ", continued = "· ", color = terminal.colored "stdout", is_finished = is_finished,
    complete = complete.candidates,
  })
  if not text then
    if other then print() end   -- an interruption
    return nil, not other
  end
  if is_directive(text) then return text end
  if other then text = self:keep_locals(text) end
  local chunk, expression = compile(text)
  if chunk then return text, chunk, expression end
  self:report(expression)
end

--- Runs what was typed and prints its values. Returns whether it succeeded.
--- @param text string
--- @param chunk function
--- @param expression boolean  its values are its results
function Session:evaluate(text, chunk, expression)
  local clock = ms.timer()
  local outcome = table.pack(host.call(chunk))
  local seconds = clock:seconds()
  if not outcome[1] then
    self:report(outcome[2], outcome[3])
    return false
  end
  local values = table.pack(table.unpack(outcome, 2, outcome.n))
  local numbers = results.keep(values)
  typed.remember(text)
  self.log[#self.log + 1] = {
    text = text, expression = expression, values = values.n, numbers = numbers, plain = pretty.is_plain(values[1]),
  }
  results.show(values, numbers, { quiet = text:match ";%s*$" ~= nil, seconds = self.interactive and seconds or nil })
  if text:match "^%s*local%s" then
    self:hint "(a local ends with its line; leave out 'local' to keep the value)"
  end
  return true
end

-- "?ms.random", "?" alone, "??entangle"
local function explain(line)
  local marks, subject = line:match "^%s*(%?+)%s*(.-)%s*$"
  if #marks > 1 then help.search(subject)
  else help.show(subject ~= "" and subject or nil)
  end
end

-- One round, told what ended the last one. Returns true at the end of the input.
function Session:round(problem, interrupted)
  if problem then self:report(problem, interrupted) end
  local text, chunk, expression = self:read()
  if not text then return chunk end
  if chunk then self:evaluate(text, chunk, expression)
  elseif commands.is_command(text) then commands.run(self, text)
  else explain(text)
  end
  return self.ended
end

--- Gives what is typed its globals: ms, help, and names that it assigns.
function repl.open_globals()
  strict.allow_assignment(true)
  rawset(_G, "ms", ms)
  rawset(_G, "help", help.show)
end

--- Runs the prompt until the end of the input. Returns false when the input was no terminal and something failed.
--- @return boolean
function repl.run()
  repl.open_globals()
  local session = new_session()
  host.keep_backtraces()
  warn "@once"
  if session.interactive then
    print(("Moonstill %s, %s. ?name shows help, :help the commands, Ctrl-D leaves."):format(host.version, _VERSION))
  end
  host.rounds(Session.round, session)
  if session.interactive and not session.ended then print() end
  return session.interactive or not session.failed
end

return repl
