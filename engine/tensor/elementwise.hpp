// Elementwise kernels with broadcasting. Layouts: when any operand is tiled (and has the result's batch) the
// result is tiled; operands without a batch axis of that size stay row-major and are broadcast over the
// samples.
#pragma once

#include "engine/tensor/tensor.hpp"

namespace moonstill {

enum class Unary {
  neg,
  exp,
  log,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  sigmoid,
  softplus,
  gelu,
  sqrt,
  erf,
  step,
  abs,
  sign,
  floor,
  round
};
enum class Binary { add, sub, mul, div, pow, max, min, less, less_equal, equal, positive_part, add_relu };
// positive_part(a, b): a where b > 0, else 0. add_relu(a, b): max(a + b, 0). `less`, `equal` give 1 or 0 in
// the operands' type. step(x): 1 where x > 0. exp, tanh, sigmoid, softplus, gelu and erf are accurate at
// large arguments (no overflow to NaN).

/// f32 or f64.
Tensor unary(Unary op, const Tensor& x);
/// Both operands of one floating type; shapes broadcast. Throws Error{shape}.
Tensor binary(Binary op, const Tensor& a, const Tensor& b);
/// a + scale * b for one shape and type, reusing a's memory when it is unique: gradient accumulation.
Tensor add_scaled(Tensor a, const Tensor& b, double scale);
/// condition (floating, non-zero = true) ? a : b, all broadcast.
Tensor select(const Tensor& condition, const Tensor& a, const Tensor& b);

/// True when every element is finite.
[[nodiscard]] bool all_finite(const Tensor& x);

}  // namespace moonstill
