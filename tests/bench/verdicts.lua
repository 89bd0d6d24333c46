-- What a curve is judged by, in a sentence: the growth of its cost a sample, its gain from threads, its memory.

-- The largest rise of cost from any point to a later one.
local function growth(points)
  local cheapest, rise, from, to = points[1], 0, nil, nil
  for _, point in ipairs(points) do
    local ratio = point.seconds / cheapest.seconds - 1
    if ratio > rise then rise, from, to = ratio, cheapest.x, point.x end
    if point.seconds < cheapest.seconds then cheapest = point end
  end
  return { rise = rise, from = from, to = to }
end

local function batches(points, plain_seconds)
  local found = growth(points)
  local text = found.from and ("largest rise of cost a sample: %.0f %%, from %d to %d (asked: 10 %%)")
    :format(100 * found.rise, found.from, found.to) or "cost a sample never rises"
  if plain_seconds and points[1].x == 1 then
    found.plain_ratio = points[1].seconds / plain_seconds
    text = ("%s; batch 1 takes %.1f x the plain loop (asked: 3)"):format(text, found.plain_ratio)
  end
  return text, found
end

local function threads(points)
  local first, last = points[1], points[#points]
  if first.x == last.x then return nil end
  local factor = first.seconds / last.seconds
  return ("%.2f x from %d to %d threads (asked of batches: 1.8)"):format(factor, first.x, last.x), { factor = factor }
end

local function updates(points)
  local first, last = points[1], points[#points]
  local memory, cost = last.peak_bytes / first.peak_bytes, last.seconds / first.seconds
  local text = ("from %d to %d updates: %.1f x the memory (asked with checkpoints: flat), %.2f x the cost of an update")
    :format(first.x, last.x, memory, cost)
  return text, { memory = memory, cost = cost }
end

-- By the word that a curve's name begins with.
local judges = { batch = batches, threads = threads, inner = updates }

--- The verdict on a curve, if one is asked of it.
--- @param name string             the curve's
--- @param points table[]          { x = number, seconds = number, peak_bytes? = integer }, x rising
--- @param plain_seconds? number   what a plain loop takes for one sample
--- @return string? text
--- @return table? figures
return function(name, points, plain_seconds)
  local judge = judges[name:match "^%a+"]
  if judge then return judge(points, plain_seconds) end
end
