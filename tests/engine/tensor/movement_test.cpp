#include "engine/tensor/movement.hpp"

#include <algorithm>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill {
namespace {

using test::random_tensor;
using test::values;

constexpr DType all_types[] = {DType::f32, DType::f64, DType::i32, DType::u8};

Tensor counting(const Shape& shape, DType dtype) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < shape.count(); ++i) numbers.push_back(static_cast<double>(i % 251));
  return Tensor::from(numbers, shape, dtype);
}

Tensor indices(const std::vector<double>& numbers) {
  return Tensor::from(numbers, {static_cast<std::int64_t>(numbers.size())}, DType::i32);
}

std::vector<Tensor> layouts(const Tensor& x) { return {x, x.as_tiled()}; }

// Row-major index of the element before `axis`, and behind it.
struct Around {
  std::int64_t outer = 1, inner = 1;
  Around(const Shape& shape, std::size_t axis) {
    for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
    for (std::size_t i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

// The elements of x at rows `rows` along an axis; a negative row is zeros.
std::vector<double> rows_of(const Tensor& x, std::size_t axis, const std::vector<std::int64_t>& rows) {
  const Around a(x.shape(), axis);
  std::vector<double> out;
  for (std::int64_t o = 0; o < a.outer; ++o) {
    for (const std::int64_t row : rows) {
      for (std::int64_t i = 0; i < a.inner; ++i) {
        out.push_back(row < 0 ? 0.0 : x.at((o * x.size(axis) + row) * a.inner + i));
      }
    }
  }
  return out;
}

TEST_CASE("slice, pad, take and concat move rows along any axis", "[tensor][movement]") {
  for (const std::int64_t n : {3, 16, 17, 40}) {
    for (const DType dtype : all_types) {
      const Tensor x = counting({n, 4, 5}, dtype);
      for (std::size_t axis = 0; axis < 3; ++axis) {
        for (const Tensor& operand : layouts(x)) {
          INFO(n << " " << dtype_name(dtype) << " axis " << axis << " tiled " << operand.tiled());
          const bool tiled = operand.tiled() && axis != 0;
          const Tensor part = slice(operand, axis, 1, 2);
          CHECK(part.tiled() == tiled);
          CHECK(values(part) == rows_of(x, axis, {1, 2}));

          std::vector<std::int64_t> padded(static_cast<std::size_t>(x.size(axis)) + 3, -1);
          for (std::int64_t i = 0; i < x.size(axis); ++i) padded[static_cast<std::size_t>(i) + 2] = i;
          const Tensor wide = pad(operand, axis, 2, x.size(axis) + 3);
          CHECK(wide.tiled() == tiled);
          CHECK(values(wide) == rows_of(x, axis, padded));

          const Tensor taken = take(operand, axis, indices({2, 0, 2, 1}));
          CHECK(taken.tiled() == tiled);
          CHECK(values(taken) == rows_of(x, axis, {2, 0, 2, 1}));

          const std::vector<Tensor> parts{slice(operand, axis, 0, 1), slice(x, axis, 1, 0),
                                          slice(x, axis, 1, x.size(axis) - 1)};
          const Tensor joined = concat(parts, axis);
          CHECK(joined.tiled() == tiled);
          CHECK(values(joined) == values(x));
        }
      }
    }
  }
}

TEST_CASE("put adds rows, also at equal indices", "[tensor][movement]") {
  for (const std::int64_t n : {3, 17}) {
    const Tensor x = counting({n, 3, 3}, DType::f64);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      std::vector<double> places;
      for (std::int64_t i = 0; i < x.size(axis); ++i) places.push_back(static_cast<double>((i * 2) % 4));
      const Around a(x.shape(), axis);
      std::vector<double> expected(static_cast<std::size_t>(x.count() / x.size(axis) * 5));
      for (std::int64_t i = 0; i < x.count(); ++i) {
        const std::int64_t row = i / a.inner % x.size(axis);
        const std::int64_t o = i / a.inner / x.size(axis);
        const auto place = static_cast<std::int64_t>(places[static_cast<std::size_t>(row)]);
        expected[static_cast<std::size_t>((o * 5 + place) * a.inner + i % a.inner)] += x.at(i);
      }
      for (const Tensor& operand : layouts(x)) {
        const Tensor out = put(operand, axis, indices(places), 5);
        CHECK(out.shape() == x.shape().with(axis, 5));
        CHECK(values(out) == expected);
      }
    }
  }
}

TEST_CASE("permute reorders axes", "[tensor][movement]") {
  const Tensor x = counting({17, 3, 4}, DType::f32);
  std::vector<std::size_t> order{0, 1, 2};
  do {
    std::vector<double> expected;
    const Shape out{x.size(order[0]), x.size(order[1]), x.size(order[2])};
    for (std::int64_t i = 0; i < out.count(); ++i) {
      std::int64_t index[3];
      index[order[0]] = i / (out[1] * out[2]);
      index[order[1]] = i / out[2] % out[1];
      index[order[2]] = i % out[2];
      expected.push_back(x.at((index[0] * 3 + index[1]) * 4 + index[2]));
    }
    for (const Tensor& operand : layouts(x)) {
      const Tensor moved = permute(operand, order);
      CHECK(moved.shape() == out);
      CHECK(values(moved) == expected);
    }
  } while (std::ranges::next_permutation(order).found);
  CHECK(permute(Tensor::scalar(2.0, DType::f32), {}).at(0) == 2.0);
}

TEST_CASE("flatten joins and unflatten takes apart", "[tensor][movement]") {
  const std::vector<Tensor> parts{random_tensor({17, 3}, DType::f32, 1), Tensor::scalar(2.0, DType::f32),
                                  random_tensor({5, 2, 2}, DType::f32, 2).as_tiled(),
                                  Tensor::zeros({0}, DType::f32)};
  const Tensor flat = flatten(parts);
  CHECK(flat.shape() == Shape{17 * 3 + 1 + 20});
  std::vector<Shape> shapes;
  for (const Tensor& part : parts) shapes.push_back(part.shape());
  const std::vector<Tensor> back = unflatten(flat, shapes);
  REQUIRE(back.size() == parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    CHECK(back[i].shape() == parts[i].shape());
    CHECK(values(back[i]) == values(parts[i]));
  }
}

}  // namespace
}  // namespace moonstill
