-- A run's metrics as curves: rows of a distillation's metrics.jsonl, or of a training's history.
local axis = require "plot.axis"
local ms = require "moonstill"
local plot = require "plot"

local metrics = {}

-- Panels, and the fields that each shows where rows have them: name and colour.
local panels = {
  { title = "Loss", { "loss", "training", 1 }, { "last_loss", "held out, last", 2 },
    { "averaged_loss", "held out, averaged", 3 }, { "test_loss", "test", 2 } },
  { title = "Accuracy", shares = true, { "last_accuracy", "held out, last", 2 },
    { "averaged_accuracy", "held out, averaged", 3 }, { "accuracy", "test", 2 } },
  { title = "Norm of the outer gradient", log_y = true, { "gradient_norm", "", 1 } },
}

--- Gives the rows of a folder's metrics.jsonl; none where there is no such file.
---
--- ```lua
--- print(#require("plot.metrics").read("runs/none"))
--- ```
--- @param folder string
--- @return table[]
function metrics.read(folder)
  local rows, path = {}, folder .. "/metrics.jsonl"
  for line in ms.io.exists(path) and ms.io.read_text(path):gmatch "[^\n]+" or function() end do
    rows[#rows + 1] = ms.io.parse_json(line)
  end
  return rows
end

-- A field's curve over the rows that have it, or nil where none has.
local function curve(rows, place, field, panel)
  local series = { name = field[2], colour = field[3], x = {}, y = {} }
  for i, row in ipairs(rows) do
    local value = row[field[1]]
    if type(value) == "number" then series.x[#series.x + 1], series.y[#series.y + 1] = row[place] or i, value end
  end
  return axis.shown(series, panel) > 0 and series or nil
end

-- The ends of an axis of shares that are all 0 or all 1.
local function share_range(series)
  for _, one in ipairs(series) do
    for _, value in ipairs(one.y) do
      if value ~= series[1].y[1] or value % 1 ~= 0 then return nil end
    end
  end
  return { 0, 1 }
end

--- Makes a figure of rows, with a panel for loss, accuracy and the outer gradient's norm; nil where they have none.
---
--- ```lua
--- print(require("plot.metrics").figure { { epoch = 1, loss = 2, accuracy = 0.4 }, { epoch = 2, loss = 1 } })
--- ```
--- @param rows table[]  each with `iteration` or `epoch`
--- @return plot.Figure?
function metrics.figure(rows)
  local place, figures = rows[1] and rows[1].epoch and "epoch" or "iteration", {}
  for _, panel in ipairs(panels) do
    local series = {}
    for _, field in ipairs(panel) do series[#series + 1] = curve(rows, place, field, panel) end
    if #series > 0 then
      figures[#figures + 1] = plot.line {
        title = panel.title, log_y = panel.log_y, x_label = place, series = series,
        y_range = panel.shares and share_range(series) or nil,
      }
    end
  end
  return #figures > 0 and plot.panels(figures) or nil
end

--- Gives a function that takes row after row while a run goes on, and draws their curves on the terminal.
---
--- ```lua
--- local show = require("plot.metrics").live()
--- for step = 1, 3 do show { iteration = step, loss = 1 / step } end
--- ```
--- @param earlier? table[]  rows of before
--- @return fun(row: table, last?: boolean)
function metrics.live(earlier)
  local rows, screen = earlier or {}, plot.live()
  return function(row, last)
    rows[#rows + 1] = row
    screen:update(function() return metrics.figure(rows) end, last)
  end
end

return metrics
