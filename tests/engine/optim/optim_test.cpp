// Optimisers against hand-computed steps and textbook functions; schedules; clipping.
#include <cmath>
#include <limits>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/optim/optimizer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::optim {
namespace {

using test::Approx;
using test::ContainsSubstring;

Tensor vector(const std::vector<double>& values, DType dtype = DType::f64) {
  return Tensor::from(values, {static_cast<std::int64_t>(values.size())}, dtype);
}

Tensor one_step(Optimizer& optimizer, const Tensor& w, const Tensor& g) {
  return optimizer.step({&w, 1}, {&g, 1})[0];
}

TEST_CASE("sgd with momentum, by hand", "[optim]") {
  Optimizer plain({.rule = Rule::sgd, .schedule = {.rate = 0.1}, .momentum = 0.9});
  Tensor w = one_step(plain, vector({1}), vector({2}));
  CHECK(w.at(0) == Approx(1 - 0.1 * 2));
  w = one_step(plain, w, vector({1}));
  CHECK(w.at(0) == Approx(0.8 - 0.1 * (0.9 * 2 + 1)));
  Optimizer nesterov({.rule = Rule::sgd, .schedule = {.rate = 0.1}, .momentum = 0.9, .nesterov = true});
  CHECK(one_step(nesterov, vector({1}), vector({2})).at(0) == Approx(1 - 0.1 * (2 + 0.9 * 2)));
}

TEST_CASE("adam, by hand", "[optim]") {
  Optimizer adam({.schedule = {.rate = 0.1}, .beta1 = 0.5, .beta2 = 0.9});
  Tensor w = one_step(adam, vector({1}), vector({4}));
  CHECK(w.at(0) == Approx(0.9));
  w = one_step(adam, w, vector({-2}));
  const double mean = (0.5 * 0.5 * 4 + 0.5 * -2) / (1 - 0.25);
  const double square = (0.9 * 0.1 * 16 + 0.1 * 4) / (1 - 0.81);
  CHECK(w.at(0) == Approx(0.9 - 0.1 * mean / std::sqrt(square)));
}

TEST_CASE("weight decay: in the gradient, or decoupled from it", "[optim]") {
  Optimizer adam({.schedule = {.rate = 0.1}, .weight_decay = 0.5});
  CHECK(one_step(adam, vector({2}), vector({-1})).at(0) == Approx(2));
  Optimizer decoupled({.schedule = {.rate = 0.1}, .weight_decay = 0.5, .decoupled = true});
  CHECK(one_step(decoupled, vector({2}), vector({-1})).at(0) == Approx(2 * (1 - 0.1 * 0.5) + 0.1));
}

TEST_CASE("both find the minimum of Rosenbrock's function", "[optim]") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Settings& settings :
         {Settings{.rule = Rule::sgd, .schedule = {.rate = 1e-3}, .momentum = 0.9},
          Settings{.schedule = {.decay = Decay::cosine, .rate = 0.05, .steps = 5000}}}) {
      Optimizer optimizer(settings);
      Tensor w = vector({-1.2, 1}, dtype);
      for (int i = 0; i < 5000; ++i) {
        const double x = w.at(0);
        const double y = w.at(1);
        w = one_step(optimizer, w, vector({-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)}, dtype));
      }
      CHECK(w.at(0) == Approx(1).margin(1e-2));
      CHECK(w.at(1) == Approx(1).margin(2e-2));
    }
  }
}

TEST_CASE("a restored optimiser goes on as if it had never stopped", "[optim]") {
  Optimizer unbroken({.schedule = {.rate = 0.1}});
  Tensor w = one_step(unbroken, vector({1, 2}), vector({3, -1}));
  Optimizer restored({.schedule = {.rate = 0.1}});
  restored.restore(unbroken.steps(), unbroken.moments());
  const Tensor g = vector({0.5, 0.25});
  CHECK(test::identical(one_step(unbroken, w, g), one_step(restored, w, g)));
}

TEST_CASE("a gradient that is not finite changes nothing", "[optim]") {
  Optimizer adam({.schedule = {.rate = 0.1}});
  const Tensor w = one_step(adam, vector({1}), vector({1}));
  const double moment = adam.moments()[0].at(0);
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_WITH(one_step(adam, w, vector({bad})),
                      ContainsSubstring("update 2: the gradient of tensor 1 holds NaN or infinity"));
  }
  CHECK(adam.steps() == 1);
  CHECK(adam.moments()[0].at(0) == moment);
}

TEST_CASE("gradients must fit the weights", "[optim]") {
  Optimizer sgd({.rule = Rule::sgd, .schedule = {}});
  CHECK_THROWS_WITH(one_step(sgd, vector({1}), vector({1, 2})),
                    ContainsSubstring("tensor 1: expected a gradient f64 [1] like the weight, got f64 [2]"));
}

TEST_CASE("moments that come back must fit the weights", "[optim]") {
  const auto step_from = [](const std::vector<Tensor>& moments) {
    Optimizer adam({.rule = Rule::adam, .schedule = {}});
    adam.restore(1, moments);
    return one_step(adam, vector({1, 2}), vector({1, 2}));
  };
  CHECK_NOTHROW(step_from({vector({0, 0}), vector({1, 1})}));
  CHECK_THROWS_WITH(step_from({vector({0, 0}), vector({1})}),
                    ContainsSubstring("tensor 1: expected a moment f64 [2] like the weight, got f64 [1]"));
  CHECK_THROWS_WITH(step_from({vector({0, 0}, DType::f32), vector({1, 1})}),
                    ContainsSubstring("expected a moment f64 [2] like the weight, got f32 [2]"));
  CHECK_THROWS_WITH(step_from({vector({0, 0}, DType::i32), vector({1, 1})}),
                    ContainsSubstring("moment 1: expected an f32 or f64 tensor, got i32"));
}

TEST_CASE("schedules", "[optim]") {
  const Schedule cosine{.decay = Decay::cosine, .rate = 2, .warmup = 2, .steps = 10, .floor = 0.1};
  CHECK(cosine.at(0) == Approx(1));
  CHECK(cosine.at(5) == Approx(2 * (0.1 + 0.9 * 0.5)));
  CHECK(cosine.at(10) == Approx(0.2));
  CHECK(cosine.at(99) == Approx(0.2));
  const Schedule steps{.decay = Decay::step, .rate = 1, .every = 3, .factor = 0.5};
  CHECK(steps.at(2) == 1);
  CHECK(steps.at(3) == 0.5);
  CHECK(steps.at(6) == 0.25);
}

TEST_CASE("clipping keeps the direction and bounds the norm over all tensors", "[optim]") {
  const std::vector<Tensor> g{vector({3}), vector({4, 0}, DType::f32)};
  CHECK(global_norm(g) == Approx(5));
  const std::vector<Tensor> clipped = clip_by_norm(g, 1);
  CHECK(clipped[0].at(0) == Approx(0.6));
  CHECK(clipped[1].at(0) == Approx(0.8));
  CHECK(test::identical(clip_by_norm(g, 5)[0], g[0]));
  CHECK(std::isnan(global_norm(clip_by_norm(std::vector{vector({std::nan("")})}, 1))));
}

}  // namespace
}  // namespace moonstill::optim
