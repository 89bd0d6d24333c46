-- The report of a ledger: what training on the full data takes beside training on distilled images.
local check = require "moonstill.check"
local columns = require "moonstill.columns"
local grouped = require "moonstill.grouped"

local report = {}

--- @class ms.LedgerReport
--- @field rows table[]      { name, executions, values, angles, inputs, hermitians, second_order, steps, shots, money,
---   times }, the last one being the executions as a multiple of those on distilled images
--- @field pays_after table  by phase of `full`: after how many trainings distilling has paid for itself; false: never
local Report = {}
Report.__index = Report
Report.__name = "ms.LedgerReport"

local spec = check.spec("ledger:report", {
  { "full", "string[]", "Phases of the ledger, each one training on the full data." },
  { "distilled", "string", "The phase of one training on the distilled images." },
  { "distilling?", "string", "The phase that distilled them." },
  { "shots", "integer", "Repetitions of an execution.", default = 1000, least = 1 },
  { "price_per_task", "number", "Money for an execution.", default = 0, least = 0 },
  { "price_per_shot", "number", "Money for each shot of it.", default = 0, least = 0 },
  { "currency?", "string", "What prices are in." },
})

local function sum(a, b)
  local out = {}
  for name, count in pairs(a) do out[name] = count + b[name] end
  return out
end

local function row_of(o, name, counts, distilled)
  local row = { name = name, shots = counts.executions * o.shots }
  for key, count in pairs(counts) do row[key] = count end
  row.money = row.executions * o.price_per_task + row.shots * o.price_per_shot
  row.times = distilled.executions > 0 and row.executions / distilled.executions or nil
  return row
end

-- The least n with `once` + n * `each` <= n * `full`, or false.
local function trainings_until_paid(once, each, full)
  return full > each and math.max(1, math.ceil(once / (full - each)))
end

--- Makes the report; see ms.Ledger:report.
function report.new(book, options)
  local o = check.options("ledger:report", options, spec)
  local self = setmetatable({
    shots = o.shots, price_per_task = o.price_per_task, price_per_shot = o.price_per_shot, currency = o.currency,
    rows = {}, pays_after = {},
  }, Report)
  local each = book:totals(o.distilled)
  local function add(name, counts) table.insert(self.rows, row_of(o, name, counts, each)) end
  for _, phase in ipairs(o.full) do add(phase, book:totals(phase)) end
  add(o.distilled, each)
  if not o.distilling then return self end
  local once = book:totals(o.distilling)
  add(o.distilling, once)
  add(o.distilling .. " + " .. o.distilled, sum(once, each))
  for _, phase in ipairs(o.full) do
    self.pays_after[phase] = trainings_until_paid(once.executions, each.executions, book:totals(phase).executions)
  end
  return self
end

-- Cents, where they are seen.
local function format_of(rows)
  local least = math.huge
  for _, row in ipairs(rows) do least = math.min(least, row.money) end
  return least < 100 and "%.2f" or "%.0f"
end

local function trainings(count)
  if count == nil then return "" end
  return count and ("%s training%s"):format(grouped(count), count == 1 and "" or "s") or "never"
end

-- Columns: title, and the text of a row. Without prices there is no money, without a distillation nothing to pay for.
local function columns_of(self)
  local list = {
    { "training", function(row) return row.name end },
    { "executions", function(row) return grouped(row.executions) end },
    { "× distilled", function(row)
      return row.times and grouped(row.times, row.times < 100 and "%.3g" or "%.0f") or "-"
    end },
    { "gradient steps", function(row) return grouped(row.steps) end },
  }
  if self.price_per_task + self.price_per_shot > 0 then
    local format = format_of(self.rows)
    list[#list + 1] = { self.currency or "money", function(row) return grouped(row.money, format) end }
  end
  if next(self.pays_after) then
    list[#list + 1] = { "distilling pays after", function(row) return trainings(self.pays_after[row.name]) end }
  end
  return list
end

local function price(self)
  if self.price_per_task + self.price_per_shot == 0 then return "" end
  return (" and costs %g%s: %g a task, %g a shot"):format(self.price_per_task + self.shots * self.price_per_shot,
    self.currency and " " .. self.currency or "", self.price_per_task, self.price_per_shot)
end

function Report:__tostring()
  local rows = { {}, {} }
  for i, column in ipairs(columns_of(self)) do
    rows[1][i], rows[2][i] = column[1], i == 1 and "---" or "---:"
    for place, row in ipairs(self.rows) do
      rows[place + 2] = rows[place + 2] or {}
      rows[place + 2][i] = column[2](row)
    end
  end
  local lines = columns(rows, " | ")
  for i, line in ipairs(lines) do lines[i] = "| " .. line .. " |" end
  return ("%s\n\nAn execution is a task of %s shot%s%s."):format(table.concat(lines, "\n"), grouped(self.shots),
    self.shots == 1 and "" or "s", price(self))
end

return report
