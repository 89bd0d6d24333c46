// Learning rates that change with the step.
#pragma once

#include <cstdint>

namespace moonstill::optim {

enum class Decay { constant, step, cosine };

/// The learning rate of step t = 0, 1, ...: after a linear rise over `warmup` steps,
///   constant: rate;   step: rate * factor^floor(t / every);   cosine: from rate to rate * floor over `steps`
///   steps (Loshchilov and Hutter, 2017), then constant.
struct Schedule {
  Decay decay = Decay::constant;
  double rate = 1e-3;
  std::int64_t warmup = 0;
  std::int64_t every = 1;  // step
  double factor = 0.5;     // step
  std::int64_t steps = 1;  // cosine
  double floor = 0.0;      // cosine

  [[nodiscard]] double at(std::int64_t step) const;
};

}  // namespace moonstill::optim
