#include "engine/tensor/normalise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/core/threads.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill {
namespace {

TEST_CASE("rows are divided by their norms, whatever their scale") {
  const std::vector<double> numbers{3, 4, 0, 0, 0, 0, -3e-200, 0, 4e-200, 3e200, 4e200, 0};
  const Tensor x = Tensor::from(numbers, {4, 3}, DType::f64);
  for (const Layout layout : {Layout::row_major, Layout::tiled}) {
    const NormalisedRows unit = normalise_rows(x.with_layout(layout));
    CHECK(unit.zero_rows == 1);
    CHECK(unit.rows.layout() == layout);
    const std::vector<double> rows = test::values(unit.rows);
    const std::vector<double> expected{0.6, 0.8, 0, 1, 0, 0, -0.6, 0, 0.8, 0.6, 0.8, 0};
    for (std::size_t i = 0; i < rows.size(); ++i) CHECK(std::abs(rows[i] - expected[i]) < 1e-15);
    const std::vector<double> norms = test::values(unit.norms);
    CHECK(norms[0] == 5);
    CHECK(norms[1] == std::numeric_limits<double>::infinity());
    CHECK(std::abs(norms[2] / 5e-200 - 1) < 1e-15);
    CHECK(std::abs(norms[3] / 5e200 - 1) < 1e-15);
  }
}

TEST_CASE("a long row is as good as a short one, with any number of threads") {
  constexpr std::size_t size = (1 << 15) + 7;
  std::vector<double> numbers(size);
  double square = 0;
  for (std::size_t i = 0; i < size; ++i) {
    numbers[i] = std::sin(static_cast<double>(i));
    square += numbers[i] * numbers[i];
  }
  for (const double scale : {1.0, 1e-30, 1e30}) {
    std::vector<double> scaled = numbers;
    for (double& x : scaled) x *= scale;
    const Tensor x = Tensor::from(scaled, {size}, DType::f32);
    const NormalisedRows unit = normalise_rows(x);
    const std::vector<double> rows = test::values(unit.rows);
    double worst = 0;
    for (std::size_t i = 0; i < size; ++i)
      worst = std::max(worst, std::abs(rows[i] - numbers[i] / std::sqrt(square)));
    CHECK(worst < 1e-8);
    CHECK(std::abs(test::values(unit.norms)[0] / (scale * std::sqrt(square)) - 1) < 1e-5);
    const unsigned threads = thread_count();
    set_thread_count(threads == 1 ? 2 : 1);
    CHECK(test::values(normalise_rows(x).rows) == rows);
    set_thread_count(threads);
  }
}

TEST_CASE("rows and their derivatives are the same one by one and side by side") {
  for (const std::int64_t size : {7, 4101, 40000}) {
    std::vector<double> numbers(static_cast<std::size_t>(19 * size));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::sin(static_cast<double>(i * i % 1009));
    const Tensor x = Tensor::from(numbers, {19, size}, DType::f64);
    std::ranges::reverse(numbers);
    const Tensor g = Tensor::from(numbers, {19, size}, DType::f64);
    const NormalisedRows unit = normalise_rows(x);
    CHECK(unit.rows.tiled() == (size == 7));
    const NormalisedRows tiled = normalise_rows(x.as_tiled());
    CHECK(test::relative_error(test::values(unit.rows), test::values(tiled.rows)) < 1e-14);
    CHECK(test::relative_error(test::values(unit.norms), test::values(tiled.norms)) < 1e-14);
    const Tensor across = across_rows(unit.rows.row_major(), g, unit.norms.row_major());
    const Tensor expected = across_rows(tiled.rows, g.as_tiled(), tiled.norms);
    CHECK(test::relative_error(test::values(across), test::values(expected)) < 1e-13);
  }
}

TEST_CASE("rows of nothing are no rows") {
  for (const Shape& shape : {Shape{3, 0}, Shape{0, 3}}) {
    const NormalisedRows unit = normalise_rows(Tensor::empty(shape, DType::f32));
    CHECK(unit.rows.shape() == shape);
    CHECK(unit.zero_rows == 0);
  }
}

TEST_CASE("a row with NaN stays one, and the others do not notice") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = Tensor::from(std::vector<double>{nan, 1, 3, 4}, {2, 2}, DType::f32);
  const NormalisedRows unit = normalise_rows(x.as_tiled());
  CHECK(std::isnan(unit.rows.at(1)));
  CHECK(unit.rows.at(3) == Approx(0.8));
  CHECK(unit.zero_rows == 0);
}

TEST_CASE("a zero row is counted once, wherever it lies") {
  for (const std::int64_t rows : {3, 17, 24}) {
    std::vector<double> numbers(static_cast<std::size_t>(rows * 5), 1.0);
    std::fill(numbers.end() - 5, numbers.end(), 0.0);
    const Tensor x = Tensor::from(numbers, {rows, 5}, DType::f32);
    CHECK(normalise_rows(x).zero_rows == 1);
    CHECK(normalise_rows(x.as_tiled()).zero_rows == 1);
  }
}

TEMPLATE_TEST_CASE("a row depends on no neighbour", "", float, double) {
  const DType dtype = dtype_of<TestType>();
  const std::int64_t size = 9;
  Generator random(5);
  std::vector<double> numbers(3 * size);
  random.fill_normal(numbers);
  const Tensor x = Tensor::from(numbers, {3, size}, dtype);
  const std::vector<double> expected = test::values(normalise_rows(x.as_tiled()).rows);
  const double largest = std::numeric_limits<TestType>::max();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double odd : {0.0, 1.0, nan, double{INFINITY}, largest, 1 / largest, 1e-30, 1e30}) {
    Tensor tiled = x.as_tiled();
    const auto of_tile = tiled.write<TestType>();
    for (std::int64_t i = 0; i < size; ++i)
      of_tile[static_cast<std::size_t>(i * 3 + 1)] = static_cast<TestType>(odd);
    const std::vector<double> rows = test::values(normalise_rows(tiled).rows);
    for (const std::size_t row : {0, 2}) {
      for (std::size_t e = row * size; e < (row + 1) * size; ++e) CHECK(rows[e] == expected[e]);
    }
  }
}

TEST_CASE("the derivative of rows at the ends of the number range is finite and not lost",
          "[tensor][normalise]") {
  for (const std::int64_t rows : {1, 16, 17}) {
    // 1 / norm would be flushed; then norms that are subnormal themselves.
    for (const auto& [size, slope] : {std::pair{1e38, 1e30}, {1e-39, 1e-6}}) {
      const Tensor x = Tensor::full({rows, 4}, size, DType::f32).as_tiled();
      const NormalisedRows unit = normalise_rows(x);
      std::vector<double> g;
      for (std::int64_t i = 0; i < rows * 4; ++i) g.push_back(i % 4 == 0 ? slope : -slope);
      const Tensor direction = Tensor::from(g, {rows, 4}, DType::f32).as_tiled();
      const double norm = std::max(2 * size, 1.17549435e-38);
      for (const double e : test::values(across_rows(unit.rows, direction, unit.norms)))
        CHECK((std::abs(e * norm / slope - 1.5) < 1e-5 || std::abs(e * norm / slope + 0.5) < 1e-5));
    }
  }
}

}  // namespace
}  // namespace moonstill
