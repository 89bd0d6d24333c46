-- ms.show: images in the terminal, as its own graphics (kitty, sixel), half blocks in colours, or plain characters.
local ms = require "moonstill.native"
local check = require "moonstill.check"
local blocks = require "moonstill.show.blocks"
local collect = require "moonstill.show.collect"
local graphics = require "moonstill.show.graphics"
local mode = require "moonstill.show.mode"
local terminal = require "moonstill.terminal"

local show = {}

local usual_in_row = 5   -- that a narrow terminal shows side by side, smaller if need be

local spec = check.spec("ms.show", {
  { "count", "integer", "How many images at most: the first ones.", default = 20, least = 1 },
  { "columns?", "integer", "Images in a row (if left out: as many as fit).", least = 1 },
  { "range?", "number[]", "The values shown black and white (if left out: each image's own extremes)." },
  { "mode", '"auto"|"kitty"|"sixel"|"blocks"|"text"', "How they are drawn (auto: as the terminal can).",
    default = "auto" },
})

-- Of half blocks and characters at least five images stand in a row, smaller if need be.
local function as_text(images, o, drawing)
  local room = terminal.columns()
  local fitting = math.max(room // (images[1].width + 1), usual_in_row)
  local in_row = math.min(o.columns or fitting, #images)
  local width = math.max(1, math.min(images[1].width, room // in_row - 1))
  return blocks.text(images, in_row, width, drawing)
end

local function as_graphics(images, o, drawing)
  local fitting = math.max(1, graphics.fitting(images[1]))
  return graphics.text(images, math.min(o.columns or fitting, #images), drawing)
end

--- Draws images in the terminal.
---
--- They may be a tensor [height, width], [channels, height, width] or [n, channels, height, width], a list of such, a
--- data set, a still of `distill`, or the name of a .png or .npz file. The terminal's own graphics are used where it
--- has them, else half blocks in colours, else characters.
---
--- ```lua
--- local set = ms.data.images("digits", { train = 10, test = 1 })
--- ms.show(set.train, { count = 3 })
--- ms.show(ms.random(1):normal { 2, 1, 8, 8 })
--- ```
--- @param images any
--- @param options? { count?: integer, columns?: integer, range?: number[], mode?: string }
function show.images(images, options)
  local o = check.options("ms.show", options, spec)
  if o.range and not (#o.range == 2 and o.range[1] < o.range[2]) then
    check.fail("ms.show", "argument 'range': expected {low, high}")
  end
  local list, left_out, problem = collect.images(images, o)
  if not list then check.fail("ms.show", "argument 1 'images': %s", problem) end
  local drawing = o.mode ~= "auto" and o.mode or mode.best()
  local draw = (drawing == "blocks" or drawing == "text") and as_text or as_graphics
  print(draw(list, o, drawing))
  if left_out > 0 then print(terminal.paint("faint", ("and %d more: count = N shows more"):format(left_out))) end
end

--- @class ms.ImageSet
local ImageSet = ms.ImageSet
ImageSet.__name = "ms.ImageSet"

--- Draws the first images in the terminal, each with its class below.
---
--- ```lua
--- ms.data.images("digits", { train = 10, test = 1 }).train:show { count = 3 }
--- ```
--- @param options? { count?: integer, columns?: integer, range?: number[], mode?: string }  as for ms.show
function ImageSet:show(options)
  show.images(self, options)
end

return show
