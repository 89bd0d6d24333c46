-- :who: the user's names, each with its type, shape and bytes.
local bytes_text = require "moonstill.repl.bytes_text"
local counted = require "moonstill.counted"
local pretty = require "moonstill.pretty"
local terminal = require "moonstill.terminal"

local who = {}

local longest_value = 40
local most_parts = 8

local function tensor_bytes(x)
  local bytes = { f32 = 4, f64 = 8, i32 = 4, u8 = 1 }
  return x:size() * bytes[x:dtype()]
end

-- What each of our classes says of its values: shape or size, then bytes.
local described = {
  ["ms.Tensor"] = function(x)
    local shape = table.concat(x:shape(), "x")
    return ("%s %s"):format(shape ~= "" and shape or "scalar", x:dtype()), tensor_bytes(x)
  end,
  ["ms.ImageSet"] = function(set)
    local count, sizes, classes = tostring(set):match ": (%d+) images? ([%dx]+), (%d+) class"
    local bytes = tonumber(count)
    for size in sizes:gmatch "%d+" do bytes = bytes * tonumber(size) end
    return ("%s %s, %s"):format(counted(tonumber(count), "image"), sizes,
      counted(tonumber(classes), "class", "classes")), bytes
  end,
  ["ms.Circuit"] = function(circuit)
    return counted(circuit:qubits(), "qubit") .. ", " .. counted(#circuit:operations(), "operation")
  end,
  ["ms.Qubits"] = function(qubits) return counted(qubits:qubits(), "qubit"), 16 << qubits:qubits() end,
  ["ms.nn.Layer"] = function(layer) return counted(layer:count(), "parameter") end,
}

local function class_of(value)
  local meta = debug.getmetatable(value)
  local name = type(value) ~= "string" and type(meta) == "table" and rawget(meta, "__name")
  return type(name) == "string" and name or nil
end

-- What our class says of a value and how many bytes it has; nil of others and of what was closed.
local function described_as(value)
  local describe = described[class_of(value)]
  if not describe then return nil end
  local fine, text, bytes = pcall(describe, value)
  if fine then return text, bytes end
end

-- Bytes of all objects in a table, each counted once.
local function bytes_in(fields, seen)
  local total = 0
  for _, value in next, fields do
    local kind = type(value)
    if (kind == "table" or kind == "userdata") and not seen[value] then
      seen[value] = true
      local _, bytes = described_as(value)
      total = total + (bytes or kind == "table" and bytes_in(value, seen) or 0)
    end
  end
  return total
end

local function entries(fields)
  local count = 0
  for _ in next, fields do count = count + 1 end
  return counted(count, "entry", "entries")
end

local function place(f)
  local info = debug.getinfo(f, "S")
  return info.what == "C" and "" or ("%s:%d"):format(info.short_src, info.linedefined)
end

-- Type, what it is, and bytes or nil.
local function describe(value)
  local class = class_of(value)
  if described[class] then
    local text, bytes = described_as(value)
    return class, text or "closed", bytes
  end
  local kind = type(value)
  if kind == "table" then
    local bytes = bytes_in(value, { [value] = true })
    return class or kind, entries(value), bytes > 0 and bytes or nil
  end
  if kind == "string" then return kind, ("%d bytes"):format(#value), #value end
  if kind == "function" then return kind, place(value) end
  if kind == "number" or kind == "boolean" then return math.type(value) or kind, tostring(value) end
  if not class then return kind, "" end
  local fine, text = pcall(tostring, value)
  return class, fine and text:match "^[^\n]*" or "closed"
end

local function cut(text) return #text > longest_value and text:sub(1, longest_value - 3) .. "..." or text end

-- The names of a table's fields, where it is small and all of them are ours: data sets, gradients.
local function parts_of(value)
  if not pretty.is_plain(value) then return {} end
  local names = {}
  for name, part in next, value do
    if type(name) ~= "string" or not described[class_of(part)] or #names == most_parts then return {} end
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function row_of(name, value)
  local class, text, bytes = describe(value)
  return { name, (class:gsub("^ms%.", "")), cut(text), bytes and bytes_text(bytes) or "" }
end

-- One row for each name, and behind that of a table one for each of its parts.
local function rows_of(names)
  local rows = {}
  for _, name in ipairs(names) do
    local value = rawget(_G, name)
    rows[#rows + 1] = row_of(name, value)
    for _, part in ipairs(parts_of(value)) do
      rows[#rows + 1] = row_of(("  .%s"):format(part), rawget(value, part))
    end
  end
  return rows
end

local function print_rows(rows)
  local widths = { 0, 0, 0 }
  for _, row in ipairs(rows) do
    for column = 1, 3 do widths[column] = math.max(widths[column], terminal.width(row[column])) end
  end
  for _, row in ipairs(rows) do
    local cells = {}
    for column = 1, 3 do cells[column] = row[column] .. (" "):rep(widths[column] - terminal.width(row[column])) end
    cells[1] = terminal.paint("name", cells[1])
    print((("%s  %s  %s  %9s"):format(cells[1], cells[2], cells[3], row[4]):gsub("%s+$", "")))
  end
end

--- Runs `:who`.
--- @param session repl.Session
function who.show(session)
  local names = {}
  for name in next, _G do
    local result = type(name) == "string" and (name == "_" or name:match "^_%d+$")
    if type(name) == "string" and not session.own[name] and not result then names[#names + 1] = name end
  end
  table.sort(names)
  if #names == 0 then print "no names of yours so far: x = 1 makes one" return end
  print_rows(rows_of(names))
end

return who
