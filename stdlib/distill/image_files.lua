-- Distilled images as files: arrays with all that is needed to train on them, and a sheet to look at.
local ms = require "moonstill"
local check = require "moonstill.check"
local record = require "distill.record"

local image_files = {}

--- Gives what a still's images are for.
--- @param still distill.Still
--- @return table
function image_files.about(still)
  return {
    network = still.network, dataset = still.train:name(), images_per_class = still.images_per_class,
    steps = still.steps, passes = still.passes, init = still.init, seed = still.seed, dtype = still.dtype,
    sharpness = still.sharpness,
  }
end

--- Writes images.npz and images.png. The .npz has images, labels from 0, step sizes, mean and deviation of the pixels,
--- and, as bytes of JSON, what the images are for.
--- @param still distill.Still
--- @param folder string
--- @param parameters table  images and step sizes
function image_files.save(still, folder, parameters)
  local labels = {}
  for _ = 1, still.steps do
    for _, class in ipairs(still.image_classes) do labels[#labels + 1] = class - 1 end
  end
  local about = ms.io.json(image_files.about(still))
  ms.io.save(folder .. "/images.npz", {
    images = ms.concat(parameters.images), labels = ms.tensor(labels, { dtype = "i32" }),
    step_sizes = parameters.raw_step_sizes:softplus(), raw_step_sizes = parameters.raw_step_sizes,
    mean = ms.tensor(still.train:mean()), deviation = ms.tensor(still.train:deviation()),
    about = ms.tensor({ about:byte(1, -1) }, { dtype = "u8" }),
  })
  record.draw_images(folder .. "/images.png", parameters.images)
end

--- Reads what save wrote.
--- @param path string
--- @return table parameters  of a still
--- @return table about       { network?, dataset, images_per_class, steps, passes, init, seed, dtype, sharpness? }
function image_files.load(path)
  local saved = ms.io.load(path)
  if not (saved.about and saved.images and saved.raw_step_sizes) then
    check.fail("distill.load", "'%s' holds no distilled images: expected arrays images, raw_step_sizes and about", path)
  end
  local about = ms.io.parse_json(string.char(table.unpack(saved.about:totable())))
  local each, lists = saved.images:size(1) // about.steps, {}
  for s = 1, about.steps do lists[s] = saved.images:slice(1, (s - 1) * each + 1, s * each) end
  return { images = lists, raw_step_sizes = saved.raw_step_sizes }, about
end

return image_files
