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
  [[nodiscard]] std::int64_t plane() const { return height * width * tile_lanes; }
  /// Whether a row of the result holds anything but zeros.
  [[nodiscard]] bool filled(std::int64_t row) const {
    const std::int64_t i = row - top;
    return i >= 0 && i % step == 0 && i / step < from_height;
  }
};

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
/// the planes, which are zero elsewhere. Lanes without a sample are zero when asked for.
template <class T>
class SpreadTile {
 public:
  SpreadTile(const Tensor& source, const PlaneSpread& spread, const Selection* selection, bool mask)
      : source_(source), spread_(spread), selection_(selection), mask_(mask) {}

  /// [channels][height][width][16] of tile t, valid until the next call.
  const T* at(std::int64_t t) { return at(t, 0, spread_.channels); }

  /// The same of `channels` channels from `first` on.
  const T* at(std::int64_t t, std::int64_t first, std::int64_t channels) {
    if (t == tile_ && first == first_ && channels == channels_) return data_;
    tile_ = t;
    first_ = first;
    channels_ = channels;
    const std::int64_t from_plane = source_.size(2) * source_.size(3) * tile_lanes;
    const std::int64_t offset = (t * source_.size(1) + first) * from_plane;
    const T* from = source_.data<T>().data() + offset;
    const std::int64_t lanes = mask_ ? source_.lanes_in(t) : tile_lanes;
    if (selection_ == nullptr && spread_.is_copy() && lanes == tile_lanes) return data_ = from;
    if (!scratch_) {
      const auto count = static_cast<std::size_t>(spread_.channels * spread_.plane());
      scratch_ = allocate_memory(std::max<std::size_t>(1, count * sizeof(T)));
      clear();
    }
    if (selection_ != nullptr) {
      fill_windows(from, selection_->places.data<std::uint8_t>().data() + offset, lanes);
    } else {
      fill(from, lanes);
    }
    return data_ = scratch();
  }

 private:
  T* scratch() { return reinterpret_cast<T*>(scratch_.get()); }

  // Zeros wherever fill or fill_windows writes nothing.
  void clear() {
    const PlaneSpread& s = spread_;
    const bool solid = s.step == 1 && s.left >= 0 && s.left + s.from_width <= s.width && windows_cover();
    for (std::int64_t row = 0; row < s.channels * s.height; ++row) {
      T* from = scratch() + row * s.width * tile_lanes;
      const bool gap = solid && s.filled(row % s.height);
      const std::int64_t left = gap ? s.left : s.width;
      const std::int64_t right = gap ? s.left + s.from_width : s.width;
      std::fill(from, from + left * tile_lanes, T{0});
      std::fill(from + right * tile_lanes, from + s.width * tile_lanes, T{0});
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
    return row < 0 || row >= s.height ? nullptr : scratch() + c * s.plane() + row * s.width * tile_lanes;
  }

  void fill(const T* from, std::int64_t lanes) {
    const PlaneSpread& s = spread_;
    // Columns that have a place.
    const std::int64_t first = s.left < 0 ? (-s.left + s.step - 1) / s.step : 0;
    const std::int64_t end = std::min(s.from_width, (s.width - s.left + s.step - 1) / s.step);
    for (std::int64_t c = 0; c < channels_; ++c) {
      for (std::int64_t i = 0; i < s.from_height; ++i, from += s.from_width * tile_lanes) {
        T* row = row_place(c, i);
        if (row == nullptr || first >= end) continue;
        const T* begin = from + first * tile_lanes;
        T* to = row + (s.left + s.step * first) * tile_lanes;
        if (s.step == 1) {
          copy_masked(begin, to, end - first, lanes);
        } else {
          for (std::int64_t j = 0; j < end - first; ++j) {
            Samples<T>::load_first(begin + j * tile_lanes, lanes).store(to + j * s.step * tile_lanes);
          }
        }
      }
    }
  }

  // Elements outside of all windows stay zero. The usual size of a window is known to the compiler.
  void fill_windows(const T* from, const std::uint8_t* places, std::int64_t lanes) {
    if (selection_->geometry.window == 2) {
      fill_windows(from, places, lanes, std::integral_constant<std::int64_t, 2>());
    } else {
      fill_windows(from, places, lanes, selection_->geometry.window);
    }
  }

  template <class Size>
  void fill_windows(const T* from, const std::uint8_t* places, std::int64_t lanes, Size window) {
    const std::int64_t stride = selection_->geometry.stride;
    const PlaneSpread& s = spread_;
    std::array<T*, most_window> rows{};
    for (std::int64_t c = 0; c < channels_; ++c) {
      for (std::int64_t i = 0; i < source_.size(2); ++i) {
        for (std::int64_t k = 0; k < window; ++k) rows[k] = row_place(c, i * stride + k);
        for (std::int64_t j = 0; j < source_.size(3); ++j, from += tile_lanes, places += tile_lanes) {
          const auto value = Samples<T>::load_first(from, lanes);
          const Places<T> chosen = load_places<T>(places);
          for (std::int64_t k = 0; k < window; ++k) {
            if (rows[k] == nullptr) continue;
            for (std::int64_t l = 0; l < window; ++l) {
              const std::int64_t column = s.left + s.step * (j * stride + l);
              if (column < 0 || column >= s.width) continue;
              choose<T>(chosen, k * window + l, value, Samples<T>::zero())
                  .store(rows[k] + column * tile_lanes);
            }
          }
        }
      }
    }
  }

  const Tensor& source_;
  PlaneSpread spread_;
  const Selection* selection_;
  bool mask_;
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
