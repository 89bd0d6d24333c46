#!/usr/bin/env moonstill
-- Prints what a run's folder tells, and draws its curves, images and page again.
local ms = require "moonstill"
local checkpoint = require "distill.checkpoint"
local metrics = require "plot.metrics"
local page = require "plot.page"
local record = require "distill.record"

local opt = ms.options {
  about = "Shows a run, ended or not, and writes its page, index.html.",
  { "run", required = true, positional = true, help = "its folder" },
}

local function percent(value) return value and ("%.2f %%"):format(100 * value) or "none" end

-- "batch 128, lr 0.002", by name. What is off, and the files that were written, say nothing.
local function text_of(settings)
  local texts = {}
  for name, value in pairs(settings) do
    if name ~= "out" and name ~= "json" and value and value ~= "" then
      local number = math.type(value) == "float" and ("%g"):format(value)
      texts[#texts + 1] = ("%s %s"):format(name:gsub("_", "-"),
        number or type(value) == "table" and table.concat(value, " ") or value)
    end
  end
  table.sort(texts)
  return table.concat(texts, ", ")
end

-- What a run is on: "cifar10: 45000 images, 7020 updates", of which a result may have some.
local function subject_of(result)
  local counts = {}
  for _, count in ipairs { { "images", "images" }, { "inner_updates", "updates" }, { "parameters", "weights" } } do
    local value = result[count[1]]
    if value then counts[#counts + 1] = ("%d %s"):format(value, count[2]) end
  end
  local text = table.concat(counts, ", ")
  if not result.dataset then return text end
  return text ~= "" and ("%s: %s"):format(result.dataset, text) or result.dataset
end

local function show_test(result)
  if result.test_accuracy_last then
    print(("test: best %s, last %s, random real images %s, class means %s"):format(percent(result.test_accuracy),
      percent(result.test_accuracy_last), percent(result.test_accuracy_random_images),
      percent(result.test_accuracy_class_means)))
  elseif result.test_accuracy then
    print(("test: accuracy %s%s"):format(percent(result.test_accuracy),
      result.test_loss and (", loss %.4f"):format(result.test_loss) or ""))
  end
end

-- What a run without a checkpoint has come to, such as training on the full data.
local function show_result(result)
  print(result.model or result.script)
  local subject = subject_of(result)
  if subject ~= "" then print(subject) end
  print(("settings: %s"):format(text_of(result.settings)))
  print(("%s s, %d thread%s%s"):format((result.seconds < 10 and "%.2f" or "%.0f"):format(result.seconds),
    result.threads, result.threads == 1 and "" or "s", result.machine and ", " .. result.machine or ""))
  show_test(result)
  if result.note then print("note: " .. result.note) end
  if result.conclusion then print(result.conclusion) end
end

-- "100 images in 10 lists", by what a run is asked for.
local function images_of(settings)
  local classes = settings.data:match ", (%d+) class"
  local each = classes and ("%d images"):format(classes * settings.images_per_class * settings.steps)
    or ("%d of each class"):format(settings.images_per_class)
  return settings.steps > 1 and ("%s in %d lists"):format(each, settings.steps) or each
end

-- A distillation, ended or not: what was asked for, and how far it is. `state` is what its checkpoint says, if it has
-- one that is whole.
local function show_distillation(settings, state, result, rows)
  print(settings.net:match "^[^\n]*")
  print(("%s; %s initialisation, seed %d"):format(settings.data, settings.init, settings.seed))
  print(("%s, %d updates; batch %d, lr %g"):format(images_of(settings), settings.steps * settings.passes,
    settings.batch, settings.lr))
  local last = rows[#rows] or {}
  print(("iteration %s, %.0f s"):format(state.iteration or last.iteration or result.iterations or 0,
    last.elapsed or 0))
  local best = state.best_iteration or result.best_iteration
  if best then
    local kind = state.best_kind and (" (%s)"):format(state.best_kind) or ""
    print(("best: iteration %s%s, held out %s"):format(best, kind,
      percent(tonumber(state.best_accuracy or result.held_out_accuracy))))
  end
  print(("last: loss %s, held out %s"):format(last.loss and ("%.4f"):format(last.loss) or "none",
    percent(last.last_accuracy)))
  show_test(result)
end

local function draw(folder, tensors)
  local drawn = { record.draw_curves(folder) }
  if tensors then
    local lists = record.rounded((tensors.best or tensors.parameters).images)
    drawn[#drawn + 1] = record.draw_images(folder .. "/images.png", lists)
  end
  if #drawn > 0 then print("drawn: " .. table.concat(drawn, ", ")) end
end

local function read_json(name)
  local path = ("%s/%s"):format(opt.run, name)
  return ms.io.exists(path) and ms.io.parse_json(ms.io.read_text(path)) or nil
end

-- The tensors and what is said of them; none of a checkpoint that is damaged, or is yet to be written.
local function read_checkpoint()
  local path = opt.run .. "/checkpoint.safetensors"
  if not ms.io.exists(path) then return nil, {} end
  local tensors, state = checkpoint.read(path)
  if tensors then return tensors, state end
  io.stderr:write(("nothing is drawn from a damaged checkpoint: %s\n"):format(state))
  return nil, {}
end

local tensors, state = read_checkpoint()
local result, settings = read_json "result.json", read_json "settings.json"
if state.settings then settings = ms.io.parse_json(state.settings) end
if settings then
  show_distillation(settings, state, result or {}, metrics.read(opt.run))
  draw(opt.run, tensors)
elseif result then
  show_result(result)
end
print("page: " .. page.write(opt.run))
