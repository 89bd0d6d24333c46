-- The prompt: reads, runs and prints line by line. Keys and history are the host's.
local complete = require "moonstill.complete"
local help = require "moonstill.help"
local host = require "moonstill.host"
local pretty = require "moonstill.pretty"
local strict = require "moonstill.strict"

local repl = {}

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
  local no_color = os.getenv "NO_COLOR"
  return setmetatable({
    interactive = interactive,
    color = interactive and host.is_terminal "stdout" and (no_color == nil or no_color == ""),
    editor = host.open_editor(interactive and history_path() or ""),
    failed = false,
  }, Session)
end

function Session:paint(code, text)
  return self.color and ("\27[%sm%s\27[0m"):format(code, text) or text
end

function Session:report(problem)
  self.failed = true
  local _, text = pcall(pretty.format, problem)
  if type(problem) == "string" then text = problem end
  io.stderr:write(self:paint("31", text), "\n")
end

-- Compiles an expression, else a statement. Returns the function, or nil and the message.
local function compile(text)
  local chunk = load("return " .. text, "=repl")
  if chunk then return chunk end
  local message
  chunk, message = load(text, "=repl")
  return chunk, message
end

-- Lines that are no Lua: "?name".
local function is_command(text) return text:sub(1, 1) == "?" end

-- Whether Enter runs a text, wrong or right, or goes on to another line.
local function is_finished(text)
  if is_command(text) then return true end
  local chunk, message = compile(text)
  return chunk ~= nil or not message:match "<eof>$"
end

-- Reads a chunk. Returns the text and the function; the text alone for a command; or nil and "end" or "again".
function Session:read()
  local text, interrupted = host.read(self.editor, {
    prompt = "> ", continued = "· ", color = self.color, is_finished = is_finished, complete = complete.candidates,
  })
  if not text then
    if interrupted then print() end
    return nil, interrupted and "again" or "end"
  end
  if is_command(text) then return text end
  local chunk, message = compile(text)
  if chunk then return text, chunk end
  self:report(message)
  return nil, "again"
end

local function show(results)
  local words, lines = {}, false
  for i = 1, results.n do
    words[i] = pretty.format(results[i])
    lines = lines or words[i]:find("\n", 1, true) ~= nil
  end
  print(table.concat(words, lines and "\n" or "\t"))
end

function Session:evaluate(text, chunk)
  local results = table.pack(host.call(chunk))
  if not results[1] then
    self:report(results[2])
    if results[3] then host.drop_pasted(self.editor) end
    return
  end
  table.remove(results, 1)
  results.n = results.n - 1
  if results.n > 0 then
    rawset(_G, "_", results[1])
    if not text:match ";%s*$" then show(results) end
  end
  if self.interactive and text:match "^%s*local%s" then
    print(self:paint("2", "(a local ends with its line; leave out 'local' to keep the value)"))
  end
end

-- "?ms.random", "?" alone
local function explain(line)
  local name = line:match "^%?+%s*(.-)%s*$"
  help.show(name ~= "" and name or nil)
end

-- One round. Returns "end" at the end of the input.
function Session:step()
  local text, chunk = self:read()
  if not text then return chunk end
  if chunk then self:evaluate(text, chunk)
  else explain(text)
  end
end

--- Gives what is typed its globals: ms, help, and names that it assigns.
function repl.open_globals()
  strict.allow_assignment(true)
  rawset(_G, "ms", require "moonstill")
  rawset(_G, "help", help.show)
end

--- Runs the prompt until the end of the input. Returns false when the input was no terminal and something failed.
--- @return boolean
function repl.run()
  local session = new_session()
  repl.open_globals()
  if session.interactive then
    print(("Moonstill %s, %s. ?name shows help, Ctrl-D leaves."):format(host.version, _VERSION))
  end
  while true do
    local fine, outcome, interrupted = host.call(Session.step, session)
    if fine and outcome == "end" then break end
    if not fine and not interrupted then session:report(outcome) end
  end
  if session.interactive then print() end
  return session.interactive or not session.failed
end

return repl
