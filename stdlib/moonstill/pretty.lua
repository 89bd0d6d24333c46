-- Printing of plain tables: sorted keys, short ones on one line, shared and cyclic ones by name.
local pretty = {}

local longest_line = 80
local most_entries = 100

local function is_name(key)
  return type(key) == "string" and key:match "^[%a_][%w_]*$"
end

-- Numbers first, then strings, then the rest.
local rank = { number = 1, string = 2, boolean = 3 }
local function before(a, b)
  local ra, rb = rank[type(a)] or 4, rank[type(b)] or 4
  if ra ~= rb then return ra < rb end
  if ra <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

local function other_keys(value)
  local size, keys = #value, {}
  for key in next, value do
    if not (math.type(key) == "integer" and key >= 1 and key <= size) then keys[#keys + 1] = key end
  end
  table.sort(keys, before)
  return keys
end

local format

local function entries_of(value, indent, open)
  local entries = {}
  for i = 1, math.min(#value, most_entries) do entries[i] = format(rawget(value, i), indent, open) end
  if #value > most_entries then entries[#entries + 1] = ("... %d more"):format(#value - most_entries) end
  for _, key in ipairs(other_keys(value)) do
    local name = is_name(key) and key or "[" .. format(key, indent, open) .. "]"
    entries[#entries + 1] = name .. " = " .. format(rawget(value, key), indent, open)
    if #entries > 2 * most_entries then
      entries[#entries + 1] = "..."
      break
    end
  end
  return entries
end

function format(value, indent, open)
  if type(value) == "string" then return (("%q"):format(value):gsub("\\\n", "\\n")) end
  local meta = type(value) == "table" and getmetatable(value)
  if type(value) ~= "table" or (type(meta) == "table" and meta.__tostring) then return tostring(value) end
  if open[value] then return "(itself)" end
  open[value] = true
  local deeper = indent .. "  "
  local entries = entries_of(value, deeper, open)
  open[value] = nil
  if #entries == 0 then return "{}" end
  local line = "{ " .. table.concat(entries, ", ") .. " }"
  if #line + #indent <= longest_line and not line:find("\n", 1, true) then return line end
  return "{\n" .. deeper .. table.concat(entries, ",\n" .. deeper) .. "\n" .. indent .. "}"
end

--- Formats any value; tables as Lua text that a person can read.
--- @param value any
--- @return string
function pretty.format(value)
  local text = format(value, "", {})
  return text
end

return pretty
