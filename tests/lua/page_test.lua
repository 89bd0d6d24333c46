-- A run's page: self-contained, whatever lies in the folder; curves of metrics; and the live drawing.
local ms = require "moonstill"
local host = require "moonstill.host"
local metrics = require "plot.metrics"
local page = require "plot.page"
local program = require "program"
local test = require "moonstill.test"

-- A folder with these files, removed at the end of the scope.
local function folder(files)
  local path = os.tmpname()
  os.remove(path)
  for name, text in pairs(files) do ms.io.write_text(path .. "/" .. name, text) end
  return setmetatable({ path = path }, { __close = function() os.execute("rm -rf '" .. path .. "'") end })
end

local function contains(text, ...)
  for _, part in ipairs { ... } do test.ok(text:find(part, 1, true), ("no '%s' in\n%s"):format(part, text)) end
end

local counts = { values = 1234567, angles = 2, inputs = 0, hermitians = 0, second_order = 0, steps = 3 }

test("numbers, curves, pictures, ledger, settings and the command, all in one file", function()
  local rows = { ms.io.json { iteration = 10, loss = 2.5, gradient_norm = 0.1 }, ms.io.json { iteration = 20, loss = 1.5 } }
  local out <close> = folder {
    ["result.json"] = ms.io.json {
      script = "scripts/distill.lua", model = "tiny <net>", dataset = "digits", test_accuracy = 0.9512, parameters = 61706,
      arguments = { "--out", "my runs", "--seed", "3" }, settings = { lr = 0.03, out = "my runs" }, threads = 1, seed = 3,
      test_networks = 20, history = { {} },
    },
    ["metrics.jsonl"] = table.concat(rows, "\n") .. "\n", ["ledger.json"] = ms.io.json { ["distil/inner"] = counts },
    ["settings.json"] = ms.io.json { net = "tiny\n  linear(2 -> 1)" }, ["more.svg"] = "<?xml?><svg class=\"own\"></svg>",
  }
  ms.io.write_png(out.path .. "/images.png", ms.ones { 2, 1, 3, 3 })
  test.equal(page.write(out.path), out.path .. "/index.html")
  local html = ms.io.read_text(out.path .. "/index.html")
  contains(html, "<h1>distill</h1>", "tiny &lt;net&gt; on digits", "<b>95.12 %</b>", "<b>61,706</b>", ">Loss<",
    "Norm of the outer gradient",
    "data:image/png;base64,iVBORw0KGgo", '<svg class="own" style="max-width:640px;min-width:640px">',
    "<td>distil/inner</td><td>1,234,569</td>", "<dt>lr</dt><dd>0.03</dd>",
    "<dt>test networks</dt><dd>20</dd>", "linear(2 -&gt; 1)", "moonstill run scripts/distill.lua --out 'my runs' --seed 3", "1 thread of",
    "prefers-color-scheme:dark", 'name="viewport"')
  for _, outside in ipairs { "src=\"http", "href=", "<script", "url(" } do test.ok(not html:find(outside, 1, true), outside) end
  test.ok(not html:find("<dt>test accuracy</dt>", 1, true), "what is told first is not told again")
end)

test("pictures are written as they are", function()
  local out <close> = folder { ["result.json"] = "{}" }
  ms.io.write_png(out.path .. "/a.png", ms.random(1):normal { 1, 3, 5, 7 })
  page.write(out.path)
  local coded = ms.io.read_text(out.path .. "/index.html"):match "base64,([^\"]*)"
  local pipe <close> = assert(io.popen(("printf %%s '%s' | base64 -d | cmp - '%s/a.png' && echo same"):format(coded, out.path)))
  test.equal(pipe:read "a", "same\n")
end)

test("a run that has not ended, and a folder without a run", function()
  local out <close> = folder {
    ["settings.json"] = ms.io.json { net = "tiny\n  relu", data = "digits: 5 images 1x28x28, 10 classes", lr = 0.5, batch = 2,
      init = "known", seed = 3, steps = 2, passes = 3, images_per_class = 4 },
    ["metrics.jsonl"] = '{"iteration": 1500, "loss": 1, "elapsed": 7}\n',
  }
  page.write(out.path)
  contains(ms.io.read_text(out.path .. "/index.html"), "tiny on digits; not ended: iteration 1,500", "<dt>lr</dt><dd>0.5</dd>")
  local output, code = program.run { debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" .. "/../../scripts/show.lua", out.path }
  test.equal({ output, code }, { ([[
tiny
digits: 5 images 1x28x28, 10 classes; known initialisation, seed 3
80 images in 2 lists, 6 updates; batch 2, lr 0.5
iteration 1500, 7 s
last: loss 1.0000, held out none
drawn: @/curves.svg
page: @/index.html
]]):gsub("@", out.path), 0 })
  local empty <close> = folder { ["a.txt"] = "" }
  test.fails_with("holds no run", function() page.write(empty.path) end)
end)

test("metrics become curves of the fields that rows have", function()
  test.equal(metrics.figure {}, nil)
  local figure = metrics.figure { { epoch = 1, loss = 2, accuracy = 0.5 }, { epoch = 2, loss = 1 } }
  test.equal(#figure.panels, 2)
  test.equal(figure.panels[1].series[1], { name = "training", colour = 1, style = "line", x = { 1, 2 }, y = { 2, 1 } })
  test.equal({ figure.panels[2].series[1].x, figure.panels[1].x_label }, { { 1 }, "epoch" })
end)

test("live curves: drawn again in their place, no higher than the terminal; nothing in a pipe", function()
  local script <close> = program.file(".lua", [[
    local metrics = require "plot.metrics"
    local show = metrics.live()
    for i = 1, 3 do
      show { iteration = i, loss = 1 / i, last_accuracy = 0.5, gradient_norm = 1 }
      local clock = require("moonstill").timer()
      while i == 1 and clock:seconds() < 1.05 do end
    end]])
  local command = ([[script -qec "stty cols 60 rows 24; '%s' '%s'" /dev/null </dev/null]]):format(host.program, script.path)
  local pipe <close> = assert(io.popen(command))
  local output = pipe:read "a"
  contains(output, "Loss", "Accuracy", "training")
  test.ok(not output:find "Norm", "a third panel has no place")
  local up, drawn = tonumber(output:match "\27%[(%d+)A"), 0
  for _ in output:match "^(.-)\27%[%d+A":gmatch "\n" do drawn = drawn + 1 end
  test.equal(up, drawn)
  test.ok(up < 24, up)
  test.equal({ program.run { script.path } }, { "", 0 })
end)
