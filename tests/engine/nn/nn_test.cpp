// Initial values and losses.
#include <cmath>
#include <vector>

#include "engine/autograd/gradcheck.hpp"
#include "engine/core/error.hpp"
#include "engine/nn/initialisers.hpp"
#include "engine/nn/losses.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::nn {
namespace {

using test::Approx;
using test::ContainsSubstring;

double deviation(const Tensor& t) {
  double squares = 0;
  for (const double v : test::values(t)) squares += v * v;
  return std::sqrt(squares / static_cast<double>(t.count()));
}

TEST_CASE("fans are those of PyTorch", "[nn]") {
  CHECK(fans({120, 400}).in == 400);
  CHECK(fans({120, 400}).out == 120);
  CHECK(fans({16, 6, 5, 5}).in == 150);
  CHECK(fans({16, 6, 5, 5}).out == 400);
  CHECK(fans({3, 6, 3}).in == 18);
  CHECK(fans({3, 6, 3}).out == 9);
}

TEST_CASE("initial weights have the deviation that their rule says", "[nn]") {
  Generator random(1);
  const Shape shape{300, 200};
  const auto drawn = [&](Initialiser kind) {
    return deviation(initialise(kind, shape, DType::f64, random, 2.0));
  };
  CHECK(drawn(Initialiser::normal) == Approx(2).epsilon(0.02));
  CHECK(drawn(Initialiser::uniform) == Approx(2 / std::sqrt(3)).epsilon(0.02));
  CHECK(drawn(Initialiser::xavier_normal) == Approx(2 * std::sqrt(2.0 / 500)).epsilon(0.02));
  CHECK(drawn(Initialiser::xavier_uniform) == Approx(2 * std::sqrt(2.0 / 500)).epsilon(0.02));
  CHECK(drawn(Initialiser::kaiming_normal) == Approx(2 * std::sqrt(2.0 / 200)).epsilon(0.02));
  CHECK(drawn(Initialiser::kaiming_uniform) == Approx(2 * std::sqrt(2.0 / 200)).epsilon(0.02));
  CHECK(drawn(Initialiser::zeros) == 0);
  CHECK(drawn(Initialiser::ones) == Approx(2));
}

TEST_CASE("orthogonal weights have orthonormal rows, or columns where these are fewer", "[nn]") {
  Generator random(2);
  for (const Shape& shape : {Shape{3, 5}, Shape{5, 3}, Shape{4, 2, 3}, Shape{6}}) {
    const Tensor drawn = initialise(Initialiser::orthogonal, shape, DType::f64, random, 2.0);
    const Tensor w = drawn.reshaped({shape[0], shape.count() / shape[0]});
    const bool rows = w.size(0) <= w.size(1);
    const std::int64_t count = rows ? w.size(0) : w.size(1);
    for (std::int64_t a = 0; a < count; ++a) {
      for (std::int64_t b = 0; b < count; ++b) {
        double product = 0;
        for (std::int64_t k = 0; k < (rows ? w.size(1) : w.size(0)); ++k) {
          const auto at = [&](std::int64_t i) {
            return rows ? w.at(i * w.size(1) + k) : w.at(k * w.size(1) + i);
          };
          product += at(a) * at(b);
        }
        CHECK(product == Approx(a == b ? 4 : 0).margin(1e-12));
      }
    }
  }
}

TEST_CASE("f32 weights are the f64 ones rounded", "[nn]") {
  Generator one(3);
  Generator two(3);
  const Tensor wide = initialise(Initialiser::normal, {50}, DType::f64, one);
  const Tensor narrow = initialise(Initialiser::normal, {50}, DType::f32, two);
  CHECK(test::identical(wide.cast(DType::f32), narrow));
}

TEST_CASE("cross entropy of known numbers, hard and soft", "[nn]") {
  const Tensor logits = Tensor::from(std::vector{1.0, 2.0, 3.0, 0.5, 0.5, 0.5}, {2, 3}, DType::f64);
  const Tensor labels = Tensor::from(std::vector{2.0, 0.0}, {2}, DType::i32);
  const double expected = (std::log(std::exp(1) + std::exp(2) + std::exp(3)) - 3 + std::log(3.0)) / 2;
  CHECK(cross_entropy(logits, labels).tensor().at(0) == Approx(expected));
  CHECK(cross_entropy(logits.as_tiled(), labels).tensor().at(0) == Approx(expected));
  CHECK(cross_entropy(logits, one_hot(labels, 3, DType::f64)).tensor().at(0) == Approx(expected));
}

TEST_CASE("cross entropy does not overflow", "[nn]") {
  const Tensor logits = Tensor::from(std::vector{1000.0, -1000.0}, {1, 2}, DType::f32);
  const Tensor labels = Tensor::from(std::vector{1.0}, {1}, DType::i32);
  CHECK(cross_entropy(logits, labels).tensor().at(0) == Approx(2000));
}

TEST_CASE("losses have exact derivatives in both arguments", "[nn]") {
  const Values at{test::random_tensor({4, 3}, DType::f64, 1), test::random_tensor({4, 3}, DType::f64, 2)};
  CHECK(gradcheck([](std::span<const Value> x) -> Values { return {cross_entropy(x[0], x[1])}; }, at,
                  {.order = 3}) < 1e-6);
  CHECK(gradcheck([](std::span<const Value> x) -> Values { return {mean_squared_error(x[0], x[1])}; }, at,
                  {.order = 3}) < 1e-6);
}

TEST_CASE("accuracy is the share of samples whose largest logit is their label's", "[nn]") {
  const Tensor logits = Tensor::from(std::vector{0.1, 0.9, 0.8, 0.2, 0.3, 0.7}, {3, 2}, DType::f32);
  const Tensor labels = Tensor::from(std::vector{1.0, 1.0, 1.0}, {3}, DType::i32);
  CHECK(accuracy(logits.as_tiled(), labels) == Approx(2.0 / 3));
  CHECK(accuracy(logits, one_hot(labels, 2, DType::f32)) == Approx(2.0 / 3));
}

TEST_CASE("losses refuse what does not fit", "[nn]") {
  const Tensor logits = Tensor::zeros({2, 3}, DType::f32);
  CHECK_THROWS_WITH(cross_entropy(logits, Tensor::zeros({3}, DType::i32)),
                    ContainsSubstring("expected 2 samples as in logits [2, 3], got [3]"));
  CHECK_THROWS_WITH(cross_entropy(logits, Tensor::full({2}, 3, DType::i32)),
                    ContainsSubstring("label 3 of sample 1 is outside 0..2"));
  CHECK_THROWS_WITH(cross_entropy(Tensor::zeros({2}, DType::f32), logits),
                    ContainsSubstring("logits: expected [N, C], got [2]"));
  CHECK_THROWS_WITH(mean_squared_error(logits, Tensor::zeros({3}, DType::f32)),
                    ContainsSubstring("prediction is [2, 3], target is [3]"));
}

}  // namespace
}  // namespace moonstill::nn
