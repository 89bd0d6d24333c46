-- Where a module comes from: its folder, an archive, or an address that curl loads.
local curl = require "moonstill.curl"
local files = require "moonstill.modules.files"
local host = require "moonstill.host"
local native = require "moonstill.native"

local fetch = {}

local most_bytes = 64 << 20
local too_large = "'%s' is too large for a module: more than %d MiB"

local function download(address)
  local missing = curl.problem()
  if missing then error(missing, 0) end
  local pieces = {}
  -- Who asks for https is not to be led to http.
  local protocols = fetch.protocol(address) == "http" and "http,https" or "https"
  local loaded, problem, reason = curl.load(address, function(bytes) pieces[#pieces + 1] = bytes end,
    { protocols = protocols, most_bytes = most_bytes })
  if reason == "too large" then error(too_large:format(address, most_bytes >> 20), 0) end
  if not loaded then error(("cannot load '%s': %s"):format(address, problem), 0) end
  return table.concat(pieces)
end

--- Whether this is an address, and of what kind: "https" or "http".
--- @param source string
--- @return string|nil
function fetch.protocol(source) return source:match "^(https?)://" end

--- The files of a module.
--- @param source string  a folder, an archive or an address
--- @return table<string, string>
function fetch.files(source)
  if fetch.protocol(source) then return files.of_archive(download(source), source) end
  if source:match "^%a[%w+.-]*://" then
    error(("'%s': expected a folder, an archive, or an address that begins with https://"):format(source), 0)
  end
  local kind = host.kind(host.absolute(source))
  if not kind then error(("there is no folder or archive '%s'"):format(source), 0) end
  if kind == "folder" then return files.of_folder(source) end
  if kind ~= "file" then error(("'%s' is neither a folder nor a file"):format(source), 0) end
  if host.size(source) > most_bytes then
    error(too_large:format(source, most_bytes >> 20), 0)
  end
  return files.of_archive(native.io.read_text(source), source)
end

return fetch
