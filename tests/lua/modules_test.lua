-- Sharing modules: new, check, pack, add, list, remove, verify, as a stranger in an empty folder would use them.
local host = require "moonstill.host"
local literal = require "moonstill.modules.literal"
local sandbox = require "sandbox"
local test = require "moonstill.test"

-- A folder with a packed module `bell` in it.
local function with_module()
  local folder = sandbox.new()
  folder:expect("moonstill new bell --author Ada && moonstill pack bell", 0, "bell-0.1.0.tar.gz")
  return folder
end

test("data is read, not run", function()
  local text = [==[
-- comment
--[[ long
comment ]]
return {
  name = "a\"b\n", 'x', [[long]], -1, 2.5e-3, 0x10, true, ["key one"] = { deep = { false } }, [7] = "seven";
}
]==]
  local expected = { "x", "long", -1, 0.0025, 16, true, [7] = "seven", name = 'a"b\n', ["key one"] = { deep = { false } } }
  test.equal(literal.parse(text), expected)
  test.equal(literal.parse(literal.format(expected)), expected)
  for bad, problem in pairs {
    ["return { x = os.exit() }"] = "line 1: expected a table, string, number or boolean, got 'os'",
    ["return {\n x = ('x'):rep(9) }"] = "line 2: expected a table, string, number or boolean",
    ["return function() end"] = "line 1: expected a table, string, number or boolean, got 'function'",
    ["while true do end"] = "line 1: expected 'return' and a table",
    ["return { 1 } os.exit()"] = "line 1: something stands after the data",
    ["return { a = 1, a = 2 }"] = "line 1: 'a' stands there twice",
    ["return { 'x }"] = "line 1: a string that does not end",
    ["return { a = 1 b = 2 }"] = "line 1: expected ',' or '}' after 'a'",
    ["return {"] = "line 1: expected a table, string, number or boolean",
    ["return " .. ("{"):rep(50)] = "line 1: tables within tables, more than 20 deep",
    [""] = "line 1: expected 'return' and a table",
  } do
    test.equal({ literal.parse(bad) }, { [2] = problem })
  end
end)

test("a new module passes its check, and a script beside it finds it", function()
  local folder <close> = sandbox.new()
  folder:expect("moonstill new bell --author 'Ada \"Quote\" L'", 0, "bell/init.lua", "moonstill check bell")
  local output = folder:expect("moonstill check bell", 0, 'manifest  ok        bell 0.1.0 by Ada "Quote" L, MIT\n',
    "exports   ok        ghz\n", "examples  ok        2 ran\n", "tests     ok        1 passed, 0 failed\n")
  test.ok(output:find "luacheck  ok        no warnings" or output:find "luacheck  skipped   it is not installed", output)
  folder:write("run.lua", "print(require 'bell'.ghz(2))")
  folder:expect("moonstill run.lua", 0, "●")
  folder:expect("moonstill new bell", 1, "moonstill: there is a 'bell' here already\n")
end)

test("names that a module cannot have", function()
  local folder <close> = sandbox.new()
  folder:expect("moonstill new train", 1, "moonstill: 'train' is a module of the standard library\n")
  folder:expect("moonstill new moonstill", 1, "standard library")
  folder:expect("moonstill new string", 1, "moonstill: 'string' is a library of Lua\n")
  folder:expect("moonstill new end", 1, "moonstill: 'end' is a keyword of Lua\n")
  folder:expect("moonstill new nil", 1, "moonstill: 'nil' is a keyword of Lua\n")
  folder:expect("moonstill new print", 1, "moonstill: 'print' is a function of Lua\n")
  folder:expect("moonstill new ms", 1, "moonstill: 'ms' is what scripts call Moonstill itself\n")
  folder:expect("moonstill new ../x", 1, "moonstill: '../x' is no name for a module: expected small letters")
  folder:expect("moonstill new", 2, "moonstill: new: NAME is missing\n'moonstill new --help' lists the options.\n")
  folder:expect("moonstill new bell --author \"$(printf 'a\\033[31m')\"", 1,
    "moonstill: new: 'author': expected one line of text without control characters\n")
  folder:expect("moonstill new bell --licence ''", 1, "moonstill: new: 'licence' is empty: Such as MIT: ")
  test.equal(#host.list(folder.path), 0)
end)

test("check finds what is wrong", function()
  local folder <close> = sandbox.new()
  folder:expect("moonstill new bell", 0)
  local init, manifest = folder:read "bell/init.lua", folder:read "bell/module.lua"
  folder:write("bell/init.lua", init:gsub("print%(bell.ghz", "print(bell.no"))
  folder:expect("moonstill check bell", 1, "examples  failed    bell/init.lua:10: attempt to call a nil value")
  folder:write("bell/init.lua", (init:gsub("return bell", "bell.more = 1\nreturn bell")))
  folder:expect("moonstill check bell", 1, "exports   failed    module.lua says 'ghz', the module has 'ghz, more'")
  folder:expect("moonstill pack bell", 1, "moonstill: 'bell' is not packed:\nexports   failed    module.lua says 'ghz', the")
  test.equal(#host.list(folder.path), 1)
  folder:write("bell/init.lua", (init:gsub("return bell", "bell._VERSION = 1\nreturn bell")))
  folder:expect("moonstill check bell", 0, "exports   ok        ghz\n")
  folder:write("bell/init.lua", "\xEF\xBB\xBF" .. init)   -- a byte-order mark
  folder:expect("moonstill check bell", 0, "manifest  ok", "exports   ok        ghz\n")
  folder:write("bell/init.lua", "os.exit(0)")
  folder:expect("moonstill pack bell", 1, "'bell' is not packed:\nexports   failed    the module ended the program\n")
  folder:expect("moonstill check bell", 1, "exports   failed    the module ended the program")
  folder:write("bell/init.lua", "return {")
  folder:expect("moonstill check bell", 1, "manifest  failed    bell/init.lua cannot be read as Lua: bell/init.lua:1: "
    .. "unexpected symbol near <eof>")
  folder:write("bell/init.lua", init)
  folder:write("bell/bell_test.lua", "require('moonstill').test('no', function() error 'wrong' end)")
  folder:expect("moonstill check bell", 1, "tests     failed    FAILED  bell/bell_test.lua: no")
  for wrong, problem in pairs {
    [manifest:gsub('version = "0.1.0"', 'version = "one"')] = "'version': expected numbers such as 0.1.0, got 'one'",
    [manifest:gsub("author", "autor")] = "unknown field 'autor' (did you mean 'author'?)",
    [manifest:gsub("  author[^\n]*\n", "")] = "'author' is missing",
    [manifest:gsub('licence = "MIT"', 'licence = "\\27[31mred"')] = "'licence': expected one line of text without control",
    [manifest:gsub('"ghz"', '"ghz\\n"')] = "'exports': expected one line of text without control characters",
    [manifest:gsub("about = ", "abuot = 1,\n  about = ")] = "unknown field 'abuot' (did you mean 'about'?)",
    [manifest:gsub("licence = \"MIT\"", "licence = 3")] = "'licence': expected string, got number 3",
    [manifest:gsub("return", "while true do end return")] = "line 1: expected 'return' and a table",
    [manifest:gsub('moonstill = "[^"]*"', 'moonstill = "99.0"')] = "bell 0.1.0 needs Moonstill 99.0 or newer",
  } do
    folder:write("bell/module.lua", wrong)
    folder:expect("moonstill check bell", 1, "manifest  failed    ", problem)
  end
  folder:expect("moonstill check nowhere", 1, "'nowhere' is no module: it has no module.lua")
end)

test("the same files give the same archive, whatever their times and modes", function()
  local folder <close> = with_module()
  folder:expect("mv bell-0.1.0.tar.gz one.gz; cp -r bell other; touch -d 2001-01-01 other/*; chmod 600 other/*;"
    .. "mkdir other/.git; for f in .git/x init.lua~ '#init.lua#' .init.lua.swp 1.swp; do echo x > other/$f; done; "
    .. "moonstill pack other && cmp one.gz bell-0.1.0.tar.gz", 0)
  folder:expect("printf '\\357\\273\\277' | cat - bell/module.lua > other/module.lua; moonstill pack other && "
    .. "cmp one.gz bell-0.1.0.tar.gz", 0)   -- with a byte-order mark
  folder:expect("echo '-- more' >> other/init.lua; moonstill pack other; cmp one.gz bell-0.1.0.tar.gz", 1, "differ")
  folder:expect("ln -s /etc/passwd other/link; moonstill pack other", 1, "'other/link' is a link or a device")
  local spec = folder:read "bell-0.1.0-1.rockspec"
  for _, part in ipairs { 'package = "bell"', 'version = "0.1.0-1"', 'bell = "init.lua"', 'url = "bell-0.1.0.tar.gz"' } do
    test.ok(spec:find(part, 1, true), spec)
  end
  test.ok(load(spec, "rockspec", "t", {}))
end)

test("add, list, require, verify, remove", function()
  local folder <close> = with_module()
  folder:write("project/run.lua", "print(require('bell').ghz(2):qubits())")
  folder:expect("cd project; moonstill list", 0, "no modules in " .. folder.path .. "/project\n")
  folder:expect("cd project; moonstill add", 1, "moonstill: there is no moonstill.lock in '" .. folder.path
    .. "/project' or above: nothing to install without SOURCE\n")
  folder:expect("cd project; moonstill add ../bell-0.1.0.tar.gz", 0, "bell 0.1.0 is in " .. folder.path
    .. "/project/moonstill_modules/bell\n", 'local bell = require "bell"   -- ghz')
  folder:expect("moonstill project/run.lua", 0, "2\n")
  folder:expect("cd project; moonstill list", 0, "bell  0.1.0  Circuits that entangle.\n")
  folder:expect("cd project; moonstill verify", 0, "ok       bell 0.1.0\n")
  test.ok(folder:read("project/moonstill.lock"):find 'checksum = "sha256:%x+"', folder:read "project/moonstill.lock")
  folder:expect("mkdir -p project/sub; cd project/sub; moonstill remove bell; moonstill add ../../bell", 0,
    "/project/moonstill_modules/bell\n")
  folder:expect("echo >> project/moonstill_modules/bell/init.lua; cd project; moonstill verify", 1,
    "CHANGED  bell: its files have changed: expected sha256:")
  folder:expect("mkdir project/moonstill_modules/stray; cd project; moonstill verify", 1, "UNKNOWN  stray: not in ")
  folder:expect("cd project; moonstill remove bel", 1, "(did you mean 'bell'?)")
  folder:expect("cd project; moonstill remove bell; ls moonstill_modules; cat moonstill.lock", 0,
    "bell is removed from ", "stray\n", "return {}\n")
  folder:expect("moonstill add --user bell; cd project; moonstill run.lua; moonstill list --user", 0, "2\n", "bell  0.1.0")
end)

test("another version replaces a module; other files of the same version are refused", function()
  local folder <close> = with_module()
  folder:expect("moonstill add bell-0.1.0.tar.gz", 0)
  folder:write("bell/extra.lua", "return 1")
  folder:expect("moonstill add bell", 1, "bell: the checksum differs: bell 0.1.0 is installed with sha256:",
    "`moonstill remove bell` forgets it")
  folder:expect("ls moonstill_modules/bell/extra.lua", 2)
  folder:write("bell/module.lua", (folder:read("bell/module.lua"):gsub("0%.1%.0", "0.2.0", 1)))
  folder:expect("moonstill add bell && ls -A moonstill_modules moonstill_modules/bell", 0, "bell 0.2.0 (before: 0.1.0)",
    "extra.lua")
  test.equal(#host.list(folder.path .. "/moonstill_modules"), 1)
end)

test("archives that are not what they say are refused, and nothing is left", function()
  local folder <close> = with_module()
  local function pack(files) folder:write("bad.tar.gz", host.pack(files)) end
  local files = host.unpack(folder:read "bell-0.1.0.tar.gz", "bell")
  local function refused(problem)
    folder:expect("moonstill add bad.tar.gz", 1, problem)
    test.ok(not host.kind(folder.path .. "/moonstill_modules") and not host.kind(folder.path .. "/moonstill.lock"))
  end
  files["bell-0.1.0/init.lua"] = files["bell-0.1.0/init.lua"] .. "-- changed\n"
  pack(files)
  refused "bad.tar.gz: the checksum differs: its manifest says sha256:"
  files["outside"] = ""
  pack(files)
  refused "the archive 'bad.tar.gz' is refused: no module.lua in it, or not in the one folder that holds everything"
  folder:write("bad.tar.gz", "nonsense")
  refused "cannot read the archive 'bad.tar.gz': "
  folder:expect("mkdir x; cd x; tar -czPf ../bad.tar.gz ../bell/module.lua", 0)
  refused "the archive 'bad.tar.gz' is refused: '../bell/module.lua': the name leads out of the folder"
  folder:expect("ln -s /etc/passwd x/l; cp bell/* x; tar -czf bad.tar.gz x", 0)
  refused "the archive 'bad.tar.gz' is refused: 'x/l' is a link or a device"
  folder:expect("moonstill add bell-0.1.0.tar.gz --checksum sha256:00", 1, "expected sha256:00, its files have sha256:")
  folder:expect("moonstill add bell-0.1.0.tar.gz --checksum 00", 1, "--checksum: expected sha256: and digits")
  folder:expect("moonstill add /dev/zero", 1, "moonstill: '/dev/zero' is neither a folder nor a file\n")
  files["outside"], files["bell-0.1.0/init.lua"] = nil, string.dump(function() end)
  pack(files)
  refused "bad.tar.gz/init.lua cannot be read as Lua: attempt to load a binary chunk"
  files["bell-0.1.0/init.lua"], files["bell-0.1.0/x"], files["bell-0.1.0/x/y"] = "return {}", "", ""
  files["bell-0.1.0/module.lua"] = folder:read "bell/module.lua"
  pack(files)
  refused "the archive 'bad.tar.gz' is refused: 'x' is a file in it and a folder"
  folder:expect("moonstill add nowhere.tar.gz", 1, "moonstill: there is no folder or archive 'nowhere.tar.gz'\n")
end)

test("hidden files of an archive are left out", function()
  local folder <close> = with_module()
  folder:expect("mkdir bell/.git; echo x > bell/.git/x; tar -czf own.tar.gz ./bell; zip -qr own.zip bell || cp own.tar.gz own.zip", 0)
  for _, name in ipairs { "own.tar.gz", "own.zip" } do
    folder:expect(("moonstill add %s && moonstill verify && ls -A moonstill_modules/bell"):format(name), 0,
      "ok       bell 0.1.0\nREADME.md\nbell_test.lua\ninit.lua\nmodule.lua\n")
  end
end)

test("an installation that fails leaves what was there", function()
  local folder <close> = with_module()
  folder:expect("touch moonstill_modules; moonstill add bell-0.1.0.tar.gz", 1, "moonstill: bell cannot be installed in ",
    "/moonstill_modules: Not a directory\n")
  folder:expect("rm moonstill_modules; moonstill add bell-0.1.0.tar.gz", 0)
  local lock = folder:read "moonstill.lock"
  local large = { x = ("x"):rep(5000), ["init.lua"] = "", ["module.lua"] = folder:read("bell/module.lua"):gsub(
    "0%.1%.0", "0.2.0", 1) }
  folder:write("large.tar.gz", host.pack(large))
  folder:expect("trap '' XFSZ; ulimit -f 2; moonstill add large.tar.gz", 1, "moonstill: bell cannot be installed in "
    .. folder.path .. "/moonstill_modules: File too large\n")
  test.equal(folder:read "moonstill.lock", lock)
  folder:expect("moonstill verify && ls -A moonstill_modules", 0, "ok       bell 0.1.0\nbell\n")
  folder:expect("mkdir fresh; cd fresh; trap '' XFSZ; ulimit -f 2; moonstill add ../large.tar.gz", 1, "File too large\n")
  test.equal(#host.list(folder.path .. "/fresh"), 0)
  folder:write("moonstill.lock", "return { ['../x'] = { version = '1.0', checksum = '', source = '' } }")
  folder:expect("moonstill remove ../x", 1, "'../x' is no name for a module")
end)

test("what the lock names is installed again", function()
  local folder <close> = with_module()
  folder:expect("mkdir project project/sub; cd project; moonstill add ../bell-0.1.0.tar.gz", 0)
  folder:write("chime/module.lua", folder:read("bell/module.lua"):gsub("bell", "chime"):gsub('"ghz"', ""))
  folder:write("chime/init.lua", "return {}")
  folder:expect("touch project/moonstill.lock; cd project/sub; moonstill add ../../chime", 0)
  folder:expect("cd project; moonstill add", 0, "all that " .. folder.path .. "/project/moonstill.lock names is there\n")
  local lock = folder:read "project/moonstill.lock"
  folder:expect("rm -r project/moonstill_modules; cd project/sub; moonstill add", 0, "bell 0.1.0 is in ", "chime 0.1.0 is in ")
  test.equal(folder:read "project/moonstill.lock", lock)
  folder:expect("cd project; moonstill verify", 0, "ok       bell 0.1.0\nok       chime 0.1.0\n")
  folder:write("project/run.lua", "require 'bell.part'")
  local hint = folder.path .. "/project/moonstill.lock names 'bell': `moonstill add`, alone, installs it\n"
  local output = folder:expect("moonstill project/run.lua", 1, "module 'bell.part' not found")
  test.ok(not output:find(hint, 1, true), output)
  folder:expect("rm -r project/moonstill_modules/bell; moonstill project/run.lua", 1, hint)
  -- Other files at the source, or none, are refused; the others come back.
  folder:expect("rm -r project/moonstill_modules bell-0.1.0.tar.gz; echo >> chime/init.lua; mv bell bell-0.1.0.tar.gz", 0)
  folder:expect("cd project; moonstill add", 1, "moonstill: chime: ", "the checksum differs: ", "bell 0.1.0 is in ")
end)

test("processes that install at once do it in turn", function()
  local folder <close> = with_module()
  for i = 1, 8 do folder:write(("bell/data/%d.txt"):format(i), ("x"):rep(i)) end   -- takes a moment to write
  folder:write("chime/module.lua", folder:read("bell/module.lua"):gsub("bell", "chime"):gsub('"ghz"', ""))
  folder:write("chime/init.lua", "return {}")
  local function at_once(commands, ...)
    folder:expect("fine=0; pids=; for what in " .. commands .. "; do moonstill add $what & pids=\"$pids $!\"; done; "
      .. "for pid in $pids; do wait $pid || fine=1; done; exit $fine", 0, ...)
    folder:expect("moonstill verify && ls -A . moonstill_modules", 0, "ok       bell 0.1.0\nok       chime 0.1.0\n.:\n"
      .. "bell\nbell-0.1.0-1.rockspec\nbell-0.1.0.tar.gz\nchime\nmoonstill.lock\nmoonstill_modules\n\n"
      .. "moonstill_modules:\nbell\nchime\n")
  end
  at_once("bell chime bell bell", "bell 0.1.0 is in ", "chime 0.1.0 is in ")
  folder:expect("rm -r moonstill_modules/bell", 0)
  at_once("'' '' ''", "bell 0.1.0 is in ", "all that ")
  folder:write("bell/module.lua", (folder:read("bell/module.lua"):gsub("0%.1%.0", "0.1.1", 1)))
  folder:expect("moonstill add bell & moonstill add chime & moonstill remove chime; wait; moonstill verify", 0,
    "ok       bell 0.1.1\n")
end)

test("a project of another user's is passed over, and one is told so", function()
  local folder <close> = with_module()
  if folder:run "id -u" ~= "0\n" then return end   -- only root can make such a project
  folder:write("project/run.lua", "require 'bell'")
  local why = "passed over, " .. folder.path .. "/project/moonstill.lock belongs to another user\n"
  folder:expect("cd project; moonstill add ../bell; chown 12345 moonstill.lock", 0)
  folder:expect("moonstill project/run.lua", 1, "the project's modules: " .. why)
  for _, command in ipairs { "list", "verify" } do
    folder:expect(("cd project; moonstill %s"):format(command), 0, "moonstill: the project's modules: " .. why)
  end
end)

test("what a killed installation has left goes with the next one", function()
  local folder <close> = with_module()
  folder:write("moonstill_modules/.bell.999999999-0.tmp/init.lua", "return")
  folder:expect("moonstill verify", 0, "no modules in ")
  folder:expect("moonstill add bell", 0, "moonstill_modules/bell\n")
  test.equal(#host.list(folder.path .. "/moonstill_modules"), 1)
  folder:write("moonstill_modules/.bell.999999999-0.tmp/init.lua", "return")
  folder:expect("moonstill add bell", 0)
  test.equal(#host.list(folder.path .. "/moonstill_modules"), 1)
end)

test("a module that needs another says so", function()
  local folder <close> = with_module()
  local manifest = folder:read "bell/module.lua"
  local function needing(needs) return (manifest:gsub("}\n$", "  needs = " .. needs .. ",\n}\n")) end
  folder:write("bell/module.lua", needing '{ chime = "0.2.0" }')
  folder:expect("moonstill pack bell; moonstill add bell", 0, "It needs chime 0.2.0 or newer, which is not installed")
  test.ok(folder:read("bell-0.1.0-1.rockspec"):find('dependencies = { "lua >= 5.4, < 5.5", "chime >= 0.2.0" }', 1, true))
  for version, there in pairs { ["0.1.9"] = false, ["0.2.0"] = true } do
    folder:write("chime/module.lua", (manifest:gsub("bell", "chime"):gsub("0%.1%.0", version, 1)))
    folder:write("chime/init.lua", "return {}")
    local output = folder:expect("moonstill remove bell; moonstill add chime; moonstill add bell", 0, "bell 0.1.0 is in ")
    test.equal(not output:find("It needs chime 0.2.0 or newer, and 0.1.9 is installed", 1, true), there)
  end
  folder:expect("moonstill remove chime", 0, "chime is removed from " .. folder.path .. "\nbell needs it\n")
  for needs, problem in pairs {
    ['{ chime = 2 }'] = "'needs': 'chime': expected a version such as \"0.1.0\", got number 2",
    ['{ "chime" }'] = "'needs': '1' is no name for a module", ['"chime"'] = "'needs': expected table, got string",
  } do
    folder:write("bell/module.lua", needing(needs))
    folder:expect("moonstill check bell", 1, problem)
  end
end)

test("addresses are loaded by curl", function()
  local folder <close> = with_module()
  -- Stands in for the network: gives the archive, and behind it the line in which curl would say what went wrong.
  folder:write("bin/curl", ('#!/bin/sh\necho "$@" > %s/asked\ncat %s/bell-0.1.0.tar.gz\necho; echo\n'):format(
    folder.path, folder.path))
  folder:expect("chmod +x bin/curl; PATH=$PWD/bin:$PATH; moonstill add https://host/bell.tar.gz && cat asked", 0,
    "bell 0.1.0 is in ", "--proto =https ", "-- https://host/bell.tar.gz\n")
  test.ok(folder:read("moonstill.lock"):find 'source = "https://host/bell.tar.gz"')
  folder:write("bin/curl", "#!/bin/sh\nprintf 'half\\nThe requested URL returned error: 404\\n'; exit 22\n")
  folder:expect("chmod +x bin/curl; PATH=$PWD/bin:$PATH; moonstill add https://host/bell.tar.gz", 1,
    "moonstill: cannot load 'https://host/bell.tar.gz': The requested URL returned error: 404\n")
  folder:write("bin/curl", ("#!/bin/sh\nhead -c 80000000 /dev/zero && touch %s/all\n"):format(folder.path))
  folder:expect("chmod +x bin/curl; PATH=$PWD/bin:$PATH; moonstill add https://host/bell.tar.gz; echo $?; ls all", 2,
    "moonstill: 'https://host/bell.tar.gz' is too large for a module: more than 64 MiB\n1\n")
  folder:expect("moonstill add http://host/bell.tar.gz", 1, "use https, or give --checksum")
  folder:expect("moonstill add file:///etc/passwd", 1, "expected a folder, an archive, or an address")
  folder:expect("mkdir none; ln -s $(command -v sh) none; PATH=$PWD/none; moonstill add https://host/bell.tar.gz", 1,
    "moonstill: downloads need the program curl, which is not installed: apt-get install curl\n")
end)

test("every subcommand is in the usage and has --help", function()
  local folder <close> = sandbox.new()
  local usage = folder:expect("moonstill --help", 0)
  for name in ("new check pack add list remove verify"):gmatch "%l+" do
    test.ok(usage:find("\n       moonstill " .. name, 1, true), usage)
    folder:expect(("moonstill %s --help"):format(name), 0, ("Usage: moonstill %s [OPTIONS]"):format(name), "--help")
    folder:expect(("moonstill %s --nonsense"):format(name), 2, "unknown option '--nonsense'")
  end
  folder:expect("moonstill chek", 2, "no command or script 'chek' (did you mean 'check'?)")
end)
