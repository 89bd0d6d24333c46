// The image side of a convolution: one tile's planes, spread and padded with zeros so that the inner loops
// need no bounds checks.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <type_traits>

#include "engine/core/memory.hpp"
#include "engine/tensor/convolution.hpp"
#include "engine/tensor/windows.hpp"

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
  /// Whether a row of the result holds anything but zeros.
  [[nodiscard]] bool filled(std::int64_t row) const {
    const std::int64_t i = row - top;
    return i >= 0 && i % step == 0 && i / step < from_height;
  }
};

/// How spread planes of a tile lie, in numbers: from a column to the next, from a row, and from a plane.
struct PlanePitch {
  std::int64_t column = 0, row = 0, plane = 0;
};

/// With columns of so many samples. Those of narrow tiles are read 16 numbers at a time: behind a row lie
/// zeros.
[[nodiscard]] inline PlanePitch pitch_of(const PlaneSpread& s, std::int64_t column) {
  const std::int64_t row = s.width * column + (column < tile_lanes ? tile_lanes : 0);
  return {column, row, s.height * row};
}

/// Whether rows of a narrow tile are read as they lie, 16 numbers of neighbouring columns at a time: where a
/// convolution's stride leaves none of them out.
[[nodiscard]] inline bool stays_narrow(std::int64_t stride) { return stride == 1; }

/// A layer's input with zeros around it.
[[nodiscard]] inline PlaneSpread padded(const Shape& x, ConvGeometry g) {
  return {.channels = x[1],
          .from_height = x[2],
          .from_width = x[3],
          .height = x[2] + 2 * g.padding,
          .width = x[3] + 2 * g.padding,
          .step = 1,
          .top = g.padding,
          .left = g.padding};
}

/// Channels of one tile at a time, spread. With a selection, the source holds one element of each window of
/// the planes, which are zero elsewhere. Columns of a narrow tile stay as narrow when that is asked for;
/// else they become 16 wide, zero where there is no sample.
template <class T>
class SpreadTile {
 public:
  SpreadTile(const Tensor& source, const PlaneSpread& spread, const Selection* selection, bool keeps_width)
      : source_(source), spread_(spread), selection_(selection), keeps_width_(keeps_width) {}

  /// [channels][height][width][lanes] of tile t, rows as PlanePitch says; valid until the next call.
  const T* at(std::int64_t t) { return at(t, 0, spread_.channels); }

  /// The same of `channels` channels from `first` on.
  const T* at(std::int64_t t, std::int64_t first, std::int64_t channels) {
    if (t == tile_ && first == first_ && channels == channels_) return data_;
    tile_ = t;
    first_ = first;
    channels_ = channels;
    const std::int64_t lanes = source_.lanes_in(t);
    const std::int64_t offset = source_.tile_begin(t) + first * source_.size(2) * source_.size(3) * lanes;
    const T* from = source_.data<T>().data() + offset;
    if (selection_ == nullptr && spread_.is_copy() && lanes == tile_lanes) return data_ = from;
    make_scratch(keeps_width_ ? lanes : tile_lanes);
    const auto spread = [&](auto count) {
      if (selection_ != nullptr)
        fill_windows(from, selection_->places.data<std::uint8_t>().data() + offset, count);
      else
        fill(from, count);
    };
    if (pitch_.column != lanes)
      spread(NarrowTile<tile_lanes>{lanes});
    else if (lanes == 1)
      spread(NarrowTile<1>{lanes});
    else
      with_lanes(lanes, spread);
    return data_ = scratch();
  }

 private:
  T* scratch() { return reinterpret_cast<T*>(scratch_.get()); }

  void make_scratch(std::int64_t column) {
    if (column == pitch_.column) return;
    pitch_ = pitch_of(spread_, column);
    const auto count = static_cast<std::size_t>(spread_.channels * pitch_.plane);
    scratch_ = allocate_memory(std::max<std::size_t>(1, count * sizeof(T)));
    clear();
  }

  // Zeros wherever fill or fill_windows writes nothing.
  void clear() {
    const PlaneSpread& s = spread_;
    const bool solid = s.step == 1 && s.left >= 0 && s.left + s.from_width <= s.width && windows_cover();
    for (std::int64_t row = 0; row < s.channels * s.height; ++row) {
      T* from = scratch() + row * pitch_.row;
      const bool gap = solid && s.filled(row % s.height);
      const std::int64_t left = gap ? s.left : s.width;
      const std::int64_t right = gap ? s.left + s.from_width : s.width;
      std::fill(from, from + left * pitch_.column, T{0});
      std::fill(from + right * pitch_.column, from + pitch_.row, T{0});
    }
  }

  [[nodiscard]] bool windows_cover() const {
    if (selection_ == nullptr) return true;
    const PoolGeometry g = selection_->geometry;
    return g.stride == g.window && source_.size(2) * g.window == spread_.from_height &&
           source_.size(3) * g.window == spread_.from_width;
  }

  // Where row i of channel c goes, or nullptr.
  T* row_place(std::int64_t c, std::int64_t i) {
    const PlaneSpread& s = spread_;
    const std::int64_t row = s.top + s.step * i;
    return row < 0 || row >= s.height ? nullptr : scratch() + c * pitch_.plane + row * pitch_.row;
  }

  // Numbers are written a vector at a time, columns of a row in turn: what a narrow one writes behind itself,
  // zeros, the next one overwrites.
  template <class Count>
  void fill(const T* from, Count lanes) {
    const PlaneSpread& s = spread_;
    // Columns that have a place.
    const std::int64_t first = s.left < 0 ? (-s.left + s.step - 1) / s.step : 0;
    const std::int64_t end = std::min(s.from_width, (s.width - s.left + s.step - 1) / s.step);
    for (std::int64_t c = 0; c < channels_; ++c) {
      for (std::int64_t i = 0; i < s.from_height; ++i, from += s.from_width * lanes) {
        T* row = row_place(c, i);
        if (row == nullptr || first >= end) continue;
        const T* begin = from + first * lanes;
        T* to = row + (s.left + s.step * first) * pitch_.column;
        if (s.step == 1 && pitch_.column == lanes) {
          std::copy_n(begin, (end - first) * lanes, to);
          continue;
        }
        for (std::int64_t j = 0; j < end - first; ++j)
          Samples<T, Count::size>::load(begin + j * lanes, lanes).store(to + j * s.step * pitch_.column);
      }
    }
  }

  // Elements outside of all windows stay zero. The usual size of a window is known to the compiler.
  template <class Count>
  void fill_windows(const T* from, const std::uint8_t* places, Count lanes) {
    if (selection_->geometry.window == 2) {
      fill_windows(from, places, lanes, std::integral_constant<std::int64_t, 2>());
    } else {
      fill_windows(from, places, lanes, selection_->geometry.window);
    }
  }

  template <class Count, class Size>
  void fill_windows(const T* from, const std::uint8_t* places, Count lanes, Size window) {
    const std::int64_t stride = selection_->geometry.stride;
    const PlaneSpread& s = spread_;
    std::array<T*, most_window> rows{};
    for (std::int64_t c = 0; c < channels_; ++c) {
      for (std::int64_t i = 0; i < source_.size(2); ++i) {
        for (std::int64_t k = 0; k < window; ++k) rows[k] = row_place(c, i * stride + k);
        for (std::int64_t j = 0; j < source_.size(3); ++j, from += lanes, places += lanes) {
          const auto value = Samples<T, Count::size>::load(from, lanes);
          const auto chosen = load_places<T>(places, lanes);
          for (std::int64_t k = 0; k < window; ++k) {
            if (rows[k] == nullptr) continue;
            for (std::int64_t l = 0; l < window; ++l) {
              const std::int64_t column = s.left + s.step * (j * stride + l);
              if (column < 0 || column >= s.width) continue;
              choose<T>(chosen, k * window + l, value, value.zero()).store(rows[k] + column * pitch_.column);
            }
          }
        }
      }
    }
  }

  const Tensor& source_;
  PlaneSpread spread_;
  const Selection* selection_;
  bool keeps_width_;
  PlanePitch pitch_;  // of the scratch
  std::int64_t tile_ = -1, first_ = 0, channels_ = 0;
  const T* data_ = nullptr;
  std::shared_ptr<std::byte> scratch_;
};

/// A selection whose places are tiled, or none.
class TiledSelection {
 public:
  explicit TiledSelection(const Selection* selection) {
    if (selection != nullptr) held_ = {selection->geometry, selection->places.as_tiled()};
  }
  [[nodiscard]] const Selection* get() const { return held_.places ? &held_ : nullptr; }

 private:
  Selection held_;
};

}  // namespace moonstill
