-- The reference: every public function is documented, and the editor's annotations tell of all of them.
local docs = require "moonstill.docs"
local host = require "moonstill.host"
local luacats = require "moonstill.reference.luacats"
local model = require "moonstill.reference.model"
local types = require "moonstill.reference.types"
local test = require "moonstill.test"

local reference = model.read()

-- Those that scripts call by name; every class has a `close`, which C++ makes.
local function called(entry) return not entry.key:match "^__" and entry.key ~= "close" end

test("every public function has a first sentence, typed arguments and results, and an example", function()
  local missing = {}
  for _, entry in ipairs(reference.functions) do
    local function refuse(what) missing[#missing + 1] = ("%s: %s"):format(entry.name, what) end
    if called(entry) then
      if not require("moonstill.docs").summary(entry):match "%.$" then refuse "no first sentence" end
      if entry.example == "" then refuse "no example" end
      for _, list in ipairs { entry.parameters, entry.options } do
        for _, row in ipairs(list) do
          if not types.is_type(row.type) then refuse(("%s has the type '%s'"):format(row.name, row.type)) end
        end
      end
      for _, result in ipairs(entry.results) do
        if not types.is_type(result.type) then refuse(("a result has the type '%s'"):format(result.type)) end
      end
    end
  end
  test.equal(missing, {})
  test.ok(#reference.functions > 300, #reference.functions)
end)

-- Names of functions in a table for scripts, and in those within it, that the reference does not know.
local function unknown_within(name, within, found, seen)
  if seen[within] then return end
  seen[within] = true
  for key, value in next, within do
    local full = ("%s.%s"):format(name, key)
    if type(key) ~= "string" or key:match "^_" then goto skip end
    if type(value) == "table" then unknown_within(full, value, found, seen) end
    if type(value) == "function" and not docs.of(value) then found[#found + 1] = full end
    ::skip::
  end
end

test("no function that scripts can reach is left out of the reference", function()
  local found, seen = {}, {}
  for _, source in ipairs(host.sources()) do
    local is_ours = source.module == "moonstill" or not source.module:match "^moonstill" and not source.module:match "%."
    local within = is_ours and require(source.module)
    if type(within) == "table" then unknown_within(source.module, within, found, seen) end
  end
  test.equal(found, {})
end)

test("no method of a class of the standard library is without a comment", function()
  local found, count = {}, 0
  for _, source in ipairs(host.sources()) do
    local classes, commented = {}, false
    for line in (source.text .. "\n"):gmatch "(.-)\n" do
      local class, name = line:match '^([%w_]+)%.__name = "(.*)"$'
      if class then classes[class] = name end
      local owner, key = line:match "^function%s+([%w_]+):([%w_]+)%s*%("
      if owner and classes[owner] and not key:match "^_" then
        count = count + 1
        if not commented then found[#found + 1] = ("%s:%s"):format(classes[owner], key) end
      end
      commented = line:match "^%-%-%-" ~= nil
    end
  end
  test.equal(found, {})
  test.ok(count > 30, count)
end)

test("types are cut where they end", function()
  test.equal({ types.cut "table<string, integer[]> by name" }, { "table<string, integer[]>", " by name" })
  test.equal({ types.cut "fun(x: integer, y): ms.Tensor  what" }, { "fun(x: integer, y): ms.Tensor", "  what" })
  test.equal({ types.cut '"a b"|"c"' }, { '"a b"|"c"', "" })
  test.equal(types.results "ms.Tensor, number: the gradients, and their norm",
    { { type = "ms.Tensor", doc = "the gradients, and their norm" }, { type = "number", doc = "" } })
  test.equal(types.results "{ a: integer }: x", { { type = "{ a: integer }", doc = "x" } })
  test.equal(types.result "table[] history  one each", { type = "table[]", name = "history", doc = "one each" })
  test.equal(types.result "any  to be held", { type = "any", doc = "to be held" })
end)

-- What annotations say, line by line.
local function annotations()
  local all = {}
  for name, text in pairs(luacats.files()) do
    test.ok(load(text, "=" .. name, "t", setmetatable({}, { __index = function() return {} end })))
    for line in text:gmatch "[^\n]+" do all[#all + 1] = line end
  end
  return all
end

test("annotations of operators and indices name the types of their results", function()
  local count = 0
  for _, line in ipairs(annotations()) do
    local result = line:match "^%-%-%-@operator [^:]*:%s*(.*)$" or line:match "^%-%-%-@field %[[^%]]*%]%s*(.*)$"
    if result then
      test.ok(types.is_type(result), line)
      count = count + 1
    end
  end
  test.ok(count > 15, count)
end)

test("annotations are Lua, name every function and only types that they declare", function()
  local declared, used, functions = {}, {}, {}
  for _, line in ipairs(annotations()) do
    local class = line:gsub("%(exact%) ", ""):match "^%-%-%-@class ([%w_%.]+)"
    local owner, key = line:match "^function ([%w_%.]+)[%.:]([%w_]+)%("
    if class then declared[class] = true end
    if owner then functions[owner:gsub("_", ".") .. " " .. key] = true end
    if line:match "^%-%-%-@[pfro]" then
      for name in line:gsub(" #.*", ""):gmatch "%f[%w_][%a_][%w_]*%.[%w_%.]*%w" do used[name] = line end
    end
  end
  for _, entry in ipairs(reference.functions) do
    if called(entry) then
      test.ok(functions[entry.owner:gsub("_", ".") .. " " .. entry.key], "no annotation of " .. entry.name)
    end
  end
  local text = luacats.files()["moonstill.lua"]
  test.ok(text:find("%-%-%-@class ms.nn.Layer\n.-%-%-%-@operator call: ms.Tensor\n"), "layers can be called")
  test.ok(luacats.files()["distill.lua"]:find("---@field checkpoint? boolean", 1, true), "what may be left out")
  local unknown = {}
  for name, line in pairs(used) do
    local is_type = line:match("^%-%-%-@%l+ [%w_]*%??%s*[^ ]*" .. name:gsub("%.", "%%."))
    if is_type and not declared[name] and name:match "%.%u" then unknown[#unknown + 1] = line end
  end
  test.equal(unknown, {})
end)

test("the site is one file that needs no network, with an address for every function", function()
  local html, seen = require("moonstill.reference.site").html(), {}
  test.ok(not html:find "<link" and not html:find "src=" and not html:find "@import", "something is loaded")
  for id in html:gmatch 'id="([^"]+)"' do
    test.ok(not seen[id], id .. " is there twice")
    seen[id] = true
  end
  for address in html:gmatch 'href="#([^"]+)"' do test.ok(seen[address], "no " .. address) end
  for _, entry in ipairs(reference.functions) do
    test.ok(not called(entry) or seen[(entry.name:gsub(":", "."))], "no " .. entry.name)
  end
  local index = html:match "const index = (.-);\nconst box"
  test.ok(#require("moonstill").io.parse_json(index) > 300)
end)

test("the site and Markdown have the help's topics and the tutorial", function()
  local html, files = require("moonstill.reference.site").html(), require("moonstill.reference.markdown").files()
  for _, topic in ipairs(require("moonstill.topics").list) do
    test.ok(html:find(('<a href="#guide.%s">%s</a>'):format(topic.name, topic.name), 1, true), topic.name)
    test.ok(files[("guide.%s.md"):format(topic.name)], topic.name)
  end
  local tutorial = html:match '<h2 class="page" id="guide.tutorial">(.-)</section>'
  test.ok(tutorial:find("<h3>2. A first distilled data set</h3>", 1, true), tutorial)
  test.ok(tutorial:find('<pre><code>$ moonstill first.lua\n', 1, true), tutorial)
  test.ok(tutorial:find('<span class="k">return</span> <span class="k">function</span>', 1, true), tutorial)
  test.ok(not tutorial:find("\n```", 1, true), tutorial)
  test.ok(files["guide.tutorial.md"]:find "^# Moonstill in twenty minutes\n")
end)

test("help on a subcommand is its usage", function()
  local help = require "moonstill.help"
  test.ok(help.text("pack"):find "^Usage: moonstill pack %[OPTIONS%] %[PATH%]\n")
  test.ok(help.text("data"):find "^data\n")   -- a topic
end)

test("the reference in Markdown names its pages, and they are there", function()
  local files = require("moonstill.reference.markdown").files()
  local count = 0
  for page in files["README.md"]:gmatch "%]%(([^)]+)%)" do
    test.ok(files[page], page)
    count = count + 1
  end
  test.ok(count > 25, count)
  test.ok(files["ms.nn.md"]:find("### ms.nn.cross_entropy\n\n```lua\nms.nn.cross_entropy(logits, targets)\n```", 1, true))
end)

test("luacats and docs write where they are told, and leave settings that are there", function()
  local folder <close> = require("sandbox").new()
  local output = folder:run "moonstill --luacats here && moonstill luacats here && moonstill docs there"
  test.ok(output:find("here/.luarc.json is there already and stays as it is", 1, true), output)
  test.ok(output:find("there/index.html: the site", 1, true), output)
  test.ok(folder:read("here/.luarc.json"):find('"workspace.library": [\n    "luacats"\n  ]', 1, true))
  test.ok(folder:read("here/luacats/train.lua"):find "^%-%-%-@meta train\n")
  test.ok(folder:read("there/markdown/train.md"):find "^# train\n")
end)
