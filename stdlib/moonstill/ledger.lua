-- ms.ledger: what quantum hardware would have had to execute for what was computed, by phase and purpose, and the
-- gradient steps. Only counts; what is counted as one execution is said in engine/quantum/executions.hpp. PennyLane's
-- Tracker is the peer.
local aligned = require "moonstill.columns"
local check = require "moonstill.check"
local host = require "moonstill.host"
local report = require "moonstill.ledger_report"
local strict = require "moonstill.strict"

local ledger = {}

-- Circuits for values, and for derivatives in a circuit's angles (by parameter shift), in its inputs (amplitudes), in
-- Hermitian entries, and of second order; then gradient steps.
local executions = { "values", "angles", "inputs", "hermitians", "second_order" }
local columns = { "values", "angles", "inputs", "hermitians", "second_order", "steps" }

--- Counts of a run. Made by ms.ledger() or ms.ledger.from(); counts until it is closed.
---
--- ```lua
--- local book <close> = ms.ledger()
--- ms.ledger.step(3)
--- ```
--- @class ms.Ledger
--- @field phases table  counts by phase
local Ledger = {}
Ledger.__index = Ledger
Ledger.__name = "ms.Ledger"

local open = setmetatable({}, { __mode = "k" })   -- the ledgers that count
local counter                                     -- the engine's, while there are any
local path = ""                                   -- the phases that run, joined by "/"; false while nothing counts

local function zero() return { values = 0, angles = 0, inputs = 0, hermitians = 0, second_order = 0, steps = 0 } end

-- A copy, with the sum of all executions.
local function with_sum(counts)
  local out = { executions = 0, steps = counts.steps }
  for _, name in ipairs(executions) do
    out[name] = counts[name]
    out.executions = out.executions + counts[name]
  end
  return out
end

-- Counts are whole: integers, where they fit.
local function add(to, counts)
  for _, name in ipairs(columns) do
    local sum = to[name] + (counts[name] or 0)
    to[name] = math.tointeger(sum) or sum
  end
end

local function is_empty(counts)
  for _, count in pairs(counts) do
    if count ~= 0 then return false end
  end
  return true
end

local function record(counts)
  if not path or is_empty(counts) then return end
  for book in pairs(open) do
    book.phases[path] = book.phases[path] or zero()
    add(book.phases[path], counts)
  end
end

-- Gives what the engine has counted to the phase that ran.
local function settle()
  if not counter then return end
  record(host.take_executions(counter))
  if not next(open) then
    host.stop_counting(counter)
    counter = nil
  end
end

local function start(book)
  settle()
  counter = counter or host.count_executions()
  open[book] = true
  return book
end

--- Opens a ledger, which counts from here on; so does ms.ledger().
---
--- ```lua
--- local pauli = ms.observable.pauli
--- local circuit = ms.circuit(1, { a = { 1 } }, function(c, a) c:rx(1, a[1]) end)
--- local book = ms.ledger()
--- ms.grad(function(a) return circuit { a = a, observable = pauli "Z" } end)(ms.tensor { 0.5 })
--- book:close()
--- print(book)   -- one execution for the value, two for the angle
--- ```
--- With `local book <close> = ms.ledger()` it counts to the end of the scope. Any number may count at once.
---
--- One execution is one circuit for one sample, measured in one basis of each qubit, which reads all observables that
--- fit it. A sample takes as many for its values as its observables need bases (Hermitians on different qubits one);
--- two or four times as many for each angle of a gate; twice as many for each of the 2^n - 1 rotations that prepare
--- 2^n amplitudes; 3^k for the entries of Hermitians on k qubits; and two shifts, of each pair of angles, for second
--- derivatives. What is asked for twice is counted twice, but a checkpoint's second run is not. How the simulator works
--- makes no difference. Statevectors and ms.qubits are not counted.
--- @return ms.Ledger
function ledger.open() return start(setmetatable({ phases = {} }, Ledger)) end

--- Opens a ledger that goes on from what totable() gave.
---
--- ```lua
--- local text = ms.io.json(ms.ledger():totable())
--- local book <close> = ms.ledger.from(ms.io.parse_json(text))
--- ```
--- @param counts table
--- @return ms.Ledger
function ledger.from(counts)
  check.argument("ms.ledger.from", 1, "counts", "table", counts)
  local phases = {}
  for phase, row in pairs(counts) do
    if type(phase) ~= "string" or type(row) ~= "table" then
      check.fail("ms.ledger.from", "argument 1 'counts': expected a table of counts for each phase, as totable() gives")
    end
    for _, name in ipairs(columns) do
      if math.type(row[name]) ~= "integer" and not (type(row[name]) == "number" and row[name] >= 2 ^ 53) then
        check.fail("ms.ledger.from", "argument 1 'counts': phase '%s': expected a whole number of %s, got %s", phase,
          name, host.describe(row[name]))
      end
    end
    phases[phase] = zero()
    add(phases[phase], row)
  end
  return start(setmetatable({ phases = phases }, Ledger))
end

-- ---- phases, of all ledgers ----

local Phase = { __name = "ms.Phase" }
function Phase:__close()
  settle()
  path = self.before
end

local function enter(inner)
  settle()
  local phase = setmetatable({ before = path }, Phase)
  path = inner
  return phase
end

--- Names what is counted from here to the end of the scope; inside another phase "a" it is counted as "a/name".
---
--- ```lua
--- local book <close> = ms.ledger()
--- do
---   local _ <close> = ms.ledger.phase "warm-up"
---   ms.ledger.step()
--- end
--- print(book:totals("warm-up").steps)
--- ```
--- @param name string
--- @return any  to be held in a variable marked <close>
function ledger.phase(name)
  check.argument("ms.ledger.phase", 1, "name", "string", name)
  return enter(path and (path == "" and name or path .. "/" .. name))
end

--- Counts nothing from here to the end of the scope.
---
--- ```lua
--- local _ <close> = ms.ledger.pause()
--- ```
--- @return any  to be held in a variable marked <close>
function ledger.pause() return enter(false) end

--- Counts gradient steps.
---
--- ```lua
--- local book <close> = ms.ledger()
--- ms.ledger.step(3)
--- print(book:totals().steps)
--- ```
--- @param count? integer  1 if left out
function ledger.step(count)
  record { steps = check.argument("ms.ledger.step", 1, "count", "integer|nil", count) or 1 }
end

-- ---- a ledger ----

--- Ends the counting. What was counted stays.
---
--- ```lua
--- book:close()
--- ```
function Ledger:close()
  settle()
  open[self] = nil
  settle()
end
Ledger.__close = Ledger.close

local function is_within(phase, outer)
  return outer == nil or phase == outer or phase:sub(1, #outer + 1) == outer .. "/"
end

--- Sums up the counts of a phase and those inside it, or of all: values, angles, inputs, hermitians, second_order,
--- their sum executions, and steps.
---
--- ```lua
--- print(book:totals().steps)
--- ```
--- @param phase? string
--- @return table
function Ledger:totals(phase)
  check.argument("ledger:totals", 1, "phase", "string|nil", phase)
  settle()
  local totals = zero()
  for name, counts in pairs(self.phases) do
    if is_within(name, phase) then add(totals, counts) end
  end
  return with_sum(totals)
end

--- Gives the counts by phase as a plain table, for JSON, a checkpoint, and ms.ledger.from.
---
--- ```lua
--- print(ms.io.json(book:totable()))
--- ```
--- @return table
function Ledger:totable()
  settle()
  local counts = {}
  for phase, row in pairs(self.phases) do
    counts[phase] = zero()
    add(counts[phase], row)
  end
  return counts
end

--- Sets trainings on the full data against training on distilled images, with and without the cost of distilling.
---
--- ```lua
--- local book <close> = ms.ledger()
--- for name, steps in pairs { ["full data"] = 1000, distil = 5000, ["distilled images"] = 3 } do
---   local _ <close> = ms.ledger.phase(name)
---   ms.ledger.step(steps)
--- end
--- print(book:report { full = { "full data" }, distilled = "distilled images", distilling = "distil" })
--- ```
--- @param options table
--- @return ms.LedgerReport  a plain table, for JSON; prints as Markdown
function Ledger:report(options) return report.new(self, options) end

local function text_of(count) return math.type(count) == "integer" and tostring(count) or ("%.4g"):format(count) end

function Ledger:__tostring()
  local rows, names = { { "phase", "executions", table.unpack(columns) } }, {}
  local function add_row(label, totals)
    local row = { label, text_of(totals.executions) }
    for _, name in ipairs(columns) do row[#row + 1] = text_of(totals[name]) end
    rows[#rows + 1] = row
  end
  local all = self:totals()
  for phase in pairs(self.phases) do names[#names + 1] = phase end
  table.sort(names)
  for _, phase in ipairs(names) do add_row(phase == "" and "-" or phase, with_sum(self.phases[phase])) end
  add_row("all", all)
  return table.concat(aligned(rows, "  "), "\n")
end

strict.module(ledger, "ms.ledger.")
getmetatable(ledger).__call = function() return ledger.open() end

return ledger
