-- The largest eigenvalues of a symmetric matrix that is known by its products with vectors.
local ms = require "moonstill"
local check = require "moonstill.check"

local spectrum = {}

local function dot(a, b) return (a * b):sum():item() end

local function normalised(v) return v / math.max(math.sqrt(dot(v, v)), 1e-300) end

local spec = check.spec("spectrum.top", {
  { "size", "integer", "Of the matrix.", least = 1 },
  { "count", "integer", "How many eigenvalues.", default = 3, least = 1 },
  { "iterations", "integer", "Products for each of them.", default = 20, least = 1 },
  { "seed", "integer", "Of the first vectors.", default = 1 },
})

--- Finds the eigenvalues of largest magnitude, by power iteration at right angles to those found before.
---
--- ```lua
--- local spectrum = require "distill.spectrum"
--- local a = ms.tensor({ { 2, 1 }, { 1, 2 } }, { dtype = "f64" })
--- local function product(v) return ms.matmul(a, v:reshape { 2, 1 }):reshape { 2 } end
--- print(spectrum.top(product, { size = 2, count = 2 }))          -- 3 and 1
--- ```
--- @param product fun(v: ms.Tensor): ms.Tensor   the matrix times a vector of f64
--- @param options { size: integer, count?: integer, iterations?: integer, seed?: integer }
--- @return number[]
function spectrum.top(product, options)
  local o = check.options("spectrum.top", options, spec)
  local values, vectors, random = {}, {}, ms.random(o.seed)
  for k = 1, math.min(o.count, o.size) do
    local v = random:normal({ o.size }, { dtype = "f64" })
    for _ = 1, o.iterations do
      for _, found in ipairs(vectors) do v = v - dot(found, v) * found end
      v = normalised(v)
      local image = product(v)
      values[k], v = dot(v, image), image
    end
    vectors[k] = normalised(v)
  end
  return values
end

return spectrum
