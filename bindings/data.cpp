// ms.data: sets of labelled images, and batches of them. Indices and classes count from 1 in Lua.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "bindings/core.hpp"
#include "bindings/host/modules.hpp"
#include "bindings/image_folder.hpp"
#include "bindings/support/library.hpp"
#include "bindings/tensor.hpp"
#include "engine/core/error.hpp"
#include "engine/data/batches.hpp"
#include "engine/data/digits.hpp"
#include "engine/data/fingerprint.hpp"
#include "engine/data/image_set.hpp"
#include "engine/data/load.hpp"
#include "engine/data/select.hpp"
#include "engine/io/npz.hpp"

namespace moonstill::lua {

using data::ImageSet;

// A walk through a set: __call gives the next batch, and nil once at the end of each epoch.
struct ImageBatches {
  ImageSet set;
  data::Batches order;
  DType dtype;
  std::int64_t next = 0;
  bool ended = false;  // the last call gave the last batch of an epoch
};

template <>
struct ObjectTraits<ImageSet> {
  static constexpr const char* name = "ms.ImageSet";
  static constexpr const char* documentation =
      "Labelled images, kept as bytes; batches of them are normalised. Subsets share the pixels.";
};
template <>
struct ObjectTraits<ImageBatches> {
  static constexpr const char* name = "ms.Batches";
  static constexpr const char* documentation =
      "Batches of a set, epoch after epoch, each epoch in an order of its own. Made by ImageSet:batches.";
};

namespace {

constexpr const char* indices_type = "integer[]|ms.Tensor";
const Param dtype_option{"dtype", floating_type, "Element type of the images.", "\"f32\""};

// 1-based in Lua, a list or an integer tensor; the whole set where it is left out.
std::vector<std::int64_t> indices_of(const Args& a, Args::Key key, const ImageSet& set) {
  std::vector<std::int64_t> indices;
  if (!a.given(key)) {
    indices.resize(static_cast<std::size_t>(set.size()));
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
  }
  // Checked before the shift to 0: the smallest integers have no number below them.
  const auto add = [&](std::int64_t i) {
    if (i < 1 || i > set.size()) a.fail(key, "{} is outside 1..{}", i, set.size());
    indices.push_back(i - 1);
  };
  if (const Value* value = find_object<Value>(a.state(), a.slot(key))) {
    const Tensor whole = value->tensor().row_major().cast(DType::i32);
    for (const std::int32_t i : whole.data<std::int32_t>()) add(i);
  } else {
    for (const std::int64_t i : a.integers(key)) add(i);
  }
  return indices;
}

// Classes from 1.
Value labels_value(const ImageSet& set, std::span<const std::int64_t> indices) {
  const Tensor from_zero = set.labels(indices);
  Tensor labels = Tensor::empty(from_zero.shape(), DType::i32);
  std::ranges::transform(from_zero.data<std::int32_t>(), labels.write<std::int32_t>().begin(),
                         [](std::int32_t label) { return label + 1; });
  return labels;
}

int push_batch(lua_State* L, const ImageSet& set, std::span<const std::int64_t> indices, DType dtype) {
  push(L, Value(set.images(indices, dtype)));
  push(L, labels_value(set, indices));
  return 2;
}

// The generator given as "random", or one from "seed"; none where both are left out.
std::optional<Generator> generator_of(const Args& a) {
  if (a.given("random")) return a.object<Generator>("random");
  if (a.given("seed")) return Generator(static_cast<std::uint64_t>(a.integer("seed")));
  return std::nullopt;
}

const Param random_option{"random?", "ms.Generator", "Where the order comes from; only its key counts."};
const Param seed_option{"seed?", "integer", "Instead of random: that of a generator."};

// The first of these names that the file has.
const Tensor* find_array(const io::TensorMap& arrays, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto at = arrays.find(name); at != arrays.end()) return &at->second;
  }
  return nullptr;
}

// Each class takes a row in class_means and a column in one_hot.
constexpr std::int32_t largest_label = 65535;

ImageSet set_from_arrays(const std::string& name, const Tensor& images, const Tensor& labels) {
  if (is_floating(labels.dtype())) {
    fail(ErrorKind::io, "{}: expected labels that are whole numbers, got {}", name,
         dtype_name(labels.dtype()));
  }
  const Tensor numbers = labels.reshaped({labels.count()}).cast(DType::i32);
  const auto values = numbers.data<std::int32_t>();
  const auto last = std::ranges::max_element(values);
  const std::int32_t largest = values.empty() ? 0 : *last;
  if (largest > largest_label) {
    fail(ErrorKind::io, "{}: expected labels up to {}, got label {} of image {}", name, largest_label,
         largest, last - values.begin() + 1);
  }
  const Shape& shape = images.shape();
  return {name, shape.rank() == 3 ? images.reshaped(shape.inserted(1, 1)) : images, numbers, largest + 1};
}

ImageSets load_arrays(const std::filesystem::path& path) {
  const io::TensorMap arrays = io::load_npz(path);
  const Tensor* images = find_array(arrays, {"train_images", "x_train", "images", "x"});
  const Tensor* labels = find_array(arrays, {"train_labels", "y_train", "labels", "y"});
  if (images == nullptr || labels == nullptr) {
    fail(ErrorKind::io,
         "'{}': expected arrays train_images and train_labels, x_train and y_train, or images and labels",
         path.string());
  }
  const Tensor* test_images = find_array(arrays, {"test_images", "x_test"});
  const Tensor* test_labels = find_array(arrays, {"test_labels", "y_test"});
  const std::string name = path.stem().string();
  const ImageSet train = set_from_arrays(path.string(), *images, *labels);
  if (test_images == nullptr || test_labels == nullptr)
    return {train.described(name, train.normalization()), std::nullopt};
  const auto both =
      data::described_alike(name, train, set_from_arrays(path.string(), *test_images, *test_labels));
  return {both.train, both.test};
}

constexpr std::int64_t digits_for_training = 20'000;
constexpr std::int64_t digits_for_tests = 5'000;

// Tells a progress bar of the library's, which stays on the stack; what takes less than a second shows none.
Told told_by_bar(lua_State* L, const std::string& label) {
  return [L, label, bar = 0](std::size_t done, std::size_t total) mutable {
    if (bar == 0) {
      push_library_function(L, "moonstill.progress", "new");
      lua_createtable(L, 0, 3);
      push(L, total);
      lua_setfield(L, -2, "total");
      push(L, label);
      lua_setfield(L, -2, "label");
      push(L, 1);
      lua_setfield(L, -2, "after");
      lua_call(L, 1, 1);
      bar = lua_gettop(L);
    }
    const auto call = [&](const char* method) {
      lua_getfield(L, bar, method);
      lua_pushvalue(L, bar);
      push(L, done);
      lua_call(L, 2, 0);
    };
    call("update");
    if (done == total) call("finish");
  };
}

ImageSets load_source(const Args& a) {
  const std::string source(a.string("source"));
  if (source == "digits") {
    const auto count = [&](const char* key, std::int64_t fallback) {
      return a.given(key) ? static_cast<std::int64_t>(a.size(key, 1)) : fallback;
    };
    const auto both =
        data::make_digits(static_cast<std::uint64_t>(a.integer("seed")), count("train", digits_for_training),
                          count("test", digits_for_tests), told_by_bar(a.state(), "digits"));
    return {both.train, both.test};
  }
  if (source.ends_with(".npz")) return load_arrays(source);
  if (is_image_folder(source)) return load_image_folder(source, told_by_bar(a.state(), "images"));
  const auto both = data::load_images(source);
  return {both.train, both.test};
}

ImageSet shortened(const Args& a, const char* key, const ImageSet& set) {
  if (!a.given(key)) return set;
  const auto count = static_cast<std::int64_t>(a.size(key, 1));
  if (count > set.size()) a.fail(key, "{} is outside 1..{}", count, set.size());
  return set.slice(0, count);
}

int push_sets(lua_State* L, const Args& a, const ImageSets& sets) {
  lua_createtable(L, 0, 2);
  push(L, shortened(a, "train", sets.train));
  lua_setfield(L, -2, "train");
  if (sets.test) {
    push(L, shortened(a, "test", *sets.test));
    lua_setfield(L, -2, "test");
  }
  return 1;
}

void add_sources(Module& ms) {
  ms.add({.name = "ms.data.images",
          .documentation =
              "Reads a training and a test set of labelled images.\n\nThe source is \"digits\" "
              "(handwritten-like, drawn "
              "from the seed, no file needed), a folder with MNIST's four files or CIFAR-10's "
              "binary batches, a folder with PNG or JPEG images of one size in a folder for each class "
              "(or train and test, each with these; classes count in alphabetical order), or an .npz "
              "file with train_images, train_labels, test_images and test_labels (u8 [N, H, W] "
              "or [N, C, H, W]; labels from "
              "0). Both sets are normalised by the training set's mean and deviation.",
          .parameters = {{"source", "string", "\"digits\", a folder, or an .npz file.", "\"digits\""}},
          .options = {{"train?", "integer",
                       "How many training images: the first of a file, the first of each class in turn of "
                       "a folder by class, 20000 digits if left out."},
                      {"test?", "integer", "How many test images, likewise; 5000 digits if left out."},
                      {"seed", "integer", "Of the digits.", "1"}},
          .returns = "{ train: ms.ImageSet, test: ms.ImageSet }",
          .example = "local set = ms.data.images(\"digits\", { train = 100, test = 20 })\n"
                     "print(set.train)",
          .body = [](lua_State* L, Args& a) { return push_sets(L, a, load_source(a)); }});
}

std::string set_text(const ImageSet& set) {
  const Shape shape = set.image_shape();
  return fmt::format("{}: {} image{} {}x{}x{}, {} class{}", set.name(), set.size(),
                     set.size() == 1 ? "" : "s", shape[0], shape[1], shape[2], set.classes(),
                     set.classes() == 1 ? "" : "es");
}

void add_facts(Module& ms) {
  const auto add = [&](const char* name, const char* documentation, const char* returns,
                       int (*give)(lua_State*, const ImageSet&)) {
    ms.add({.name = fmt::format("ms.ImageSet:{}", name),
            .documentation = documentation,
            .returns = returns,
            .example = fmt::format(
                "local set = ms.data.images(\"digits\", {{ train = 100, test = 1 }}).train\nprint(set:{}())",
                name),
            .body = [give](lua_State* L, Args& a) { return give(L, a.self<ImageSet>()); }});
  };
  add("size", "Counts the images.", "integer",
      [](lua_State* L, const ImageSet& set) { return push(L, set.size()); });
  add("classes", "Counts the classes.", "integer",
      [](lua_State* L, const ImageSet& set) { return push(L, set.classes()); });
  add("class_names",
      "Gives what the classes are called: their folders' names, or CIFAR-10's, or labels from 0.", "string[]",
      [](lua_State* L, const ImageSet& set) { return push(L, set.class_names()); });
  add("name", "Gives the name of the data.", "string",
      [](lua_State* L, const ImageSet& set) { return push(L, set.name()); });
  add("mean", "Gives each channel's mean, with pixels from 0 to 1.", "number[]",
      [](lua_State* L, const ImageSet& set) { return push(L, set.normalization().mean); });
  add("deviation", "Gives each channel's standard deviation, with pixels from 0 to 1.", "number[]",
      [](lua_State* L, const ImageSet& set) { return push(L, set.normalization().deviation); });
  add("shape", "Gives channels, height and width of an image.", "integer[]",
      [](lua_State* L, const ImageSet& set) {
        const Shape shape = set.image_shape();
        return push(L, std::vector<std::int64_t>(shape.begin(), shape.end()));
      });
  add("fingerprint", "Gives 16 hexadecimal digits that tell other pixels, labels or normalisations apart.",
      "string", [](lua_State* L, const ImageSet& set) {
        return push(L, fmt::format("{:016x}", data::fingerprint(set)));
      });
  const auto add_meta = [&](const char* name, const char* documentation, const char* returns,
                            int (*give)(lua_State*, const ImageSet&)) {
    ms.add({.name = fmt::format("ms.ImageSet:{}", name),
            .documentation = documentation,
            .parameters = {{"set", "ms.ImageSet", "The set."}, {"...", "any", "Ignored."}},
            .returns = returns,
            .body = [give](lua_State* L, Args& a) { return give(L, a.object<ImageSet>("set")); }});
  };
  add_meta("__len", "Counts the images.", "integer",
           [](lua_State* L, const ImageSet& set) { return push(L, set.size()); });
  add_meta("__tostring", "Describes the set.", "string",
           [](lua_State* L, const ImageSet& set) { return push(L, set_text(set)); });
}

void add_batches_of(Module& ms) {
  const Param indices{"indices?", indices_type, "Which images, from 1; all if left out."};
  ms.add({.name = "ms.ImageSet:batch",
          .documentation = "Gives images and their classes.",
          .parameters = {indices},
          .options = {dtype_option},
          .returns = "ms.Tensor, ms.Tensor: normalised images [n, channels, H, W], and classes [n] from 1",
          .example =
              "local x, y = ms.data.images(\"digits\", { train = 100, test = 1 }).train:batch { 1, 2, 3 }\n"
              "print(y)",
          .body = [](lua_State* L, Args& a) {
            const auto& set = a.self<ImageSet>();
            return push_batch(L, set, indices_of(a, "indices", set), dtype_of(a, "dtype"));
          }});
  ms.add({.name = "ms.ImageSet:one_hot",
          .documentation = "Gives classes as probabilities: 1 for the class, 0 for the others.",
          .parameters = {indices},
          .options = {dtype_option},
          .returns = "ms.Tensor: [n, classes]",
          .example = "local set = ms.data.images(\"digits\", { train = 100, test = 1 }).train\n"
                     "print(set:one_hot { 1, 2 })",
          .body = [](lua_State* L, Args& a) {
            const auto& set = a.self<ImageSet>();
            return push(L, Value(set.one_hot(indices_of(a, "indices", set), dtype_of(a, "dtype"))));
          }});
  ms.add({.name = "ms.ImageSet:class_means",
          .documentation = "Averages the images of each class.",
          .options = {dtype_option},
          .returns = "ms.Tensor: [classes, channels, H, W], normalised",
          .example = "local set = ms.data.images(\"digits\", { train = 100, test = 1 }).train\n"
                     "print(table.concat(set:class_means():shape(), \" x \"))",
          .body = [](lua_State* L, Args& a) {
            return push(L, Value(a.self<ImageSet>().class_means(dtype_of(a, "dtype"))));
          }});
}

void add_parts(Module& ms) {
  ms.add({.name = "ms.ImageSet:subset",
          .documentation = "Gives some images as a set of their own.",
          .parameters = {{"indices", indices_type, "Which, from 1, in that order."}},
          .returns = "ms.ImageSet",
          .example = "local set = ms.data.images(\"digits\", { train = 100, test = 1 }).train\n"
                     "print(set:subset { 1, 5, 9 })",
          .body = [](lua_State* L, Args& a) {
            const auto& set = a.self<ImageSet>();
            return push(L, set.subset(indices_of(a, "indices", set)));
          }});
  ms.add({.name = "ms.ImageSet:per_class",
          .documentation = "Draws as many images of each class, class after class.",
          .parameters = {{"count", "integer", "Of each class."},
                         {"random", "ms.Generator", "Where the choice comes from."}},
          .returns = "ms.ImageSet",
          .example = "local set = ms.data.images(\"digits\", { train = 100, test = 1 }).train\n"
                     "print(set:per_class(2, ms.random(1)))",
          .body = [](lua_State* L, Args& a) {
            const auto& set = a.self<ImageSet>();
            const auto count = static_cast<std::int64_t>(a.size("count", 1));
            return push(L, set.subset(data::draw_per_class(set, count, a.object<Generator>("random"))));
          }});
  ms.add({.name = "ms.ImageSet:hold_out",
          .documentation = "Splits off images drawn at random, to choose and to stop by.",
          .parameters = {{"count", "integer", "How many."},
                         {"random", "ms.Generator", "Where the choice comes from."}},
          .returns = "ms.ImageSet, ms.ImageSet: the others, and those held out",
          .example = "local set = ms.data.images(\"digits\", { train = 100, test = 1 })\n"
                     "local train, held = set.train:hold_out(20, ms.random(1))\n"
                     "print(#train, #held)",
          .body = [](lua_State* L, Args& a) {
            const auto [rest, held] =
                data::hold_out(a.self<ImageSet>(), static_cast<std::int64_t>(a.size("count", 1)),
                               a.object<Generator>("random"));
            push(L, rest);
            push(L, held);
            return 2;
          }});
}

int push_next(lua_State* L, ImageBatches& batches) {
  if (std::exchange(batches.ended, false)) {
    lua_pushnil(L);
    return 1;
  }
  const std::int64_t k = batches.next++;
  batches.ended = batches.next % batches.order.per_epoch() == 0;
  return push_batch(L, batches.set, batches.order.at(k), batches.dtype);
}

void add_walks(Module& ms) {
  ms.add(
      {.name = "ms.ImageSet:batches",
       .documentation =
           "Walks through the set in batches.\n\nA loop `for x, y in set:batches { ... } do` takes one "
           "epoch: "
           "each image once. Looping over the same walk again takes the next epoch. With random or seed each "
           "epoch has an order of its own, without them that of the set.",
       .options = {{"batch", "integer", "Images in a batch."},
                   random_option,
                   seed_option,
                   {"drop_last", "boolean", "Leave out the images that do not fill a batch.", "false"},
                   dtype_option},
       .returns = "ms.Batches",
       .example = "local set = ms.data.images(\"digits\", { train = 100, test = 1 })\n"
                  "for x, y in set.train:batches { batch = 32, seed = 1 } do print(x:size(1)) end",
       .body = [](lua_State* L, Args& a) {
         const auto& set = a.self<ImageSet>();
         const auto last = a.boolean("drop_last") ? data::LastBatch::drop : data::LastBatch::keep;
         return push(L,
                     ImageBatches{set, data::Batches(set.size(), a.integer("batch"), generator_of(a), last),
                                  dtype_of(a, "dtype")});
       }});
  ms.add({.name = "ms.Batches:__call",
          .documentation = "Gives the next batch, or nil at the end of an epoch.",
          .parameters = {{"batches", "ms.Batches", "The walk."},
                         {"...", "any", "Ignored: what `for` hands back."}},
          .returns = "ms.Tensor, ms.Tensor: images and classes",
          .body = [](lua_State* L, Args& a) { return push_next(L, a.object<ImageBatches>("batches")); }});
  ms.add({.name = "ms.Batches:at",
          .documentation = "Gives batch number k of the endless walk through epoch after epoch.\n\nIt "
                           "depends on the seed and "
                           "on k only, so that a run goes on where it was stopped.",
          .parameters = {{"k", "integer", "From 1."}},
          .returns = "ms.Tensor, ms.Tensor: images and classes",
          .example = "local walk = ms.data.images(\"digits\", { train = 100, test = 1 }).train:batches { "
                     "batch = 32, seed = 1 }\n"
                     "local x, y = walk:at(5)\n"
                     "print(x:size(1), y:size())",
          .body = [](lua_State* L, Args& a) {
            auto& batches = a.self<ImageBatches>();
            const auto k = static_cast<std::int64_t>(a.size("k", 1)) - 1;
            return push_batch(L, batches.set, batches.order.at(k), batches.dtype);
          }});
  ms.add({.name = "ms.Batches:epoch",
          .documentation = "Gives the walk that begins with this epoch.",
          .parameters = {{"epoch", "integer", "From 1."}},
          .returns = "ms.Batches",
          .example = "local walk = ms.data.images(\"digits\", { train = 100, test = 1 }).train:batches { "
                     "batch = 32, seed = 1 }\n"
                     "for x in walk:epoch(2) do print(x:size(1)) end",
          .body = [](lua_State* L, Args& a) {
            ImageBatches batches = a.self<ImageBatches>();
            const std::int64_t most = std::numeric_limits<std::int64_t>::max() / batches.order.per_epoch();
            const auto epoch = static_cast<std::int64_t>(a.size("epoch", 1));
            if (epoch > most) a.fail("epoch", "expected at most {}, got {}", most, epoch);
            batches.next = (epoch - 1) * batches.order.per_epoch();
            batches.ended = false;
            return push(L, std::move(batches));
          }});
  ms.add({.name = "ms.Batches:count",
          .documentation = "Counts the batches of an epoch.",
          .returns = "integer",
          .example = "local walk = ms.data.images(\"digits\", { train = 100, test = 1 }).train:batches { "
                     "batch = 32, seed = 1 }\n"
                     "print(walk:count())",
          .body = [](lua_State* L, Args& a) { return push(L, a.self<ImageBatches>().order.per_epoch()); }});
  ms.add({.name = "ms.Batches:__tostring",
          .documentation = "Describes the walk.",
          .parameters = {{"batches", "ms.Batches", "The walk."}, {"...", "any", "Ignored."}},
          .body = [](lua_State* L, Args& a) {
            const auto& batches = a.object<ImageBatches>("batches");
            return push(L, fmt::format("{} batches of {} from {}", batches.order.per_epoch(),
                                       batches.order.batch_size(), set_text(batches.set)));
          }});
}

}  // namespace

void open_data(Module& ms) {
  ms.add_class<ImageSet>();
  ms.add_class<ImageBatches>();
  add_sources(ms);
  add_facts(ms);
  add_batches_of(ms);
  add_parts(ms);
  add_walks(ms);
}

}  // namespace moonstill::lua
