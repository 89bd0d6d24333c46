#include "engine/data/digits.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "engine/core/error.hpp"
#include "engine/core/threads.hpp"
#include "tests/support/catch.hpp"

using namespace moonstill;
using data::ImageSet;

namespace {

bool equal_images(const ImageSet& a, const ImageSet& b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (a.label(i) != b.label(i) || !std::ranges::equal(a.pixels(i), b.pixels(i))) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("digits are images of all ten classes with ink on a clean page") {
  const auto [train, test] = data::make_digits(1, 500, 50);
  CHECK(train.name() == "digits");
  CHECK(train.size() == 500);
  CHECK(test.size() == 50);
  CHECK(train.image_shape() == Shape{1, 28, 28});
  CHECK(test.normalization().mean == train.normalization().mean);
  for (std::int64_t i = 0; i < train.size(); ++i) {
    CHECK(train.label(i) == i % 10);
    const auto image = train.pixels(i);
    CHECK(std::ranges::max(image) > 200);
    CHECK(std::ranges::count_if(image, [](std::uint8_t p) { return p > 128; }) > 15);
    CHECK(std::ranges::count(image, std::uint8_t{0}) > 784 / 3);
  }
}

TEST_CASE("a digit depends on the seed, its set and its number only") {
  const auto few = data::make_digits(1, 30, 30);
  CHECK(equal_images(few.train, data::make_digits(1, 60, 10).train, 30));
  CHECK_FALSE(equal_images(few.train, data::make_digits(2, 30, 30).train, 1));
  CHECK_FALSE(equal_images(few.train, few.test, 1));
}

TEST_CASE("digits are the same with one and with several threads") {
  const unsigned before = thread_count();
  set_thread_count(1);
  const auto one = data::make_digits(5, 200, 10);
  set_thread_count(3);
  const auto three = data::make_digits(5, 200, 10);
  set_thread_count(before);
  CHECK(equal_images(one.train, three.train, 200));
}

TEST_CASE("no two digits are alike") {
  const auto [train, test] = data::make_digits(1, 1000, 1000);
  std::set<std::string> seen;
  for (const ImageSet& set : {train, test}) {
    for (std::int64_t i = 0; i < set.size(); ++i) seen.emplace(set.pixels(i).begin(), set.pixels(i).end());
  }
  CHECK(seen.size() == 2000);
}

// The nearest class mean is a weak classifier: were it as good as a network, the digits would be too easy,
// and were it useless, they would not look like digits.
TEST_CASE("digits are neither trivial nor noise") {
  const auto [train, test] = data::make_digits(1, 2000, 500);
  const Tensor means = train.class_means(DType::f64);
  std::vector<std::int64_t> all(500);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const Tensor images = test.images(all, DType::f64).row_major();
  const Tensor rows = means.row_major();
  int right = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    std::array<double, 10> distance{};
    for (std::size_t c = 0; c < 10; ++c) {
      for (std::size_t f = 0; f < 784; ++f) {
        const double d = images.data<double>()[i * 784 + f] - rows.data<double>()[c * 784 + f];
        distance[c] += d * d;
      }
    }
    right +=
        std::ranges::min_element(distance) - distance.begin() == test.label(static_cast<std::int64_t>(i));
  }
  CHECK(right > 300);
  CHECK(right < 450);
}

TEST_CASE("a set of digits has at least one image") {
  CHECK_THROWS_WITH(data::make_digits(1, 0, 1), "digits: train: expected at least 1 image, got 0");
}
