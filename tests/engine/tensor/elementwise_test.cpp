#include "engine/tensor/elementwise.hpp"

#include <cmath>
#include <functional>
#include <limits>
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

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct UnaryCase {
  Unary op;
  const char* name;
  double (*function)(double);
  double low, high;  // arguments tried
};

const UnaryCase unary_cases[] = {
    {Unary::neg, "neg", [](double v) { return -v; }, -9, 9},
    {Unary::exp, "exp", [](double v) { return std::exp(v); }, -80, 80},
    {Unary::log, "log", [](double v) { return std::log(v); }, 0, 100},
    {Unary::sin, "sin", [](double v) { return std::sin(v); }, -50, 50},
    {Unary::cos, "cos", [](double v) { return std::cos(v); }, -50, 50},
    {Unary::tan, "tan", [](double v) { return std::tan(v); }, -1.5, 1.5},
    {Unary::asin, "asin", [](double v) { return std::asin(v); }, -1, 1},
    {Unary::acos, "acos", [](double v) { return std::acos(v); }, -1, 1},
    {Unary::atan, "atan", [](double v) { return std::atan(v); }, -20, 20},
    {Unary::sinh, "sinh", [](double v) { return std::sinh(v); }, -20, 20},
    {Unary::cosh, "cosh", [](double v) { return std::cosh(v); }, -20, 20},
    {Unary::tanh, "tanh", [](double v) { return std::tanh(v); }, -20, 20},
    {Unary::sigmoid, "sigmoid", [](double v) { return 1 / (1 + std::exp(-v)); }, -80, 80},
    {Unary::softplus, "softplus", [](double v) { return std::log1p(std::exp(v)); }, -80, 80},
    {Unary::gelu, "gelu", [](double v) { return 0.5 * v * std::erfc(-v / std::sqrt(2.0)); }, -1, 5},
    {Unary::sqrt, "sqrt", [](double v) { return std::sqrt(v); }, 0, 100},
    {Unary::erf, "erf", [](double v) { return std::erf(v); }, -5, 5},
    {Unary::step, "step", [](double v) { return v > 0 ? 1.0 : 0.0; }, -2, 2},
    {Unary::abs, "abs", [](double v) { return std::abs(v); }, -2, 2},
    {Unary::sign, "sign", [](double v) { return v > 0   ? 1.0
                                                : v < 0 ? -1.0
                                                        : 0.0; }, -2, 2},
    {Unary::floor, "floor", [](double v) { return std::floor(v); }, -5, 5},
    {Unary::round, "round", [](double v) { return std::nearbyint(v); }, -5, 5},
};

// In units of the last place of the type, element by element.
double ulps(const Tensor& got, const std::vector<double>& expected) {
  const double unit = got.dtype() == DType::f32 ? std::numeric_limits<float>::epsilon()
                                                : std::numeric_limits<double>::epsilon();
  const double tiny =
      got.dtype() == DType::f32 ? std::numeric_limits<float>::min() : std::numeric_limits<double>::min();
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double value = got.at(static_cast<std::int64_t>(i));
    if (value == expected[i]) continue;
    const double scale = std::max(std::abs(expected[i]), tiny);
    worst = std::max(worst, std::abs(value - expected[i]) / (unit * scale));
    if (std::isnan(value)) return infinity;
  }
  return worst;
}

TEST_CASE("unary functions agree with the standard library", "[tensor][elementwise]") {
  for (const UnaryCase& c : unary_cases) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      INFO(c.name << " " << dtype_name(dtype));
      std::vector<double> arguments;
      for (int i = 0; i < 40 * 21; ++i) arguments.push_back(c.low + (c.high - c.low) * (i + 0.5) / (40 * 21));
      const Tensor x = Tensor::from(arguments, {40, 21}, dtype);
      std::vector<double> expected;
      for (const double v : values(x)) expected.push_back(c.function(v));
      CHECK(ulps(unary(c.op, x), expected) <= 4);
      const Tensor tiled = unary(c.op, x.as_tiled());
      CHECK(tiled.tiled());
      CHECK(ulps(tiled, expected) <= 4);
    }
  }
}

TEST_CASE("unary functions at their edges", "[tensor][elementwise]") {
  const auto at = [](Unary op, double v, DType dtype) { return unary(op, Tensor::scalar(v, dtype)).at(0); };
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const double big : {1000.0, infinity}) {
      CHECK(at(Unary::sigmoid, big, dtype) == 1.0);
      CHECK(at(Unary::sigmoid, -big, dtype) == 0.0);
      CHECK(at(Unary::softplus, big, dtype) == big);
      CHECK(at(Unary::softplus, -big, dtype) == 0.0);
      CHECK(at(Unary::tanh, big, dtype) == 1.0);
      CHECK(at(Unary::tanh, -big, dtype) == -1.0);
      CHECK(at(Unary::erf, big, dtype) == 1.0);
      CHECK(at(Unary::exp, big, dtype) == infinity);
      CHECK(at(Unary::exp, -big, dtype) == 0.0);
    }
    for (const Unary op :
         {Unary::exp, Unary::log, Unary::tanh, Unary::sigmoid, Unary::softplus, Unary::abs, Unary::sign}) {
      CHECK(std::isnan(at(op, nan, dtype)));
    }
    CHECK(at(Unary::log, 0.0, dtype) == -infinity);
    CHECK(std::isnan(at(Unary::log, -1.0, dtype)));
    CHECK(at(Unary::step, 0.0, dtype) == 0.0);
    CHECK(at(Unary::sign, 0.0, dtype) == 0.0);
    CHECK(at(Unary::round, 2.5, dtype) == 2.0);
  }
}

struct BinaryCase {
  Binary op;
  const char* name;
  double (*function)(double, double);
};

const BinaryCase binary_cases[] = {
    {Binary::add, "add", [](double a, double b) { return a + b; }},
    {Binary::sub, "sub", [](double a, double b) { return a - b; }},
    {Binary::mul, "mul", [](double a, double b) { return a * b; }},
    {Binary::div, "div", [](double a, double b) { return a / b; }},
    {Binary::pow, "pow", [](double a, double b) { return std::pow(a, b); }},
    {Binary::max, "max", [](double a, double b) { return std::max(a, b); }},
    {Binary::min, "min", [](double a, double b) { return std::min(a, b); }},
    {Binary::less, "less", [](double a, double b) { return a < b ? 1.0 : 0.0; }},
    {Binary::less_equal, "less_equal", [](double a, double b) { return a <= b ? 1.0 : 0.0; }},
    {Binary::equal, "equal", [](double a, double b) { return a == b ? 1.0 : 0.0; }},
    {Binary::positive_part, "positive_part", [](double a, double b) { return b > 0 ? a : 0.0; }},
    {Binary::add_relu, "add_relu", [](double a, double b) { return a + b > 0 ? a + b : 0.0; }},
};

// Row-major index of the element of `shape` that a broadcast repeats at element `index` of `out`.
std::int64_t source_index(std::int64_t index, const Shape& out, const Shape& shape) {
  std::int64_t source = 0;
  std::int64_t run = 1;
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    const std::size_t axis = shape.rank() - 1 - i;
    const std::int64_t place = index % out[out.rank() - 1 - i];
    index /= out[out.rank() - 1 - i];
    if (shape[axis] != 1) source += place * run;
    run *= shape[axis];
  }
  return source;
}

struct ShapePair {
  Shape a, b;
};

std::vector<ShapePair> shape_pairs() {
  std::vector<ShapePair> pairs{{{}, {}},      {{5}, {}},       {{2, 3}, {3}}, {{2, 1, 4}, {3, 1}},
                               {{0, 3}, {3}}, {{4, 1}, {1, 4}}};
  for (const std::int64_t n : {1, 3, 16, 17, 40}) {
    pairs.push_back({{n, 3, 4}, {n, 3, 4}});
    pairs.push_back({{n, 3, 4}, {}});
    pairs.push_back({{n, 3, 4}, {4}});
    pairs.push_back({{n, 3, 4}, {3, 1}});
    pairs.push_back({{n, 3, 4}, {1, 3, 4}});
    pairs.push_back({{n, 3, 4}, {n, 1, 1}});
    pairs.push_back({{n, 1, 4}, {n, 3, 1}});
    pairs.push_back({{1, 4}, {n, 4}});
    pairs.push_back({{n}, {n}});
    pairs.push_back({{n}, {1}});
    pairs.push_back({{n, 1}, {3, 1, 5}});  // the batch of the first is no longer in front
  }
  return pairs;
}

std::vector<Tensor> layouts(const Tensor& x) {
  return x.rank() > 0 ? std::vector{x, x.as_tiled()} : std::vector{x};
}

TEST_CASE("binary functions broadcast in every layout", "[tensor][elementwise]") {
  for (const auto& [a_shape, b_shape] : shape_pairs()) {
    const Shape shape = broadcast_shapes(a_shape, b_shape, "test");
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor a = random_tensor(a_shape, dtype, 1);
      const Tensor b = random_tensor(b_shape, dtype, 2);
      std::vector<double> expected;
      for (std::int64_t i = 0; i < shape.count(); ++i) {
        expected.push_back(a.at(source_index(i, shape, a_shape)) - b.at(source_index(i, shape, b_shape)));
      }
      for (const Tensor& left : layouts(a)) {
        for (const Tensor& right : layouts(b)) {
          INFO(a_shape.text() << " " << b_shape.text() << " " << left.tiled() << right.tiled());
          const Tensor out = binary(Binary::sub, left, right);
          CHECK(out.shape() == shape);
          const auto leads = [&](const Tensor& t) {
            return t.tiled() && t.rank() == shape.rank() && t.size(0) == shape[0];
          };
          CHECK(out.tiled() == (leads(left) || leads(right)));
          CHECK(relative_error(values(out), expected) < test::tolerance(dtype));
        }
      }
    }
  }
}

TEST_CASE("every binary function", "[tensor][elementwise]") {
  for (const BinaryCase& c : binary_cases) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      INFO(c.name << " " << dtype_name(dtype));
      const Tensor a = unary(Unary::abs, random_tensor({17, 5}, dtype, 1));
      const Tensor b = binary(Binary::mul, random_tensor({17, 5}, dtype, 2),
                              unary(Unary::step, random_tensor({17, 5}, dtype, 3)));
      for (const auto& [left, right] : {std::pair{a, b}, std::pair{b, b}, std::pair{a.as_tiled(), b}}) {
        if (c.op == Binary::pow && test::identical(left, b)) continue;
        std::vector<double> expected;
        for (std::int64_t i = 0; i < a.count(); ++i) expected.push_back(c.function(left.at(i), right.at(i)));
        CHECK(relative_error(values(binary(c.op, left, right)), expected) < test::tolerance(dtype));
      }
    }
  }
}

TEST_CASE("maxima hand on NaN; positive_part does not look at what it drops", "[tensor][elementwise]") {
  const Tensor bad = Tensor::scalar(nan, DType::f64);
  const Tensor one = Tensor::scalar(1.0, DType::f64);
  for (const Binary op : {Binary::max, Binary::min}) {
    CHECK(std::isnan(binary(op, bad, one).at(0)));
    CHECK(std::isnan(binary(op, one, bad).at(0)));
  }
  CHECK(binary(Binary::positive_part, bad, Tensor::scalar(-1.0, DType::f64)).at(0) == 0.0);
}

TEST_CASE("shapes that do not fit are refused", "[tensor][elementwise]") {
  CHECK_THROWS_AS(binary(Binary::add, Tensor::zeros({2, 3}, DType::f32), Tensor::zeros({2}, DType::f32)),
                  Error);
}

TEST_CASE("select chooses element by element and broadcasts", "[tensor][elementwise]") {
  for (const std::int64_t n : {1, 3, 16, 17, 40}) {
    const Tensor condition = unary(Unary::step, random_tensor({n, 3}, DType::f32, 1));
    const Tensor a = random_tensor({n, 1}, DType::f32, 2);
    const Tensor b = random_tensor({3}, DType::f32, 3);
    std::vector<double> expected;
    for (std::int64_t i = 0; i < n * 3; ++i)
      expected.push_back(condition.at(i) != 0 ? a.at(i / 3) : b.at(i % 3));
    for (const Tensor& c : layouts(condition)) {
      for (const Tensor& yes : layouts(a)) CHECK(values(select(c, yes, b)) == expected);
    }
  }
}

TEST_CASE("add_scaled reuses memory that nobody else has", "[tensor][elementwise]") {
  const Tensor a = random_tensor({17, 3}, DType::f64, 1);
  const Tensor b = random_tensor({17, 3}, DType::f64, 2);
  std::vector<double> expected;
  for (std::int64_t i = 0; i < a.count(); ++i) expected.push_back(a.at(i) + 0.5 * b.at(i));
  for (const Tensor& left : layouts(a)) {
    for (const Tensor& right : layouts(b)) {
      const auto before = values(left);
      const Tensor out = add_scaled(left, right, 0.5);
      CHECK(out.layout() == left.layout());
      CHECK(relative_error(values(out), expected) < 1e-15);
      CHECK(values(left) == before);
    }
  }
  Tensor own = random_tensor({17, 3}, DType::f64, 1);
  const double* memory = own.data<double>().data();
  const Tensor out = add_scaled(std::move(own), b, 0.5);
  CHECK(out.data<double>().data() == memory);
  CHECK(relative_error(values(out), expected) < 1e-15);
}

TEST_CASE("all_finite looks at every sample and at nothing else", "[tensor][elementwise]") {
  for (const std::int64_t n : {1, 3, 16, 17, 40}) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor x = random_tensor({n, 3}, dtype, 1);
      CHECK(all_finite(x));
      CHECK(all_finite(x.as_tiled()));
      for (const double bad : {nan, infinity, -infinity}) {
        for (const std::int64_t at : {std::int64_t{0}, n * 3 - 1}) {
          auto numbers = values(x);
          numbers[static_cast<std::size_t>(at)] = bad;
          const Tensor spoilt = Tensor::from(numbers, x.shape(), dtype);
          CHECK_FALSE(all_finite(spoilt));
          CHECK_FALSE(all_finite(spoilt.as_tiled()));
        }
      }
    }
  }
  CHECK(all_finite(Tensor::zeros({0, 3}, DType::f32, Layout::tiled)));
}

TEST_CASE("elementwise kernels share their work", "[tensor][elementwise]") {
  const Tensor x = random_tensor({300, 700}, DType::f32, 1).as_tiled();
  const Tensor bias = random_tensor({700}, DType::f32, 2);
  const auto all = [&] {
    return std::vector{unary(Unary::tanh, x), binary(Binary::add, x, bias), select(x, bias, x)};
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
