// The image side of a convolution: one tile's planes, spread and padded with zeros so that the inner loops
// need no bounds checks.
#pragma once

#include <memory>
#include <vector>

#include "engine/core/memory.hpp"
#include "engine/tensor/samples.hpp"

namespace moonstill {

/// Where element (i, j) of a plane goes: (top + step * i, left + step * j) of a larger one of zeros. Elements
/// that fall outside are left out.
struct PlaneSpread {
  std::int64_t channels = 0;
  std::int64_t from_height = 0, from_width = 0;
  std::int64_t height = 0, width = 0;
  std::int64_t step = 1;
  std::int64_t top = 0, left = 0;

  [[nodiscard]] bool is_copy() const {
    return step == 1 && top == 0 && left == 0 && from_height == height && from_width == width;
  }
  [[nodiscard]] std::int64_t count() const { return channels * height * width; }
  /// Whether a row of the result holds anything but zeros.
  [[nodiscard]] bool filled(std::int64_t row) const {
    const std::int64_t i = row - top;
    return i >= 0 && i % step == 0 && i / step < from_height;
  }
};

/// One tile at a time, spread. Lanes without a sample are zero when asked for.
template <class T>
class SpreadTile {
 public:
  SpreadTile(const Tensor& source, const PlaneSpread& spread, bool mask)
      : source_(source), spread_(spread), mask_(mask) {}

  /// [channels][height][width][16] of tile t, valid until the next call.
  const T* at(std::int64_t t) {
    if (t == tile_) return data_;
    const std::int64_t from_count = spread_.channels * spread_.from_height * spread_.from_width * tile_lanes;
    const T* from = source_.data<T>().data() + t * from_count;
    const std::int64_t lanes = mask_ ? source_.lanes_in(t) : tile_lanes;
    tile_ = t;
    data_ = from;
    if (spread_.is_copy() && lanes == tile_lanes) return data_;
    if (!scratch_) {
      const auto count = static_cast<std::size_t>(spread_.count() * tile_lanes);
      scratch_ = allocate_memory(std::max<std::size_t>(1, count * sizeof(T)));
      std::fill_n(scratch(), count, T{0});
    }
    fill(from, lanes);
    data_ = scratch();
    return data_;
  }

 private:
  T* scratch() { return reinterpret_cast<T*>(scratch_.get()); }

  void fill(const T* from, std::int64_t lanes) {
    const PlaneSpread& s = spread_;
    for (std::int64_t c = 0; c < s.channels; ++c) {
      for (std::int64_t i = 0; i < s.from_height; ++i) {
        const std::int64_t row = s.top + s.step * i;
        if (row < 0 || row >= s.height) continue;
        fill_row(from + (c * s.from_height + i) * s.from_width * tile_lanes,
                 scratch() + (c * s.height + row) * s.width * tile_lanes, lanes);
      }
    }
  }

  void fill_row(const T* from, T* to, std::int64_t lanes) const {
    const PlaneSpread& s = spread_;
    const std::int64_t first = s.left < 0 ? (-s.left + s.step - 1) / s.step : 0;
    for (std::int64_t j = first; j < s.from_width && s.left + s.step * j < s.width; ++j) {
      const T* element = from + j * tile_lanes;
      T* place = to + (s.left + s.step * j) * tile_lanes;
      if (lanes == tile_lanes) {
        Samples<T>::load(element).store(place);
      } else {
        copy_masked(element, place, 1, lanes);
      }
    }
  }

  const Tensor& source_;
  PlaneSpread spread_;
  bool mask_;
  std::int64_t tile_ = -1;
  const T* data_ = nullptr;
  std::shared_ptr<std::byte> scratch_;
};

}  // namespace moonstill
