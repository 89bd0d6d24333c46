-- Includes and requires point one way: standard library -> bindings -> engine, and inside the engine from the parts to
-- what they are made of.
local host = require "moonstill.host"
local test = require "moonstill.test"

local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"
local root = here .. "/../../"

-- What each engine folder may include besides itself.
local allowed = {
  core = {},
  tensor = { "core" },
  autograd = { "tensor", "core" },
  quantum = { "autograd", "tensor", "core" },
  nn = { "autograd", "tensor", "core" },
  optim = { "autograd", "tensor", "core" },
  data = { "tensor", "core" },
  io = { "tensor", "core" },
}

local function lines_of(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

-- Calls visit(file, what) for every match of a pattern in the files below a folder.
local function each(folder, endings, pattern, visit)
  local seen = 0
  for _, ending in ipairs(endings) do
    for _, path in ipairs(host.files(root .. folder, ending) or {}) do
      seen = seen + 1
      for what in lines_of(path):gmatch(pattern) do visit(path:sub(#root + 1), what) end
    end
  end
  test.ok(seen > 0, "files in " .. folder)
end

test("engine folders include what they may", function()
  local wrong = {}
  for folder, others in pairs(allowed) do
    local fine = { [folder] = true }
    for _, other in ipairs(others) do fine[other] = true end
    each("engine/" .. folder, { ".hpp", ".cpp" }, '#include "([^"]+)"', function(file, what)
      local area = what:match "^engine/(%w+)/"
      if not area or not fine[area] then wrong[#wrong + 1] = file .. " includes " .. what end
    end)
  end
  test.equal(wrong, {})
end)

test("the engine knows no Lua and prints nothing", function()
  local wrong = {}
  each("engine", { ".hpp", ".cpp" }, "#include <([^>]+)>", function(file, what)
    if what:match "lua" or what == "iostream" or what == "cstdio" and not file:match "^engine/io/" then
      wrong[#wrong + 1] = file .. " includes " .. what
    end
  end)
  test.equal(wrong, {})
end)

test("bindings include bindings and engine; support knows nothing of the host", function()
  local wrong = {}
  each("bindings", { ".hpp", ".cpp" }, '#include "([^"]+)"', function(file, what)
    local fine = what:match "^bindings/" or what:match "^engine/"
    if file:match "^bindings/support/" then fine = what:match "^bindings/support/" or what:match "^engine/core/" end
    if not fine then wrong[#wrong + 1] = file .. " includes " .. what end
  end)
  test.equal(wrong, {})
end)

-- Modules that the program makes itself.
local made = { ["moonstill.native"] = true, ["moonstill.host"] = true, ["moonstill.golden"] = true,
  ["moonstill.tutorial"] = true }

test("the standard library requires itself only", function()
  local wrong = {}
  local function look(file, what)
    local path = root .. "stdlib/" .. what:gsub("%.", "/")
    local own = host.files(path .. ".lua", ".lua") or host.files(path .. "/init.lua", ".lua")
    if not own and not made[what] then
      wrong[#wrong + 1] = file .. " requires " .. what
    end
  end
  each("stdlib", { ".lua" }, '\n[^%-\n]*require%s*%(?"([%w_%.]+)"', look)
  test.equal(wrong, {})
end)
