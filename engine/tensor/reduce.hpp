// Reductions and broadcasts. Sums run over fixed blocks in a fixed order, so they do not depend on the thread
// count.
#pragma once

#include <cstdint>
#include <span>

#include "engine/tensor/tensor.hpp"

namespace moonstill {

/// Bit i set: axis i is reduced.
using AxisSet = std::uint32_t;

enum class Reduction { sum, max, min };

/// Reduced axes keep size 1 with keep_axes, else vanish. A tiled operand gives a tiled result while axis 0 is
/// not reduced, else a row-major one. max and min of nothing are an Error{shape}.
Tensor reduce(Reduction op, const Tensor& x, AxisSet axes, bool keep_axes);

/// i32 index of the (first) largest element along one axis; that axis vanishes.
Tensor argmax(const Tensor& x, std::size_t axis);

/// Repeats x to `shape` (sizes aligned at the last axis), in the layout asked for.
Tensor broadcast_to(const Tensor& x, const Shape& shape, Layout layout);

/// Sums x down to `shape`, the reverse of broadcast_to.
Tensor sum_to(const Tensor& x, const Shape& shape);

}  // namespace moonstill
