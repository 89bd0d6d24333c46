// Matrix products.
#pragma once

#include "engine/tensor/tensor.hpp"

namespace moonstill {

/// op(a) op(b) for rank-2 f32 or f64 operands of one type, op transposing where asked. Sizes must fit (the
/// public matmul checks). A tiled `a` that is not transposed gives a tiled result (b row-major); a transposed
/// tiled `a` times a tiled `b` contracts over the batch and gives a row-major one; every other case is
/// row-major.
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b);

}  // namespace moonstill
