// Transforms: nesting, levels, captured values, checkpoints.
#include "engine/autograd/transforms.hpp"

#include <cmath>
#include <memory>

#include "engine/autograd/gradcheck.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"
#include "engine/core/memory.hpp"
#include "engine/core/random.hpp"
#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

using test::Approx;
using test::ContainsSubstring;

Value number(double x) { return Tensor::scalar(x, DType::f64); }
double number(const Value& x) { return x.tensor().at(0); }

Value gradient(const std::function<Value(const Value&)>& f, const Value& x) {
  return value_and_grad([&](std::span<const Value> in) -> Values { return {f(in[0])}; }, {&x, 1}).gradient[0];
}

Tensor vector(std::initializer_list<double> values) {
  return Tensor::from(std::vector<double>(values), {static_cast<std::int64_t>(values.size())}, DType::f64);
}

TEST_CASE("gradients nest without end", "[autograd]") {
  const auto f = [](const Value& x) { return ops::sin(x); };
  const auto d1 = [&](const Value& x) { return gradient(f, x); };
  const auto d2 = [&](const Value& x) { return gradient(d1, x); };
  const auto d3 = [&](const Value& x) { return gradient(d2, x); };
  const auto d4 = [&](const Value& x) { return gradient(d3, x); };
  CHECK(number(d1(number(0.3))) == Approx(std::cos(0.3)));
  CHECK(number(d2(number(0.3))) == Approx(-std::sin(0.3)));
  CHECK(number(d3(number(0.3))) == Approx(-std::cos(0.3)));
  CHECK(number(d4(number(0.3))) == Approx(std::sin(0.3)));
}

// Levels that are confused give 2 here (Siskind and Pearlmutter, 2005).
TEST_CASE("an inner derivative does not see the outer one's variable", "[autograd]") {
  const Value result = gradient(
      [](const Value& x) {
        return ops::mul(x, gradient([&](const Value& y) { return ops::add(x, y); }, number(1)));
      },
      number(1));
  CHECK(number(result) == 1);
}

TEST_CASE("values captured from outside are tracked as arguments are", "[autograd]") {
  // d/dx of x * d/dy (x y^2) at y = x is d/dx 2 x^3.
  const Value result = gradient(
      [](const Value& x) {
        return ops::mul(x, gradient([&](const Value& y) { return ops::mul(x, ops::square(y)); }, x));
      },
      number(2));
  CHECK(number(result) == Approx(6 * 4));
}

TEST_CASE("a value that outlives its transform is a constant", "[autograd]") {
  Value kept;
  gradient([&](const Value& x) { return kept = ops::square(x); }, number(3));
  CHECK(number(kept) == 9);
  CHECK(number(gradient([&](const Value& x) { return ops::mul(x, kept); }, number(1))) == 9);
}

TEST_CASE("a pullback can be called again, later, and differentiated", "[autograd]") {
  const Value x = vector({1, 2});
  const VjpResult at =
      vjp([](std::span<const Value> in) -> Values { return {ops::mul(in[0], ops::square(in[0]))}; }, {&x, 1});
  for (int repeat = 0; repeat < 2; ++repeat) {
    const Value ct = vector({1, 10});
    const Values g = at.pullback({&ct, 1});
    CHECK(g[0].tensor().at(0) == Approx(3));
    CHECK(g[0].tensor().at(1) == Approx(120));
  }
}

TEST_CASE("jvp, hvp and vjp agree", "[autograd]") {
  const Function f = [](std::span<const Value> in) -> Values {
    return {ops::sum(ops::mul(ops::exp(in[0]), ops::sin(ops::mul(in[0], in[1]))))};
  };
  const Values x{vector({0.1, 0.4, -0.3}), vector({0.7, -0.2, 0.5})};
  const Values u{vector({1, 2, 3}), vector({-1, 0.5, 2})};
  const Values reverse_over_reverse = hvp(f, x, u);
  const Function grad = [&](std::span<const Value> at) { return value_and_grad(f, at).gradient; };
  const JvpResult forward_over_reverse = jvp(grad, x, u);
  // Reverse over forward: the gradient of f's derivative along u.
  const Function slope = [&](std::span<const Value> at) { return jvp(f, at, u).tangents; };
  const Values reverse_over_forward = value_and_grad(slope, x).gradient;
  for (std::size_t k = 0; k < 2; ++k) {
    for (std::int64_t i = 0; i < 3; ++i) {
      const double expected = reverse_over_reverse[k].tensor().at(i);
      CHECK(forward_over_reverse.tangents[k].tensor().at(i) == Approx(expected).margin(1e-13));
      CHECK(reverse_over_forward[k].tensor().at(i) == Approx(expected).margin(1e-13));
    }
  }
}

TEST_CASE("inputs without influence get zeros, in their shape", "[autograd]") {
  const Values x{vector({1, 2}), Tensor::zeros({3, 2}, DType::f64)};
  const Values g =
      value_and_grad([](std::span<const Value> in) -> Values { return {ops::sum(in[0])}; }, x).gradient;
  CHECK(g[1].shape() == Shape{3, 2});
  CHECK(number(ops::sum(ops::abs(g[1]))) == 0);
}

TEST_CASE("grad refuses what is not one floating number", "[autograd]") {
  const Value x = vector({1, 2});
  const auto grad = [&](const Function& f) { return value_and_grad(f, {&x, 1}); };
  CHECK_THROWS_WITH(grad([](std::span<const Value> in) -> Values { return {in[0]}; }),
                    ContainsSubstring("must return one number, got a tensor of shape [2]"));
  CHECK_THROWS_WITH(grad([](std::span<const Value>) -> Values { return {}; }),
                    ContainsSubstring("returned nothing"));
  const Value whole = Tensor::zeros({2}, DType::i32);
  CHECK_THROWS_WITH(value_and_grad([](std::span<const Value> in) -> Values { return {in[0]}; }, {&whole, 1}),
                    ContainsSubstring("cannot differentiate with respect to a tensor of i32"));
}

TEST_CASE("an error inside a transform unwinds its level", "[autograd]") {
  const Value x = number(1);
  CHECK_THROWS_AS(
      value_and_grad([](std::span<const Value>) -> Values { throw Error(ErrorKind::io, "disk"); }, {&x, 1}),
      Error);
  CHECK(running_transforms() == 0);
}

// ---- checkpoint ----

Value step(const Value& w) { return ops::sub(w, ops::scale(ops::mul(ops::sin(w), w), 0.1)); }

Value chain(const Value& w, bool checkpointed) {
  const Function plain = [](std::span<const Value> in) -> Values { return {step(in[0])}; };
  const Function f = checkpointed ? checkpoint(plain) : plain;
  Value v = w;
  for (int t = 0; t < 5; ++t) v = f({&v, 1})[0];
  return ops::sum(v);
}

TEST_CASE("a checkpoint changes no bit of first and second derivatives", "[autograd][checkpoint]") {
  const Value w = vector({0.3, -1.2, 2.0});
  const Value plain = gradient([](const Value& x) { return chain(x, false); }, w);
  const Value saved = gradient([](const Value& x) { return chain(x, true); }, w);
  const auto norm = [](bool on) {
    return [on](const Value& x) {
      return ops::sum(ops::square(gradient([on](const Value& y) { return chain(y, on); }, x)));
    };
  };
  const Value plain2 = gradient(norm(false), w);
  const Value saved2 = gradient(norm(true), w);
  for (std::int64_t i = 0; i < 3; ++i) {
    CHECK(plain.tensor().at(i) == saved.tensor().at(i));
    CHECK(plain2.tensor().at(i) == Approx(saved2.tensor().at(i)).epsilon(1e-14));
  }
}

TEST_CASE("a checkpoint around an inner gradient, as unrolled distillation has it",
          "[autograd][checkpoint]") {
  const auto outer = [](bool on) {
    return [on](const Value& x) {
      // Runs again after this function has returned.
      const Function update = [x](std::span<const Value> in) -> Values {
        // x is captured, and must keep its gradient.
        return {ops::sub(
            in[0],
            ops::scale(gradient([&](const Value& w) { return ops::sum(ops::exp(ops::mul(w, x))); }, in[0]),
                       0.1))};
      };
      const Function f = on ? checkpoint(update) : update;
      Value w = vector({0.5, 0.1});
      for (int t = 0; t < 4; ++t) w = f({&w, 1})[0];
      return ops::sum(ops::square(w));
    };
  };
  const Value x = vector({0.2, -0.7});
  const Value plain = gradient(outer(false), x);
  const Value saved = gradient(outer(true), x);
  for (std::int64_t i = 0; i < 2; ++i)
    CHECK(plain.tensor().at(i) == Approx(saved.tensor().at(i)).epsilon(1e-14));
}

TEST_CASE("checkpoints nest", "[autograd][checkpoint]") {
  const Function inner = checkpoint([](std::span<const Value> in) -> Values { return {step(in[0])}; });
  const Function outer = checkpoint([&](std::span<const Value> in) -> Values {
    const Values once = inner(in);
    return inner(once);
  });
  const Value w = vector({0.3, -1.2});
  const Value nested = gradient([&](const Value& x) { return ops::sum(outer({&x, 1})[0]); }, w);
  const Value plain = gradient([&](const Value& x) { return ops::sum(step(step(x))); }, w);
  for (std::int64_t i = 0; i < 2; ++i) CHECK(nested.tensor().at(i) == plain.tensor().at(i));
}

TEST_CASE("random numbers repeat when a checkpoint runs again", "[autograd][checkpoint]") {
  Generator random(5);
  int runs = 0;
  const Function noisy = checkpoint([&](std::span<const Value> in) -> Values {
    ++runs;
    return {ops::scale(in[0], random.normal())};
  });
  const Value x = number(1);
  const Value g = gradient([&](const Value& v) { return noisy({&v, 1})[0]; }, x);
  CHECK(runs == 2);
  Generator same(5);
  CHECK(number(g) == same.normal());
  CHECK(random.position() == same.position());
}

TEST_CASE("an impure function is refused", "[autograd][checkpoint]") {
  double factor = 1;
  const Function impure =
      checkpoint([&](std::span<const Value> in) -> Values { return {ops::scale(in[0], factor++)}; });
  CHECK_THROWS_WITH(gradient(
                        [&](const Value& v) {
                          return impure({&v, 1})[0];
                        },
                        number(1)),
                    ContainsSubstring("f is not pure"));
}

TEST_CASE("a value kept from inside a checkpoint is refused, never used wrongly", "[autograd][checkpoint]") {
  CHECK_THROWS_WITH(gradient(
                        [](const Value& v) {
                          Value leaked;
                          const Function f = checkpoint([&](std::span<const Value> in) -> Values {
                            leaked = ops::exp(in[0]);
                            return {ops::sin(leaked)};
                          });
                          const Value y = f({&v, 1})[0];
                          return ops::mul(y, leaked);
                        },
                        number(1)),
                    ContainsSubstring("kept and used outside"));
}

TEST_CASE("checkpoints keep memory flat in the number of steps", "[autograd][checkpoint]") {
  const auto peak = [](int steps) {
    const Value w = Tensor::full({1 << 16}, 0.5, DType::f64);
    const std::size_t before = memory_stats().live_bytes;
    std::size_t most = 0;
    const Function f = checkpoint([&](std::span<const Value> in) -> Values {
      Value v = in[0];
      for (int k = 0; k < 10; ++k) v = ops::sin(v);
      most = std::max(most, memory_stats().live_bytes - before);
      return {v};
    });
    gradient(
        [&](const Value& x) {
          Value v = x;
          for (int t = 0; t < steps; ++t) v = f({&v, 1})[0];
          return ops::sum(v);
        },
        w);
    return most;
  };
  // One vector is kept for each step; without checkpoints it would be ten and more.
  CHECK(peak(20) - peak(10) < 2 * 10 * (sizeof(double) << 16));
}

TEST_CASE("all tensor memory comes back, checkpoints and pullbacks included", "[autograd][checkpoint]") {
  const std::size_t before = memory_stats().live_bytes;
  {
    const Value w = vector({0.3, -1.2, 2.0});
    gradient([](const Value& x) { return chain(x, true); }, w);
    CHECK_THROWS_AS(gradient(
                        [](const Value& x) -> Value {
                          chain(x, true);
                          throw Error(ErrorKind::io, "disk");
                        },
                        w),
                    Error);
    const VjpResult kept =
        vjp([](std::span<const Value> in) -> Values { return {chain(in[0], true)}; }, {&w, 1});
    CHECK(memory_stats().live_bytes > before);
  }
  CHECK(memory_stats().live_bytes == before);
}

}  // namespace
}  // namespace moonstill
