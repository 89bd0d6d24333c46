-- data get NAME: fetch MNIST, Fashion-MNIST or CIFAR-10
local catalogue = require "moonstill.datasets.catalogue"
local fetch = require "moonstill.datasets.fetch"

local names, lines = {}, {}
for name in pairs(catalogue) do names[#names + 1] = name end
table.sort(names)
for i, name in ipairs(names) do lines[i] = ("  %-13s  %s"):format(name, catalogue[name].about) end

local function run(o)
  local set = catalogue[o.name]
  local folder = o.into ~= "" and o.into or "data/" .. o.name
  if o.mirror ~= "" then
    local given = { mirrors = { (o.mirror:gsub("/*$", "/")) } }
    set = setmetatable(given, { __index = set })
  end
  fetch.get(set, folder, function(line) io.stderr:write(line, "\n") end)
  print(("%s is in %s, and whole: ms.data.images %q, or --data %s"):format(o.name, folder, folder, folder))
end

return {
  options = {
    about = "Fetches a published data set, holds it against its SHA-256, and goes on where it was stopped.\n"
      .. table.concat(lines, "\n"),
    { "action", positional = true, required = true, choices = { "get" }, help = "what to do" },
    { "name", positional = true, required = true, choices = names, help = "which set" },
    { "into", default = "", help = "folder; data/NAME if empty" },
    { "mirror", default = "", help = "address that has the same files, instead of the public ones; also file://" },
  },
  run = run,
}
