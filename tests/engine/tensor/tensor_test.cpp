#include "engine/tensor/tensor.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill {
namespace {

using test::random_tensor;
using test::values;

TEST_CASE("tiles hold sixteen samples, the innermost, and the last one those that are left", "[tensor]") {
  std::vector<double> numbers(18 * 3);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i);
  const Tensor x = Tensor::from(numbers, {18, 3}, DType::f32).as_tiled();
  CHECK(x.tiles() == 2);
  CHECK(x.lanes_in(0) == 16);
  CHECK(x.lanes_in(1) == 2);
  CHECK(x.data<float>().size() == 18 * 3);
  CHECK(x.data<float>()[2 * 16 + 5] == 5 * 3 + 2);           // sample 5, feature 2
  CHECK(x.data<float>()[3 * 16 + 1 * 2 + 1] == 17 * 3 + 1);  // sample 17, feature 1
}

TEST_CASE("layouts convert there and back", "[tensor]") {
  for (const std::int64_t n : {0, 1, 3, 16, 17, 40}) {
    for (const DType dtype : {DType::f32, DType::f64, DType::i32, DType::u8}) {
      for (const Shape& shape : {Shape{n}, Shape{n, 3}, Shape{n, 2, 70}}) {
        std::vector<double> numbers(static_cast<std::size_t>(shape.count()));
        for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i % 251);
        const Tensor x = Tensor::from(numbers, shape, dtype);
        const Tensor tiled = x.as_tiled();
        CHECK(test::identical(tiled.row_major(), x));
        CHECK(values(tiled) == values(x));
        CHECK(test::identical(x.as_tiled().row_major(), x));
      }
    }
  }
}

TEST_CASE("reshaping keeps the elements", "[tensor]") {
  const Tensor x = random_tensor({17, 6}, DType::f64, 1);
  const Tensor tiled = x.as_tiled();
  CHECK(tiled.reshaped({17, 2, 3}).tiled());
  CHECK(values(tiled.reshaped({17, 2, 3})) == values(x));
  CHECK_FALSE(tiled.reshaped({34, 3}).tiled());
  CHECK(values(tiled.reshaped({34, 3})) == values(x));
}

TEST_CASE("whole types refuse what they cannot hold", "[tensor]") {
  const auto whole = [](double v, DType dtype) { return Tensor::from(std::vector{1.0, v}, {2}, dtype); };
  CHECK(values(whole(-7, DType::i32)) == std::vector{1.0, -7.0});
  CHECK_THROWS_WITH(
      whole(1.5, DType::i32),
      test::ContainsSubstring("element 2: expected a whole number in -2147483648..2147483647, got 1.5"));
  for (const double v : {-1.0, 256.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_WITH(whole(v, DType::u8),
                      test::ContainsSubstring("element 2: expected a whole number in 0..255, got "));
    CHECK_THROWS_WITH(whole(v, DType::f64).cast(DType::u8),
                      test::ContainsSubstring("element 2: expected a number in 0..255, got "));
    CHECK_THROWS_AS(Tensor::full({3}, v, DType::u8), Error);
  }
  CHECK_THROWS_AS(whole(2147483648.0, DType::i32), Error);
  CHECK_THROWS_AS(whole(300, DType::i32).cast(DType::u8), Error);
  CHECK(values(whole(-2.9, DType::f32).cast(DType::i32)) == std::vector{1.0, -2.0});
  CHECK(values(whole(3.5, DType::f64).as_tiled().cast(DType::u8)) == std::vector{1.0, 3.0});
}

TEST_CASE("copies share memory", "[tensor]") {
  const Tensor x = Tensor::full({3}, 2.0, DType::f32);
  CHECK(x.unique());
  const Tensor y = x;
  CHECK_FALSE(x.unique());
  CHECK(y.data<float>().data() == x.data<float>().data());
}

TEST_CASE("a view keeps the memory that it shows", "[tensor]") {
  Tensor x = random_tensor({10}, DType::f32, 1);
  const std::vector<double> all = values(x);
  const Tensor view = x.view(3, {2, 3});
  CHECK_FALSE(view.unique());
  x = {};
  CHECK(values(view) == std::vector<double>(all.begin() + 3, all.begin() + 9));
  CHECK(values(view.as_tiled()) == values(view));
}

TEST_CASE("shapes broadcast from the last axis", "[tensor][shape]") {
  CHECK(broadcast_shapes({2, 1, 3}, {4, 1}, "f") == Shape{2, 4, 3});
  CHECK(broadcast_shapes({}, {2}, "f") == Shape{2});
  CHECK(broadcast_shapes({0, 3}, {1, 3}, "f") == Shape{0, 3});
  CHECK_THROWS_WITH(broadcast_shapes({2, 3}, {2}, "f"), test::ContainsSubstring("[2, 3]"));
  CHECK_THROWS_AS(Shape({-1}), Error);
  CHECK_THROWS_AS(Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}), Error);
  CHECK_THROWS_AS(Shape({std::int64_t{1} << 40, std::int64_t{1} << 40}), Error);
  CHECK(Shape{2, 3}.inserted(1, 7) == Shape{2, 7, 3});
  CHECK(Shape{2, 7, 3}.without(1) == Shape{2, 3});
}

}  // namespace
}  // namespace moonstill
