-- One process at a time in a folder, and what killed ones leave.
local lock = require "moonstill.folder_lock"
local host = require "moonstill.host"
local ms = require "moonstill"
local program = require "program"
local test = require "moonstill.test"

-- A process that sleeps until the end of the scope, and what a lock of its own would hold.
local function sleeper()
  local pipe <close> = assert(io.popen "sleep 60 >/dev/null & echo $!")
  local process = pipe:read "l"
  local stat <close> = assert(io.open(("/proc/%s/stat"):format(process)))
  local fields = {}
  for field in stat:read "a":gmatch "%S+" do fields[#fields + 1] = field end
  local function kill() os.execute("kill -9 " .. process .. " 2>/dev/null") end
  return setmetatable({ process = process, identity = process .. " " .. fields[22], kill = kill }, { __close = kill })
end

test("a folder is this process's until the lock is closed", function()
  local out <close> = program.folder()
  do
    local _ <close> = lock.take(out.path)
    do
      local _ <close> = lock.take(out.path)
    end
    test.ok(ms.io.exists(out.path .. "/lock"), "the inner one frees nothing")
    test.equal(lock.holder(out.path), nil)
  end
  test.ok(not ms.io.exists(out.path .. "/lock"), "free again")
end)

test("another process's lock holds until that process is gone", function()
  local out <close> = program.folder()
  local other <close> = sleeper()
  ms.io.write_text(out.path .. "/lock", other.identity)
  test.equal({ lock.take(out.path) }, { nil, other.process })
  ms.io.write_text(out.path .. "/lock", other.process .. " 1")   -- an earlier process of that number
  test.equal(lock.holder(out.path), nil)
  ms.io.write_text(out.path .. "/lock", other.identity)
  other.kill()
  test.ok(lock.take(out.path), "free")
end)

-- Waits until it may go, takes the folder, notes it, and holds it until the other one has given up.
local racing = [[
local lock = require "moonstill.folder_lock"
local folder, name = ...
while not io.open(folder .. "/go") do end
local held <close> = lock.take(folder .. "/run")
io.open(folder .. "/" .. name .. (held and "-took" or "-refused"), "w"):close()
while held and not (io.open(folder .. "/a-refused") or io.open(folder .. "/b-refused")) do os.execute "sleep 0.05" end
]]

test("of two processes that come at once one has the folder", function()
  local out <close> = program.folder()
  local file <close> = program.file(".lua", racing)
  ms.io.write_text(out.path .. "/waits", "")
  local both <close> = assert(io.popen(("for n in a b; do timeout 20 '%s' '%s' '%s' $n & done; sleep 0.3; touch '%s/go'; wait")
    :format(host.program, file.path, out.path, out.path)))
  both:read "a"
  local took = 0
  for _, name in ipairs { "a", "b" } do took = took + (ms.io.exists(("%s/%s-took"):format(out.path, name)) and 1 or 0) end
  test.equal(took, 1)
end)

test("who waits for a folder says so once, and has it then", function()
  local out <close> = program.folder()
  local other <close> = sleeper()
  ms.io.write_text(out.path .. "/.busy", other.identity)
  local script <close> = program.file(".lua", [[
local _ <close> = require "moonstill.folder_lock".wait((...), ".busy")
print "has it"
]])
  local pipe <close> = assert(io.popen(("timeout 20 '%s' '%s' '%s' 2>&1 | while read -r line; do echo \"$line\"; "
    .. "kill -9 %s 2>/dev/null; done"):format(host.program, script.path, out.path, other.process)))
  test.equal(pipe:read "a", ("moonstill: waiting for process %s, which works in '%s'\nhas it\n"):format(other.process,
    out.path))
end)

test("what processes that are gone have half written is removed, the rest stays", function()
  local out <close> = program.folder()
  local other <close> = sleeper()
  local names = { "/.a.json." .. other.process .. "-0.tmp", "/b.tmp", "/.a.json.999999999-0.tmp" }
  for _, name in ipairs(names) do ms.io.write_text(out.path .. name, "") end
  lock.clean(out.path)
  for i, name in ipairs(names) do test.equal({ name, ms.io.exists(out.path .. name) }, { name, i < 3 }) end
  host.make_folder(out.path .. "/.bell.999999999-0.tmp")
  host.make_folder(out.path .. "/" .. lock.temporary "bell")
  lock.clean(out.path)
  test.equal(host.kind(out.path .. "/.bell.999999999-0.tmp"), nil)
  test.equal(host.kind(out.path .. "/" .. lock.temporary "bell"), "folder")
end)
