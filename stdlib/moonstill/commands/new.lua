-- new NAME: make a module, with a test and a README
local files = require "moonstill.modules.files"
local host = require "moonstill.host"
local manifest = require "moonstill.modules.manifest"
local places = require "moonstill.modules.places"
local shell = require "moonstill.modules.shell"
local template = require "moonstill.modules.template"

local function author()
  local name, code = shell.run { "git", "config", "user.name" }
  name = code == 0 and name:match "^%s*(%S[^\n]*)" or nil
  return name or os.getenv "USER" or "unknown"
end

local function run(o)
  local problem = manifest.problem_with_name(o.name)
  if problem then error(problem, 0) end
  if host.kind(o.name) then error(("there is a '%s' here already"):format(o.name), 0) end
  local contents = template.files(o.name, o.author ~= "" and o.author or author(), o.licence)
  manifest.read(contents[places.manifest], "new")   -- refuses what no manifest may have
  files.write(contents, o.name)
  for _, name in ipairs(files.names(contents)) do print(("  %s/%s"):format(o.name, name)) end
  print(("\nmoonstill check %s   runs its tests and examples\nmoonstill pack %s    makes an archive to share"):format(
    o.name, o.name))
end

return {
  options = {
    about = "Makes a module in a folder of its own: manifest (module.lua), code (init.lua), a test and a README. "
      .. "Scripts beside the folder find it with require.",
    { "name", positional = true, required = true, help = "small letters, digits and _" },
    { "author", default = "", help = "in place of git's user.name" },
    { "licence", default = "MIT" },
  },
  run = run,
}
