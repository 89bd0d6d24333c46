-- remove NAME: remove an installed module
local store = require "moonstill.modules.store"

return {
  options = {
    about = "Removes a module that `moonstill add` installed, and its line in moonstill.lock.",
    { "name", positional = true, required = true },
    { "user", default = false, help = "one of those for all projects of this user" },
  },
  run = function(o)
    local here = store.open(o.user)
    here:remove(o.name)
    print(("%s is removed from %s"):format(o.name, here.root))
    for _, other in ipairs(here:needing(o.name)) do print(("%s needs it"):format(other)) end
  end,
}
