-- The tutorial: every block runs in an empty folder, in order, and prints what the tutorial says.
local sandbox = require "sandbox"
local test = require "moonstill.test"

-- The fenced blocks: { kind =, text = }.
local function blocks()
  local list = {}
  for kind, text in (require "moonstill.tutorial"):gmatch "\n```(%l+)\n(.-)\n```%f[\n]" do
    list[#list + 1] = { kind = kind, text = text }
  end
  return list
end

-- Lines that begin so, without that, and the lines below each.
local function entries(text, mark)
  local list = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    if line:sub(1, #mark) == mark then
      list[#list + 1] = { input = line:sub(#mark + 1), output = "" }
    else
      list[#list].output = list[#list].output .. line .. "\n"
    end
  end
  return list
end

-- Decimals differ between processors, checksums with the version, the folder each time; and luacheck need not be there.
local function comparable(text, folder)
  return (text:gsub(folder, "/home/ada"):gsub("sha256:%x+", "sha256:"):gsub("luacheck [^\n]*", "luacheck")
    :gsub("%d+ bytes", "# bytes"):gsub("(accuracy) [%d.]+", "%1 #"):gsub("%-?%d+%.%d%d%d+", "#"):gsub("[ \t]+", " "))
end

local folder <const> = sandbox.new()

local function compare(output, expected, input)
  output, expected = comparable(output, folder.path:gsub("%p", "%%%0")), comparable(expected, "\0")
  if output ~= expected then error(("%s\nexpected:\n%s\ngot:\n%s"):format(input, expected, output), 0) end
end

local run = {}

-- A file, named in its first line.
function run.lua(text) folder:write(text:match "^%-%- (%S+)\n", text .. "\n") end

-- As at one terminal: a `cd` stays.
local place = folder.path
function run.sh(text)
  for _, entry in ipairs(entries(text, "$ ")) do
    compare(folder:run(("cd '%s' && %s; pwd > '%s/place'"):format(place, entry.input, folder.path)), entry.output, entry.input)
    place = folder:read("place"):match "[^\n]*"
  end
end

-- All at one prompt.
local typed, printed = {}, {}
function run.console(text)
  for _, entry in ipairs(entries(text, "> ")) do
    typed[#typed + 1], printed[#printed + 1] = entry.input, entry.output
  end
end

test("every block of the tutorial prints what it says", function()
  local _ <close> = folder
  local count = 0
  for _, block in ipairs(blocks()) do
    count = count + 1
    run[block.kind](block.text)
  end
  test.ok(count > 12, count)
  folder:write("typed", table.concat(typed, "\n") .. "\n")
  compare(folder:run "moonstill repl < typed", table.concat(printed), "at the prompt")
end)

test("the schedule of the tutorial has twelve lines", function()
  local body = (require "moonstill.tutorial"):match "%-%- falling.lua\n.-return function%(.-%)\n(.-)\nend\n"
  test.equal(select(2, body:gsub("\n", "")) + 1, 12)
end)
