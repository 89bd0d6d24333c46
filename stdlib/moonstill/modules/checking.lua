-- `moonstill check`: the manifest against the files, tests, examples, luacheck. What runs code of the module runs in a
-- process of its own.
local examples = require "moonstill.modules.examples"
local files = require "moonstill.modules.files"
local host = require "moonstill.host"
local loader = require "moonstill.loader"
local manifest = require "moonstill.modules.manifest"
local places = require "moonstill.modules.places"
local shell = require "moonstill.modules.shell"

local checking = {}

local write = rawget(_G, "print")   -- whatever an example does to it
local indent = (" "):rep(20)

local function result(name, state, text)
  text = text:gsub("^%s+", ""):gsub("%s+$", ""):gsub("\n", "\n" .. indent)
  return ("%-8s  %-8s  %s"):format(name, state, text)
end

-- Prints a check's result. Gives whether it did not fail.
local function say(name, state, text)
  write(result(name, state, text))
  return state ~= "failed"
end

local function check_manifest(folder)
  local fine, data = pcall(function()
    local data = files.verify(files.of_folder(folder), folder)
    manifest.check_version(data)
    return data
  end)
  if not fine then return say("manifest", "failed", data) end
  return say("manifest", "ok", ("%s %s by %s, %s"):format(data.name, data.version, data.author, data.licence))
end

local function check_tests(folder)
  if #(host.files(folder, "_test.lua") or {}) == 0 then
    return say("tests", "failed", "there are none: write a file that ends in _test.lua")
  end
  local output, code = shell.run { host.program, "test", folder }
  return say("tests", code == 0 and "ok" or "failed", output)
end

local function check_style(folder)
  if not shell.has "luacheck" then
    return say("luacheck", "skipped", "it is not installed: apt-get install lua-check")
  end
  local words = { "luacheck", "--no-config", "--std", "lua54" }
  if host.kind(folder .. "/.luacheckrc") then words = { "luacheck", "--config", folder .. "/.luacheckrc" } end
  table.move({ "--quiet", "--codes", "--no-color", folder }, 1, 4, #words + 1, words)
  local output, code = shell.run(words)
  return say("luacheck", code == 0 and "ok" or "failed", code == 0 and "no warnings" or output)
end

-- What the checks up to this one print in a process of their own, and whether none failed.
local function in_own_process(folder, last)
  local output, code = shell.run { host.program, "check", "--inside", last, folder }
  if code > 1 or not ("\n" .. output):find("\n" .. last .. " ") then
    return result("exports", "failed", "the module ended the program\n" .. output), false
  end
  return output:gsub("\n$", ""), code == 0
end

local function check_inside(folder)
  local output, fine = in_own_process(folder, "examples")
  write(output)
  return fine
end

--- Raises an error where the exports are not those that the manifest says. Runs the module, in a process of its own.
--- @param folder string
function checking.hold_exports(folder)
  local output, fine = in_own_process(folder, "exports")
  if not fine then error(("'%s' is not packed:\n%s"):format(folder, output), 0) end
end

--- Runs all checks and prints a line for each.
--- @param folder string
--- @return boolean  whether none failed
function checking.all(folder)
  local all = check_manifest(folder)
  for _, check in ipairs { all and check_inside or nil, check_tests, check_style } do all = check(folder) and all end
  return all
end

-- Names as a text, in order, without those that begin with _, which are nobody's business.
local function public(names)
  local kept = {}
  for _, name in ipairs(names) do
    if not name:match "^_" then kept[#kept + 1] = name end
  end
  table.sort(kept)
  return table.concat(kept, ", ")
end

local function check_exports(data)
  local fine, module = pcall(host.require, data.name)   -- as a script does
  if not fine then return say("exports", "failed", tostring(module)) end
  if type(module) ~= "table" then return say("exports", "failed", "init.lua gives no table") end
  local names = {}
  for name in pairs(module) do names[#names + 1] = tostring(name) end
  local has, says = public(names), public(data.exports)
  if has == says then return say("exports", "ok", has) end
  return say("exports", "failed", ("module.lua says '%s', the module has '%s'"):format(says, has))
end

local function check_examples(folder, contents)
  local problems, count = {}, 0
  for _, name in ipairs(files.names(contents)) do
    for _, example in ipairs(name:match "%.%l+$" and examples.of(contents[name], name) or {}) do
      count = count + 1
      problems[#problems + 1] = examples.run(example, folder .. "/" .. name)
    end
  end
  if #problems > 0 then return say("examples", "failed", table.concat(problems, "\n")) end
  if count == 0 then return say("examples", "failed", "there are none: write one into a docstring (`--- ```lua`)") end
  return say("examples", "ok", ("%d ran"):format(count))
end

--- Runs the module: holds its exports against the manifest, and runs its examples, which print nothing.
--- @param folder string
--- @param last string  "exports", or "examples" for both
--- @return boolean  whether none failed
function checking.inside(folder, last)
  local _ <close> = setmetatable({}, { __close = loader.enter(folder) })
  local contents = files.of_folder(folder)
  rawset(_G, "print", function() end)
  local exported = check_exports(manifest.read(contents[places.manifest], folder .. "/" .. places.manifest))
  return (last == "exports" or check_examples(folder, contents)) and exported
end

return checking
