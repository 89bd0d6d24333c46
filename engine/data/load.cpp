#include "engine/data/load.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/data/unpack.hpp"

namespace moonstill::data {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t mnist_classes = 10;
constexpr std::int64_t cifar_classes = 10;
constexpr std::int64_t cifar_record = 1 + 3 * 32 * 32;  // the label, then the planes R, G, B

// Sets whose normalization everybody uses, so that results compare. Recognised by the mean of their images.
struct Published {
  std::string_view name;
  Normalization normalization;
};

const std::vector<Published>& published() {
  static const std::vector<Published> sets{
      {"mnist", {{0.1307}, {0.3081}}},
      {"cifar10", {{0.4914, 0.4822, 0.4465}, {0.2023, 0.1994, 0.2010}}},
  };
  return sets;
}

bool close(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(a, b, [](double x, double y) { return std::abs(x - y) < 0.002; });
}

// The file under one of the names in which a part of MNIST is found, plain or packed.
std::optional<fs::path> find_idx(const fs::path& folder, std::string_view stem, std::string_view rank) {
  for (const std::string_view join : {"-", "."}) {
    for (const std::string_view suffix : {"", ".gz"}) {
      const fs::path path = folder / fmt::format("{}{}{}-ubyte{}", stem, join, rank, suffix);
      if (fs::exists(path)) return path;
    }
  }
  return std::nullopt;
}

// The last part of a path that ends in a separator, too.
std::string name_of(const fs::path& folder) {
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

struct IdxPart {
  std::string_view images;
  std::string_view labels;
};
constexpr IdxPart idx_train{"train-images", "train-labels"};
constexpr IdxPart idx_test{"t10k-images", "t10k-labels"};

bool has_mnist(const fs::path& folder) {
  const auto has = [&](const IdxPart& part) {
    return find_idx(folder, part.images, "idx3") || find_idx(folder, part.labels, "idx1");
  };
  return has(idx_train) || has(idx_test);
}

fs::path need_idx(const fs::path& folder, std::string_view stem, std::string_view rank) {
  if (auto path = find_idx(folder, stem, rank)) return *path;
  fail(ErrorKind::io, "'{}' lacks {}-{}-ubyte (plain or .gz)", folder.string(), stem, rank);
}

void expect_rank(const Tensor& tensor, std::size_t rank, const fs::path& path) {
  if (tensor.rank() == rank) return;
  fail(ErrorKind::io, "'{}': wrong magic number: expected {:#010x}, got {:#010x}", path.string(),
       0x800 + rank, 0x800 + tensor.rank());
}

ImageSet load_mnist_part(const fs::path& folder, const IdxPart& part) {
  const fs::path images_path = need_idx(folder, part.images, "idx3");
  const fs::path labels_path = need_idx(folder, part.labels, "idx1");
  const Tensor images = load_idx(images_path);
  const Tensor labels = load_idx(labels_path);
  expect_rank(images, 3, images_path);
  expect_rank(labels, 1, labels_path);
  return {labels_path.string(), images.reshaped(images.shape().inserted(1, 1)), labels.cast(DType::i32),
          mnist_classes};
}

bool has_cifar10(const fs::path& folder) {
  return fs::exists(folder / "data_batch_1.bin") || fs::exists(folder / "test_batch.bin");
}

ImageSet load_cifar10_files(const fs::path& folder, std::span<const std::string_view> names) {
  std::vector<std::vector<std::uint8_t>> files;
  std::int64_t count = 0;
  for (const std::string_view name : names) {
    const fs::path path = folder / name;
    files.push_back(read_unpacked(path));
    const auto bytes = static_cast<std::int64_t>(files.back().size());
    if (bytes == 0 || bytes % cifar_record != 0) {
      fail(ErrorKind::io, "'{}' is truncated: expected a multiple of {} bytes, got {}", path.string(),
           cifar_record, bytes);
    }
    count += bytes / cifar_record;
  }
  Tensor images = Tensor::empty({count, 3, 32, 32}, DType::u8);
  Tensor labels = Tensor::empty({count}, DType::i32);
  std::uint8_t* pixel = images.write<std::uint8_t>().data();
  std::int32_t* label = labels.write<std::int32_t>().data();
  for (const auto& file : files) {
    for (auto record = file.begin(); record != file.end(); record += cifar_record) {
      *label++ = *record;
      pixel = std::copy(record + 1, record + cifar_record, pixel);
    }
  }
  return {folder.string(), std::move(images), std::move(labels), cifar_classes};
}

TrainTest load_mnist(const fs::path& folder) {
  const ImageSet train = load_mnist_part(folder, idx_train);
  return described_alike(name_of(folder), train, load_mnist_part(folder, idx_test));
}

TrainTest load_cifar10(const fs::path& folder) {
  constexpr std::array<std::string_view, 5> train{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                                  "data_batch_4.bin", "data_batch_5.bin"};
  constexpr std::array<std::string_view, 1> test{"test_batch.bin"};
  const std::vector<std::string> names{"airplane", "automobile", "bird",  "cat",  "deer",
                                       "dog",      "frog",       "horse", "ship", "truck"};
  const ImageSet train_set = load_cifar10_files(folder, train).with_class_names(names);
  const ImageSet test_set = load_cifar10_files(folder, test).with_class_names(names);
  return described_alike(name_of(folder), train_set, test_set);
}

}  // namespace

TrainTest described_alike(const std::string& name, const ImageSet& train, const ImageSet& test) {
  if (train.image_shape() != test.image_shape() || train.classes() != test.classes()) {
    fail(ErrorKind::shape, "{}: training images are {} of {} classes, test images {} of {}", name,
         train.image_shape().text(), train.classes(), test.image_shape().text(), test.classes());
  }
  const Normalization& measured = train.normalization();
  for (const Published& set : published()) {
    if (!close(set.normalization.mean, measured.mean)) continue;
    return {train.described(std::string(set.name), set.normalization),
            test.described(std::string(set.name), set.normalization)};
  }
  return {train.described(name, measured), test.described(name, measured)};
}

TrainTest load_images(const fs::path& folder) {
  if (!fs::exists(folder)) fail(ErrorKind::io, "no folder '{}' with images", folder.string());
  if (!fs::is_directory(folder)) fail(ErrorKind::io, "'{}' is not a folder with images", folder.string());
  if (has_mnist(folder)) return load_mnist(folder);
  for (const fs::path& place : {folder, folder / "cifar-10-batches-bin"}) {
    if (has_cifar10(place)) return load_cifar10(place);
  }
  fail(ErrorKind::io,
       "'{}' holds no images that are known: neither MNIST's train-images-idx3-ubyte (plain or .gz) {}",
       folder.string(), "nor CIFAR-10's data_batch_1.bin nor a folder of PNG or JPEG images for each class");
}

}  // namespace moonstill::data
