-- ms.io: every kind of file round trips, and what is wrong is said with the path.
local ms = require "moonstill"
local test = require "moonstill.test"

-- Calls body(folder), then removes the files that it named.
local function with_folder(names, body)
  local base = os.tmpname()
  os.remove(base)
  local folder = base .. ".d"
  body(folder .. "/")
  for _, name in ipairs(names) do os.remove(folder .. "/" .. name) end
  os.remove(folder)
end

test("tensors in .safetensors, .npz and .npy files", function()
  with_folder({ "a.safetensors", "a.npz", "a.npy" }, function(folder)
    local x = ms.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
    local nested = { conv = { x, ms.tensor({ 7 }, { dtype = "f64" }) }, w = ms.tensor({ 1, 2 }, { dtype = "i32" }) }
    ms.io.save(folder .. "a.safetensors", nested, { metadata = { seed = 1, rate = 0.5, name = "moon", flag = true } })
    local read, metadata = ms.io.load(folder .. "a.safetensors")
    test.equal(metadata, { seed = "1", rate = "0.5", name = "moon", flag = "true" })
    test.equal(read["conv[1]"]:totable(), x:totable())
    test.equal(read["conv[2]"]:dtype(), "f64")
    test.equal(read.w:totable(), { 1, 2 })
    for _, compress in ipairs { true, false } do
      ms.io.save(folder .. "a.npz", nested, { compress = compress })
      test.equal(ms.io.load(folder .. "a.npz")["conv[1]"]:totable(), x:totable())
    end
    ms.io.save(folder .. "a.npy", x)
    test.equal(ms.io.load(folder .. "a.npy"):totable(), x:totable())
  end)
end)

test("tensors whose names fall together are an error", function()
  test.fails_with("ms.io.save: argument 2 'tensors': two tensors are named 'a.b'", function()
    ms.io.save("/nowhere/x.npz", { ["a.b"] = ms.ones(1), a = { b = ms.zeros(1) } })
  end)
end)

test("only .npy files hold a tensor without a name", function()
  for _, ending in ipairs { ".npz", ".safetensors" } do
    test.fails_with("ms.io.save: argument 2 'tensors': expected a table of tensors by name, got a tensor",
      function() ms.io.save("/nowhere/x" .. ending, ms.ones(2)) end)
  end
end)

test("files say where they are", function()
  with_folder({ "m.csv", "m.jsonl" }, function(folder)
    test.equal(tostring(ms.io.csv(folder .. "m.csv", { "a" })), ("[CsvFile '%sm.csv']"):format(folder))
    test.equal(tostring(ms.io.jsonl(folder .. "m.jsonl")), ("[JsonLines '%sm.jsonl']"):format(folder))
  end)
  test.ok(tostring(ms.timer "fit"):find "^%[Timer fit 0%.00%d s%]$", tostring(ms.timer "fit"))
  local bar = ms.progress { total = 3, label = "steps", quiet = true }
  bar:update(2)
  test.equal(tostring(bar), "[Progress steps 2 of 3]")
  test.ok(tostring(ms.tensor { 0 / 0, 1 / 0 }):find "^%s+nan%s+inf\n", tostring(ms.tensor { 0 / 0 }))
end)

test("images in PNG files", function()
  with_folder({ "a.png" }, function(folder)
    local images = ms.tensor { { { 0, 1 }, { 2, 3 } }, { { 5, 5 }, { 6, 6 } } }
    ms.io.write_png(folder .. "a.png", images, { columns = 2, padding = 0, range = { 0, 3 } })
    local sheet = ms.io.read_png(folder .. "a.png")
    test.equal(sheet:totable(), { { { 0, 85, 255, 255 }, { 170, 255, 255, 255 } } })
    test.fails_with("range", function() ms.io.write_png(folder .. "a.png", images, { range = { 1, 1 } }) end)
  end)
end)

test("tables and logs that go on", function()
  with_folder({ "m.csv", "m.jsonl" }, function(folder)
    local table_file = ms.io.csv(folder .. "m.csv", { "step", "loss", "note" })
    table_file:append { step = 1, loss = 0.25, note = "a, b" }
    table_file:append { step = 2, loss = ms.tensor(0.5) }
    test.equal(ms.io.read_text(folder .. "m.csv"), 'step,loss,note\n1,0.25,"a, b"\n2,0.5,\n')
    ms.io.csv(folder .. "m.csv", { "step", "loss", "note" }, { keep = 1 })
    test.equal(ms.io.read_text(folder .. "m.csv"), 'step,loss,note\n1,0.25,"a, b"\n')
    test.fails_with("expected the columns step,loss,note, got string \"los\"",
      function() table_file:append { los = 1 } end)
    test.fails_with("expected at least 6 lines, got 2",
      function() ms.io.csv(folder .. "m.csv", { "step", "loss", "note" }, { keep = 5 }) end)

    local log = ms.io.jsonl(folder .. "m.jsonl")
    log:append { b = 1, a = { 1, 2 } }
    log:append { b = 0 / 0 }
    test.equal(ms.io.read_text(folder .. "m.jsonl"), '{"a":[1,2],"b":1}\n{"b":null}\n')
  end)
end)

test("JSON", function()
  local value = { name = "a\"b\n", list = { 1, 2.5, false, { x = {} } }, big = math.maxinteger }
  test.equal(ms.io.parse_json(ms.io.json(value)), value)
  test.equal(ms.io.json({ a = 1 }, { indent = 2 }), '{\n  "a": 1\n}')
  test.equal(ms.io.json(ms.tensor { { 1, 2 }, { 3, 4 } }), "[[1.0,2.0],[3.0,4.0]]")
  test.equal(ms.io.parse_json "null", nil)
  test.fails("ms.io.json: value.f[2]: expected a value that JSON knows, got function",
    function() ms.io.json { f = { 1, print } } end)
  test.fails_with("expected the keys 1, 2, .. or strings only", function() ms.io.json { 1, a = 2 } end)
  local cycle = {}
  cycle.again = cycle
  test.fails_with("deeper than 64 levels", function() ms.io.json(cycle) end)
  test.equal({ ms.io.parse_json '[null, {"a": 1, "a": [18446744073709551615, -3, 1e3]}]' }, { { nil, { a = { 2 ^ 64, -3, 1e3 } } } })
  test.fails("ms.io.parse_json: not JSON at byte 6", ms.io.parse_json, "[1e999]")
  test.fails_with("not JSON at byte 2", function() ms.io.parse_json "{1" end)
  test.fails_with("deeper than 64 levels", function() ms.io.parse_json(("["):rep(100000) .. ("]"):rep(100000)) end)
end)

test("JSON keeps zero bytes", function()
  local value = { ["a\0b"] = "c\0d" }
  test.equal(ms.io.parse_json(ms.io.json(value)), value)
end)

test("texts", function()
  with_folder({ "t.txt" }, function(folder)
    test.equal(ms.io.exists(folder .. "t.txt"), false)
    ms.io.write_text(folder .. "t.txt", "moon\0stone")
    test.equal(ms.io.read_text(folder .. "t.txt"), "moon\0stone")
    test.equal(ms.io.exists(folder .. "t.txt"), true)
    test.fails_with("Not a directory", function() ms.io.write_text(folder .. "t.txt/below", "") end)
  end)
end)

test("a full disk, a missing file and a wrong name are errors", function()
  test.fails("ms.io.write_text: cannot write '/dev/full': No space left on device",
    function() ms.io.write_text("/dev/full", "text") end)
  test.fails("ms.io.load: cannot read '/nowhere.npz': No such file or directory",
    function() ms.io.load "/nowhere.npz" end)
  test.fails("ms.io.save: argument 1 'path': expected a name that ends in .safetensors, .npz or .npy, got 'x.pt'",
    function() ms.io.save("x.pt", {}) end)
  test.fails("ms.io.save: argument 2 'tensors': expected tensors, or tables of them, got number 1",
    function() ms.io.save("x.npz", { a = 1 }) end)
  test.fails_with("only .safetensors files hold metadata", function() ms.io.save("x.npz", {}, { metadata = {} }) end)
end)
