-- Candidates in inputs for the prompt itself: ":load FILE", "?name".
local collect = require "moonstill.complete.collect"
local docs = require "moonstill.docs"
local strings = require "moonstill.complete.strings"
local topics = require "moonstill.topics"

local directives = {}

-- The prompt requires completion, so completion may require the prompt's parts only when it is asked.
local function prompt(part) return require("moonstill.repl." .. part) end

local function commands(partial)
  local found, add = collect.begin(partial)
  for _, row in ipairs(prompt "commands".list) do
    add(row.name, row.argument ~= "" and row.name .. " " .. row.argument or row.name, row.doc)
  end
  return collect.sorted(found)
end

-- A name, or behind that a value.
local function settings(text)
  local name, value = text:match "^(%S+)%s*[%s=]%s*(%S*)$"
  local found, add = collect.begin(value or text)
  for _, word in ipairs(name and prompt "settings".values(name) or not name and prompt "settings".names() or {}) do
    add(word)
  end
  return name and found or collect.sorted(found)
end

-- By what the prompt's rows say that an argument is; "lua" is the caller's.
local arguments = { command = commands, file = strings.files, module = strings.modules, setting = settings }

local function argument_kind(name)
  for _, row in ipairs(prompt "commands".list) do
    if row.name == name then return row.completes end
  end
end

-- What help knows behind a beginning such as "", "ms." or "distill.Still:": the next part of each name.
local function subjects(beginning, partial)
  local found, add = collect.begin(partial)
  for _, entry in ipairs(docs.all()) do
    local rest = entry.name:sub(#beginning + 1)
    local word = entry.name:sub(1, #beginning) == beginning and rest:match "^[%w_]+"
    if word and word == rest then add(word, docs.signature(entry):sub(#beginning + 1), docs.summary(entry))
    elseif word then add(word)
    end
  end
  for _, topic in ipairs(beginning == "" and topics.list or {}) do add(topic.name, "", topic.title) end
  return #found > 0 and collect.sorted(found) or nil
end

--- The candidates at the end of such an input, or nil where it is Lua.
--- @param before string
--- @param in_lua fun(before: string): table
--- @return table|nil
function directives.candidates(before, in_lua)
  local command = before:match "^%s*:([%w_]*)$"
  if command then return commands(command) end
  local name, argument = before:match "^%s*:([%w_]+)%s+(.*)$"
  if name then
    local kind = argument_kind(name)
    if kind == "lua" then return in_lua(argument) end
    return arguments[kind] and arguments[kind](argument) or { length = 0 }
  end
  local beginning, partial = before:match "^%s*%?%s*([%w_%.:]-)([%w_]*)$"
  return beginning and subjects(beginning, partial) or nil
end

return directives
