-- The program's check of itself, behind `moonstill --selftest`: gradients, golden values, determinism. It needs neither
-- files nor network.
local host = require "moonstill.host"
local ms = require "moonstill"

local selftest = {}

-- The largest difference of two tensors (or a tensor and nested lists), relative to the largest expected number and 1.
local function relative_error(got, expected)
  expected = ms.tensor(expected, { dtype = "f64" })
  return (got - expected):abs():max():item() / math.max(1, expected:abs():max():item())
end

local function worst_of(errors)
  local worst = 0
  for _, e in ipairs(errors) do
    if e ~= e or e > worst then worst = e end
  end
  return worst
end

-- Every primitive against central differences: three times over, the quantum family twice.
local function gradients()
  local checked = ms.test.gradcheck_all { order = 3 }
  local worst, problems = checked[1], {}
  for _, row in ipairs(checked) do
    if row.problem then problems[#problems + 1] = row.problem end
    if row.error and row.error > (worst.error or 0) then worst = row end
  end
  if #problems > 0 then error(table.concat(problems, "\n      "), 0) end
  return ("%d primitives, largest relative error %.1e (%s)"):format(#checked, worst.error, worst.primitive)
end

local function f64(list) return ms.tensor(list, { dtype = "f64" }) end

-- The paper's circuit, with PennyLane's numbers (tests/golden/qnn.json).
local function golden()
  local known = ms.io.parse_json((require "moonstill.golden")).sel6
  local circuit = ms.circuit(6, { x = { 64 }, w = { 3, 6, 3 } }, function(c, x, w)
    c:amplitudes(x):strongly_entangling(w)
  end)
  local function layer(p)
    local matrices = ms.observable.hermitian_part(p.herm_params)
    return circuit { x = p.inputs, w = p.weights, observable = ms.observable.hermitian(matrices, { 1, 2, 3, 4, 5, 6 }) }
  end
  local names = { "inputs", "weights", "herm_params" }
  local function tensors(lists)
    local out = {}
    for _, name in ipairs(names) do out[name] = f64(lists[name]) end
    return out
  end
  local cotangent = f64(known.cotangent)
  local function loss(p) return (layer(p) * cotangent):sum() end
  local point = tensors(known)
  local gradient = ms.grad(loss)(point)
  local product = ms.hvp(loss)(point, tensors(known.hvp_direction))
  local errors = { relative_error(layer(point), known.expvals) }
  for _, name in ipairs(names) do
    errors[#errors + 1] = relative_error(gradient[name], known.grad[name])
    errors[#errors + 1] = relative_error(product[name], known.hvp[name])
  end
  local worst = worst_of(errors)
  if worst ~= worst or worst > 1e-10 then
    error(("the relative error is %.3g, expected at most 1e-10"):format(worst), 0)
  end
  return ("values, gradients, Hessian-vector product: largest relative error %.1e"):format(worst)
end

-- The gradient of a distillation's outer loss through two inner steps of a small network, every bit shown.
local function distilled(threads)
  ms.set_threads(threads)
  local nn, set = ms.nn, ms.data.images("digits", { train = 400, test = 1 }).train
  local ansatz = ms.circuit(4, { x = { 16 }, w = { 2, 4, 3 } }, function(c, x, w)
    c:amplitudes(x):strongly_entangling(w)
  end)
  local net = nn.sequential {
    nn.conv2d(1, 4, { kernel = 5 }), nn.relu(), nn.max_pool(), nn.flatten(), nn.linear(576, 16), nn.circuit(ansatz),
    nn.linear(4, 10),
  }
  local w0, labels = net:initialise(ms.random(1)), nn.one_hot({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, 10)
  local inner_gradient = ms.grad(function(w, images) return nn.cross_entropy(net(images, w), labels) end)
  local step = ms.checkpoint(function(w, images) return w - 0.1 * inner_gradient(w, images) end)
  local real, classes = set:batch()
  local function outer_loss(images) return nn.cross_entropy(net(real, step(step(w0, images), images)), classes) end
  local gradient = ms.grad(outer_loss)(ms.random(2):normal { 10, 1, 28, 28 })
  local bits = {}
  for i, number in ipairs(gradient:reshape { -1 }:totable()) do bits[i] = ("%a"):format(number) end
  return table.concat(bits, " ")
end

local function determinism()
  local threads = ms.threads()
  local one, two = distilled(1), distilled(2)
  ms.set_threads(threads)
  if one ~= two then error("1 and 2 threads give different gradients through gradient descent", 0) end
  return "1 and 2 threads give the same gradient through gradient descent, bit for bit"
end

local checks = { { "gradients", gradients }, { "golden values", golden }, { "determinism", determinism } }

--- Runs every check, and prints a line for each.
--- @return boolean  whether all passed
function selftest.run()
  local all = true
  local bar = ms.progress { total = #checks, label = "selftest", quiet = not host.is_terminal "stderr" }
  for i, entry in ipairs(checks) do
    local clock = ms.timer()
    bar:update(i - 1, entry[1])
    local fine, text = pcall(entry[2])
    all = all and fine
    bar:clear()
    print(("%-6s  %-13s  %s  (%.1f s)"):format(fine and "ok" or "FAILED", entry[1], text, clock:seconds()))
  end
  return all
end

return selftest
