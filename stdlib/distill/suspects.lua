-- What else may make the outer problem unstable, as numbers: curvature and spectrum of the outer gradient, growth in
-- the inner updates, the Hermitians, the vectors that are embedded as amplitudes.
local ms = require "moonstill"
local spectrum = require "distill.spectrum"
local trajectory = require "distill.trajectory"

local suspects = {}

local function shapes_of(tensors)
  local shapes = {}
  for i, tensor in ipairs(tensors) do shapes[i] = tensor:shape() end
  return shapes
end

local distance = 1e-7   -- of gradients so close to each other that no jump lies between them

--- Gives the largest eigenvalues of the outer loss's Hessian by the images: the curvature that a gradient step would
--- feel if there were no jumps.
--- @param line distill.Line
--- @return number[]  two
function suspects.curvature(line)
  local images = line.still.parameters.images
  local here, shapes = ms.flatten(images), shapes_of(images)
  local function gradient(at) return ms.flatten(line:gradient_at(ms.unflatten(at, shapes))) end
  return spectrum.top(function(v)
    return (gradient(here + distance * v) - gradient(here - distance * v)) / (2 * distance)
  end, { size = here:size(), count = 2, iterations = 8 })
end

--- Gives the curvature along the line, at its begin: the second derivative by how far each pixel has moved.
--- @param line distill.Line
--- @return number
function suspects.curvature_along(line)
  local moved = distance / math.sqrt((ms.flatten(line.directions)):square():sum():item())
  return (line:slope_at(moved) - line:slope_at(-moved)) / (2 * moved)
end

local most_values = 10

--- Gives the largest singular values of the outer gradient as a matrix, a row for each synthetic image.
--- @param line distill.Line
--- @return number[]
function suspects.gradient_spectrum(line)
  local all = ms.concat(line.gradient)
  local rows = all:reshape { all:size(1), -1 }
  local gram = ms.matmul(rows, rows, { transpose_b = true })
  local size = gram:size(1)
  local values = spectrum.top(function(v) return ms.matmul(gram, v:reshape { size, 1 }):reshape { size } end,
    { size = size, count = most_values, iterations = 60 })
  for i, value in ipairs(values) do values[i] = math.sqrt(math.max(value, 0)) end
  return values
end

--- Gives for each inner update how it stretches changes of the weights: the largest eigenvalue by magnitude of its
--- Jacobian, 1 - step size * Hessian, and the mean over random directions.
--- @param still distill.Still
--- @return { largest: number, mean: number }[]
function suspects.growth(still)
  local weights, grown, random = trajectory.weights(still, still.w0), {}, ms.random(1)
  local product = ms.hvp(function(w, x, y) return ms.nn.cross_entropy(still.net(x, w), y) end)
  for t, eta in ipairs(still:step_sizes()) do
    local function stretch(v)
      return v - eta * product(weights[t], v, trajectory.images(still, t), still.labels)
    end
    local size, mean, directions = weights[t]:size(), 0, 5
    for _ = 1, directions do
      local v = random:normal({ size }, { dtype = "f64" })
      mean = mean + math.sqrt(stretch(v):square():sum():item() / v:square():sum():item()) / directions
    end
    local largest = spectrum.top(stretch, { size = size, count = 1, iterations = 15 })[1]
    grown[t] = { largest = math.abs(largest), mean = mean }
  end
  return grown
end

--- Gives the spectral norms of a network's Hermitians, or nil where it has none.
--- @param net ms.nn.Layer
--- @param w ms.Tensor
--- @return number[]?
function suspects.hermitian_norms(net, w)
  for name, free in pairs(net:named(w)) do
    if name:find "hermitian$" then
      local norms = {}
      for i, h in ipairs(ms.observable.hermitian_part(free):totable()) do
        -- Of ((a, b), (conj b, d)): the larger of |mean +- root|.
        local a, b_re, b_im, d = h[1][1][1], h[1][2][1], h[1][2][2], h[2][2][1]
        norms[i] = math.abs((a + d) / 2) + math.sqrt(((a - d) / 2) ^ 2 + b_re ^ 2 + b_im ^ 2)
      end
      return norms
    end
  end
end

--- Gives the least and the mean norm of the vectors that a network's circuit embeds, or nil where it has none.
--- @param net ms.nn.Layer
--- @param w ms.Tensor
--- @param x ms.Tensor  images
--- @return { least: number, mean: number }?
function suspects.embedded_norms(net, w, x)
  local result
  net(x, w, { watch = function(layer, z)
    if not layer.name:find "^circuit" then return end
    local norms = z:square():sum(2):sqrt()
    result = { least = norms:min():item(), mean = norms:mean():item() }
  end })
  return result
end

--- Measures all of them.
--- @param line distill.Line
--- @return table  numbers by name, for a .json file
function suspects.measure(line)
  local still = line.still
  local weights = trajectory.weights(still, still.w0)
  local last, images = weights[#weights], trajectory.images(still, 1)
  return {
    curvature = suspects.curvature(line), gradient_spectrum = suspects.gradient_spectrum(line),
    growth = suspects.growth(still),
    hermitians = { before = suspects.hermitian_norms(still.net, still.w0),
      after = suspects.hermitian_norms(still.net, last) },
    embedded = {
      synthetic_before = suspects.embedded_norms(still.net, still.w0, images),
      synthetic_after = suspects.embedded_norms(still.net, last, images),
      real_before = suspects.embedded_norms(still.net, still.w0, line.x),
      real_after = suspects.embedded_norms(still.net, last, line.x),
    },
  }
end

return suspects
