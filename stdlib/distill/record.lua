-- What a run's folder tells: metrics as curves, the images of the checkpoint as a sheet.
local ms = require "moonstill"
local plot = require "plot"

local record = {}

--- Gives the rows of metrics.jsonl.
--- @param folder string
--- @return table[]
function record.metrics(folder)
  local rows, path = {}, folder .. "/metrics.jsonl"
  for line in ms.io.exists(path) and ms.io.read_text(path):gmatch "[^\n]+" or function() end do
    rows[#rows + 1] = ms.io.parse_json(line)
  end
  return rows
end

local function series(rows, name, field)
  local x, y = {}, {}
  for i, row in ipairs(rows) do x[i], y[i] = row.iteration, row[field] or 0 / 0 end
  return { name = name, x = x, y = y }
end

--- Makes a figure of rows of metrics: losses, accuracy on held-out images, the outer gradient's norm.
--- @param rows table[]
--- @return plot.Figure
function record.curves(rows)
  return plot.panels {
    plot.line { title = "Loss", series = {
      series(rows, "outer batch", "loss"), series(rows, "held out, last", "last_loss"),
      series(rows, "held out, averaged", "averaged_loss"),
    } },
    plot.line { title = "Accuracy on held-out images", series = {
      series(rows, "last", "last_accuracy"), series(rows, "averaged", "averaged_accuracy"),
    } },
    plot.line { title = "Norm of the outer gradient", log_y = true,
      series = { series(rows, "norm", "gradient_norm") } },
  }
end

--- Draws curves.svg.
--- @param folder string
function record.draw_curves(folder)
  ms.io.write_text(folder .. "/curves.svg", record.curves(record.metrics(folder)):page_svg())
end

--- Rounds images to multiples of 1/512, which neither the eye nor the accuracy notices: a file of them is half as long.
--- @param lists ms.Tensor[]
--- @return ms.Tensor[]
function record.rounded(lists)
  local images = {}
  for s, list in ipairs(lists) do images[s] = (list * 512):round() / 512 end
  return images
end

--- Draws lists of images, one list a row.
--- @param path string
--- @param lists ms.Tensor[]  each [images, channels, height, width]
function record.draw_images(path, lists)
  ms.io.write_png(path, ms.concat(lists), { columns = lists[1]:size(1), magnify = 4 })
end

--- Gives the images of a checkpoint, rounded: the best ones, or the last where none was chosen; and what is said of the
--- run.
--- @param folder string
--- @return ms.Tensor[] lists
--- @return table metadata
function record.checkpoint(folder)
  local tensors, metadata = ms.io.load(folder .. "/checkpoint.safetensors")
  local prefix, lists = tensors["best.raw_step_sizes"] and "best" or "parameters", {}
  while tensors[("%s.images[%d]"):format(prefix, #lists + 1)] do
    lists[#lists + 1] = tensors[("%s.images[%d]"):format(prefix, #lists + 1)]
  end
  return record.rounded(lists), metadata
end

return record
