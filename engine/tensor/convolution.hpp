// Two-dimensional convolution (cross-correlation, as every deep-learning library means it) and its two
// adjoints. The three are one trilinear form T(x, w, y) = sum y * conv(x, w), read out in each of its
// arguments. With a selection, y stands for one element of each pooling window of the convolution, which is
// itself never stored.
#pragma once

#include "engine/tensor/pooling.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill {

struct ConvGeometry {
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  friend bool operator==(const ConvGeometry&, const ConvGeometry&) = default;
};

/// Output size along one axis; 0 or less when the kernel does not fit.
[[nodiscard]] std::int64_t conv_output_size(std::int64_t input, std::int64_t kernel, ConvGeometry g);

/// x [N, C, H, W], w [O, C, KH, KW] -> [N, O, OH, OW], tiled.
Tensor conv(const Tensor& x, const Tensor& w, ConvGeometry g, const Selection* selection = nullptr);
/// window_max of conv.
WindowMax conv_max(const Tensor& x, const Tensor& w, ConvGeometry g, PoolGeometry pool);
/// y [N, O, OH, OW], w -> [N, C, H, W] of `input_shape`, tiled: the gradient with respect to x. A selection's
/// windows must not overlap, here and below.
Tensor conv_input(const Tensor& y, const Tensor& w, ConvGeometry g, const Shape& input_shape,
                  const Selection* selection = nullptr);
/// x, y -> [O, C, KH, KW] of `weight_shape`, row-major: the gradient with respect to w.
Tensor conv_weight(const Tensor& x, const Tensor& y, ConvGeometry g, const Shape& weight_shape,
                   const Selection* selection = nullptr);

}  // namespace moonstill
