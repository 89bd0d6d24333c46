#include "engine/tensor/pooling.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/tensor/smooth_pooling.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"
#include "tests/support/threads.hpp"

namespace moonstill {
namespace {

using test::Approx;
using test::random_tensor;
using test::relative_error;
using test::values;

struct Case {
  Shape image;
  PoolGeometry g;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t n : {1, 3, 6, 11, 16, 17, 40}) all.push_back({{n, 3, 6, 4}, {2, 2}});
  all.push_back({{17, 2, 7, 5}, {2, 2}});
  for (const std::int64_t n : {2, 5, 13, 17}) all.push_back({{n, 2, 7, 8}, {3, 2}});
  all.push_back({{3, 2, 9, 5}, {2, 3}});
  all.push_back({{3, 1, 4, 4}, {4, 1}});
  return all;
}

Shape output_shape(const Case& c) {
  return {c.image[0], c.image[1], (c.image[2] - c.g.window) / c.g.stride + 1,
          (c.image[3] - c.g.window) / c.g.stride + 1};
}

// Row-major indices of each window's elements, window after window.
std::vector<std::vector<std::size_t>> windows(const Case& c) {
  const Shape out = output_shape(c);
  std::vector<std::vector<std::size_t>> all;
  for (std::int64_t i = 0; i < out.count(); ++i) {
    const std::int64_t first = i / (out[2] * out[3]) * c.image[2] * c.image[3] +
                               i / out[3] % out[2] * c.g.stride * c.image[3] + i % out[3] * c.g.stride;
    std::vector<std::size_t> window;
    for (std::int64_t p = 0; p < c.g.window * c.g.window; ++p) {
      window.push_back(static_cast<std::size_t>(first + p / c.g.window * c.image[3] + p % c.g.window));
    }
    all.push_back(window);
  }
  return all;
}

struct Expected {
  std::vector<double> places, taken, put, sum, spread;
};

Expected reference(const Case& c, const std::vector<double>& x, const std::vector<double>& y) {
  Expected e;
  e.put.resize(x.size());
  e.spread.resize(x.size());
  std::size_t result = 0;
  for (const auto& window : windows(c)) {
    std::size_t best = 0;
    double sum = 0;
    for (std::size_t p = 0; p < window.size(); ++p) {
      if (x[window[p]] > x[window[best]]) best = p;
      sum += x[window[p]];
      e.spread[window[p]] += y[result];
    }
    e.places.push_back(static_cast<double>(best));
    e.taken.push_back(x[window[best]]);
    e.sum.push_back(sum);
    e.put[window[best]] += y[result];
    ++result;
  }
  return e;
}

TEST_CASE("pooling agrees with plain loops", "[tensor][pooling]") {
  for (const Case& c : cases()) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      INFO(c.image.text() << " window " << c.g.window << " stride " << c.g.stride);
      const Tensor x = random_tensor(c.image, dtype, 1);
      const Tensor y = random_tensor(output_shape(c), dtype, 2);
      const Expected e = reference(c, values(x), values(y));
      for (const bool tiled : {false, true}) {
        const Tensor image = tiled ? x.as_tiled() : x;
        const Tensor result = tiled ? y.as_tiled() : y;
        const auto [largest, places] = window_max(image, c.g);
        CHECK(values(largest) == e.taken);
        CHECK(places.dtype() == DType::u8);
        CHECK(places.tiled());
        CHECK(values(places) == e.places);
        const Selection chosen{c.g, tiled ? places.as_tiled() : places.row_major()};
        CHECK(values(window_take(image, chosen)) == e.taken);
        const double tolerance = test::tolerance(dtype);
        CHECK(relative_error(values(window_put(result, chosen, c.image)), e.put) < tolerance);
        CHECK(relative_error(values(window_sum(image, c.g)), e.sum) < tolerance);
        CHECK(relative_error(values(window_spread(result, c.g, c.image)), e.spread) < tolerance);
      }
    }
  }
}

TEST_CASE("the first of equal elements is chosen", "[tensor][pooling]") {
  const Tensor x = Tensor::full({2, 1, 4, 4}, 1.5, DType::f32);
  CHECK(values(window_max(x, {}).places) == std::vector<double>(8));
}

TEST_CASE("a window that holds NaN gives NaN, wherever it is", "[tensor][pooling]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (std::size_t p = 0; p < 4; ++p) {
      std::vector<double> numbers{4, -1, 2, 3};
      numbers[p] = nan;
      const auto [largest, places] = window_max(Tensor::from(numbers, {1, 1, 2, 2}, dtype), {});
      CHECK(std::isnan(values(largest)[0]));
      CHECK(values(places)[0] == static_cast<double>(p));
    }
    const auto all = window_max(Tensor::full({1, 1, 2, 2}, nan, dtype), {});
    CHECK(values(all.places)[0] == 0);
  }
}

double dot(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = values(a), y = values(b);
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

TEST_CASE("smooth pooling agrees with plain loops; its derivatives are adjoint and symmetric",
          "[tensor][pooling]") {
  const double sharpness = 3;
  for (const Case& c : cases()) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      INFO(c.image.text() << " window " << c.g.window << " stride " << c.g.stride);
      const Tensor x = random_tensor(c.image, dtype, 1), y = random_tensor(output_shape(c), dtype, 2);
      const Tensor t = random_tensor(c.image, dtype, 3), u = random_tensor(c.image, dtype, 4);
      const std::vector<double> from = values(x), tangent = values(t);
      std::vector<double> means, changes;
      for (const auto& window : windows(c)) {
        double total = 0, mean = 0, change = 0;
        for (const std::size_t p : window) total += std::exp(sharpness * from[p]);
        for (const std::size_t p : window) mean += std::exp(sharpness * from[p]) / total * from[p];
        for (const std::size_t p : window) {
          change += std::exp(sharpness * from[p]) / total * (1 + sharpness * (from[p] - mean)) * tangent[p];
        }
        means.push_back(mean);
        changes.push_back(change);
      }
      const auto [smooth, s] = smooth_max(x.as_tiled(), {c.g, sharpness});
      const double tolerance = test::tolerance(dtype);
      CHECK(relative_error(values(smooth), means) < tolerance);
      CHECK(relative_error(values(smooth_max_change(t.as_tiled(), s)), changes) < tolerance);
      const Tensor spread = smooth_max_spread(y.as_tiled(), s, c.image);
      CHECK(dot(y, smooth_max_change(t, s)) == Approx(dot(spread, t)).epsilon(10 * tolerance));
      CHECK(dot(u, smooth_max_bend(y, t.as_tiled(), s)) ==
            Approx(dot(t, smooth_max_bend(y, u, s))).epsilon(10 * tolerance));
    }
  }
}

TEST_CASE("pooling gives the same bytes with any number of threads", "[tensor][pooling]") {
  const Case c{{70, 6, 20, 20}, {3, 2}};
  const Tensor x = random_tensor(c.image, DType::f32, 1).as_tiled();
  const Tensor y = random_tensor(output_shape(c), DType::f32, 2).as_tiled();
  const auto all = [&] {
    const auto [largest, places] = window_max(x, c.g);
    const Selection chosen{c.g, places};
    const SmoothMax smooth = smooth_max(x, {c.g, 4});
    return std::vector{largest,
                       places,
                       window_take(x, chosen),
                       window_put(y, chosen, c.image),
                       window_sum(x, c.g),
                       window_spread(y, c.g, c.image),
                       smooth.values,
                       smooth_max_change(x, smooth.windows),
                       smooth_max_spread(y, smooth.windows, c.image),
                       smooth_max_bend(y, x, smooth.windows)};
  };
  std::vector<Tensor> alone;
  {
    const test::WithThreads guard(1);
    alone = all();
  }
  const test::WithThreads guard(2);
  const std::vector<Tensor> shared = all();
  for (std::size_t i = 0; i < alone.size(); ++i) CHECK(test::identical(alone[i], shared[i]));
}

}  // namespace
}  // namespace moonstill
