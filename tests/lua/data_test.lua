-- ms.data: sets, batches, walks, and what is wrong with a source.
local ms = require "moonstill"
local test = require "moonstill.test"

local sets = ms.data.images("digits", { train = 103, test = 20 })
local train = sets.train

test("sets say what they are", function()
  test.equal(tostring(train), "digits: 103 images 1x28x28, 10 classes")
  test.equal(#train, 103)
  test.equal(train:size(), 103)
  test.equal(train:classes(), 10)
  test.equal(train:name(), "digits")
  test.equal(train:shape(), { 1, 28, 28 })
  test.equal(sets.test:mean(), train:mean())
  test.equal(sets.test:deviation(), train:deviation())
end)

test("the seed and the count say what digits there are", function()
  local again = ms.data.images { source = "digits", train = 50, test = 1 }.train
  local other = ms.data.images("digits", { train = 50, test = 1, seed = 2 }).train
  local first = train:subset { 1, 2, 3 }
  test.equal((again:subset { 1, 2, 3 }:one_hot():totable()), (first:one_hot():totable()))
  test.ok((again:batch { 7 } - other:batch { 7 }):abs():sum():item() > 10)
end)

test("a fingerprint tells pixels, labels, order and normalisation apart", function()
  local again = ms.data.images("digits", { train = 103, test = 1 }).train
  test.equal(again:fingerprint(), train:fingerprint())
  local others = {
    ms.data.images("digits", { train = 103, test = 20, seed = 2 }).train, train:subset { 1, 2 }, train:subset { 2, 1 },
    train:subset { 1, 3 }, sets.test, ms.data.images("digits", { train = 102, test = 20 }).train,
  }
  local seen = { [train:fingerprint()] = true }
  for _, other in ipairs(others) do
    test.ok(not seen[other:fingerprint()], tostring(other))
    seen[other:fingerprint()] = true
  end
  local function hash(x) return ms.io.fingerprint(x) end
  test.equal(hash "a", "af63dc4c8601ec8c")                  -- FNV-1a's own example
  test.equal(hash(ms.ones { 2, 3 }), hash(ms.full({ 3, 2 }, 1):transpose()))
  test.ok(hash(ms.ones { 2, 3 }) ~= hash(ms.ones { 3, 2 }) and hash(ms.ones(2)) ~= hash(ms.ones(2, { dtype = "f64" })))
end)

test("a batch holds normalised images and classes from 1", function()
  local x, y = train:batch { 10, 1 }
  test.equal(x:shape(), { 2, 1, 28, 28 })
  test.equal(y:totable(), { 10, 1 })
  test.near(x:slice(1, 1, 1):sum():item(), train:batch { 10 }:sum():item(), 1e-2)
  test.equal(train:batch({ 1 }, { dtype = "f64" }):dtype(), "f64")
  test.equal(train:batch(ms.tensor({ 3, 4 }, { dtype = "i32" })):size(1), 2)
  test.equal(train:batch():size(1), 103)
  test.equal(train:one_hot({ 2 }):totable(), { { 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 } })
  test.equal(train:class_means():shape(), { 10, 1, 28, 28 })
end)

test("a loop over a walk takes one epoch, and the next loop the next one", function()
  local walk = train:batches { batch = 10, seed = 4 }
  test.equal(walk:count(), 11)
  test.equal(tostring(walk), "11 batches of 10 from digits: 103 images 1x28x28, 10 classes")
  local sums = {}
  for epoch = 1, 2 do
    local images, first = 0, nil
    for x, y in walk do
      images = images + x:size(1)
      first = first or y:totable()
      test.equal(y:size(1), x:size(1))
    end
    test.equal(images, 103)
    sums[epoch] = table.concat(first, " ")
  end
  test.ok(sums[1] ~= sums[2], "expected another order in the second epoch")
  local _, y = walk:epoch(2)()
  test.equal(table.concat(y:totable(), " "), sums[2])
end)

test("batch k depends on the seed and k only", function()
  local walk = train:batches { batch = 16, random = ms.random(9), drop_last = true }
  test.equal(walk:count(), 6)
  local third = select(2, walk:at(3)):totable()
  for _ in walk do end
  test.equal(select(2, walk:at(3)):totable(), third)
  test.equal(select(2, train:batches { batch = 16, seed = 9, drop_last = true }:at(3)):totable(), third)
end)

test("parts of a set", function()
  test.equal(select(2, train:subset({ 5, 3 }):batch()):totable(), { 5, 3 })
  local rest, held = train:hold_out(20, ms.random(1))
  test.equal({ #rest, #held }, { 83, 20 })
  local _, y = train:per_class(2, ms.random(1)):batch()
  test.equal(y:totable(), { 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10 })
end)

test("an epoch number that no integer can count is refused", function()
  test.fails_with("ms.Batches:epoch: argument 1 'epoch': expected at most",
    function() train:batches({ batch = 10 }):epoch(math.maxinteger) end)
end)

test("labels that no set of classes has are refused", function()
  local path = os.tmpname()
  os.remove(path)
  path = path .. ".npz"
  local labels = ms.tensor({ 0, 2 ^ 31 - 1 }, { dtype = "i32" })
  ms.io.save(path, { images = ms.zeros({ 2, 4, 4 }, { dtype = "u8" }), labels = labels })
  local fine, problem = pcall(ms.data.images, path)
  os.remove(path)
  test.ok(not fine and problem:find("expected labels up to 65535, got label 2147483647 of image 2", 1, true), problem)
end)

test("sets are read from .npz files", function()
  local path = os.tmpname() .. ".npz"
  local images = ms.tensor({ { { 0, 255 }, { 0, 255 } }, { { 9, 9 }, { 9, 9 } } }, { dtype = "u8" })
  local labels = ms.tensor({ 0, 2 }, { dtype = "i32" })
  ms.io.save(path, { train_images = images, train_labels = labels, test_images = images, test_labels = labels })
  local read = ms.data.images(path)
  test.equal(read.train:shape(), { 1, 2, 2 })
  test.equal(read.test:classes(), 3)
  test.equal(select(2, read.test:batch()):totable(), { 1, 3 })
  ms.io.save(path, { images = images, labels = labels })
  test.equal(ms.data.images(path).test, nil)
  ms.io.save(path, { images = images })
  test.fails_with("expected arrays train_images and train_labels", ms.data.images, path)
  ms.io.save(path, { images = images:to("f32"), labels = labels })
  test.fails_with("expected u8 images [N, C, H, W], got f32 [2, 1, 2, 2]", ms.data.images, path)
  os.remove(path)
end)

local golden = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" .. "/../golden/"

-- A folder of images by class, which goes when the variable does.
local function image_folder(files)
  local path = os.tmpname()
  os.remove(path)
  for name, content in pairs(files) do
    os.execute(("mkdir -p '%s/%s'"):format(path, name:match "^(.*)/"))
    if type(content) == "string" then
      os.execute(("cp '%s%s' '%s/%s'"):format(golden, content, path, name))
    else
      ms.io.write_png(path .. "/" .. name, content, { padding = 0, range = { 0, 255 } })
    end
  end
  return setmetatable({ path = path }, { __close = function() os.execute("rm -r '" .. path .. "'") end })
end

test("folders of images by class", function()
  local dark, light = ms.full({ 1, 1, 6, 8 }, 51), ms.full({ 1, 1, 6, 8 }, 255)
  do
    local folder <close> = image_folder { ["b/2.PNG"] = dark, ["b/10.png"] = light, ["a/x.jpg"] = "grey.jpg" }
    local set = ms.data.images(folder.path)
    test.equal(set.test, nil)
    test.equal(tostring(set.train):match ": (.*)$", "3 images 1x6x8, 2 classes")
    test.equal(set.train:one_hot():totable(), { { 1, 0 }, { 0, 1 }, { 0, 1 } })
    test.equal(set.train:class_names(), { "a", "b" })
    local x = set.train:batch({ 2, 3 }, { dtype = "f64" })
    test.near(x * set.train:deviation()[1] + set.train:mean()[1],
      ms.concat({ light, dark }, 1):to("f64") / 255, 1e-12)            -- 10.png comes before 2.PNG
  end
  do
    local folder <close> = image_folder {
      ["train/cat/1.jpeg"] = "colour.jpg", ["train/dog/1.png"] = dark, ["test/dog/1.png"] = light,
    }
    local set = ms.data.images(folder.path)
    test.equal({ #set.train, #set.test, set.test:classes(), set.test:mean() }, { 2, 1, 2, set.train:mean() })
    test.equal(set.train:shape(), { 3, 6, 8 })
    test.equal(set.test:subset({ 1 }):class_names(), { "cat", "dog" })
    test.equal(select(2, set.test:batch()):totable(), { 2 })
    test.equal(tostring(set.test):match ": (.*)$", "1 image 3x6x8, 2 classes")
  end
end)

test("a few images of a folder by class are of all classes", function()
  local files = {}
  for i = 1, 4 do files["a/" .. i .. ".png"] = ms.full({ 1, 1, 2, 2 }, i) end
  for i = 1, 2 do files["b/" .. i .. ".png"] = ms.full({ 1, 1, 2, 2 }, 10 + i) end
  local folder <close> = image_folder(files)
  local set = ms.data.images(folder.path, { train = 3 }).train
  local x, y = set:batch(nil, { dtype = "f64" })
  test.equal(y:totable(), { 1, 2, 1 })
  test.near((x * set:deviation()[1] + set:mean()[1]):slice(3, 1, 1):slice(4, 1, 1):reshape { 3 } * 255,
    ms.tensor({ 1, 11, 2 }, { dtype = "f64" }), 1e-9)
  test.equal(ms.data.images("digits", { train = 2, test = 1 }).train:class_names()[10], "9")
end)

test("reading a folder of images, and drawing digits, tell a progress bar", function()
  local progress = require "moonstill.progress"
  local image, new, told = ms.full({ 1, 1, 2, 2 }, 9), progress.new, {}
  local folder <close> = image_folder { ["train/a/1.png"] = image, ["train/a/2.png"] = image, ["test/a/1.png"] = image }
  local _ <close> = setmetatable({}, { __close = function() progress.new = new end })
  function progress.new(options)
    told[1] = { options.total, options.after }
    return {
      update = function(_, done) told[#told + 1] = done end, finish = function() told[#told + 1] = "finished" end,
    }
  end
  test.equal(#ms.data.images(folder.path).train, 2)
  test.equal(told, { { 3, 1 }, 1, 2, 3, "finished" })
  told = {}
  test.equal(#ms.data.images("digits", { train = 1500, test = 10 }).train, 1500)
  test.equal(told, { { 1510, 1 }, 1000, 1500, 1510, "finished" })
end)

test("what is wrong with a folder of images", function()
  local square, wide = ms.zeros { 1, 1, 2, 2 }, ms.zeros { 1, 1, 2, 4 }
  for text, files in pairs {
    ["/b/1.png' is 4 x 2, '"] = { ["a/1.png"] = square, ["b/1.png"] = wide },
    ["/test/c': the training images have no class 'c'"] = { ["train/a/1.png"] = square, ["test/c/1.png"] = square },
    ["/b' holds no PNG or JPEG images"] = { ["a/1.png"] = square, ["b/c/1.png"] = square },
    ["/a/1.png' is not a PNG image that can be read"] = { ["a/1.png"] = "qasm.json" },
  } do
    local folder <close> = image_folder(files)
    test.fails_with(text, ms.data.images, folder.path)
  end
end)

test("wrong sources, indices and sizes are refused by name", function()
  test.fails("ms.data.images: no folder '/nowhere' with images", function() ms.data.images "/nowhere" end)
  test.fails("ms.ImageSet:batch: argument 1 'indices': 104 is outside 1..103", function() train:batch { 104 } end)
  test.fails("ms.ImageSet:subset: argument 1 'indices': 0 is outside 1..103", function() train:subset { 0 } end)
  test.fails("ms.ImageSet:batches: batch: 104 is more than the 103 samples of the set, and smaller batches are dropped",
    function() train:batches { batch = 104, drop_last = true } end)
  test.equal(train:batches({ batch = 104 }):count(), 1)
  test.fails_with("outside 1..102", function() train:hold_out(103, ms.random(1)) end)
  test.fails_with("did you mean 'batch'", function() train:batches { bach = 1 } end)
end)
