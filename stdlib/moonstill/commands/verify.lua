-- verify: compare the installed modules with moonstill.lock
local store = require "moonstill.modules.store"

local function run(o)
  local here, fine = store.open(o.user), true
  local names = here:names()
  for _, name in ipairs(names) do
    local data, problem = here:read(name)
    fine = fine and data ~= nil
    print(data and ("ok       %s %s"):format(name, data.version) or ("CHANGED  %s: %s"):format(name, problem))
  end
  for _, name in ipairs(here:unknown()) do
    fine = false
    print(("UNKNOWN  %s: not in %s"):format(name, here:lock_file()))
  end
  if fine and #names == 0 then print("no modules in " .. here.root) end
  return fine
end

return {
  options = {
    about = "Compares the installed modules with moonstill.lock; ends with 1 where any differs.",
    { "user", default = false, help = "those for all projects of this user" },
  },
  run = run,
}
