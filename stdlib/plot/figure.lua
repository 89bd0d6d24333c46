-- A figure: panels below each other. It prints as text; gnuplot makes files of it.
local ms = require "moonstill"
local check = require "moonstill.check"
local gnuplot = require "plot.gnuplot"
local svg = require "plot.svg"
local text = require "plot.text"

local figure = {}

--- @class plot.Figure
--- @field panels table[]
local Figure = {}
Figure.__index = Figure
Figure.__name = "plot.Figure"

--- Makes a figure of panels. plot.line and its sisters call it.
function figure.new(panels) return setmetatable({ panels = panels }, Figure) end

local text_spec = check.spec("figure:text", {
  { "width?", "integer", "Columns; those of the terminal, or 80, if left out.", least = 20 },
  { "height", "integer", "Lines of each panel of curves.", default = 14, least = 3 },
  { "ascii", "boolean", "Without Unicode.", default = false },
  { "colour?", "boolean", "With colours; on a terminal if left out." },
})

--- Gives the figure as text, as printing it does: curves in Braille dots, bars and heat maps in blocks.
---
--- Without colours, several curves are told apart by their marks.
---
--- ```lua
--- local plot = require "plot"
--- local figure = plot.line { y = { 1, 4, 9, 16 }, title = "Squares" }
--- print(figure:text { width = 40, height = 8, ascii = true })
--- ```
--- @param options? table
--- @return string
function Figure:text(options)
  local o = check.options("figure:text", options, text_spec)
  return (text.draw(self.panels, o))
end

local save_options = {
  { "width", "integer", "Pixels, at 96 an inch.", default = 720, least = 100 },
  { "height?", "integer", "Pixels; so much for each panel as it needs if left out.", least = 100 },
  { "dark", "boolean", "For dark pages.", default = false },
}
check.spec("figure:save", save_options)
check.spec("figure:gnuplot_script", save_options)

local function script_for(name, self, file, options)
  check.argument(name, 1, "file", "string", file)
  local script = gnuplot.script(self.panels, file, check.options(name, options, save_options))
  if not script then
    check.fail(name, "argument 'file': expected a name that ends in .png, .svg or .pdf, got '%s'", file)
  end
  return script
end

--- Writes the figure as a .png, .svg or .pdf file, by gnuplot.
---
--- Where gnuplot is missing, an error names its package, gnuplot-nox. Text and figure:page_svg need no gnuplot.
---
--- ```lua
--- local plot = require "plot"
--- if plot.has_gnuplot() then
---   local path = os.tmpname()
---   os.remove(path)
---   plot.histogram({ values = ms.random(1):normal({ 500 }) }):save(path .. ".png")
---   os.remove(path .. ".png")
--- end
--- ```
--- @param file string  its ending says what it becomes
--- @param options? table
--- @return plot.Figure itself
function Figure:save(file, options)
  local script = script_for("figure:save", self, file, options)
  local folder = file:match "^(.*/)[^/]*$"
  if folder and not ms.io.exists(folder) then
    check.fail("figure:save", "argument 'file': there is no folder '%s'", folder)
  end
  ms.io.write_text(file, "")   -- says why it cannot be written
  local problem = gnuplot.run(script)
  if problem then
    os.remove(file)
    check.fail("figure:save", "%s", problem)
  end
  return self
end

--- Gives the commands that figure:save sends to gnuplot, to be changed and run by hand.
---
--- ```lua
--- print(require("plot").line({ y = { 1, 2 } }):gnuplot_script "line.pdf")
--- ```
--- @param file string
--- @param options? table  as for figure:save
--- @return string
function Figure:gnuplot_script(file, options)
  return (script_for("figure:gnuplot_script", self, file, options))
end

--- Tells whether all its panels are curves, which figure:page_svg draws.
---
--- ```lua
--- print(require("plot").line({ y = { 1, 4, 9 } }):is_curves())
--- ```
--- @return boolean
function Figure:is_curves()
  for _, panel in ipairs(self.panels) do
    if panel.kind ~= "curves" then return false end
  end
  return true
end

local page_spec = check.spec("figure:page_svg", {
  { "width", "integer", "Pixels.", default = 640, least = 200 },
})

--- Gives curves and dots as the text of an .svg file without gnuplot, for light and dark pages.
---
--- ```lua
--- local drawn = require("plot").line({ y = { 1, 4, 9 }, title = "Squares" }):page_svg()
--- print(#drawn > 100)
--- ```
--- @param options? { width?: integer }
--- @return string
function Figure:page_svg(options)
  local o = check.options("figure:page_svg", options, page_spec)
  if not self:is_curves() then check.fail("figure:page_svg", "expected curves: save other figures as .svg") end
  return (svg.draw(self.panels, o.width))
end

--- Gives each panel as a figure of its own.
---
--- ```lua
--- local plot = require "plot"
--- print(#plot.panels({ plot.line { y = { 1, 2 } }, plot.bars { values = { 1, 2 } } }):parts())
--- ```
--- @return plot.Figure[]
function Figure:parts()
  local parts = {}
  for i, panel in ipairs(self.panels) do parts[i] = figure.new { panel } end
  return parts
end

--- Prints as text.
function Figure:__tostring() return (self:text():gsub("\n$", "")) end

return figure
