// The tiles of a batch, of which the last may be narrow: how kernels share them out, and what they prepare
// for either width.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/tensor/tensor.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {

/// A batch's tiles (or groups of samples), each divided into as many parts. A part takes as long as its tile
/// has samples.
struct TileParts {
  std::int64_t samples = 0;
  std::int64_t parts = 1;
  std::int64_t group = tile_lanes;  // samples of a whole one

  /// Calls body(tile, first part, end) for the parts whose middles lie in [begin, end) of the batch's work,
  /// which is samples * parts.
  template <class Body>
  void each(std::int64_t begin, std::int64_t end, Body&& body) const {
    const std::int64_t whole = group * parts;
    for (std::int64_t tile = begin / whole; tile * whole < end; ++tile) {
      const std::int64_t width = std::min(group, samples - tile * group);
      const auto parts_before = [&](std::int64_t place) {
        return std::clamp<std::int64_t>((place - tile * whole + (width - 1) / 2) / width, 0, parts);
      };
      const std::int64_t first = parts_before(begin);
      const std::int64_t last = parts_before(end);
      if (first < last) body(tile, first, last);
    }
  }
};

/// Calls body(begin, end) on ranges that cover the work of all parts; one sample's share of a part is
/// `work` of what `serial_work` counts.
template <class Body>
void share_parts(const TileParts& tiles, std::int64_t work, std::int64_t serial_work, Body&& body) {
  share_ranges(tiles.samples * tiles.parts, work, serial_work, body);
}

/// What a kernel prepares once for a batch's whole tiles and once for its narrow one.
template <class Plan>
class EachWidth {
 public:
  /// make(lanes) prepares it for tiles of so many samples.
  template <class Make>
  EachWidth(std::int64_t samples, Make&& make) {
    for (const TileRun& run : tile_runs(samples)) {
      if (run.tiles > 0) plans_[place_of(run.lanes)] = make(run.lanes);
    }
  }

  [[nodiscard]] const Plan& of(std::int64_t lanes) const { return plans_[place_of(lanes)]; }

 private:
  static std::size_t place_of(std::int64_t lanes) { return lanes == tile_lanes ? 0 : 1; }

  std::array<Plan, 2> plans_;
};

}  // namespace moonstill
