// The one kernel between bytes and batches: gathers, normalises and tiles.
#pragma once

#include <cstdint>
#include <span>

#include "engine/tensor/tensor.hpp"

namespace moonstill::data {

struct Normalization;

/// samples[i] points to one image of `shape` [C, H, W]; the result [samples, C, H, W] is tiled, each channel
/// c being (pixel / 255 - mean[c]) / deviation[c]. Throws Error{argument} unless dtype is f32 or f64.
[[nodiscard]] Tensor gather_images(std::span<const std::uint8_t* const> samples, const Shape& shape,
                                   const Normalization& normalization, DType dtype);

}  // namespace moonstill::data
