// The rows of a convolution's result as vectors: columns of whole tiles, or 16 neighbouring numbers of a
// narrow one's rows; and which of them are computed together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/tensor/conv_plane.hpp"

namespace moonstill {

/// Vectors and output channels of the largest register block.
template <class T>
inline constexpr int most_vectors = std::max(1, Samples<T>::accumulators / 4);
/// Of their sums, as many as leave registers for one vector of either factor.
template <class T>
inline constexpr int most_sums = Samples<T>::accumulators * 5 / 4;
template <class T>
inline constexpr int most_outputs = Samples<T>::accumulators >= 6 ? 6 : std::max(1, Samples<T>::accumulators);

/// A correlation of spread planes: out[o][i][j] = sum w[o][c][k][l] x[c][stride i + k][stride j + l].
struct Correlation {
  PlaneSpread planes;
  std::int64_t outputs = 0, out_height = 0, out_width = 0;
  std::int64_t kernel_height = 0, kernel_width = 0;
  std::int64_t stride = 1;

  /// Elements of a plane of the result.
  [[nodiscard]] std::int64_t out_plane() const { return out_height * out_width; }
  /// Products that an element of the result adds up.
  [[nodiscard]] std::int64_t terms() const { return planes.channels * kernel_height * kernel_width; }
};

/// Neighbouring vectors of a row of the result, and which kernel columns meet anything but zeros there. In
/// numbers from the row's beginning: where the vectors' first factors lie, and their results.
struct VectorBlock {
  std::int64_t from = 0, to = 0;
  int vectors = 0;
  std::int64_t tap_begin = 0, tap_end = 0;
  std::int64_t last = tile_lanes;  // numbers of the last vector that are the result's
};

/// How the rows of tiles of one width are computed.
struct RowPlan {
  std::int64_t lanes = tile_lanes;  // of the result
  PlanePitch planes;
  std::int64_t step = 0;  // numbers from one vector's factors to the next one's
  std::vector<VectorBlock> blocks;
};

/// The vectors of a row of tiles of one width.
class RowVectors {
 public:
  RowVectors(const Correlation& corr, std::int64_t lanes)
      : corr_(corr),
        lanes_(lanes),
        flat_(lanes < tile_lanes && stays_narrow(corr.stride)),
        count_(flat_ ? (corr.out_width * lanes + tile_lanes - 1) / tile_lanes : corr.out_width) {}

  [[nodiscard]] std::int64_t count() const { return count_; }
  /// Numbers from one to the next, where they are read.
  [[nodiscard]] std::int64_t step() const { return (flat_ ? 1 : corr_.stride) * tile_lanes; }
  /// Whether they are numbers of neighbouring columns.
  [[nodiscard]] bool flat() const { return flat_; }
  /// Vectors of the result lie one behind the other, so that several may be a block.
  [[nodiscard]] bool join() const { return flat_ || lanes_ == tile_lanes; }

  /// Vectors [begin, end), which meet the kernel columns that any of theirs meets.
  [[nodiscard]] VectorBlock block(std::int64_t begin, std::int64_t end) const {
    const Taps first = taps_of(column(begin * tile_lanes, begin));
    const Taps last = taps_of(column(end * tile_lanes - 1, end - 1));
    return {.from = begin * step(),
            .to = begin * (flat_ ? tile_lanes : lanes_),
            .vectors = static_cast<int>(end - begin),
            .tap_begin = last.begin,
            .tap_end = first.end,
            .last = flat_ ? std::min(tile_lanes, row() - (end - 1) * tile_lanes) : lanes_};
  }

  /// Whether all kernel columns meet all of a vector.
  [[nodiscard]] bool inside(std::int64_t vector) const {
    const auto whole = [&](std::int64_t column) {
      const Taps taps = taps_of(column);
      return taps.end - taps.begin == corr_.kernel_width;
    };
    return whole(column(vector * tile_lanes, vector)) && whole(column((vector + 1) * tile_lanes - 1, vector));
  }

 private:
  struct Taps {
    std::int64_t begin = 0, end = 0;
  };

  [[nodiscard]] std::int64_t row() const { return corr_.out_width * lanes_; }
  // The column of a number of a narrow row, or of a vector.
  [[nodiscard]] std::int64_t column(std::int64_t number, std::int64_t vector) const {
    return flat_ ? std::min(number, row() - 1) / lanes_ : vector;
  }

  // The kernel columns that meet column j's part of a plane; all of them where elements are spread. Neither
  // end grows with j.
  [[nodiscard]] Taps taps_of(std::int64_t j) const {
    if (corr_.planes.step > 1) return {0, corr_.kernel_width};
    const std::int64_t left = corr_.planes.left - j * corr_.stride;
    const std::int64_t begin = std::clamp<std::int64_t>(left, 0, corr_.kernel_width);
    return {begin, std::clamp(left + corr_.planes.from_width, begin, corr_.kernel_width)};
  }

  const Correlation& corr_;
  std::int64_t lanes_;
  bool flat_;
  std::int64_t count_;
};

/// Columns within reach of an edge stand alone, to meet no zeros, unless there are too few outputs to keep
/// the processor busy, and vectors of a narrow row in pairs; the others go in blocks as large as can be.
template <class T>
RowPlan plan_rows(const Correlation& corr, std::int64_t lanes) {
  const RowVectors row(corr, lanes);
  const int outputs = static_cast<int>(std::clamp<std::int64_t>(corr.outputs, 1, most_outputs<T>));
  const int within = std::clamp(most_sums<T> / outputs, 1, most_vectors<T>);
  const int at_edges = std::clamp(most_vectors<T> / outputs, row.flat() ? std::min(2, within) : 1, within);
  RowPlan plan{lanes, pitch_of(corr.planes, stays_narrow(corr.stride) ? lanes : tile_lanes), row.step(), {}};
  std::int64_t end = 0;
  for (std::int64_t first = 0; first < row.count(); first = end) {
    const bool inside = row.inside(first);
    for (end = first; end < row.count() && row.inside(end) == inside;) ++end;
    const int most = !row.join() ? 1 : inside ? within : at_edges;
    const std::int64_t count = (end - first + most - 1) / most;
    for (std::int64_t b = 0; b < count; ++b)
      plan.blocks.push_back(
          row.block(first + (end - first) * b / count, first + (end - first) * (b + 1) / count));
  }
  return plan;
}

}  // namespace moonstill
