-- list: list the installed modules
local store = require "moonstill.modules.store"

local function run(o)
  local here, rows = store.open(o.user), {}
  for i, name in ipairs(here:names()) do
    local data, problem = here:read(name)
    rows[i] = { name, here:lock()[name].version, data and data.about or problem }
  end
  if #rows == 0 then print("no modules in " .. here.root) end
  local widths = { 0, 0 }
  for _, row in ipairs(rows) do
    for i in ipairs(widths) do widths[i] = math.max(widths[i], #row[i]) end
  end
  for _, row in ipairs(rows) do
    for i, width in ipairs(widths) do row[i] = row[i] .. (" "):rep(width - #row[i]) end
    print(table.concat(row, "  "))
  end
end

return {
  options = {
    about = "Lists the modules that `moonstill add` installed into the project.",
    { "user", default = false, help = "those for all projects of this user" },
  },
  run = run,
}
