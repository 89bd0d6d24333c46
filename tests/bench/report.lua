#!/usr/bin/env moonstill
-- One table of what run.sh measured: this program's time beside the best peer's, and as a fraction of the machine's
-- limits. A file that is missing or empty ends it; a benchmark's row without a figure is named and makes the exit
-- code 1.
local ms = require "moonstill"
local verdict = require "verdicts"

local opt = ms.options {
  about = "Puts the benchmarks' files together: a table, and with --json all figures.",
  { "folder", default = "build-bench/results", help = "where the benchmarks left their .json and .jsonl files" },
  { "json", default = "", help = "writes rows, curves, limits and all peers there" },
}

local function stop(...)
  io.stderr:write("report: ", string.format(...), "\n")
  os.exit(1)
end

local function read(name)
  local path = opt.folder .. "/" .. name
  if not ms.io.exists(path) then stop("no file '%s': tests/bench/run.sh makes it", path) end
  return ms.io.read_text(path)
end

local function parse(name, text)
  local fine, value = pcall(ms.io.parse_json, text)
  if not fine or type(value) ~= "table" then
    local reason = fine and text:match "%S+" or value:match ": (.*)"
    stop("'%s/%s' is not what a benchmark writes: %s", opt.folder, name, reason)
  end
  return value
end

local seconds_in = { ns = 1e-9, us = 1e-6, ms = 1e-3, s = 1 }

-- Google Benchmark's file: what it times, by name, in seconds; and its counters.
local function benchmarks(name)
  local times, counters = {}, {}
  for _, run in ipairs(parse(name, read(name)).benchmarks or {}) do
    local key = run.name:gsub("/real_time$", ""):gsub("/process_time$", "")
    times[key], counters[key] = run.real_time * seconds_in[run.time_unit], run
  end
  return times, counters
end

local function require_keys(name, line, keys)
  for _, key in ipairs(keys) do
    if line[key] == nil then stop("'%s/%s': a line has no '%s'", opt.folder, name, key) end
  end
end

-- One object a line, each with these keys.
local function json_lines(name, keys)
  local rows = {}
  for text in read(name):gmatch "[^\n]+" do
    local line = parse(name, text)
    require_keys(name, line, keys)
    rows[#rows + 1] = line
  end
  if #rows == 0 then stop("'%s/%s' is empty", opt.folder, name) end
  return rows
end

local machine_times, machine = benchmarks "machine.json"
local quantum, tensor = benchmarks "quantum.json", benchmarks "tensor.json"
local autograd, recorded = benchmarks "autograd.json"
local function limit(name, counter)
  return machine[name] and machine[name][counter] or stop("machine.json has no '%s'", name)
end
local limits = {
  flop = { f32 = limit("peak<float>", "flop"), f64 = limit("peak<double>", "flop") },
  product = { f32 = limit("product<float>/512", "flop"), f64 = limit("product<double>/512", "flop") },
  bytes = limit("scale/512", "bytes_per_second"),
  copied_bytes = limit("copy/512", "bytes_per_second"),
}

-- The fastest peer of each row; what was measured of each; and which were not, and why.
local best, all_peers, versions, absent = {}, {}, {}, {}
for _, line in ipairs(json_lines("peers.jsonl", { "peer" })) do
  if line.absent then
    absent[#absent + 1] = line
  elseif line.version then
    versions[#versions + 1] = line
  else
    require_keys("peers.jsonl", line, { "row", "seconds" })
    all_peers[#all_peers + 1] = line
    if not best[line.row] or line.seconds < best[line.row].seconds then best[line.row] = line end
  end
end

-- One sample, beside what a plain loop takes for it.
local function plain_layer(n) return machine_times["plain_layer/" .. n] end
best["forward n=6 batch=1"] = { peer = "plain loop", seconds = plain_layer(6) }

local rows, missing = {}, {}
local function add(row)
  if row.dtype == "f64" then row.name = row.name .. " f64" end
  table.insert(row.seconds and rows or missing, row)
end
local dtypes = { "f32", "f64" }

-- Operations of a layer as gates are usually counted: 28 for each pair of amplitudes and rotation; a gradient
-- un-applies two states and sums an environment, a Hessian-vector product carries tangents of all that.
local gate_passes = { forward = 1, gradient = 4, hessian_vector = 12 }
for _, dtype in ipairs(dtypes) do
  for _, what in ipairs { "forward", "gradient", "hessian_vector" } do
    for _, size in ipairs { { 6, 1024 }, { 6, 10 }, { 6, 1 }, { 10, 64 }, { 16, 16 }, { 20, 1 } } do
      local n, batch = size[1], size[2]
      local name = ("%s n=%d batch=%d"):format(what, n, batch)
      add {
        name = name, samples = batch, peer = best[name], dtype = dtype,
        seconds = quantum[("%s/%s/n:%d/batch:%d/layers:3"):format(what, dtype, n, batch)],
        flop = gate_passes[what] * 3 * n * (1 << (n - 1)) * 28 * batch,
      }
    end
  end
end
for _, dtype in ipairs(dtypes) do
  local bytes = dtype == "f64" and 16 or 8
  for _, n in ipairs { 22, 24 } do
    local name = ("rotations and ring n=%d"):format(n)
    local function seconds(what) return quantum[("rotations_and_ring/%s_%s/%d"):format(what, dtype, n)] end
    -- Peers give the whole state too.
    add { name = name .. ", one readout", seconds = seconds "one_readout", bytes = 2 * bytes << n, dtype = dtype }
    add { name = name, seconds = seconds "state", peer = best[name], bytes = 4 * bytes << n, dtype = dtype }
  end
end

local kernels = {
  "convolve/first", "convolve/second", "convolve_input/second", "convolve_weight/first", "convolve_weight/second",
}
for _, dtype in ipairs(dtypes) do
  local together = 0
  for _, kernel in ipairs(kernels) do
    local seconds = tensor[("%s_%s/1024"):format(kernel, dtype)]
    together = together and seconds and together + seconds
  end
  -- Multiplications and additions of one sample: 6 x 28 x 28 x 25 twice, 16 x 10 x 10 x 150 three times.
  add {
    name = "LeNet convolutions batch=1024", seconds = together, peer = best["LeNet convolutions batch=1024"],
    dtype = dtype, samples = 1024, flop = 1024 * 2 * (2 * 6 * 784 * 25 + 3 * 16 * 100 * 150),
  }
end

-- Of the classical LeNet's gradient: those, and three products for each weight of its linear layers.
local lenet_flop = 2 * (2 * 6 * 784 * 25 + 3 * 16 * 100 * 150) + 2 * 3 * (400 * 120 + 120 * 84 + 84 * 10)
local peer_names = {
  ["lenet forward and backward"] = "classical LeNet gradient batch=1024",
  ["outer iteration, MNIST quantum"] = "outer iteration quantum",
  ["outer iteration, MNIST classical"] = "outer iteration classical",
  ["outer iteration, CIFAR-10 quantum"] = "outer iteration CIFAR-10 quantum",
  ["outer iteration, CIFAR-10 classical"] = "outer iteration CIFAR-10 classical",
  ["tiny add"] = "tiny add",
}
for _, file in ipairs { "lenet.jsonl", "lenet_f64.jsonl" } do
  for _, run in ipairs(json_lines(file, { "name", "dtype", "seconds" })) do
    local name = run.name .. (run.model and " " .. run.model or "")
    add {
      name = name, seconds = run.seconds, peer = best[peer_names[name]], dtype = run.dtype, samples = run.samples,
      flop = name == "lenet forward and backward" and run.samples * lenet_flop or nil,
    }
  end
end

-- What the engine takes without Lua.
for _, dtype in ipairs(dtypes) do
  for _, count in ipairs { 32, 1024 } do
    local chain = recorded[("recorded_chain/%s/%d"):format(dtype, count)]
    add {
      name = ("engine: add %d numbers"):format(count), dtype = dtype,
      seconds = autograd[("small_binary/add_%s/%d"):format(dtype, count)],
    }
    add {
      name = ("engine: operation on %d with gradient"):format(count), dtype = dtype,
      seconds = chain and 1 / chain.items_per_second,
    }
  end
  for _, batch in ipairs { 1, 10, 1024 } do
    add {
      name = ("engine: LeNet forward and backward, %d"):format(batch), samples = batch, dtype = dtype,
      seconds = autograd[("lenet_gradient/%s/%d"):format(dtype, batch)], flop = batch * lenet_flop,
    }
  end
end

local function time_text(seconds)
  if not seconds then return "" end
  for _, unit in ipairs { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" } } do
    if seconds >= unit[1] then return ("%.3g %s"):format(seconds / unit[1], unit[2]) end
  end
  return ("%.3g ns"):format(seconds * 1e9)
end

local function share_text(row)
  if row.flop then return ("%.0f %% of FMA"):format(100 * row.flop / row.seconds / limits.flop[row.dtype]) end
  if row.bytes then return ("%.0f %% of memory"):format(100 * row.bytes / row.seconds / limits.bytes) end
  return ""
end

local made_by = json_lines("made_by.jsonl", { "commit", "processor", "threads", "date" })[1]
print(("commit %s; %s; %d threads; %s"):format(made_by.commit, made_by.processor, made_by.threads, made_by.date))
print(("fused multiply-add %.0f Gflop/s in f32, %.0f in f64; matrix product %.0f and %.0f Gflop/s; memory %.0f GB/s "
  .. "scaled in place, %.0f copied"):format(limits.flop.f32 / 1e9, limits.flop.f64 / 1e9, limits.product.f32 / 1e9,
    limits.product.f64 / 1e9, limits.bytes / 1e9, limits.copied_bytes / 1e9))
local longest = 0
for _, row in ipairs(rows) do longest = math.max(longest, #row.name) end
local function print_row(name, ...)
  print(name .. (" "):rep(longest - #name) .. ("%10s %12s %16s  %-26s %8s"):format(...))
end
print_row("", "Moonstill", "a sample", "of the limit", "best peer", "ratio")
for _, row in ipairs(rows) do
  local peer = row.peer
  print_row(row.name, time_text(row.seconds),
    row.samples and row.samples > 1 and time_text(row.seconds / row.samples) or "", share_text(row),
    peer and ("%s %s"):format(peer.peer, time_text(peer.seconds)) or "",
    peer and ("%.1f"):format(peer.seconds / row.seconds) or "")
end

print [[
"% of FMA" counts the operations of the plain algorithm, gate by gate, though fewer may be done; "% of memory" one pass
that reads and writes the state, and a second one where it is given in standard order. Each peer computes in its usual
type, beside the f64 rows too: qulacs and PennyLane's layer in f64, the others in f32; Hessian-vector products are asked
of them at 6 qubits only. Layers, kernels and "engine" rows: means of Google Benchmark; the others, timed from Lua, and
peers: medians; curves: the shortest of repeated runs, in f32.]]
if #versions > 0 then
  local texts = {}
  for i, line in ipairs(versions) do texts[i] = ("%s %s"):format(line.peer, line.version) end
  print("Peers: " .. table.concat(texts, ", ") .. ".")
end
for _, line in ipairs(absent) do print(("Not measured: %s (%s)."):format(line.peer, line.absent)) end

-- Cost against size, a line a curve; the bytes where they are the point.
local curves, names = {}, {}
local function add_point(name, point)
  if not curves[name] then
    names[#names + 1], curves[name] = name, {}
  end
  table.insert(curves[name], point)
end
for _, point in ipairs(json_lines("curves.jsonl", { "curve", "x", "seconds", "peak_bytes" })) do
  add_point(point.curve, {
    x = point.x, seconds = point.seconds, peak_bytes = point.curve:find "inner updates" and point.peak_bytes,
  })
end
local function point_text(point)
  local text = ("%d: %s"):format(point.x, time_text(point.seconds))
  return point.peak_bytes and ("%s, %.0f MB"):format(text, point.peak_bytes / 1e6) or text
end
print "\nSeconds a sample, state or update; the most that tensors held; what the curve is judged by:"
local verdicts = {}
for _, name in ipairs(names) do
  local texts = {}
  for i, point in ipairs(curves[name]) do texts[i] = point_text(point) end
  print(("%s\n    %s"):format(name, table.concat(texts, ";  ")))
  local qubits = name:match "^batch, n=(%d+), forward$"
  local text, figures = verdict(name, curves[name], qubits and plain_layer(qubits))
  if text then print("  = " .. text) end
  verdicts[name] = figures
end
if opt.json ~= "" then
  local all = {
    made_by = made_by, limits = limits, rows = rows, curves = curves, verdicts = verdicts, peers = all_peers,
    versions = versions, absent = absent,
  }
  ms.io.write_text(opt.json, ms.io.json(all, { indent = 1 }) .. "\n")
end
if #missing > 0 then
  local texts = {}
  for i, row in ipairs(missing) do texts[i] = row.name end
  stop("no figures for: %s", table.concat(texts, "; "))
end
