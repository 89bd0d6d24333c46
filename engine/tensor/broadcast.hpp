// How the operands of an elementwise kernel lie in memory: broadcasting as strides over the result's storage.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/tensor/tensor.hpp"

namespace moonstill {

/// Loops over a result's storage, or over its tiles of one width, with up to three operands. Sizes are
/// outermost first and merged where all operands allow it; a stride is 0 where the operand repeats. The
/// innermost strides are 0 or 1.
struct BroadcastLoops {
  static constexpr std::size_t max_axes = Shape::max_rank + 1;
  static constexpr std::size_t max_operands = 3;

  // Left uninitialised, since small operations would notice: they set what one row needs.
  std::size_t axes;
  std::array<std::int64_t, max_axes> sizes;
  std::array<std::array<std::int64_t, max_axes>, max_operands> strides;
  std::int64_t begin;                             // the first element of the result
  std::array<std::int64_t, max_operands> starts;  // and of the operands

  [[nodiscard]] std::int64_t rows() const;
  [[nodiscard]] std::int64_t row_size() const { return sizes[axes - 1]; }
};

/// Those of a whole result: one for each width of its tiles.
class BroadcastPlan {
 public:
  /// Room for more, to be filled.
  [[nodiscard]] BroadcastLoops& add() { return loops_[count_++]; }
  [[nodiscard]] const BroadcastLoops* begin() const { return loops_.data(); }
  [[nodiscard]] const BroadcastLoops* end() const { return loops_.data() + count_; }

 private:
  std::array<BroadcastLoops, 2> loops_;  // of which count_ are
  std::size_t count_ = 0;
};

/// The layout that a result of this shape has: tiled when an operand is and has the result's batch.
Layout result_layout(std::span<const Tensor> operands, const Shape& shape);

/// Brings the operands into layouts that broadcast over a result of `shape` in `layout`, and gives the loops.
BroadcastPlan plan_broadcast(std::span<Tensor> operands, const Shape& shape, Layout layout);

/// Calls row(first element of the result, offsets of the operands) for the loops' rows [begin, end).
template <class Row>
void for_each_row(const BroadcastLoops& loops, std::int64_t begin, std::int64_t end, Row&& row) {
  using Offsets = std::array<std::int64_t, BroadcastLoops::max_operands>;
  std::array<std::int64_t, BroadcastLoops::max_axes> index{};
  Offsets offsets = loops.starts;
  const std::size_t outer = loops.axes - 1;
  std::int64_t rest = begin;
  for (std::size_t axis = outer; axis-- > 0;) {
    index[axis] = rest % loops.sizes[axis];
    rest /= loops.sizes[axis];
    for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] += index[axis] * loops.strides[i][axis];
  }
  for (std::int64_t r = begin; r < end; ++r) {
    row(loops.begin + r * loops.row_size(), offsets);
    for (std::size_t axis = outer; axis-- > 0;) {
      const bool carry = ++index[axis] == loops.sizes[axis];
      const std::int64_t step = carry ? 1 - index[axis] : 1;
      if (carry) index[axis] = 0;
      for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] += step * loops.strides[i][axis];
      if (!carry) break;
    }
  }
}

}  // namespace moonstill
