-- What `moonstill new` writes: a module that works, to be changed.
local host = require "moonstill.host"
local manifest = require "moonstill.modules.manifest"

local template = {}

-- Texts, two spaces in; fill() puts the names in and takes the spaces off.
local init = [[
  -- A module of Moonstill: circuits that entangle.
  local ms = require "moonstill"

  local %NAME% = {}

  --- Entangles all qubits: the first is put into superposition and copied along the line.
  ---
  --- ```lua
  --- local %NAME% = %REQUIRE%
  --- print(%NAME%.ghz(3))
  --- ```
  --- @param qubits integer  how many, 2 or more
  --- @return ms.Circuit
  function %NAME%.ghz(qubits)
    return ms.circuit(qubits, {}, function(c)
      c:h(1)
      for q = 2, qubits do c:cnot(q - 1, q) end
    end)
  end

  return %NAME%
]]

local spec = [[
  -- Run by `moonstill test %NAME%` and `moonstill check %NAME%`.
  local ms = require "moonstill"
  local %NAME% = %REQUIRE%

  ms.test("all qubits agree", function()
    local pauli = ms.observable.pauli
    ms.test.near(%NAME%.ghz(3) { observable = pauli("ZZ", { 1, 3 }) }, { 1 }, 1e-6)
    ms.test.near(%NAME%.ghz(3) { observable = pauli("Z", { 1 }) }, { 0 }, 1e-6)
  end)
]]

local readme = [[
  # %NAME%

  %ABOUT%

  ```lua
  local %NAME% = %REQUIRE%
  print(%NAME%.ghz(4))
  ```

  `moonstill add %NAME%-0.1.0.tar.gz` installs it into a project, `moonstill add --user ...` for all of yours.
]]

local function fill(text, name, about)
  local words = { NAME = name, ABOUT = about, REQUIRE = ("require %q"):format(name) }
  return (("\n" .. text):gsub("\n  ", "\n"):sub(2):gsub("%%(%u+)%%", words))
end

--- The files of a module.
--- @param name string
--- @param author string
--- @param licence string
--- @return table<string, string>
function template.files(name, author, licence)
  local about = "Circuits that entangle."
  local data = {
    name = name, version = "0.1.0", author = author, licence = licence, about = about, exports = { "ghz" },
    moonstill = host.version,
  }
  return {
    ["module.lua"] = manifest.write(data),
    ["init.lua"] = fill(init, name, about),
    [name .. "_test.lua"] = fill(spec, name, about),
    ["README.md"] = fill(readme, name, about),
  }
end

return template
