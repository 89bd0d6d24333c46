// Max pooling without kinks: the mean of each window of [N, C, H, W], its elements weighted by exp(sharpness
// * x) (the Boltzmann operator). As the sharpness grows it becomes the maximum. Everything is tiled.
#pragma once

#include "engine/tensor/pooling.hpp"

namespace moonstill {

struct SmoothPooling {
  PoolGeometry geometry;
  double sharpness = 1.0;
};

/// What a window's derivatives are made of, one number for each of its places: [N, C, OH, OW * places].
struct SmoothWindows {
  SmoothPooling pooling;
  Tensor weights;  // w: softmax of sharpness * x over the window
  Tensor slopes;   // of the mean y by each element: w * (1 + sharpness * (x - y))
};

struct SmoothMax {
  Tensor values;  // y: [N, C, OH, OW]
  SmoothWindows windows;
};

/// Each window's weighted mean, and what its derivatives need.
SmoothMax smooth_max(const Tensor& x, SmoothPooling pooling);
/// The slopes times t, summed over each window: [N, C, OH, OW].
Tensor smooth_max_change(const Tensor& t, const SmoothWindows& s);
/// Its adjoint: the slopes times their window's y, in zeros of `input_shape`.
Tensor smooth_max_spread(const Tensor& y, const SmoothWindows& s, const Shape& input_shape);
/// Each window's Hessian, times its y, applied to t (of the input's shape).
Tensor smooth_max_bend(const Tensor& y, const Tensor& t, const SmoothWindows& s);

}  // namespace moonstill
