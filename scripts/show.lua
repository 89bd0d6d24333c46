#!/usr/bin/env moonstill
-- Prints what a run's folder tells, and draws its curves, images and page again.
local ms = require "moonstill"
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

-- The state of a distillation, ended or not; draws what its checkpoint holds.
local function show_distillation(folder, result)
  local lists, state = record.checkpoint(folder)
  local settings = ms.io.parse_json(state.settings)
  print(settings.net:match "^[^\n]*")
  print(("%s; %s initialisation, seed %d"):format(settings.data, settings.init, settings.seed))
  print(("%d images%s, %d updates; batch %d, lr %g"):format(#lists * lists[1]:size(1),
    #lists > 1 and (" in %d lists"):format(#lists) or "", settings.steps * settings.passes, settings.batch,
    settings.lr))

  local rows = metrics.read(folder)
  local last = rows[#rows] or {}
  print(("iteration %s, %.0f s"):format(state.iteration, last.elapsed or 0))
  if state.best_iteration then
    print(("best: iteration %s (%s), held out %s"):format(state.best_iteration, state.best_kind,
      percent(tonumber(state.best_accuracy))))
  end
  print(("last: loss %s, held out %s"):format(last.loss and ("%.4f"):format(last.loss) or "none",
    percent(last.last_accuracy)))
  if result then show_test(result) end

  record.draw_curves(folder)
  record.draw_images(folder .. "/images.png", lists)
  print(("drawn: %s/curves.svg, %s/images.png"):format(folder, folder))
end

local path = opt.run .. "/result.json"
local result = ms.io.exists(path) and ms.io.parse_json(ms.io.read_text(path))
if ms.io.exists(opt.run .. "/checkpoint.safetensors") then
  show_distillation(opt.run, result)
elseif result then
  show_result(result)
end
print("page: " .. page.write(opt.run))
