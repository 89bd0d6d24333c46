-- Where installed modules lie: a store is a folder with `moonstill_modules` and `moonstill.lock`, one for a project and
-- one for the user.
local host = require "moonstill.host"

local places = {
  folder = "moonstill_modules",
  lock = "moonstill.lock",
  manifest = "module.lua",
}

--- The store of the project that a folder belongs to: the folder itself or the nearest above it that has a lock file of
--- this user's (or root's); nil where there is none.
--- @param folder string
--- @return string|nil
--- @return string|nil passed_over  what is to be told where a lock file of another user's is nearer
function places.project(folder)
  local root, other = host.find_above(folder, places.lock)
  return root, other and ("passed over, %s belongs to another user"):format(other)
end

--- The user's own store, which need not exist; nil where the user has no home.
--- @return string|nil
function places.user()
  local data, home = os.getenv "XDG_DATA_HOME", os.getenv "HOME"
  if data and data:sub(1, 1) == "/" then return data .. "/moonstill" end
  return home and home:sub(1, 1) == "/" and home .. "/.local/share/moonstill" or nil
end

--- The folder of a file: "." for one without.
--- @param file string
--- @return string
function places.folder_of(file)
  local folder = file:match "^(.*)/[^/]*$" or "."
  return folder == "" and "/" or folder
end

return places
