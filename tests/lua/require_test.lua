-- Where `require` finds modules, and what it says when it does not.
local host = require "moonstill.host"
local sandbox = require "sandbox"
local test = require "moonstill.test"

test("the script's folder, the project, the user, LuaRocks: in this order", function()
  local folder <close> = sandbox.new()
  local stores = {
    { "work/scripts/which.lua", "the script's folder" },
    { "work/moonstill_modules/which/init.lua", "the project" },
    { "home/.local/share/moonstill/moonstill_modules/which/init.lua", "the user" },
    { "rocks/which.lua", "LUA_PATH" },
    { "home/.luarocks/share/lua/5.4/which.lua", "LuaRocks" },
  }
  folder:write("work/moonstill.lock", "return {}\n")
  folder:write("work/scripts/run.lua", "print((require 'which'))")
  for _, store in ipairs(stores) do folder:write(store[1], ("return %q"):format(store[2])) end
  for _, store in ipairs(stores) do
    local rocks = ("LUA_PATH='%s/rocks/?.lua;;' "):format(folder.path)
    test.equal(folder:run("export " .. rocks .. "; moonstill work/scripts/run.lua"), store[2] .. "\n")
    os.remove(folder.path .. "/" .. store[1])
  end
  folder:expect("moonstill work/scripts/run.lua", 1, "module 'which' not found:")
end)

test("the current directory is searched by nobody", function()
  local folder <close> = sandbox.new()
  folder:write("near.lua", "return 'wrong'")
  folder:write("sub/run.lua", "print(pcall(require, 'near'))")
  folder:expect("moonstill sub/run.lua", 0, "false")
  folder:expect("moonstill -e \"print(pcall(require, 'near'))\"", 0, "false")
  folder:expect("echo \"print(pcall(require, 'near'))\" | LUA_PATH='./?.lua' moonstill", 0, "false")
end)

test("the prompt and -e know the modules of the project around the current directory", function()
  local folder <close> = sandbox.new()
  folder:write("moonstill.lock", "return {}\n")
  folder:write("moonstill_modules/which/init.lua", "return 'the project'")
  folder:write("deep/down/x", "")
  test.equal(folder:run("moonstill -e \"print((require 'which'))\"", "deep/down"), "the project\n")
end)

test("a module without a manifest may lie below the script's folder", function()
  local folder <close> = sandbox.new()
  folder:write("lib/part.lua", "return { name = ... }")
  folder:write("run.lua", "print(require('lib.part').name)")
  folder:expect("moonstill run.lua", 0, "lib.part\n")
end)

test("a failed require tells where it looked, and the nearest name", function()
  local folder <close> = sandbox.new()
  folder:write("entangle.lua", "return {}")
  folder:write("run.lua", "require 'entangel'")
  local path = folder.path
  folder:expect("moonstill run.lua", 1, "moonstill: run.lua:1: module 'entangel' not found:",
    "\n\tthe script's folder:\n\t  no file './entangel.lua'\n\t  no file './entangel/init.lua'\n\tthe user's modules:\n\t  no file '"
      .. path .. "/home/.local/share/moonstill/moonstill_modules/entangel.lua'", "\n\tLuaRocks:\n\t  no file '",
    "no module 'entangel' in the standard library (did you mean 'entangle'?)")
  folder:write("run.lua", "require 'moonstill.hlep'")
  folder:expect("moonstill run.lua", 1, "(did you mean 'moonstill.help'?)")
  folder:write("run.lua", "require 'distil'")
  folder:expect("moonstill run.lua", 1, "(did you mean 'distill'?)")
end)

test("modules that require one another are told so", function()
  local folder <close> = sandbox.new()
  folder:write("one.lua", "return { two = require 'two' }")
  folder:write("two.lua", "return { three = require 'sub.three' }")
  folder:write("sub/three.lua", "return { one = require 'one' }")
  folder:write("run.lua", "require 'one'")
  folder:expect("moonstill run.lua", 1,
    "modules require one another in a ring: ./one.lua -> ./two.lua -> ./sub/three.lua -> ./one.lua\n")
  -- Not a ring: required again once it is loaded, and inside a function.
  folder:write("sub/three.lua", "return function() return require 'one' end")
  folder:write("run.lua", "print(require('one').two.three() == require 'one')")
  folder:expect("moonstill run.lua", 0, "true\n")
end)

test("a file may hide a module of the standard library, with a warning, but not from the library itself", function()
  local folder <close> = sandbox.new()
  folder:write("train.lua", "return 'mine'")
  folder:write("plot.lua", "error 'run'")
  folder:write("run.lua", "print((require 'train'), type(require('distill').unrolled), (require 'train'))")
  local output = folder:expect("moonstill run.lua", 0, "mine\tfunction\tmine\n")
  test.equal(select(2, output:gsub("warning: 'train' is './train.lua' here, which hides the standard library's\n", "")), 1)
  folder:write("moonstill.lua", "error 'run'")
  folder:write("moonstill/check.lua", "error 'run'")
  folder:write("run.lua", "require 'moonstill' require 'moonstill.check' print 'fine'")
  test.equal(folder:run "moonstill run.lua", "fine\n")
end)

test("programs are no modules", function()
  local folder <close> = sandbox.new()
  folder:write("train.lua", "print(type(require('train').fit))")
  test.equal(folder:run "moonstill train.lua", "function\n")
  folder:write("distill.lua", "#!/usr/bin/env moonstill\nerror 'run'")
  folder:write("run.lua", "print(type(require('distill').unrolled))")
  test.equal(folder:run "moonstill run.lua", "function\n")
  folder:write("run.lua", "require 'run'")
  folder:expect("moonstill run.lua", 1, "'./run.lua' is the running script")
end)

test("packages of LuaRocks may use globals as plain Lua lets them; scripts may not", function()
  local folder <close> = sandbox.new()
  folder:write("rocks/old.lua", "if jit then error 'no' end\nold_global = 1\nreturn { f = function() return old_global end }")
  folder:write("run.lua", "print(require('old').f())\nprint(jit)")
  folder:expect("export LUA_PATH='" .. folder.path .. "/rocks/?.lua;;'; moonstill run.lua", 1,
    "1\n", "run.lua:2: undeclared global 'jit'")
end)

-- Packages of Debian in pure Lua.
local packages = {
  { package = "lua-penlight", file = "/usr/share/lua/5.4/pl/pretty.lua",
    code = [[print(require("pl.pretty").write({ 1, a = 2 }, ""), require("pl.List") { 3, 1, 2 }:sort())
      print(require "pl.stringx".strip "  x ", require("pl.tablex").size { a = 1, b = 2 }) require "pl.import_into" ()]],
    output = "{1,a=2}\t{1,2,3}\nx\t2\n" },
  { package = "lua-inspect", file = "/usr/share/lua/5.3/inspect.lua",
    code = [[print(require "inspect" { 1, { b = true } })]], output = "{ 1, {\n    b = true\n  } }\n" },
}

for _, row in ipairs(packages) do
  if host.kind(row.file) then
    test("the package " .. row.package, function()
      local folder <close> = sandbox.new()
      folder:write("run.lua", row.code)
      test.equal(folder:run "moonstill run.lua", row.output)
    end)
  else
    print(("skipped: the package %s is not installed"):format(row.package))
  end
end
