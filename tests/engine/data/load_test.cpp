#include "engine/data/load.hpp"

#include <zlib.h>

#include <fstream>
#include <string>

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace moonstill;
using moonstill::test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& bytes) {
  if (path.extension() != ".gz") {
    std::ofstream(path, std::ios::binary) << bytes;
    return;
  }
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

std::string idx(const std::vector<int>& sizes, const std::string& elements) {
  std::string bytes("\0\0\x08", 3);
  bytes += static_cast<char>(sizes.size());
  for (const int size : sizes) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift & 0xff);
  }
  return bytes + elements;
}

// Three training images of 2 x 2 pixels and one test image.
void write_mnist(const fs::path& folder, const std::string& join, const std::string& suffix) {
  write(folder / fmt::format("train-images{}idx3-ubyte{}", join, suffix), idx({3, 2, 2}, "abcdefghijkl"));
  write(folder / fmt::format("train-labels{}idx1-ubyte{}", join, suffix),
        idx({3}, std::string("\x07\x00\x09", 3)));
  write(folder / fmt::format("t10k-images{}idx3-ubyte{}", join, suffix), idx({1, 2, 2}, "mnop"));
  write(folder / fmt::format("t10k-labels{}idx1-ubyte{}", join, suffix), idx({1}, "\x01"));
}

std::string cifar_record(char label, char pixel) { return std::string(1, label) + std::string(3072, pixel); }

void write_cifar(const fs::path& folder) {
  fs::create_directories(folder);
  for (int i = 1; i <= 5; ++i) {
    const auto label = static_cast<char>(i);
    write(folder / ("data_batch_" + std::to_string(i) + ".bin"),
          cifar_record(label, '\x40') + cifar_record(0, label));
  }
  write(folder / "test_batch.bin", cifar_record(9, '\x10'));
}

std::string reason(const fs::path& folder) {
  try {
    (void)data::load_images(folder);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("MNIST's four files are found under each of their names, plain and packed") {
  for (const std::string join : {"-", "."}) {
    for (const std::string suffix : {"", ".gz"}) {
      const TemporaryFolder folder;
      write_mnist(folder.path(), join, suffix);
      const auto [train, test] = data::load_images(folder.path());
      CHECK(train.size() == 3);
      CHECK(test.size() == 1);
      CHECK(train.classes() == 10);
      CHECK(train.image_shape() == Shape{1, 2, 2});
      CHECK(train.label(0) == 7);
      CHECK(train.label(2) == 9);
      CHECK(train.pixels(1)[3] == 'h');
      CHECK(test.pixels(0)[0] == 'm');
      CHECK(test.normalization().mean == train.normalization().mean);
      CHECK(train.name() == folder.path().filename());
    }
  }
}

TEST_CASE("CIFAR-10's batches are read in order, in a folder or in its cifar-10-batches-bin") {
  const TemporaryFolder folder;
  write_cifar(folder / "plain");
  write_cifar(folder / "above/cifar-10-batches-bin");
  for (const auto& path : {folder / "plain", folder / "above"}) {
    const auto [train, test] = data::load_images(path);
    CHECK(train.size() == 10);
    CHECK(train.image_shape() == Shape{3, 32, 32});
    CHECK(train.label(2) == 2);
    CHECK(train.pixels(3)[3071] == 2);
    CHECK(test.label(0) == 9);
  }
}

TEST_CASE("sets with the mean of MNIST get its published constants") {
  // 0.1307 * 255 = 33.3
  const data::ImageSet set("x", Tensor::from(std::vector<double>{33, 33, 34, 33}, {4, 1, 1, 1}, DType::u8),
                           Tensor::zeros({4}, DType::i32), 10);
  const auto [train, test] = data::described_alike("folder", set, set);
  CHECK(train.name() == "mnist");
  CHECK(test.normalization().mean == std::vector{0.1307});
  CHECK(test.normalization().deviation == std::vector{0.3081});
}

TEST_CASE("what is wrong with a folder of images is said with its path and numbers") {
  const TemporaryFolder folder;
  const std::string here = folder.path().string();
  CHECK(reason(folder / "none") == fmt::format("no folder '{}/none' with images", here));
  CHECK(reason(folder.path()) ==
        fmt::format("'{}' holds no images that are known: neither MNIST's train-images-idx3-ubyte (plain or "
                    ".gz) nor CIFAR-10's data_batch_1.bin nor a folder of PNG or JPEG images for each class",
                    here));
  const auto images = folder / "train-images-idx3-ubyte";
  const auto labels = folder / "train-labels-idx1-ubyte";

  write(images, idx({3, 2, 2}, "abcdefghijkl"));
  CHECK(reason(folder.path()) == fmt::format("'{}' lacks train-labels-idx1-ubyte (plain or .gz)", here));
  CHECK(reason(images) == fmt::format("'{}' is not a folder with images", images.string()));
  write_mnist(folder.path(), "-", "");

  SECTION("truncated") {
    write(images, idx({3, 2, 2}, "abcdefghij"));
    CHECK(reason(folder.path()) ==
          fmt::format("'{}' is truncated: sizes [3, 2, 2] need 12 bytes, got 10", images.string()));
  }
  SECTION("empty") {
    write(images, "");
    CHECK(reason(folder.path()) == fmt::format("'{}' is truncated: 0 bytes", images.string()));
  }
  SECTION("bytes left over") {
    write(labels, idx({3}, "\1\1\1\1"));
    CHECK(reason(folder.path()) ==
          fmt::format("'{}' has bytes left over: sizes [3] need 3 bytes, got 4", labels.string()));
  }
  SECTION("another magic number") {
    write(images, "<!DOCTYPE html>");
    CHECK(reason(folder.path()) ==
          fmt::format(
              "'{}': wrong magic number: expected 0x00000801 (labels) or 0x00000803 (images), got 0x3c21444f",
              images.string()));
  }
  SECTION("labels where images should be") {
    write(images, idx({3}, "\1\1\1"));
    CHECK(reason(folder.path()) ==
          fmt::format("'{}': wrong magic number: expected 0x00000803, got 0x00000801", images.string()));
  }
  SECTION("labels out of range") {
    write(labels, idx({3}, "\x01\x0a\x01"));
    CHECK(reason(folder.path()) == labels.string() + ": label 10 of image 2 is outside 0..9");
  }
  SECTION("counts that differ") {
    write(labels, idx({2}, "\1\1"));
    CHECK(reason(folder.path()) == labels.string() + ": 3 images, but 2 labels");
  }
  SECTION("sizes beyond everything") {
    write(images, idx({0x7fffffff, 0x7fffffff, 0x7fffffff}, "a"));
    CHECK_THROWS_AS(data::load_images(folder.path()), Error);
  }
}

TEST_CASE("a truncated .gz file is refused") {
  const TemporaryFolder folder;
  write_mnist(folder.path(), "-", ".gz");
  const auto path = folder / "train-images-idx3-ubyte.gz";
  fs::resize_file(path, fs::file_size(path) - 9);
  CHECK_THROWS_WITH(data::load_images(folder.path()),
                    Catch::Matchers::StartsWith(fmt::format("cannot read '{}': ", path.string())));
}

TEST_CASE("a truncated or missing CIFAR-10 batch is refused") {
  const TemporaryFolder folder;
  write_cifar(folder.path());
  const auto path = folder / "data_batch_3.bin";
  fs::resize_file(path, 6000);
  CHECK(reason(folder.path()) ==
        fmt::format("'{}' is truncated: expected a multiple of 3073 bytes, got 6000", path.string()));
  fs::remove(path);
  CHECK(reason(folder.path()) == fmt::format("cannot read '{}': No such file or directory", path.string()));
}
