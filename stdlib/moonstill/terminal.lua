-- What a terminal shows: colours where it has them and NO_COLOR is not set, and how wide it is.
local host = require "moonstill.host"

local terminal = {}

-- SGR codes of everything that is painted.
local styles = {
  error = "31", faint = "2", string = "32", number = "36", constant = "35", heading = "1", name = "36",
}

local color    -- true, false, or nil: as the stream allows

local function set(name)
  local value = os.getenv(name)
  return value ~= nil and value ~= ""
end

--- Whether a stream shows colours.
--- @param stream "stdout"|"stderr"
--- @return boolean
function terminal.colored(stream)
  if color ~= nil then return color end
  return host.is_terminal(stream) and not set "NO_COLOR" and os.getenv "TERM" ~= "dumb"
end

--- Whether the terminal has 24 bits of colour rather than 256 colours.
--- @return boolean
function terminal.has_all_colors()
  local value = os.getenv "COLORTERM"
  return value == "truecolor" or value == "24bit"
end

--- Turns colours on or off, or leaves them to the terminal (nil).
--- @param wanted? boolean
function terminal.set_color(wanted) color = wanted end

--- The text in a style, or as it is where the stream shows no colours.
--- @param style string
--- @param text string
--- @param stream? "stdout"|"stderr"  (default: "stdout")
--- @return string
function terminal.paint(style, text, stream)
  if text == "" or not terminal.colored(stream or "stdout") then return text end
  return ("\27[%sm%s\27[0m"):format(styles[style], text)
end

--- The text without colours.
--- @param text string
--- @return string
function terminal.plain(text) return (text:gsub("\27%[[%d;]*m", "")) end

--- How many columns a text takes, colours aside.
--- @param text string
--- @return integer
function terminal.width(text) return host.columns_of(terminal.plain(text)) end

--- How many columns output may fill.
--- @return integer
function terminal.columns() return host.output_columns() end

--- Sets how many columns output may fill, or leaves it to the terminal (nil).
--- @param columns? integer
function terminal.set_columns(columns) host.set_output_columns(columns or 0) end

-- The words of a line that fit, those of alternatives too, and the others. A word that is wider stays whole.
local function split(line, room)
  local head = line:sub(1, room + 1):match "^(.*%S)%s" or line:sub(1, room):match "^.+|" or line:match "^%S+"
  return head, line:sub(#head + 1):match "^%s*(.*)$"
end

local function is_prose(line) return line:find "^%S" and not line:find "^[-*|]%s" end

-- A line for each paragraph; lists and what is indented stay as they are.
local function paragraphs_of(text)
  local paragraphs = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local last = paragraphs[#paragraphs]
    if last and is_prose(last) and is_prose(line) then
      paragraphs[#paragraphs] = last .. " " .. line
    else
      paragraphs[#paragraphs + 1] = line
    end
  end
  return paragraphs
end

local widest = 100   -- that prose is read with ease

--- Puts the words of a text into lines of at most so many columns.
--- @param text string
--- @param columns integer
--- @return string[]
function terminal.lines(text, columns)
  local lines, rest = {}, text:match "^%s*(.-)%s*$"
  while #rest > columns do
    lines[#lines + 1], rest = split(rest, columns)
  end
  if rest ~= "" then lines[#lines + 1] = rest end
  return lines
end

--- Fills the paragraphs of a text anew, as wide as the terminal is.
--- @param text string
--- @param indent string  before each line
--- @return string
function terminal.filled(text, indent)
  local lines, room = {}, math.min(terminal.columns(), widest) - #indent
  for _, paragraph in ipairs(paragraphs_of(text)) do
    for _, line in ipairs(is_prose(paragraph) and terminal.lines(paragraph, room) or { paragraph }) do
      lines[#lines + 1] = line == "" and "" or indent .. line
    end
  end
  return table.concat(lines, "\n")
end

local continuation = "    "   -- further in than the line that goes on

-- Where a line goes on: below the last field of a table's row, or a little further in.
local function indent_below(line, columns)
  local fields = line:match "^(%s*%S.*%s%s)%S"
  return fields and #fields <= columns // 2 and (" "):rep(#fields) or line:match "^%s*" .. continuation
end

--- Breaks lines at spaces where they are wider than the terminal, and a list of alternatives at its bars. A word that
--- is wider stays whole.
--- @param text string
--- @return string
function terminal.wrapped(text)
  local lines, columns = {}, terminal.columns()
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local indent, rest = line:match "^(%s*)(.*)$"
    while #indent + #rest > columns do
      local head
      head, rest = split(rest, columns - #indent)
      lines[#lines + 1] = indent .. head
      indent = indent_below(line, columns)
    end
    if rest ~= "" or line == "" then lines[#lines + 1] = indent .. rest end
  end
  return table.concat(lines, "\n")
end

return terminal
