-- The report of a ledger: what training on the full data takes beside training on distilled images.
local check = require "moonstill.check"
local columns = require "moonstill.columns"

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
    shots = o.shots, price_per_task = o.price_per_task, price_per_shot = o.price_per_shot, rows = {}, pays_after = {},
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

-- 1234567.891 as "1,234,568", or with two digits "1,234,567.89".
local function grouped(number, format)
  local whole, rest = (format or "%.0f"):format(number):match "^(%d+)(.*)$"
  return whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "") .. rest
end

function Report:__tostring()
  local rows = {
    { "training", "executions", "× distilled", "gradient steps", "shots", "money" },
    { "---", "---:", "---:", "---:", "---:", "---:" },
  }
  for _, row in ipairs(self.rows) do
    rows[#rows + 1] = {
      row.name, grouped(row.executions), row.times and grouped(row.times, row.times < 100 and "%.3g" or "%.0f") or "-",
      grouped(row.steps), grouped(row.shots), grouped(row.money, "%.2f"),
    }
  end
  local lines = columns(rows, " | ")
  for i, line in ipairs(lines) do lines[i] = "| " .. line .. " |" end
  lines[#lines + 1] = ("\n%s shots each; %g for an execution and %g for a shot."):format(
    grouped(self.shots), self.price_per_task, self.price_per_shot)
  for _, row in ipairs(self.rows) do
    local after = self.pays_after[row.name]
    if after then
      lines[#lines + 1] = ("Distilling has paid for itself after %s training%s, against '%s'."):format(
        grouped(after), after == 1 and "" or "s", row.name)
    elseif after == false then
      lines[#lines + 1] = ("Distilling never pays for itself against '%s'."):format(row.name)
    end
  end
  return table.concat(lines, "\n")
end

return report
