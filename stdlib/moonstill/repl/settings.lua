-- :set: one row each setting.
local host = require "moonstill.host"
local mode = require "moonstill.show.mode"
local ms = require "moonstill"
local terminal = require "moonstill.terminal"

local settings = {}

local chosen = { color = "auto", width = "auto", images = "auto" }

local function whole(text, least, most)
  local number = math.tointeger(tonumber(text))
  if number and number >= least and number <= most then return number end
end

local image_modes = { "auto", "kitty", "sixel", "blocks", "text" }
local colors = { auto = "auto", on = true, off = false }

local function is_one_of(word, words)
  for _, known in ipairs(words) do
    if word == known then return true end
  end
  return false
end

-- `values` are words that may be set; set returns what was expected where the value is refused.
local rows = {
  { name = "threads", doc = "Threads to compute with.",
    get = function() return tostring(ms.threads()) end,
    set = function(value)
      local count = whole(value, 1, ms.most_threads)
      if not count then return ("a whole number from 1 to %d"):format(ms.most_threads) end
      ms.set_threads(count)
    end,
    script = function() return ("ms.set_threads(%d)"):format(ms.threads()) end },
  { name = "color", values = { "auto", "on", "off" }, doc = "Colours: auto (where the terminal has them), on or off.",
    get = function() return chosen.color end,
    set = function(value)
      if colors[value] == nil then return "auto, on or off" end
      chosen.color = value
      if value == "auto" then terminal.set_color(nil) else terminal.set_color(colors[value]) end
    end },
  { name = "width", values = { "auto" }, doc = "Columns that output may fill: auto (the terminal's) or a number.",
    get = function() return chosen.width == "auto" and ("auto (%d)"):format(terminal.columns()) or chosen.width end,
    set = function(value)
      local columns = value ~= "auto" and whole(value, 20, 1000) or nil
      if value ~= "auto" and not columns then return "auto or a whole number from 20 to 1000" end
      chosen.width = value
      terminal.set_columns(columns)
    end },
  { name = "images", values = image_modes,
    doc = "How ms.show draws: auto (as the terminal can), kitty, sixel, blocks or text.",
    get = function() return chosen.images end,
    set = function(value)
      if not is_one_of(value, image_modes) then return "auto, kitty, sixel, blocks or text" end
      chosen.images = value
      mode.choose(value ~= "auto" and value or nil)
    end },
}

--- The settings' names, for help and completion.
--- @return string[]
function settings.names()
  local names = {}
  for i, row in ipairs(rows) do names[i] = row.name end
  return names
end

--- The words that a setting may be, for completion.
--- @param name string
--- @return string[]
function settings.values(name)
  for _, row in ipairs(rows) do
    if row.name == name then return row.values or {} end
  end
  return {}
end

local function show(row)
  local text = ("%-8s  %-10s  %s"):format(row.name, row.get(), row.doc)
  print(host.is_terminal "stdout" and terminal.wrapped(text) or text)
end

--- Runs `:set [NAME VALUE]`.
--- @param session repl.Session
--- @param argument string
function settings.run(session, argument)
  local name, value = argument:match "^(%S+)%s*=?%s*(.-)$"
  for _, row in ipairs(rows) do
    if not name then
      show(row)
    elseif row.name == name then
      if value == "" then return show(row) end
      local expected = row.set(value)
      if expected then return session:report((":set %s: expected %s, got '%s'"):format(name, expected, value)) end
      if row.script then session.log[#session.log + 1] = { text = row.script(), values = 0, numbers = {} } end
      return
    end
  end
  if name then
    session:report((":set: unknown setting '%s'%s"):format(name, host.suggestion(name, settings.names())))
  end
end

return settings
