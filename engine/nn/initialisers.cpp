#include "engine/nn/initialisers.hpp"

#include <algorithm>
#include <cmath>

namespace moonstill::nn {
namespace {

void fill(Initialiser kind, Fans fan, std::span<double> out, Generator& random, double gain) {
  const double xavier = gain * std::sqrt(2.0 / (fan.in + fan.out));
  const double kaiming = gain * std::sqrt(2.0 / fan.in);
  const auto symmetric = [&](double bound) { random.fill_uniform(out, -bound, bound); };
  switch (kind) {
    case Initialiser::zeros:
      std::fill(out.begin(), out.end(), 0.0);
      break;
    case Initialiser::ones:
      std::fill(out.begin(), out.end(), gain);
      break;
    case Initialiser::normal:
      random.fill_normal(out, 0.0, gain);
      break;
    case Initialiser::uniform:
      symmetric(gain);
      break;
    case Initialiser::xavier_normal:
      random.fill_normal(out, 0.0, xavier);
      break;
    case Initialiser::xavier_uniform:
      symmetric(xavier * std::sqrt(3.0));
      break;
    case Initialiser::kaiming_normal:
      random.fill_normal(out, 0.0, kaiming);
      break;
    case Initialiser::kaiming_uniform:
      symmetric(kaiming * std::sqrt(3.0));
      break;
  }
}

}  // namespace

Fans fans(const Shape& shape) {
  if (shape.rank() == 0) return {1, 1};
  if (shape.rank() == 1) return {static_cast<double>(shape[0]), 1};
  double field = 1;
  for (std::size_t axis = 2; axis < shape.rank(); ++axis) field *= static_cast<double>(shape[axis]);
  return {static_cast<double>(shape[1]) * field, static_cast<double>(shape[0]) * field};
}

Tensor initialise(Initialiser kind, const Shape& shape, DType dtype, Generator& random, double gain) {
  Tensor weights = Tensor::empty(shape, DType::f64);
  fill(kind, fans(shape), weights.write<double>(), random, gain);
  return weights.cast(dtype);
}

}  // namespace moonstill::nn
