-- Drawings of circuits: text, SVG and LaTeX from one layout.
local ms = require "moonstill"
local test = require "moonstill.test"

local pauli = ms.observable.pauli

local function lines(...) return table.concat({ ... }, "\n") .. "\n" end

local function ansatz()
  return ms.circuit(3, { x = { 8 }, w = { 2, 3 } }, function(c, x, w)
    c:amplitudes(x):h(1):rot(2, w[2]):cnot(1, 3):rx(2, 2 * w[1][2] + 0.5, { controls = 1 }):swap(2, 3)
    c:phase(3, 0.25)
  end)
end

test("controls, angles, rows of inputs, the amplitudes' input", function()
  test.equal(ansatz():draw(), lines(
    "1: ─╭|x⟩─H─────────╭●─╭●───────────────────────────",
    "2: ─├|x⟩─Rot(w[2])─┼──╰RX(2*w[1,2]+0.5)─╭×─────────",
    "3: ─╰|x⟩───────────╰⊕───────────────────╰×─P(0.25)─"))
  test.equal(ms.circuit(2):draw(), "1: ─\n2: ─\n")
end)

test("two gates in one column cannot be taken for one", function()
  test.equal(ms.circuit(4):cnot(1, 2):cnot(4, 3):toffoli(1, 4, 2):draw(), lines(
    "1: ─╭●─╭●─", "2: ─╰⊕─├⊕─", "3: ─╭⊕─┼──", "4: ─╰●─╰●─"))
end)

test("ASCII, fractions of pi, and numbers that are none", function()
  local c = ms.circuit(2):sdg(1):u3(2, math.pi / 2, 0, -math.pi):rz(1, 3 * math.pi / 4):ry(1, 1.571):cz(1, 2)
  test.equal(c:draw { ascii = true }, lines(
    "1: -SDG------------RZ(3pi/4)-RY(1.571)-/@-",
    "2: -U3(pi/2,0,-pi)---------------------\\@-"))
  test.ok(c:draw():find("─S†─", 1, true) and c:draw():find("U3(π/2,0,-π)", 1, true), c:draw())
end)

test("it goes on below where it is wider than asked for", function()
  local c = ms.circuit(6, { w = { 3, 6, 3 } }, function(c, w) c:strongly_entangling(w) end)
  for _, width in ipairs { 20, 40, 100 } do
    local drawing, targets = c:draw { width = width }, 0
    for line in drawing:gmatch "[^\n]+" do
      test.ok(utf8.len(line) <= width, ("%d columns: %s"):format(utf8.len(line), line))
    end
    for _ in drawing:gmatch "⊕" do targets = targets + 1 end
    test.equal(targets, 18)
  end
  test.ok(not c:draw { width = 1000 }:find "\n\n", "one block")
end)

test("what is read out stands behind the gates; sums are written out", function()
  local observables = { pauli "Z", 0.5 * pauli("XZ", { 1, 3 }), pauli "XX" - 2 * pauli("Z", 3),
    ms.observable.hermitian(ms.zeros { 2, 2, 2, 2 }, { 1, 2 }), ms.observable.probabilities { 2, 3 } }
  test.equal(ms.circuit(3):draw { observable = observables }, lines(
    "1: ─┤ ⟨Z⟩ ╭0.5⟨X⟩ ╭⟨H⟩ ⟨A₁⟩",
    "2: ─┤     │       ├⟨H⟩ ⟨A₂⟩ ╭P",
    "3: ─┤     ╰⟨Z⟩    ╰⟨H⟩      ╰P",
    "H = X1 X2 - 2 Z3"))
  test.equal(ms.circuit(2):draw { observable = pauli "ZZ" }, "1: ─┤ ╭⟨Z⟩\n2: ─┤ ╰⟨Z⟩\n")
  local layer = ms.nn.circuit(ansatz())
  test.ok(tostring(layer):find("┤ ⟨A₁⟩\n2: ", 1, true) and tostring(layer):find "30 parameters$", tostring(layer))
end)

test("SVG: every mark once, and no name that breaks it", function()
  local c = ansatz():unitary(ms.tensor { { 0, 1 }, { 1, 0 } }, 1)
  local drawn = c:svg { observable = pauli "Z" - pauli "X" }
  local function count(pattern)
    local found = 0
    for _ in drawn:gmatch(pattern) do found = found + 1 end
    return found
  end
  test.equal({ count "<rect", count 'class="dot"', count "h20m", count 'rx="16.0" class="read"' }, { 7, 2, 1, 1 })
  test.ok(drawn:find("2*w[1,2]+0.5", 1, true) and drawn:find(">H = Z1 - X1<", 1, true) and drawn:find "</svg>\n$", drawn)
  test.ok(drawn:find("prefers-color-scheme:dark", 1, true), "colours for dark pages")
  local narrow = tonumber(c:svg { width = 300 }:match 'width="(%d+)"')
  test.ok(narrow <= 300 and narrow < tonumber(drawn:match 'width="(%d+)"'), narrow)
end)

test("quantikz: cells are joined where the gate is", function()
  local c = ms.circuit(3, { w = { 2 } }, function(c, w)
    c:cnot(3, 1):ry(2, -w[2]):cswap(2, 1, 3):isingxx(2, 3, math.pi / 2):isingzz(1, 3, 1e-5)
  end)
  test.equal(c:quantikz { observable = pauli("Z", 2) }, lines(
    "% \\usepackage{tikz}\\usetikzlibrary{quantikz}", "\\begin{quantikz}",
    "  \\lstick{1} & \\targ{} & \\qw & \\swap{2} & \\qw & \\gate{R_{ZZ}(1\\cdot 10^{-5})}\\vqw{2} & \\qw & \\qw \\\\",
    "  \\lstick{2} & \\qw & \\gate{R_Y(-w_{2})} & \\ctrl{-1} & \\gate[wires=2]{R_{XX}(\\pi/2)} & \\qw & "
      .. "\\gate[style={rounded corners=7pt}]{\\langle Z\\rangle} & \\qw \\\\",
    "  \\lstick{3} & \\ctrl{-2} & \\qw & \\targX{} &  & \\gate{R_{ZZ}(1\\cdot 10^{-5})} & \\qw & \\qw",
    "\\end{quantikz}"))
end)

test("every gate of the table has a drawing in each form", function()
  local seen = 0
  for _, entry in ipairs(require("moonstill.host").functions()) do
    local call = entry.name:match "^ms%.Circuit:" and entry.example:match "^print%((ms%.circuit%(3%):.*)%)$"
    local c = call and load("local ms = ... return " .. call)(ms)
    if type(c) == "userdata" then
      seen = seen + 1
      test.ok(c:draw() ~= ms.circuit(3):draw() and #c:draw { ascii = true } == utf8.len(c:draw { ascii = true }), entry.name)
      test.ok(c:svg():find "</svg>" and c:quantikz():find "\\end{quantikz}", entry.name)
    end
  end
  test.ok(seen > 25, seen)
end)

test("what is refused", function()
  test.fails_with("circuit:draw: argument 'width': expected at least 1, got 0", function() ms.circuit(1):draw { width = 0 } end)
  test.fails_with("circuit:svg: unknown argument 'ascii'", function() ms.circuit(1):svg { ascii = true } end)
  test.fails_with("circuit:draw: argument 1 'circuit': expected", function() ms.Circuit.draw(3) end)
  for _, observable in ipairs { pauli("ZZ", { 1, 5 }), ms.observable.probabilities(5) } do
    test.fails_with("circuit:draw: argument 'observable': qubit 5 is outside 1..2",
      function() ms.circuit(2):draw { observable = { pauli "Z", observable } } end)
  end
end)
