#include "engine/tensor/broadcast.hpp"

#include <algorithm>

namespace moonstill {
namespace {

using Sizes = std::array<std::int64_t, BroadcastLoops::max_axes>;

bool has_batch_of(const Tensor& t, const Shape& shape) {
  return t.rank() > 0 && t.rank() == shape.rank() && t.size(0) == shape[0];
}

// Sizes in memory of so many tiles, aligned with those of a result of `rank` axes and one more.
Sizes storage_sizes(const Tensor& t, std::size_t rank, Layout result, const TileRun& run) {
  Sizes sizes{};
  std::fill_n(sizes.begin(), rank + 1, 1);
  const std::size_t offset = rank - t.rank();
  for (std::size_t axis = 0; axis < t.rank(); ++axis) sizes[offset + axis] = t.size(axis);
  if (result == Layout::tiled && t.tiled()) {
    sizes[0] = run.tiles;
    sizes[rank] = run.lanes;
  }
  return sizes;
}

Sizes result_sizes(const Shape& shape, Layout layout, const TileRun& run) {
  Sizes sizes{};
  std::ranges::copy(shape, sizes.begin());
  sizes[shape.rank()] = 1;
  if (layout == Layout::tiled) {
    sizes[0] = run.tiles;
    sizes[shape.rank()] = run.lanes;
  }
  return sizes;
}

// Puts an axis in before the others, or into the first one where every operand runs through both in one
// stride.
void push_front(BroadcastLoops& loops, std::int64_t size, const std::array<std::int64_t, 3>& strides) {
  if (size == 1) return;
  const std::size_t last = BroadcastLoops::max_axes - 1 - loops.axes;  // filled from the back
  if (loops.axes > 0) {
    bool merges = true;
    for (std::size_t i = 0; i < strides.size(); ++i) {
      merges = merges && strides[i] == loops.strides[i][last + 1] * loops.sizes[last + 1];
    }
    if (merges) {
      loops.sizes[last + 1] *= size;
      return;
    }
  }
  loops.sizes[last] = size;
  for (std::size_t i = 0; i < strides.size(); ++i) loops.strides[i][last] = strides[i];
  ++loops.axes;
}

// All operands as the result: one row, whatever the shape.
void one_run(std::int64_t count, BroadcastLoops& loops) {
  loops.axes = 1;
  loops.sizes[0] = count;
  for (auto& strides : loops.strides) strides[0] = 1;
  loops.begin = 0;
  loops.starts = {};
}

void move_to_front(BroadcastLoops& loops) {
  const auto shift = static_cast<std::ptrdiff_t>(BroadcastLoops::max_axes - loops.axes);
  std::shift_left(loops.sizes.begin(), loops.sizes.end(), shift);
  for (auto& strides : loops.strides) std::shift_left(strides.begin(), strides.end(), shift);
}

// Those of a run of tiles, or of a row-major result.
void loops_over(std::span<const Tensor> operands, const Shape& shape, Layout layout, const TileRun& run,
                BroadcastLoops& loops) {
  const std::size_t rank = shape.rank();
  const Sizes sizes = result_sizes(shape, layout, run);
  std::array<Sizes, BroadcastLoops::max_operands> operand_sizes{};
  for (auto& s : operand_sizes) s.fill(1);
  loops = {};
  std::int64_t features = 1;
  for (std::size_t axis = 1; axis < rank; ++axis) features *= shape[axis];
  loops.begin = run.first * features * tile_lanes;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    operand_sizes[i] = storage_sizes(operands[i], rank, layout, run);
    if (operands[i].tiled()) loops.starts[i] = operands[i].tile_begin(run.first);
  }
  std::array<std::int64_t, BroadcastLoops::max_operands> runs{1, 1, 1};
  for (std::size_t axis = rank + 1; axis-- > 0;) {
    std::array<std::int64_t, BroadcastLoops::max_operands> strides{};
    for (std::size_t i = 0; i < strides.size(); ++i) {
      strides[i] = operand_sizes[i][axis] == 1 ? 0 : runs[i];
      runs[i] *= operand_sizes[i][axis];
    }
    push_front(loops, sizes[axis], strides);
  }
  if (loops.axes == 0) {  // a single element
    loops.axes = 1;
    loops.sizes.back() = 1;
  }
  move_to_front(loops);
}

}  // namespace

std::int64_t BroadcastLoops::rows() const {
  std::int64_t n = 1;
  for (std::size_t axis = 0; axis + 1 < axes; ++axis) n *= sizes[axis];
  return sizes[axes - 1] == 0 ? 0 : n;
}

Layout result_layout(std::span<const Tensor> operands, const Shape& shape) {
  const bool tiled =
      std::ranges::any_of(operands, [&](const Tensor& t) { return t.tiled() && has_batch_of(t, shape); });
  return tiled ? Layout::tiled : Layout::row_major;
}

BroadcastPlan plan_broadcast(std::span<Tensor> operands, const Shape& shape, Layout layout) {
  BroadcastPlan plan;
  const bool plain = std::ranges::all_of(
      operands, [&](const Tensor& t) { return t.layout() == layout && t.shape() == shape; });
  if (plain) {
    one_run(operands.front().count(), plan.add());
    return plan;
  }
  for (Tensor& t : operands) {
    // A single sample lies alike in both layouts: it may stay as it is.
    const bool keeps_batch = layout == Layout::tiled && has_batch_of(t, shape);
    t = keeps_batch && (t.tiled() || shape[0] > 1) ? t.as_tiled() : t.row_major();
  }
  if (layout == Layout::row_major) {
    loops_over(operands, shape, layout, {}, plan.add());
    return plan;
  }
  for (const TileRun& run : tile_runs(shape[0])) {
    if (run.tiles > 0) loops_over(operands, shape, layout, run, plan.add());
  }
  return plan;
}

}  // namespace moonstill
