-- add [FILE|DIR|URL]: install a module into the project, or all that its lock names
local fetch = require "moonstill.modules.fetch"
local host = require "moonstill.host"
local places = require "moonstill.modules.places"
local store = require "moonstill.modules.store"

local function say(here, data, before)
  local change = before and before ~= data.version and (" (before: %s)"):format(before) or ""
  print(("%s %s%s is in %s"):format(data.name, data.version, change, here:folder(data.name)))
end

local function add(here, o, expected)
  if fetch.protocol(o.source) == "http" and not expected then
    error(("'%s': http does not prove who answers: use https, or give --checksum"):format(o.source), 0)
  end
  local data, before = here:add(fetch.files(o.source), here:kept_source(o.source), expected)
  say(here, data, before)
  local exports = #data.exports > 0 and "   -- " .. table.concat(data.exports, ", ") or ""
  print(("\n  local %s = require %q%s"):format(data.name, data.name, exports))
  for _, need in ipairs(here:unmet(data)) do
    print(("\nIt needs %s: add that too."):format(need))
  end
end

-- Installs what is missing. Gives whether all of it is there then.
local function mend(here)
  local _ <close> = here:hold()
  local fine, lock = true, here:lock()
  for _, name in ipairs(here:damaged()) do   -- perhaps none by now
    local source = lock[name].source
    local path = source:match "^/" and source or fetch.protocol(source) and source or here.root .. "/" .. source
    local added, data = pcall(function() return here:add(fetch.files(path), source, lock[name].checksum) end)
    if added then
      say(here, data)
    else
      fine = false
      io.stderr:write(("moonstill: %s: %s\n"):format(name, data))   -- data is the error's text then
    end
  end
  return fine
end

local function restore(here)
  if not host.kind(here:lock_file()) then
    error(("there is no %s in '%s' or above: nothing to install without SOURCE"):format(places.lock, here.root), 0)
  end
  local fine = #here:damaged() == 0 or mend(here)
  if fine then print(("all that %s names is there"):format(here:lock_file())) end
  return fine
end

local function run(o)
  local expected = o.checksum ~= "" and o.checksum or nil
  if expected and not expected:match "^sha256:%x+$" then
    error(("--checksum: expected sha256: and digits, as `moonstill pack` prints it, got '%s'"):format(expected), 0)
  end
  local here = store.open(o.user)
  if o.source == "" then return restore(here) end
  add(here, o, expected)
end

return {
  options = {
    about = "Installs a module into moonstill_modules of the project (the nearest folder above that has a "
      .. "moonstill.lock, or this one), and notes version and checksum in moonstill.lock. Archives are .tar.gz or "
      .. ".zip; those that would write outside their folder or differ from their checksum are refused. Nothing of "
      .. "the module is run. Without SOURCE, what moonstill.lock names and is missing or changed is installed again.",
    { "source", positional = true, default = "", help = "an archive, a module's folder, or an https address" },
    { "user", default = false, help = "install for all projects of this user" },
    { "checksum", default = "", help = "what the module must have, as `moonstill pack` prints it" },
  },
  run = run,
}
