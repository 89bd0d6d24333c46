-- :who: the user's names, each with its type, shape and bytes.
local bytes_text = require "moonstill.repl.bytes_text"
local counted = require "moonstill.counted"
local terminal = require "moonstill.terminal"

local who = {}

local longest_value = 40

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

-- Bytes of all tensors in a table, each counted once.
local function bytes_in(fields, seen)
  if seen[fields] then return 0 end
  seen[fields] = true
  local total = 0
  for _, value in next, fields do
    if class_of(value) == "ms.Tensor" and not seen[value] then
      seen[value] = true
      total = total + tensor_bytes(value)
    elseif type(value) == "table" then
      total = total + bytes_in(value, seen)
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
  if class and described[class] then
    local fine, text, bytes = pcall(described[class], value)
    return class, fine and text or "closed", fine and bytes or nil
  end
  local kind = type(value)
  if kind == "table" then
    local bytes = bytes_in(value, {})
    return class or kind, entries(value), bytes > 0 and bytes or nil
  end
  if kind == "string" then return kind, ("%d bytes"):format(#value), #value end
  if kind == "function" then return kind, place(value) end
  if kind == "number" or kind == "boolean" then return math.type(value) or kind, tostring(value) end
  return class or kind, ""
end

local function cut(text) return #text > longest_value and text:sub(1, longest_value - 3) .. "..." or text end

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
  local rows, widths = {}, { 0, 0, 0 }
  for i, name in ipairs(names) do
    local class, text, bytes = describe(rawget(_G, name))
    rows[i] = { name, (class:gsub("^ms%.", "")), cut(text), bytes and bytes_text(bytes) or "" }
    for column = 1, 3 do widths[column] = math.max(widths[column], terminal.width(rows[i][column])) end
  end
  for _, row in ipairs(rows) do
    local cells = {}
    for column = 1, 3 do cells[column] = row[column] .. (" "):rep(widths[column] - terminal.width(row[column])) end
    cells[1] = terminal.paint("name", cells[1])
    print((("%s  %s  %s  %9s"):format(cells[1], cells[2], cells[3], row[4]):gsub("%s+$", "")))
  end
end

return who
