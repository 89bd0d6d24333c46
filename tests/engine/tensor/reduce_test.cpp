#include "engine/tensor/reduce.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"
#include "tests/support/threads.hpp"

namespace moonstill {
namespace {

using test::random_tensor;
using test::relative_error;
using test::values;

std::vector<Tensor> layouts(const Tensor& x) {
  return x.rank() > 0 ? std::vector{x, x.as_tiled()} : std::vector{x};
}

bool contains(AxisSet axes, std::size_t axis) { return (axes >> axis & 1) != 0; }

// The lists of elements that each element of the result is made of, in row-major order.
std::vector<std::vector<double>> groups(const Tensor& x, AxisSet axes) {
  std::map<std::vector<std::int64_t>, std::vector<double>> lists;
  for (std::int64_t i = 0; i < x.count(); ++i) {
    std::vector<std::int64_t> key(x.rank());
    std::int64_t rest = i;
    for (std::size_t axis = x.rank(); axis-- > 0;) {
      key[axis] = contains(axes, axis) ? 0 : rest % x.size(axis);
      rest /= x.size(axis);
    }
    lists[key].push_back(x.at(i));
  }
  std::vector<std::vector<double>> out;
  for (auto& [key, list] : lists) out.push_back(std::move(list));
  return out;
}

TEST_CASE("reductions over every set of axes", "[tensor][reduce]") {
  for (const std::int64_t n : {1, 3, 16, 17, 40}) {
    for (const Shape& shape : {Shape{n}, Shape{n, 5}, Shape{n, 3, 20}, Shape{n, 2, 3, 4}}) {
      for (const DType dtype : {DType::f32, DType::f64}) {
        const Tensor x = random_tensor(shape, dtype, 1);
        for (AxisSet axes = 0; axes < AxisSet{1} << shape.rank(); ++axes) {
          std::vector<double> sums, largest, least;
          for (const auto& list : groups(x, axes)) {
            double sum = 0;
            for (const double v : list) sum += v;
            sums.push_back(sum);
            largest.push_back(*std::ranges::max_element(list));
            least.push_back(*std::ranges::min_element(list));
          }
          for (const Tensor& operand : layouts(x)) {
            for (const bool keep : {false, true}) {
              INFO(shape.text() << " axes " << axes << " tiled " << operand.tiled());
              const Tensor sum = reduce(Reduction::sum, operand, axes, keep);
              CHECK(sum.tiled() == (operand.tiled() && !contains(axes, 0)));
              CHECK(relative_error(values(sum), sums) < test::tolerance(dtype));
              std::vector<std::int64_t> sizes;
              for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
                if (!contains(axes, axis)) sizes.push_back(shape[axis]);
                if (contains(axes, axis) && keep) sizes.push_back(1);
              }
              CHECK(sum.shape() == Shape(sizes));
              CHECK(values(reduce(Reduction::max, operand, axes, keep)) == largest);
              CHECK(values(reduce(Reduction::min, operand, axes, keep)) == least);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("long f32 sums keep their digits", "[tensor][reduce]") {
  constexpr std::int64_t count = 3000001;
  const Tensor x = Tensor::full({count}, 0.1, DType::f32);
  const double expected = static_cast<double>(0.1F) * count;
  CHECK(reduce(Reduction::sum, x, 1, false).at(0) == test::Approx(expected).epsilon(1e-7));
  CHECK(reduce(Reduction::sum, x.as_tiled(), 1, false).at(0) == test::Approx(expected).epsilon(1e-7));
}

TEST_CASE("reductions give the same bytes with any number of threads", "[tensor][reduce]") {
  const Tensor x = random_tensor({300, 6, 400}, DType::f32, 1);
  const auto all = [&] {
    std::vector<Tensor> out;
    for (AxisSet axes = 1; axes < 8; ++axes) {
      out.push_back(reduce(Reduction::sum, x, axes, true));
      out.push_back(reduce(Reduction::sum, x.as_tiled(), axes, true));
    }
    return out;
  };
  std::vector<Tensor> alone;
  {
    const test::WithThreads guard(1);
    alone = all();
  }
  for (const unsigned threads : {2, 3}) {
    const test::WithThreads guard(threads);
    const std::vector<Tensor> shared = all();
    for (std::size_t i = 0; i < alone.size(); ++i) CHECK(test::identical(alone[i], shared[i]));
  }
}

TEST_CASE("reductions of nothing and of NaN", "[tensor][reduce]") {
  for (const Layout layout : {Layout::row_major, Layout::tiled}) {
    const Tensor none = Tensor::zeros({0, 3}, DType::f32, layout);
    CHECK(values(reduce(Reduction::sum, none, 1, false)) == std::vector<double>(3));
    CHECK_THROWS_AS(reduce(Reduction::max, none, 1, false), Error);
    CHECK(reduce(Reduction::max, none, 2, false).shape() == Shape{0});
    CHECK_THROWS_AS(argmax(none, 0), Error);
    std::vector<double> numbers(60, 1.0);
    numbers[31] = std::numeric_limits<double>::quiet_NaN();
    const Tensor bad = Tensor::from(numbers, {20, 3}, DType::f64).with_layout(layout);
    for (const Reduction op : {Reduction::sum, Reduction::max, Reduction::min}) {
      CHECK(std::isnan(reduce(op, bad, 1, false).at(1)));
      CHECK(reduce(op, bad, 2, false).at(0) == (op == Reduction::sum ? 3.0 : 1.0));
      CHECK(std::isnan(reduce(op, bad, 2, false).at(10)));
    }
  }
}

TEST_CASE("argmax along each axis, the first on ties", "[tensor][reduce]") {
  for (const std::int64_t n : {1, 3, 16, 17, 40}) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor x = random_tensor({n, 4, 5}, dtype, 1);
      for (std::size_t axis = 0; axis < 3; ++axis) {
        std::vector<double> expected;
        for (const auto& list : groups(x, AxisSet{1} << axis)) {
          expected.push_back(static_cast<double>(std::ranges::max_element(list) - list.begin()));
        }
        for (const Tensor& operand : layouts(x)) {
          const Tensor out = argmax(operand, axis);
          CHECK(out.dtype() == DType::i32);
          CHECK(out.tiled() == (operand.tiled() && axis != 0));
          CHECK(values(out) == expected);
        }
      }
    }
  }
  CHECK(values(argmax(Tensor::full({3, 4}, 2.0, DType::f32), 1)) == std::vector<double>(3));
}

TEST_CASE("broadcast_to repeats, and sum_to is its adjoint", "[tensor][reduce]") {
  for (const std::int64_t n : {1, 3, 16, 17, 40}) {
    const Shape shape{n, 3, 4};
    for (const Shape& small :
         {Shape{}, Shape{4}, Shape{3, 1}, Shape{1, 3, 4}, Shape{n, 1, 4}, Shape{n, 1, 1}, shape}) {
      const Tensor x = random_tensor(small, DType::f64, 1);
      const Tensor y = random_tensor(shape, DType::f64, 2);
      std::vector<double> summed(static_cast<std::size_t>(small.count()));
      std::vector<double> repeated;
      for (std::int64_t i = 0; i < shape.count(); ++i) {
        std::int64_t rest = i;
        std::int64_t source = 0;
        std::int64_t run = 1;
        for (std::size_t k = 0; k < small.rank(); ++k) {
          const std::int64_t size = small[small.rank() - 1 - k];
          if (size != 1) source += rest % shape[2 - k] * run;
          run *= size;
          rest /= shape[2 - k];
        }
        repeated.push_back(x.at(source));
        summed[static_cast<std::size_t>(source)] += y.at(i);
      }
      for (const Tensor& operand : layouts(x)) {
        for (const Layout layout : {Layout::row_major, Layout::tiled}) {
          INFO(small.text() << " " << operand.tiled());
          const Tensor out = broadcast_to(operand, shape, layout);
          CHECK(out.layout() == layout);
          CHECK(values(out) == repeated);
        }
      }
      for (const Tensor& operand : layouts(y)) {
        const Tensor out = sum_to(operand, small);
        CHECK(out.shape() == small);
        CHECK(relative_error(values(out), summed) < 1e-13);
      }
    }
  }
  CHECK(broadcast_to(Tensor::scalar(3, DType::i32), {5}, Layout::tiled).at(4) == 3.0);
}

}  // namespace
}  // namespace moonstill
