-- A run's metrics on disk, row by row: metrics.csv and metrics.jsonl, which hold the same. A run that goes on writes
-- what one of them has lost again from the other.
local ms = require "moonstill"

local metric_files = {}

local columns = {
  "iteration", "loss", "gradient_norm", "rate", "last_loss", "last_accuracy", "averaged_loss", "averaged_accuracy",
  "elapsed", "seconds",
}

local function csv_row(line)
  local row, place = {}, 0
  for field in (line .. ","):gmatch "([^,]*)," do
    place = place + 1
    row[columns[place] or "beyond"] = tonumber(field)
  end
  return place == #columns and row or nil
end

local function json_row(line)
  local fine, row = pcall(ms.io.parse_json, line)
  return fine and type(row) == "table" and row or nil
end

-- Each file: how it is opened, how a line of it is read, and how many lines stand before the rows.
local kinds = {
  { name = "metrics.csv", parse = csv_row, before = 1,
    open = function(path, keep) return ms.io.csv(path, columns, { keep = keep }) end },
  { name = "metrics.jsonl", parse = json_row, before = 0,
    open = function(path, keep) return ms.io.jsonl(path, { keep = keep }) end },
}

-- The first so many rows of a file, or nil where it does not have them.
local function rows_of(kind, path, count)
  local rows, place = {}, -kind.before
  for line in ms.io.exists(path) and ms.io.read_text(path):gmatch "([^\n]*)\n" or function() end do
    if #rows == count then break end
    place = place + 1
    if place == 0 and line ~= table.concat(columns, ",") then return nil end
    if place > 0 then
      rows[place] = kind.parse(line)
      if not rows[place] then return nil end
    end
  end
  return #rows == count and rows or nil
end

--- Appends a row to both files.
--- @param files table
--- @param row table
function metric_files.append(files, row)
  -- Which sign a NaN has is chance.
  for name, value in pairs(row) do
    if value ~= value then row[name] = math.abs(value) end
  end
  for _, file in ipairs(files) do file:append(row) end
end

--- Opens both files and keeps their first rows.
--- @param folder string
--- @param count integer  how many rows stay; where both files have lost them, none do
--- @param say function   fun(text): tells the user what was lost
--- @return table files   for append
--- @return table[] rows  those that stay
function metric_files.open(folder, count, say)
  local found, kept = {}, nil
  for i, kind in ipairs(kinds) do
    found[i] = rows_of(kind, folder .. "/" .. kind.name, count)
    kept = kept or found[i]
  end
  local files = {}
  for i, kind in ipairs(kinds) do
    local path = folder .. "/" .. kind.name
    files[i] = kind.open(path, found[i] and count or 0)
    if not found[i] then
      for _, row in ipairs(kept or {}) do files[i]:append(row) end
      say(("'%s' is lost or damaged: %s"):format(path, kept and "written again from the other file of metrics"
        or "begins anew"))
    end
  end
  return files, kept or {}
end

return metric_files
