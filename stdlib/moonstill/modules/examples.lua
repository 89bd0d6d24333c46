-- Examples in texts: the ```lua blocks of docstrings (`---` comments) and of Markdown.
local examples = {}

-- Calls visit(line, place) for the lines of a text; place counts from 1.
local function each_line(text, visit)
  local place = 0
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do
    place = place + 1
    visit(line, place)
  end
end

-- Collects blocks. `strip` gives what counts of a line, or nil where a block cannot go on.
local function collect(text, strip)
  local found, block = {}, nil
  each_line(text, function(line, place)
    local inner = strip(line)
    if not inner then
      block = nil
    elseif block and inner:match "^```%s*$" then
      found[#found + 1] = { line = block.line, code = table.concat(block, "\n") }
      block = nil
    elseif block then
      block[#block + 1] = inner
    elseif inner:match "^```lua%s*$" then
      block = { line = place + 1 }
    end
  end)
  return found
end

--- The examples in a file.
--- @param text string
--- @param name string  of the file: it ends in .lua or .md
--- @return { line: integer, code: string }[]
function examples.of(text, name)
  if name:match "%.md$" then return collect(text, function(line) return line end) end
  return collect(text, function(line) return line:match "^%s*%-%-%- ?(.*)$" end)
end

--- Runs an example as a script that has `ms` already; errors tell its place in the file.
--- @param example table  as from examples.of
--- @param file string
--- @return string|nil problem
function examples.run(example, file)
  local code = ("\n"):rep(example.line - 1) .. example.code
  local chunk, problem = load(code, "@" .. file, "t", setmetatable({ ms = require "moonstill" }, { __index = _G }))
  if not chunk then return problem end
  local fine, raised = pcall(chunk)
  if not fine then return tostring(raised) end
end

return examples
