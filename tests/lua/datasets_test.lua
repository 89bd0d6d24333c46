-- `moonstill data get`: files are loaded, gone on with, checked, unpacked; without a network one is told what to do.
local catalogue = require "moonstill.datasets.catalogue"
local fetch = require "moonstill.datasets.fetch"
local host = require "moonstill.host"
local ms = require "moonstill"
local program = require "program"
local test = require "moonstill.test"

local function temporary_folder()
  local path = os.tmpname()
  os.remove(path)
  host.make_folder(path)
  return setmetatable({ path = path }, { __close = function() host.remove_all(path) end })
end

local contents = { ["a.bin"] = ("ten bytes "):rep(1000), ["b.bin"] = "\0\1\2" }

local function set_of(mirrors)
  local set = { mirrors = mirrors, files = {} }
  for _, name in ipairs { "a.bin", "b.bin" } do
    set.files[#set.files + 1] = { name = name, bytes = #contents[name], sha256 = host.sha256(contents[name]) }
  end
  return set
end

local function mirror_in(folder, changed)
  for name, content in pairs(contents) do
    ms.io.write_text(folder .. "/" .. name, changed and changed[name] or content)
  end
  return "file://" .. folder .. "/"
end

local function get(set, folder)
  local said = {}
  local fine, problem = pcall(fetch.get, set, folder, function(line) said[#said + 1] = line end)
  return fine or problem, said
end

test("files are loaded once", function()
  local source <close> = temporary_folder()
  local target <close> = temporary_folder()
  local set = set_of { mirror_in(source.path) }
  local _, said = get(set, target.path .. "/new")
  test.equal(said, { "a.bin from " .. set.mirrors[1], "b.bin from " .. set.mirrors[1] })
  for name, content in pairs(contents) do test.equal(ms.io.read_text(target.path .. "/new/" .. name), content) end
  test.equal({ get(set, target.path .. "/new") }, { true, {} })
  -- A file that was damaged meanwhile is loaded again.
  ms.io.write_text(target.path .. "/new/b.bin", "\0\1\3")
  test.equal({ get(set, target.path .. "/new") }, { true, { "b.bin from " .. set.mirrors[1] } })
end)

test("what is half there is gone on with", function()
  local source <close> = temporary_folder()
  local target <close> = temporary_folder()
  -- The mirror's first half is other bytes: only the second may come from there.
  local half = #contents["a.bin"] // 2
  local mirror = mirror_in(source.path, { ["a.bin"] = ("x"):rep(half) .. contents["a.bin"]:sub(half + 1) })
  ms.io.write_text(target.path .. "/a.bin.part", contents["a.bin"]:sub(1, half))
  ms.io.write_text(target.path .. "/b.bin.part", contents["b.bin"])
  test.equal((get(set_of { mirror }, target.path)), true)
  test.equal(ms.io.read_text(target.path .. "/a.bin"), contents["a.bin"])
  test.equal(ms.io.exists(target.path .. "/a.bin.part"), false)
end)

test("a part that cannot become the file is given up", function()
  local source <close> = temporary_folder()
  local mirror = mirror_in(source.path)
  local size = #contents["a.bin"]
  for _, part in ipairs { ("x"):rep(10), ("x"):rep(size), ("x"):rep(size + 1) } do
    local target <close> = temporary_folder()
    ms.io.write_text(target.path .. "/a.bin.part", part)
    test.equal((get(set_of { mirror }, target.path)), true)
    test.equal(ms.io.read_text(target.path .. "/a.bin"), contents["a.bin"])
  end
end)

test("what is longer than it should be is not loaded to its end", function()
  local wrong <close> = temporary_folder()
  local source <close> = temporary_folder()
  local target <close> = temporary_folder()
  local long, good = mirror_in(wrong.path, { ["b.bin"] = ("x"):rep(1000000) }), mirror_in(source.path)
  local _, said = get(set_of { long }, target.path)
  test.equal(said[3], "b.bin: it has more than 3 bytes")
  test.equal(ms.io.exists(target.path .. "/b.bin.part"), false)
  ms.io.write_text(target.path .. "/b.bin.part", "\0\1")   -- with which the file goes on, but too long
  _, said = get(set_of { long }, target.path)
  test.equal(said[2], "b.bin: it has more than 3 bytes")
  test.equal((get(set_of { long, good }, target.path)), true)
end)

test("processes that get one set at once do it in turn", function()
  local source <close> = temporary_folder()
  local target <close> = temporary_folder()
  local mirror = mirror_in(source.path)
  local script <close> = program.file(".lua", ([[
local fetch = require "moonstill.datasets.fetch"
fetch.get({ mirrors = { %q }, files = { { name = "a.bin", bytes = %d, sha256 = %q } } }, (...), print)
]]):format(mirror, #contents["a.bin"], host.sha256(contents["a.bin"])))
  local pipe <close> = assert(io.popen(("for i in 1 2 3; do '%s' '%s' '%s' 2>&1 & done; wait"):format(host.program,
    script.path, target.path)))
  test.equal(pipe:read "a":gsub("moonstill: waiting[^\n]*\n", ""), "a.bin from " .. mirror .. "\n")
  test.equal(ms.io.read_text(target.path .. "/a.bin"), contents["a.bin"])
  test.equal(#host.list(target.path), 1)
end)

test("a mirror at which nobody answers is asked once", function()
  local target <close> = temporary_folder()
  local source <close> = temporary_folder()
  local dead = "http://127.0.0.1:9/"
  local _, said = get(set_of { dead }, target.path)
  test.equal(#said, 2, table.concat(said, "\n"))
  _, said = get(set_of { dead, mirror_in(source.path) }, target.path)
  test.equal(#said, 4, table.concat(said, "\n"))
  test.ok(said[4]:find("b.bin from file:", 1, true), said[4])
end)

test("other bytes are refused, and the next mirror is asked", function()
  local wrong <close> = temporary_folder()
  local source <close> = temporary_folder()
  local target <close> = temporary_folder()
  local bad, good = mirror_in(wrong.path, { ["a.bin"] = contents["a.bin"]:gsub("n", "m") }), mirror_in(source.path)
  local problem, said = get(set_of { bad }, target.path)
  test.ok(said[2]:find("a.bin: expected 10000 bytes of SHA%-256 %x+, got other bytes"), said[2])
  test.ok(problem:find(("  %s/a.bin  (10000 bytes, SHA-256 "):format(target.path), 1, true), problem)
  test.ok(not problem:find("/b.bin", 1, true), "b.bin is there")
  test.equal(ms.io.exists(target.path .. "/a.bin"), false)
  test.equal((get(set_of { bad, good }, target.path)), true)
end)

test("archives are unpacked, checked and removed", function()
  local source <close> = temporary_folder()
  local target <close> = temporary_folder()
  local archive = host.pack { ["inside/a.bin"] = contents["a.bin"] }
  ms.io.write_text(source.path .. "/all.tar.gz", archive)
  local set = {
    mirrors = { "file://" .. source.path .. "/" },
    files = { { name = "all.tar.gz", bytes = #archive, sha256 = host.sha256(archive) } },
    unpacked = { { name = "inside/a.bin", bytes = 10000, sha256 = host.sha256(contents["a.bin"]) } },
  }
  test.equal((get(set, target.path)), true)
  test.equal({ get(set, target.path) }, { true, {} })
  test.equal(ms.io.exists(target.path .. "/all.tar.gz"), false)
end)

test("the command: where there is no network, and wrong words", function()
  local target <close> = temporary_folder()
  local output, code = program.run { "data", "get", "mnist", "--into", target.path, "--mirror", "file:///nowhere" }
  test.equal(code, 1)
  for _, file in ipairs(catalogue.mnist.files) do
    test.ok(output:find(("  %s/%s  (%d bytes, SHA-256 %s)"):format(target.path, file.name, file.bytes, file.sha256), 1, true),
      output)
  end
  output, code = program.run { "data", "get", "minst" }
  test.equal(code, 2)
  test.ok(output:find("expected cifar10 or fashion-mnist or mnist, got 'minst' (did you mean 'mnist'?)", 1, true), output)
end)

test("the catalogue is whole", function()
  for name, set in pairs(catalogue) do
    for _, list in ipairs { set.files, set.unpacked or {} } do
      for _, file in ipairs(list) do
        test.ok(file.bytes > 0 and #file.sha256 == 64 and file.sha256:match "^%x+$", name .. ": " .. file.name)
      end
    end
  end
end)
