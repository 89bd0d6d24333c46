-- Drawings of circuits: as text, as SVG, for LaTeX. Methods of ms.Circuit; one layout, three renderers.
local ms = require "moonstill.native"
local check = require "moonstill.check"
local counted = require "moonstill.counted"
local host = require "moonstill.host"
local layout = require "moonstill.draw.layout"
local quantikz = require "moonstill.draw.quantikz"
local svg = require "moonstill.draw.svg"
local text = require "moonstill.draw.text"

local usual_width = 100   -- columns of what is not printed on a terminal

local Circuit = ms.Circuit
Circuit.__name = "ms.Circuit"

local observable = { "observable?", "ms.Observable|ms.Observable[]", "What is read out, shown behind the gates." }

local function check_qubits(name, circuit, observables)
  if type(observables) ~= "table" then observables = { observables } end
  for _, one in ipairs(observables) do
    for _, part in ipairs(one:parts()) do
      for _, item in ipairs(part.words or { part }) do
        local largest = math.max(0, table.unpack(item.qubits or {}))
        if largest > circuit:qubits() then
          check.fail(name, "argument 'observable': qubit %d is outside 1..%d", largest, circuit:qubits())
        end
      end
    end
  end
end

local function laid_out(name, circuit, options, spec)
  check.argument(name, 1, "circuit", "ms.Circuit", circuit)
  local o = check.options(name, options, spec)
  check_qubits(name, circuit, o.observable)
  return layout.of(circuit, o.observable), o
end

local draw_spec = check.spec("circuit:draw", {
  { "width", "integer", "Columns, after which it goes on below.", default = usual_width, least = 1 },
  { "ascii", "boolean", "Draws without Unicode.", default = false },
  observable,
})

--- Gives the circuit's drawing as text, one line for each qubit.
---
--- Printing a circuit shows the same, as wide as the terminal. Controls are ●, a controlled X is ⊕; angles are
--- numbers, fractions of π, or elements of inputs. Sums of Pauli words are written out below.
---
--- ```lua
--- local c = ms.circuit(2, { w = { 2 } }, function(c, w) c:h(1):ry(2, w[1]):cnot(1, 2):rz(2, math.pi / 4) end)
--- print(c:draw { observable = ms.observable.pauli "ZZ" })
--- print(c:draw { ascii = true, width = 40 })
--- ```
--- @param options? { width?: integer, ascii?: boolean, observable?: ms.Observable|ms.Observable[] }
--- @return string
function Circuit:draw(options)
  local plan, o = laid_out("circuit:draw", self, options, draw_spec)
  return (text.draw(plan, o))
end

local svg_spec = check.spec("circuit:svg", {
  { "width?", "integer", "Pixels, after which it goes on below; never if left out.", least = 1 },
  observable,
})

--- Gives the circuit's drawing as the text of an .svg file, for light and dark pages.
---
--- ```lua
--- local path = os.tmpname()
--- ms.io.write_text(path, ms.circuit(2):h(1):cnot(1, 2):svg())
--- os.remove(path)
--- ```
--- @param options? { width?: integer, observable?: ms.Observable|ms.Observable[] }
--- @return string
function Circuit:svg(options)
  local plan, o = laid_out("circuit:svg", self, options, svg_spec)
  return (svg.draw(plan, o))
end

local quantikz_spec = check.spec("circuit:quantikz", { observable })

--- Gives the circuit's drawing for LaTeX, in the commands of the package quantikz.
---
--- ```lua
--- print(ms.circuit(2):h(1):cnot(1, 2):quantikz { observable = ms.observable.pauli("Z", 2) })
--- ```
--- @param options? { observable?: ms.Observable|ms.Observable[] }
--- @return string
function Circuit:quantikz(options)
  local plan = laid_out("circuit:quantikz", self, options, quantikz_spec)
  return (quantikz.draw(plan))
end

local draw = {}

-- The drawing as wide as the terminal.
function draw.on_terminal(circuit, observables)
  local width = host.terminal_width "stdout" or usual_width
  return text.draw(layout.of(circuit, observables), { width = width, ascii = false })
end

local function printed(circuit)
  return ("%s[Circuit of %s, %s]"):format(draw.on_terminal(circuit), counted(circuit:qubits(), "qubit"),
    counted(#circuit:operations(), "operation"))
end

debug.getregistry()["ms.Circuit"].__tostring = printed   -- the metatable of the class

return draw
