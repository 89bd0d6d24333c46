-- The tensors of a run's checkpoint, and whether they are those that were written.
local ms = require "moonstill"

local checkpoint = {}

-- Tensors named "parameters.images[1]", "parameters.images[2]" ..., as a list.
local function list_of(loaded, name)
  local list = {}
  while loaded[("%s[%d]"):format(name, #list + 1)] do list[#list + 1] = loaded[("%s[%d]"):format(name, #list + 1)] end
  return list
end

-- { images, raw_step_sizes }, or nil.
local function part_of(loaded, name)
  local raw_step_sizes = loaded[name .. ".raw_step_sizes"]
  return raw_step_sizes and { images = list_of(loaded, name .. ".images"), raw_step_sizes = raw_step_sizes }
end

--- Gives what the numbers must have when they come back.
--- @param tensors { parameters: table, averaged?: table, best?: table, moments: table }
--- @return string
function checkpoint.fingerprint(tensors)
  local list = {}
  for _, name in ipairs { "parameters", "averaged", "best" } do
    local part = tensors[name]
    if part then list[#list + 1] = ms.flatten { part.raw_step_sizes, table.unpack(part.images) } end
  end
  for _, name in ipairs { "images", "raw_step_sizes" } do
    if #tensors.moments[name] > 0 then list[#list + 1] = ms.flatten(tensors.moments[name]) end
  end
  return ms.io.fingerprint(ms.flatten(list))
end

--- Reads a checkpoint. Gives nil and a sentence where it is damaged.
--- @param path string
--- @return table? tensors           as for fingerprint
--- @return table|string metadata
function checkpoint.read(path)
  local fine, loaded, metadata = pcall(ms.io.load, path)
  if not fine then return nil, (tostring(loaded):gsub("^.-ms%.io%.load: ", "")) end
  local tensors = {
    parameters = part_of(loaded, "parameters"), averaged = part_of(loaded, "averaged"), best = part_of(loaded, "best"),
    moments = {
      images = list_of(loaded, "moments.images"), raw_step_sizes = list_of(loaded, "moments.raw_step_sizes"),
    },
  }
  if not tensors.parameters or not pcall(ms.io.parse_json, metadata.settings) then
    return nil, ("'%s' is damaged, it holds no state of a run"):format(path)
  end
  if metadata.fingerprint and metadata.fingerprint ~= checkpoint.fingerprint(tensors) then
    return nil, ("'%s' is damaged, its numbers are not those that were written"):format(path)
  end
  return tensors, metadata
end

return checkpoint
