-- add FILE|DIR|URL: install a module into the project
local fetch = require "moonstill.modules.fetch"
local store = require "moonstill.modules.store"

local function run(o)
  local expected = o.checksum ~= "" and o.checksum or nil
  if expected and not expected:match "^sha256:%x+$" then
    error(("--checksum: expected sha256: and digits, as `moonstill pack` prints it, got '%s'"):format(expected), 0)
  end
  if fetch.protocol(o.source) == "http" and not expected then
    error(("'%s': http does not prove who answers: use https, or give --checksum"):format(o.source), 0)
  end
  local here = store.open(o.user)
  local data, before = here:add(fetch.files(o.source), o.source, expected)
  local change = before and before ~= data.version and (" (before: %s)"):format(before) or ""
  local exports = #data.exports > 0 and "   -- " .. table.concat(data.exports, ", ") or ""
  print(("%s %s%s is in %s\n\n  local %s = require %q%s"):format(data.name, data.version, change,
    here:folder(data.name), data.name, data.name, exports))
end

return {
  options = {
    about = "Installs a module into moonstill_modules of the project (the nearest folder above that has a "
      .. "moonstill.lock, or this one), and notes version and checksum in moonstill.lock. Archives are .tar.gz or "
      .. ".zip; those that would write outside their folder or differ from their checksum are refused. Nothing of "
      .. "the module is run.",
    { "source", positional = true, required = true, help = "an archive, a module's folder, or an https address" },
    { "user", default = false, help = "install for all projects of this user" },
    { "checksum", default = "", help = "what the module must have, as `moonstill pack` prints it" },
  },
  run = run,
}
