-- The values of what was typed: numbered, kept under `_1`, `_2` and so on, the last one under `_` too, and printed.
local docs = require "moonstill.docs"
local help = require "moonstill.help"
local ms = require "moonstill"
local pretty = require "moonstill.pretty"
local strict = require "moonstill.strict"
local terminal = require "moonstill.terminal"
local time_text = require "moonstill.repl.time_text"

local results = {}

local most_kept = 50          -- older ones are forgotten, so that their memory comes back
local most_drawn = 10         -- images of a table
local shown_from = 0.05       -- seconds: what took longer says so

local count = 0

local function keep(name, value)
  rawset(_G, name, value)
  strict.declare(name)   -- it may be nil
end

local function forget(name)
  rawset(_G, name, nil)
  strict.forget(name)
end

--- Gives each value a number, nil too.
--- @param values table  from table.pack
--- @return integer[] numbers
function results.keep(values)
  local numbers = {}
  for i = 1, values.n do
    count = count + 1
    numbers[i] = count
    keep("_" .. count, values[i])
    forget("_" .. count - most_kept)
  end
  if values.n > 0 then keep("_", values[1]) end
  return numbers
end

local function tag(numbers, seconds)
  local parts = {}
  if numbers[1] then parts[1] = "_" .. numbers[1] end
  if numbers[2] then parts[1] = parts[1] .. ".." .. "_" .. numbers[#numbers] end
  if seconds >= shown_from then table.insert(parts, 1, time_text(seconds)) end
  return table.concat(parts, "  ")
end

-- The text with a faint tag at the right end of its last line, or below where there is no room.
local function tagged(text, label)
  if label == "" then return text end
  local room = terminal.columns() - 1 - terminal.width(text:match "[^\n]*$") - terminal.width(label)
  if room < 2 then
    text, room = text .. "\n", terminal.columns() - 1 - terminal.width(label)
  end
  return text .. (" "):rep(room) .. terminal.paint("faint", label)
end

-- What has help: a function by how it is called, a module by its name.
local function known_text(value)
  if type(value) == "function" then
    local entry = docs.of(value)
    return entry and "function " .. docs.signature(entry)
  end
  local name = pretty.is_plain(value) and help.module_name(value)
  local functions = name and #docs.within(name) or 0
  return functions > 0 and ("[Module %s: %d functions, ?%s lists them]"):format(name, functions, name) or nil
end

local function text_of(value)
  local known = known_text(value)
  if known then return terminal.paint("faint", known) end
  return pretty.format(value, { color = true, columns = terminal.columns(), short = true })
end

-- Whether a table holds images, as distillation saves them, or is a still.
local function holds_images(value)
  if type(value) ~= "table" then return false end
  local parameters = rawget(value, "parameters")
  local images = rawget(value, "images") or type(parameters) == "table" and rawget(parameters, "images")
  if type(images) == "table" then images = images[1] end
  local meta = images and debug.getmetatable(images)
  if not meta or rawget(meta, "__name") ~= "ms.Tensor" then return false end
  local shape = images:shape()
  return #shape == 4 and shape[1] > 0 and (shape[2] == 1 or shape[2] == 3)
end

-- Words beside each other where tabs would put them: spaces can be counted.
local function in_columns(words)
  local text = ""
  for i, word in ipairs(words) do
    text = text .. word
    if i < #words then text = text .. (" "):rep(8 - terminal.width(text) % 8) end
  end
  return text
end

--- Prints values.
--- @param values table  from table.pack
--- @param numbers integer[]
--- @param options { quiet: boolean, seconds?: number }  seconds: how long they took, and their numbers are shown too
function results.show(values, numbers, options)
  local words, lines = {}, false
  for i = 1, options.quiet and 0 or values.n do
    words[i] = text_of(values[i])
    lines = lines or words[i]:find("\n", 1, true) ~= nil
  end
  local text = table.concat(words, lines and "\n" or "\t")
  if options.seconds and not lines then text = in_columns(words) end
  if options.seconds then text = tagged(text, tag(options.quiet and {} or numbers, options.seconds)) end
  if text ~= "" or #words > 0 then print(text) end
  for i = 1, options.seconds and #words or 0 do
    if holds_images(values[i]) then ms.show(values[i], { count = most_drawn }) end
  end
end

return results
