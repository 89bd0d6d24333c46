// Pooling over windows of the last two axes of [N, C, H, W]. Everything is tiled.
#pragma once

#include "engine/tensor/tensor.hpp"

namespace moonstill {

/// Side of the largest window.
inline constexpr std::int64_t most_window = 15;

struct PoolGeometry {
  std::int64_t window = 2;
  std::int64_t stride = 2;
  friend bool operator==(const PoolGeometry&, const PoolGeometry&) = default;
};

/// One element of each window: u8 [N, C, OH, OW], its place counted row by row.
struct Selection {
  PoolGeometry geometry;
  Tensor places;
};

struct WindowMax {
  Tensor values;  // [N, C, OH, OW]
  Tensor places;  // of a Selection
};

/// Each window's largest element, the first on ties; NaN where there is one.
WindowMax window_max(const Tensor& x, PoolGeometry g);
/// x at the selected places: [N, C, OH, OW].
Tensor window_take(const Tensor& x, const Selection& s);
/// The adjoint of window_take: y's elements added at their places in zeros of `input_shape`.
Tensor window_put(const Tensor& y, const Selection& s, const Shape& input_shape);
/// Sum over each window, and its adjoint.
Tensor window_sum(const Tensor& x, PoolGeometry g);
Tensor window_spread(const Tensor& y, PoolGeometry g, const Shape& input_shape);

}  // namespace moonstill
