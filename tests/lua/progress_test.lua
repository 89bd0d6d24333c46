-- The progress bar: one line on a terminal, however narrow, and plain lines elsewhere.
local host = require "moonstill.host"
local program = require "program"
local test = require "moonstill.test"

-- Counts to 3 with longer texts than a narrow terminal holds.
local code = [[
local ms = require "moonstill"
local bar = ms.progress { total = 3, label = "distil" }
for i = 1, 3 do
  local clock = ms.timer()
  while clock:seconds() < 0.11 do end
  bar:update(i, "loss 2.302, held out 0.1234\nα " .. ("b"):rep(100))
end
bar:finish()
]]

-- What the script writes to a terminal of so many columns: script(1) opens one.
local function on_terminal(columns)
  local file <close> = program.file(".lua", code)
  local command = ("script -qec \"stty cols %d; '%s' '%s'\" /dev/null </dev/null"):format(columns, host.program, file.path)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "a"
end

test("each state fits into one line of the terminal, and overwrites the one before", function()
  for _, columns in ipairs { 40, 80, 200 } do
    local output = on_terminal(columns)
    local _, ends = output:gsub("\n", "")
    test.equal(ends, 1)
    local states = 0
    for state in output:gmatch "\r\27%[K([^\r\n]*)" do
      states = states + 1
      test.ok(utf8.len(state) and utf8.len(state) < columns, ("%d columns: '%s'"):format(columns, state))
      test.ok(state:find("^distil %d/3 %[[#.]+%] "), state)
    end
    test.ok(states >= 3, output)
    if columns == 80 then test.ok(output:find("loss 2.302, held out 0.1234 α b", 1, true), output) end
  end
end)

test("elsewhere it is plain lines", function()
  local output = program.run { "-e", code }
  test.ok(output:find "^distil 1/3  .- left  loss 2.302, held out 0.1234 α b+\n", output)
  test.ok(output:find "\ndistil 3/3  0:00 in all  loss", output)
end)
