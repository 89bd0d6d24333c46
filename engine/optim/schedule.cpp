#include "engine/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace moonstill::optim {

double Schedule::at(std::int64_t step) const {
  const double rise = step < warmup ? static_cast<double>(step + 1) / static_cast<double>(warmup) : 1.0;
  switch (decay) {
    case Decay::constant:
      return rise * rate;
    case Decay::step:
      return rise * rate * std::pow(factor, static_cast<double>(step / every));
    case Decay::cosine:
      break;
  }
  const double progress = std::clamp(static_cast<double>(step) / static_cast<double>(steps), 0.0, 1.0);
  return rise * rate * (floor + (1.0 - floor) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
}

}  // namespace moonstill::optim
