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

local report = opt.run .. "/report.md"   -- of ledger.lua
if ms.io.exists(report) then print(ms.io.read_text(report)) end
if not ms.io.exists(opt.run .. "/checkpoint.safetensors") then
  print("page: " .. page.write(opt.run))
  return
end
local lists, state = record.checkpoint(opt.run)
local settings = ms.io.parse_json(state.settings)
print(settings.net:match "^[^\n]*")
print(("%s; %s initialisation, seed %d"):format(settings.data, settings.init, settings.seed))
print(("%d images%s, %d updates; batch %d, lr %g"):format(#lists * lists[1]:size(1),
  #lists > 1 and (" in %d lists"):format(#lists) or "", settings.steps * settings.passes, settings.batch, settings.lr))

local rows = metrics.read(opt.run)
local last = rows[#rows] or {}
print(("iteration %s, %.0f s"):format(state.iteration, last.elapsed or 0))
if state.best_iteration then
  print(("best: iteration %s (%s), held out %s"):format(state.best_iteration, state.best_kind,
    percent(tonumber(state.best_accuracy))))
end
print(("last: loss %s, held out %s"):format(last.loss and ("%.4f"):format(last.loss) or "none",
  percent(last.last_accuracy)))

local path = opt.run .. "/result.json"
if ms.io.exists(path) then
  local result = ms.io.parse_json(ms.io.read_text(path))
  print(("test: best %s, last %s, random real images %s, class means %s"):format(percent(result.test_accuracy),
    percent(result.test_accuracy_last), percent(result.test_accuracy_random_images),
    percent(result.test_accuracy_class_means)))
end

record.draw_curves(opt.run)
record.draw_images(opt.run .. "/images.png", lists)
page.write(opt.run)
print(("drawn: %s/curves.svg, %s/images.png, %s/index.html"):format(opt.run, opt.run, opt.run))
