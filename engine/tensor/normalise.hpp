// Rows divided by their norms.
#pragma once

#include <cstdint>

#include "engine/tensor/tensor.hpp"

namespace moonstill {

struct NormalisedRows {
  Tensor rows;             // each x / |x| along the last axis; a zero row becomes the first basis vector
  Tensor norms;            // |x|, the last axis being 1; infinity for a zero row
  std::int64_t zero_rows;  // how many there were
};

/// f32 or f64, at least one axis; tiled where x is, or has many rows. Rows are scaled by their largest
/// element first, so that squares neither overflow nor vanish.
NormalisedRows normalise_rows(const Tensor& x);

/// (g - y (y . g)) / norm of each row: how normalised rows y change along g, and the transpose of that. Both
/// [..., M], `norms` [..., 1].
Tensor across_rows(const Tensor& y, const Tensor& g, const Tensor& norms);

}  // namespace moonstill
