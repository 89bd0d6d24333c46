#include "engine/data/image_set.hpp"

#include <cmath>
#include <numeric>

#include "engine/core/error.hpp"
#include "engine/core/random.hpp"
#include "engine/core/threads.hpp"
#include "tests/support/catch.hpp"

using namespace moonstill;
using data::ImageSet;
using data::Normalization;

namespace {

ImageSet random_set(std::int64_t count, const Shape& image, std::int64_t classes) {
  Generator random(7);
  Tensor pixels = Tensor::empty(image.inserted(0, count), DType::u8);
  for (auto& p : pixels.write<std::uint8_t>()) p = static_cast<std::uint8_t>(random.below(256));
  Tensor labels = Tensor::empty({count}, DType::i32);
  for (auto& l : labels.write<std::int32_t>())
    l = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(classes)));
  return {"random", pixels, labels, classes};
}

std::vector<std::int64_t> some_indices(std::int64_t count, std::int64_t size) {
  Generator random(8);
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  for (auto& i : indices) i = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size)));
  return indices;
}

ImageSet tiny_set() {
  const Tensor pixels = Tensor::from(std::vector<double>{0, 255, 51, 51, 102, 204}, {3, 1, 1, 2}, DType::u8);
  return {"tiny", pixels, Tensor::from(std::vector<double>{1, 0, 1}, {3}, DType::i32), 3};
}

}  // namespace

TEST_CASE("a gathered batch is that of a plain loop, for every size of image and batch") {
  for (const Shape& image : {Shape{1, 28, 28}, Shape{3, 5, 7}, Shape{2, 4, 4}, Shape{1, 1, 1}}) {
    const ImageSet set = random_set(40, image, 10);
    const Normalization& norm = set.normalization();
    const std::int64_t plane = image[1] * image[2];
    for (const std::int64_t count : {1, 15, 16, 17, 100}) {
      const auto indices = some_indices(count, set.size());
      const Tensor narrow = set.images(indices);
      const Tensor wide = set.images(indices, DType::f64);
      REQUIRE(narrow.shape() == image.inserted(0, count));
      REQUIRE(narrow.tiled());
      double worst_narrow = 0.0;
      double worst_wide = 0.0;
      for (std::int64_t i = 0; i < narrow.count(); ++i) {
        const std::int64_t feature = i % image.count();
        const auto channel = static_cast<std::size_t>(feature / plane);
        const std::uint8_t p = set.pixels(
            indices[static_cast<std::size_t>(i / image.count())])[static_cast<std::size_t>(feature)];
        const double expected = (p / 255.0 - norm.mean[channel]) / norm.deviation[channel];
        worst_narrow = std::max(worst_narrow, std::abs(narrow.at(i) - expected));
        worst_wide = std::max(worst_wide, std::abs(wide.at(i) - expected));
      }
      CHECK(worst_narrow < 1e-6);
      CHECK(worst_wide < 1e-14);
    }
  }
}

TEST_CASE("labels come as numbers and as one-hot rows") {
  const ImageSet set = random_set(40, {1, 2, 2}, 5);
  const auto indices = some_indices(37, 40);
  const Tensor labels = set.labels(indices);
  const Tensor rows = set.one_hot(indices);
  REQUIRE(rows.shape() == Shape{37, 5});
  for (std::int64_t i = 0; i < 37; ++i) {
    const std::int32_t label = set.label(indices[static_cast<std::size_t>(i)]);
    CHECK(labels.at(i) == label);
    for (std::int64_t c = 0; c < 5; ++c) CHECK(rows.at(i * 5 + c) == (c == label ? 1.0 : 0.0));
  }
}

TEST_CASE("subsets and slices share pixels and keep their order") {
  const ImageSet set = random_set(20, {1, 3, 3}, 4);
  const std::vector<std::int64_t> indices{5, 3, 3, 19};
  const ImageSet part = set.subset(indices);
  REQUIRE(part.size() == 4);
  for (std::int64_t i = 0; i < 4; ++i) {
    CHECK(part.label(i) == set.label(indices[static_cast<std::size_t>(i)]));
    CHECK(part.pixels(i).data() == set.pixels(indices[static_cast<std::size_t>(i)]).data());
  }
  const ImageSet slice = part.slice(1, 3);
  CHECK(slice.size() == 2);
  CHECK(slice.pixels(1).data() == set.pixels(3).data());
  CHECK(slice.normalization().mean == set.normalization().mean);
}

TEST_CASE("normalization is measured over all pixels of a channel") {
  const ImageSet set = tiny_set();
  CHECK(set.normalization().mean[0] == test::Approx((0 + 1 + 0.2 + 0.2 + 0.4 + 0.8) / 6));
  const double squares = (0 + 1 + 0.04 + 0.04 + 0.16 + 0.64) / 6;
  CHECK(set.normalization().deviation[0] == test::Approx(std::sqrt(squares - std::pow(2.6 / 6, 2))));
  const ImageSet flat("flat", Tensor::full({2, 1, 1, 1}, 9, DType::u8), Tensor::zeros({2}, DType::i32), 1);
  CHECK(flat.normalization().deviation[0] == 1.0);
}

TEST_CASE("class means are the mean normalised images, zero for a class without samples") {
  const ImageSet set = tiny_set().described("tiny", {{0.5}, {0.25}});
  const Tensor means = set.class_means(DType::f64);
  REQUIRE(means.shape() == Shape{3, 1, 1, 2});
  const std::vector<double> expected{
      (0.2 - 0.5) * 4, (0.2 - 0.5) * 4, (0.2 - 0.5) * 4, (0.9 - 0.5) * 4, 0, 0};
  for (std::int64_t i = 0; i < 6; ++i)
    CHECK(means.at(i) == test::Approx(expected[static_cast<std::size_t>(i)]).margin(1e-12));
}

TEST_CASE("batches do not depend on the number of threads") {
  const unsigned before = thread_count();
  const ImageSet set = random_set(300, {3, 8, 8}, 10);
  const auto indices = some_indices(1000, 300);
  set_thread_count(1);
  const Tensor one = set.images(indices);
  set_thread_count(3);
  const Tensor three = set.images(indices);
  set_thread_count(before);
  CHECK(std::ranges::equal(one.data<float>(), three.data<float>()));
}

TEST_CASE("a set checks what it is made of, and its indices") {
  const Tensor pixels = Tensor::zeros({2, 1, 2, 2}, DType::u8);
  const Tensor labels = Tensor::from(std::vector<double>{0, 3}, {2}, DType::i32);
  CHECK_THROWS_WITH(ImageSet("s", pixels, labels, 3), "s: label 3 of image 2 is outside 0..2");
  CHECK_THROWS_WITH(ImageSet("s", pixels, Tensor::zeros({3}, DType::i32), 3), "s: 2 images, but 3 labels");
  CHECK_THROWS_WITH(ImageSet("s", pixels.cast(DType::f32), labels, 4),
                    "s: expected u8 images [N, C, H, W], got f32 [2, 1, 2, 2]");
  CHECK_THROWS_WITH(ImageSet("s", pixels, Tensor::zeros({2, 1}, DType::i32), 3),
                    "s: expected i32 labels [N], got i32 [2, 1]");
  CHECK_THROWS_WITH(ImageSet("s", Tensor::zeros({0, 1, 2, 2}, DType::u8), Tensor::zeros({0}, DType::i32), 3),
                    "s: expected at least one pixel, got images [0, 1, 2, 2]");
  const ImageSet set = tiny_set();
  CHECK_THROWS_WITH(set.images(std::vector<std::int64_t>{0, 3}), "tiny: index 3 is outside 0..2");
  CHECK_THROWS_WITH(set.subset(std::vector<std::int64_t>{-1}), "tiny: index -1 is outside 0..2");
  CHECK_THROWS_WITH(set.slice(1, 4), "tiny: samples 1 to 3 are outside 0..2");
}
