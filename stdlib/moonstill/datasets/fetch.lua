-- Fetches the files of a published data set, goes on with what is half there, and holds each against its SHA-256.
local curl = require "moonstill.curl"
local folder_lock = require "moonstill.folder_lock"
local host = require "moonstill.host"
local native = require "moonstill.native"
local shell = require "moonstill.modules.shell"

local fetch = {}

local function is_whole(path, file)
  return host.size(path) == file.bytes and host.sha256(native.io.read_text(path)) == file.sha256
end

-- Those files that are not there, or not whole.
local function missing_of(files, folder)
  local missing = {}
  for _, file in ipairs(files) do
    if not is_whole(folder .. "/" .. file.name, file) then missing[#missing + 1] = file end
  end
  return missing
end

-- Loads what a part lacks, but never more than its file has, and gives what curl.load does.
local function append(part, file, address)
  local from = host.size(part)
  local handle <close> = assert(io.open(part, "ab"))
  handle:setvbuf "no"
  local function take(bytes)
    local written, problem = handle:write(bytes)
    if not written then error(("cannot write '%s': %s"):format(part, problem), 0) end
  end
  return curl.load(address, take, { protocols = "https,http,file", most_bytes = file.bytes - from, from = from,
    progress = true })
end

-- Loads the rest of a part, or all. Gives whether the part is whole then, else why not and whether nobody answered.
local function load_part(part, file, address)
  if is_whole(part, file) then return true end
  if host.size(part) >= file.bytes then host.remove_all(part) end
  local goes_on = host.size(part) > 0
  local loaded, problem, reason = append(part, file, address)
  if is_whole(part, file) then return true end
  local broken_off = not loaded and (not reason or reason == "unreachable")
  if not broken_off or host.size(part) == 0 then host.remove_all(part) end
  if not broken_off and goes_on then return load_part(part, file, address) end   -- it began with other bytes
  problem = problem or ("expected %d bytes of SHA-256 %s, got other bytes"):format(file.bytes, file.sha256)
  return false, problem, reason == "unreachable"
end

-- Puts one file into the folder. Gives whether it is there. Mirrors that nobody answers at are struck off the list.
local function get_file(file, folder, mirrors, say)
  local path, place = folder .. "/" .. file.name, 1
  while mirrors[place] do
    say(("%s from %s"):format(file.name, mirrors[place]))
    local loaded, problem, unreachable = load_part(path .. ".part", file, mirrors[place] .. file.name)
    if loaded then
      host.rename(path .. ".part", path)
      return true
    end
    say(("%s: %s"):format(file.name, problem))
    if unreachable then table.remove(mirrors, place) else place = place + 1 end
  end
  return false
end

-- What a user without a network has to do.
local function by_hand(set, folder)
  local lines = { "not all files could be loaded. Put them there by hand, and run this again:", "" }
  for _, file in ipairs(missing_of(set.files, folder)) do
    lines[#lines + 1] = ("  %s/%s  (%d bytes, SHA-256 %s)"):format(folder, file.name, file.bytes, file.sha256)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "They are published at " .. table.concat(set.mirrors, " and ")
  return table.concat(lines, "\n")
end

local function unpack_archives(set, folder)
  for _, file in ipairs(set.files) do
    local output, code = shell.run { "tar", "-xzf", folder .. "/" .. file.name, "-C", folder }
    if code ~= 0 then error(("cannot unpack '%s/%s': %s"):format(folder, file.name, output), 0) end
  end
  local missing = missing_of(set.unpacked, folder)
  if #missing > 0 then error(("the archive does not hold '%s' as it is published"):format(missing[1].name), 0) end
  for _, file in ipairs(set.files) do host.remove_all(folder .. "/" .. file.name) end
end

--- Puts a data set into a folder. What is there already, whole, is not loaded again.
--- @param set moonstill.Dataset
--- @param folder string
--- @param say fun(line: string)  told what happens
function fetch.get(set, folder, say)
  local function is_there() return #missing_of(set.unpacked or set.files, folder) == 0 end
  if is_there() then return end
  local _ <close> = folder_lock.wait(folder, ".lock")
  if is_there() then return end
  local missing, all = missing_of(set.files, folder), true
  local problem = #missing > 0 and curl.problem()
  if problem then error(("%s\n%s"):format(problem, by_hand(set, folder)), 0) end
  local mirrors = table.move(set.mirrors, 1, #set.mirrors, 1, {})
  for _, file in ipairs(missing) do all = get_file(file, folder, mirrors, say) and all end
  if not all then error(by_hand(set, folder), 0) end
  if set.unpacked then unpack_archives(set, folder) end
end

return fetch
