#include "engine/tensor/convolution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"
#include "tests/support/threads.hpp"

namespace moonstill {
namespace {

using test::random_tensor;
using test::relative_error;
using test::values;

struct Case {
  Shape image;
  Shape kernel;
  ConvGeometry g;
};

Shape output_shape(const Case& c) {
  return {c.image[0], c.kernel[0], conv_output_size(c.image[2], c.kernel[2], c.g),
          conv_output_size(c.image[3], c.kernel[3], c.g)};
}

// Sizes around blocks, odd planes and kernels, strides that leave pixels over, padding wider than the kernel.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t n : {1, 3, 5, 10, 16, 17, 31, 40, 70}) {
    all.push_back({{n, 2, 7, 6}, {3, 2, 3, 3}, {1, 0}});
    all.push_back({{n, 1, 6, 9}, {5, 1, 5, 5}, {1, 2}});
  }
  for (const std::int64_t n : {4, 11, 17}) all.push_back({{n, 3, 9, 8}, {7, 3, 3, 2}, {2, 1}});
  all.push_back({{2, 1, 8, 40}, {13, 1, 5, 5}, {1, 2}});
  all.push_back({{17, 3, 10, 8}, {13, 3, 4, 3}, {3, 0}});
  all.push_back({{3, 2, 4, 4}, {2, 2, 2, 2}, {1, 3}});
  all.push_back({{3, 4, 5, 5}, {9, 4, 1, 1}, {1, 0}});
  all.push_back({{3, 2, 5, 13}, {4, 2, 2, 11}, {1, 1}});
  all.push_back({{2, 1, 5, 5}, {1, 1, 5, 5}, {1, 0}});
  return all;
}

// Calls term(index in x, in w, in y) for each product of the trilinear form.
template <class Term>
void for_each_product(const Case& c, Term&& term) {
  const Shape out = output_shape(c);
  const Shape& x = c.image;
  const Shape& w = c.kernel;
  for (std::int64_t i = 0; i < out.count() * w[1] * w[2] * w[3]; ++i) {
    const std::int64_t l = i % w[3];
    const std::int64_t k = i / w[3] % w[2];
    const std::int64_t channel = i / (w[3] * w[2]) % w[1];
    const std::int64_t place = i / (w[3] * w[2] * w[1]);
    const std::int64_t column = place % out[3];
    const std::int64_t row = place / out[3] % out[2];
    const std::int64_t o = place / (out[3] * out[2]) % out[1];
    const std::int64_t n = place / (out[3] * out[2] * out[1]);
    const std::int64_t at_row = row * c.g.stride + k - c.g.padding;
    const std::int64_t at_column = column * c.g.stride + l - c.g.padding;
    if (at_row < 0 || at_row >= x[2] || at_column < 0 || at_column >= x[3]) continue;
    term(((n * x[1] + channel) * x[2] + at_row) * x[3] + at_column,
         ((o * w[1] + channel) * w[2] + k) * w[3] + l, place);
  }
}

std::vector<double> zeros(const Shape& shape) {
  return std::vector<double>(static_cast<std::size_t>(shape.count()));
}

TEST_CASE("convolutions agree with the plain sum", "[tensor][convolution]") {
  for (const Case& c : cases()) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      INFO(c.image.text() << " " << c.kernel.text() << " stride " << c.g.stride << " padding "
                          << c.g.padding);
      const Tensor x = random_tensor(c.image, dtype, 1);
      const Tensor w = random_tensor(c.kernel, dtype, 2);
      const Tensor y = random_tensor(output_shape(c), dtype, 3);
      const auto xs = values(x);
      const auto ws = values(w);
      const auto ys = values(y);
      auto forward = zeros(y.shape());
      auto input = zeros(x.shape());
      auto weight = zeros(w.shape());
      for_each_product(c, [&](std::size_t i, std::size_t j, std::size_t k) {
        forward[k] += xs[i] * ws[j];
        input[i] += ys[k] * ws[j];
        weight[j] += xs[i] * ys[k];
      });
      const double tolerance = test::tolerance(dtype);
      for (const Tensor& image : {x, x.as_tiled()}) {
        const Tensor out = conv(image, w, c.g);
        CHECK(out.tiled());
        CHECK(out.shape() == y.shape());
        CHECK(relative_error(values(out), forward) < tolerance);
        for (const Tensor& result : {y, y.as_tiled()}) {
          const Tensor gradient = conv_weight(image, result, c.g, w.shape());
          CHECK_FALSE(gradient.tiled());
          CHECK(relative_error(values(gradient), weight) < tolerance);
        }
      }
      for (const Tensor& result : {y, y.as_tiled()}) {
        const Tensor gradient = conv_input(result, w, c.g, x.shape());
        CHECK(gradient.tiled());
        CHECK(relative_error(values(gradient), input) < tolerance);
      }
    }
  }
}

TEST_CASE("a convolution of which pooling keeps some elements is both, one after the other",
          "[tensor][convolution]") {
  const std::vector<PoolGeometry> pools{{2, 2}, {2, 3}, {3, 3}, {1, 1}};
  for (const Case& c : cases()) {
    for (const PoolGeometry pool : pools) {
      for (const DType dtype : {DType::f32, DType::f64}) {
        const Shape whole = output_shape(c);
        if (whole[2] < pool.window || whole[3] < pool.window) continue;
        INFO(c.image.text() << " " << c.kernel.text() << " window " << pool.window << " stride "
                            << pool.stride);
        const Tensor x = random_tensor(c.image, dtype, 1).as_tiled();
        const Tensor w = random_tensor(c.kernel, dtype, 2);
        const WindowMax expected = window_max(conv(x, w, c.g), pool);
        const WindowMax largest = conv_max(x, w, c.g, pool);
        CHECK(values(largest.values) == values(expected.values));
        CHECK(values(largest.places) == values(expected.places));
        const Selection kept{pool, largest.places.as_tiled()};
        CHECK(values(conv(x, w, c.g, &kept)) == values(expected.values));
        const Tensor y = random_tensor(largest.values.shape(), dtype, 3).as_tiled();
        const Tensor put = window_put(y, kept, whole);
        CHECK(values(conv_input(y, w, c.g, c.image, &kept)) == values(conv_input(put, w, c.g, c.image)));
        CHECK(values(conv_weight(x, y, c.g, c.kernel, &kept)) == values(conv_weight(x, put, c.g, c.kernel)));
      }
    }
  }
}

TEST_CASE("NaN goes through a convolution and the pooling after it", "[tensor][convolution]") {
  std::vector<double> numbers(36, 1.0);
  numbers[21] = std::numeric_limits<double>::quiet_NaN();
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor x = Tensor::from(numbers, {1, 1, 6, 6}, dtype);
    const std::vector<double> y =
        values(conv_max(x, Tensor::full({1, 1, 1, 1}, 1.0, dtype), {}, {2, 2}).values);
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::isnan(y[i]) == (i == 4));
  }
}

TEST_CASE("a sample that is not finite stays alone", "[tensor][convolution]") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::int64_t n : {2, 7, 12, 17, 21}) {
    const std::int64_t odd = n - 2;
    std::vector<double> numbers(static_cast<std::size_t>(n * 36), 1.0);
    std::fill_n(numbers.begin() + odd * 36, 36, infinity);
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor x = Tensor::from(numbers, {n, 1, 6, 6}, dtype).as_tiled();
      const Tensor w = Tensor::full({3, 1, 3, 3}, 1.0, dtype);
      const Tensor pooled = conv_max(x, w, {1, 1}, {2, 2}).values;
      const std::vector<double> back = values(conv_input(conv(x, w, {1, 1}), w, {1, 1}, x.shape()));
      for (std::int64_t i = 0; i < pooled.count(); ++i)
        CHECK(std::isfinite(pooled.at(i)) == (i / (pooled.count() / n) != odd));
      for (std::size_t i = 0; i < back.size(); ++i)
        CHECK(std::isfinite(back[i]) == (static_cast<std::int64_t>(i) / 36 != odd));
    }
  }
}

TEST_CASE("a weight's gradient is finite where it meets nothing infinite", "[tensor][convolution]") {
  for (const std::int64_t n : {1, 3, 9, 16, 17}) {
    std::vector<double> numbers(static_cast<std::size_t>(n * 4), 2.0);
    numbers.back() = std::numeric_limits<double>::infinity();
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor x = Tensor::from(numbers, {n, 1, 1, 4}, dtype);
      const Tensor y = Tensor::full({n, 1, 1, 3}, 1.0, dtype);
      const Tensor gradient = conv_weight(x, y, {}, {1, 1, 1, 2});
      CHECK(gradient.at(0) == static_cast<double>(6 * n));
      CHECK(std::isinf(gradient.at(1)));
    }
  }
}

TEST_CASE("convolutions give the same bytes with any number of threads", "[tensor][convolution]") {
  const std::int64_t images = GENERATE(150, 9);
  const Case c{{images, 3, 24, 24}, {7, 3, 3, 3}, {1, 1}};
  const Tensor x = random_tensor(c.image, DType::f32, 1).as_tiled();
  const Tensor w = random_tensor(c.kernel, DType::f32, 2);
  const Tensor y = random_tensor(output_shape(c), DType::f32, 3).as_tiled();
  const auto all = [&] {
    const auto [largest, places] = conv_max(x, w, c.g, {2, 2});
    const Selection kept{{2, 2}, places};
    return std::vector{conv(x, w, c.g),
                       conv_input(y, w, c.g, c.image),
                       conv_weight(x, y, c.g, c.kernel),
                       largest,
                       places,
                       conv(x, w, c.g, &kept),
                       conv_input(largest, w, c.g, c.image, &kept),
                       conv_weight(x, largest, c.g, c.kernel, &kept)};
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

TEST_CASE("a batch of no images is convolved", "[tensor][convolution]") {
  const Tensor x = Tensor::zeros({0, 2, 5, 5}, DType::f32);
  const Tensor w = Tensor::full({3, 2, 3, 3}, 1.0, DType::f32);
  const Tensor y = conv(x, w, {});
  CHECK(y.shape() == Shape{0, 3, 3, 3});
  CHECK(conv_input(y, w, {}, x.shape()).shape() == x.shape());
  CHECK(values(conv_weight(x, y, {}, w.shape())) == std::vector<double>(54));
  CHECK(conv(x, Tensor::zeros({0, 2, 3, 3}, DType::f32), {}).shape() == Shape{0, 0, 3, 3});
}

TEST_CASE("an interrupt ends a convolution", "[tensor][convolution]") {
  const Tensor x = random_tensor({70, 2, 5, 5}, DType::f32, 1);
  const Tensor w = random_tensor({3, 2, 3, 3}, DType::f32, 2);
  for (const unsigned threads : {1, 2}) {
    const test::WithThreads guard(threads);
    request_interrupt();
    CHECK_THROWS_AS(conv(x, w, {}), Error);
    clear_interrupt();
    CHECK_NOTHROW(conv(x, w, {}));
  }
}

TEST_CASE("output sizes", "[tensor][convolution]") {
  CHECK(conv_output_size(28, 5, {1, 2}) == 28);
  CHECK(conv_output_size(14, 5, {1, 0}) == 10);
  CHECK(conv_output_size(7, 3, {2, 0}) == 3);
  CHECK(conv_output_size(8, 3, {2, 0}) == 3);
  CHECK(conv_output_size(2, 3, {1, 0}) <= 0);
  CHECK(conv_output_size(2, 3, {2, 0}) <= 0);
}

}  // namespace
}  // namespace moonstill
