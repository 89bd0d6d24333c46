-- A store of installed modules: the folder `moonstill_modules`, and `moonstill.lock`, which says what is in it.
local files = require "moonstill.modules.files"
local folder_lock = require "moonstill.folder_lock"
local host = require "moonstill.host"
local literal = require "moonstill.modules.literal"
local manifest = require "moonstill.modules.manifest"
local native = require "moonstill.native"
local places = require "moonstill.modules.places"

local store = {}
store.__index = store

--- The store that a command works on: the user's, or that of the project around the current directory, which becomes a
--- project where there is none. Says on standard error where a project of another user's is passed over.
--- @param user boolean
--- @return table
function store.open(user)
  if user then
    local root = places.user() or error("HOME is not set: there is no folder for the user's modules", 0)
    return setmetatable({ root = root }, store)
  end
  local root, passed_over = places.project "."
  if passed_over then io.stderr:write(("moonstill: the project's modules: %s\n"):format(passed_over)) end
  return setmetatable({ root = root or host.absolute "." }, store)
end

function store:lock_file() return self.root .. "/" .. places.lock end

--- The folder of a module.
function store:folder(name) return ("%s/%s/%s"):format(self.root, places.folder, name) end

local lock_fields = { version = "string", checksum = "string", source = "string" }

local function check_lock(lock)
  if type(lock) ~= "table" then return "expected `return` and a table" end
  for name, row in pairs(lock) do
    local problem = type(name) ~= "string" and "a name that is no text" or manifest.problem_with_name(name)
    if problem then return problem end
    for field, kind in pairs(lock_fields) do
      if type(row) ~= "table" or type(row[field]) ~= kind then return ("'%s' has no %s"):format(name, field) end
    end
  end
end

--- What the lock file says: { [name] = { version =, checksum =, source = } }.
--- @return table
function store:lock()
  if host.kind(self:lock_file()) == nil then return {} end
  local lock, problem = literal.parse(native.io.read_text(self:lock_file()))
  problem = problem or check_lock(lock)
  if problem then error(("%s: %s"):format(self:lock_file(), problem), 0) end
  return lock
end

function store:write_lock(lock)
  native.io.write_text(self:lock_file(),
    "-- What `moonstill add` installed here; `moonstill verify` compares. Keep this file with the project.\n"
    .. literal.format(lock))
end

--- The names in the lock file, sorted.
--- @return string[]
function store:names() return files.names(self:lock()) end

--- Keeps other processes from changing this store until the value that this gives is closed; waits for one that does.
--- Removes what killed ones have left.
--- @return any
function store:hold()
  local held = folder_lock.wait(self.root, (".%s.lock"):format(places.folder))
  folder_lock.clean(self.root .. "/" .. places.folder)
  return held
end

-- Puts a folder in the place of another, or of none. What was there comes back when that fails.
local function replace(folder, by, aside)
  if not host.kind(folder) then return host.rename(by, folder) end
  if host.exchange(by, folder) then return end
  host.rename(folder, aside)
  local fine, problem = pcall(host.rename, by, folder)
  if not fine then
    host.rename(aside, folder)
    error(problem, 0)
  end
  host.remove_all(aside)
end

-- Writes a module beside its place, then puts it there. What lies beside goes, however this ends.
local function put(self, contents, name)
  local beside, aside = self:folder(folder_lock.temporary(name)), self:folder(folder_lock.temporary(name, 1))
  local _ <close> = setmetatable({}, { __close = function() host.remove_all(beside) end })
  files.write(contents, beside)
  replace(self:folder(name), beside, aside)
end

local function install(self, contents, name)
  local fine, problem = pcall(put, self, contents, name)
  if fine then return end
  local modules = self.root .. "/" .. places.folder
  local left = host.list(modules)
  if left and #left == 0 then host.remove_all(modules) end
  local reason = tostring(problem):match ".*: (.+)$" or problem
  error(("%s cannot be installed in %s: %s"):format(name, modules, reason), 0)
end

--- Installs a module, whole or not at all, where it is not there already.
--- @param contents table<string, string>  its files
--- @param source string  where they came from
--- @param expected? string  the checksum that they must have
--- @return table manifest
--- @return string|nil before  the version that was there
function store:add(contents, source, expected)
  local data, checksum = files.verify(contents, source)
  manifest.check_version(data)
  if expected and expected ~= checksum then
    error(("%s: the checksum differs: expected %s, its files have %s"):format(source, expected, checksum), 0)
  end
  local _ <close> = self:hold()
  local lock = self:lock()
  local known = lock[data.name]
  if known and known.version == data.version and known.checksum ~= checksum then
    error(("%s: the checksum differs: %s %s is installed with %s, this has %s (`moonstill remove %s` forgets it)")
      :format(source, data.name, data.version, known.checksum, checksum, data.name), 0)
  end
  if not (known and known.checksum == checksum and self:read(data.name)) then install(self, contents, data.name) end
  lock[data.name] = { version = data.version, checksum = checksum, source = source }
  self:write_lock(lock)
  return data, known and known.version
end

--- The modules that the lock file names and that are missing or changed.
--- @return string[]
function store:damaged()
  local names = {}
  for _, name in ipairs(self:names()) do
    if not self:read(name) then names[#names + 1] = name end
  end
  return names
end

--- What a module needs that is installed neither here nor for the user: "bell 0.2.0 or newer, and 0.1.0 is installed".
--- @param data table  its manifest
--- @return string[]
function store:unmet(data)
  local here, users, unmet = self:lock(), places.user() and store.open(true):lock() or {}, {}
  for name, version in pairs(data.needs or {}) do
    local row = here[name] or users[name]
    if not row or manifest.older(row.version, version) then
      unmet[#unmet + 1] = ("%s %s or newer, %s"):format(name, version,
        row and ("and %s is installed"):format(row.version) or "which is not installed")
    end
  end
  table.sort(unmet)
  return unmet
end

--- The installed modules that need another.
--- @param name string
--- @return string[]
function store:needing(name)
  local needing = {}
  for _, other in ipairs(self:names()) do
    local data = self:read(other)
    if data and data.needs and data.needs[name] then needing[#needing + 1] = other end
  end
  return needing
end

--- A source as the lock file keeps it: paths as seen from the store, or absolute.
--- @param source string
--- @return string
function store:kept_source(source)
  if source:match "^%a[%w+.-]*://" or host.absolute "." == self.root then return source end
  return host.absolute(source)
end

--- Removes a module.
--- @param name string
function store:remove(name)
  local _ <close> = self:hold()
  local lock = self:lock()
  if not lock[name] then
    error(("no module '%s' is installed in %s%s"):format(name, self.root, host.suggestion(name, self:names())), 0)
  end
  lock[name] = nil
  self:write_lock(lock)
  host.remove_all(self:folder(name))
end

--- Reads an installed module.
--- @param name string
--- @return table|nil manifest  nil where its files are not those that were installed
--- @return string|nil problem
function store:read(name)
  local row = self:lock()[name]
  if host.kind(self:folder(name)) ~= "folder" then return nil, "its folder is missing" end
  local fine, data, checksum = pcall(function()
    local contents = files.of_folder(self:folder(name))
    return files.verify(contents, self:folder(name))
  end)
  if not fine then return nil, data end
  if checksum ~= row.checksum then
    return nil, ("its files have changed: expected %s, got %s"):format(row.checksum, checksum)
  end
  return data
end

--- What lies among the modules without being in the lock file; not what is hidden there, such as one half written.
--- @return string[]
function store:unknown()
  local lock, unknown = self:lock(), {}
  for _, entry in ipairs(host.list(self.root .. "/" .. places.folder) or {}) do
    if not lock[entry.name] and not entry.name:match "^%." then unknown[#unknown + 1] = entry.name end
  end
  return unknown
end

return store
