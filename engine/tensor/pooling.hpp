// Pooling over windows of the last two axes of [N, C, H, W]. Everything is tiled.
#pragma once

#include "engine/tensor/tensor.hpp"

namespace moonstill {

struct PoolGeometry {
  std::int64_t window = 2;
  std::int64_t stride = 2;
  friend bool operator==(const PoolGeometry&, const PoolGeometry&) = default;
};

/// u8 [N, C, OH, OW]: which place (row by row) of each window holds its largest element, the first on ties.
Tensor window_argmax(const Tensor& x, PoolGeometry g);
/// x at the places that `places` names: [N, C, OH, OW].
Tensor window_take(const Tensor& x, const Tensor& places, PoolGeometry g);
/// The adjoint of window_take: y's elements added at their places in zeros of `input_shape`.
Tensor window_put(const Tensor& y, const Tensor& places, PoolGeometry g, const Shape& input_shape);
/// Sum over each window, and its adjoint.
Tensor window_sum(const Tensor& x, PoolGeometry g);
Tensor window_spread(const Tensor& y, PoolGeometry g, const Shape& input_shape);

}  // namespace moonstill
