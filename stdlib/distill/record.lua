-- Pictures of a run's folder: metrics as curves, the circuit, images as a sheet.
local ms = require "moonstill"
local metrics = require "plot.metrics"

local record = {}

local circuit_width = 1080   -- pixels

--- Draws curves.svg from the folder's metrics, where it has some.
--- @param folder string
--- @return string? path
function record.draw_curves(folder)
  local figure, path = metrics.figure(metrics.read(folder)), folder .. "/curves.svg"
  if not figure then return nil end
  ms.io.write_text(path, figure:page_svg())
  return path
end

--- Draws circuit.svg, where the network has a circuit.
--- @param folder string
--- @param net ms.nn.Layer
function record.draw_circuit(folder, net)
  local circuit, observable = net:circuit()
  if circuit then
    ms.io.write_text(folder .. "/circuit.svg", circuit:svg { width = circuit_width, observable = observable })
  end
end

--- Rounds images to multiples of 1/512, which the eye does not see: a file of them is half as long. The accuracies of a
--- run's result are those of rounded images.
--- @param lists ms.Tensor[]
--- @return ms.Tensor[]
function record.rounded(lists)
  local images = {}
  for s, list in ipairs(lists) do images[s] = (list * 512):round() / 512 end
  return images
end

--- Draws lists of images, one list a row; none where they are neither grey nor in colour.
--- @param path string
--- @param lists ms.Tensor[]  each [images, channels, height, width]
--- @return string? path
function record.draw_images(path, lists)
  local channels = lists[1]:size(2)
  if channels ~= 1 and channels ~= 3 then return nil end
  ms.io.write_png(path, ms.concat(lists), { columns = lists[1]:size(1), magnify = 4 })
  return path
end

return record
