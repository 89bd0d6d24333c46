// Initial values of weights.
#pragma once

#include <string_view>

#include "engine/core/random.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::nn {

enum class Initialiser {
  zeros,
  ones,
  normal,          // N(0, gain^2)
  uniform,         // [-gain, gain)
  xavier_normal,   // N(0, gain^2 * 2 / (fan_in + fan_out))        (Glorot and Bengio, 2010)
  xavier_uniform,  // [-b, b), b = gain * sqrt(6 / (fan_in + fan_out))
  kaiming_normal,  // N(0, gain^2 * 2 / fan_in), for relu          (He et al., 2015)
  kaiming_uniform,
  orthogonal,  // gain * orthonormal rows, or columns where these are fewer (Saxe et al., 2014)
};

struct Fans {
  double in;
  double out;
};

/// Fan-in and fan-out of a weight [out, in, receptive field...]. A shape of one axis counts as a single
/// output.
[[nodiscard]] Fans fans(const Shape& shape);

/// A weight drawn from `random`. f32 weights are the f64 ones rounded.
Tensor initialise(Initialiser kind, const Shape& shape, DType dtype, Generator& random, double gain = 1.0);

}  // namespace moonstill::nn
