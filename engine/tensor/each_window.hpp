// The pooling windows of tiled planes: where they lie, a call for each of them, and the adjoint of reading
// them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/tensor/share_tiles.hpp"
#include "engine/tensor/windows.hpp"

namespace moonstill {

/// The planes of both sides: [tiles][channels][height][width][lanes] and the windows'
/// [tiles][channels][out_height][out_width][lanes].
struct Windows {
  std::int64_t samples = 0, channels = 0;
  std::int64_t height = 0, width = 0;
  std::int64_t out_height = 0, out_width = 0;
  PoolGeometry g;
  EachWidth<std::vector<std::int64_t>> offsets;  // of each place from the window's first element

  [[nodiscard]] std::int64_t places() const { return g.window * g.window; }
  /// Whether each element lies in exactly one window.
  [[nodiscard]] bool partition() const {
    return g.stride == g.window && out_height * g.window == height && out_width * g.window == width;
  }
};

[[nodiscard]] inline Windows windows_of(const Shape& input, PoolGeometry g) {
  return {.samples = input[0],
          .channels = input[1],
          .height = input[2],
          .width = input[3],
          .out_height = windows_along(input[2], g),
          .out_width = windows_along(input[3], g),
          .g = g,
          .offsets = {input[0], [&](std::int64_t lanes) { return window_offsets(g, input[3], lanes); }}};
}

[[nodiscard]] inline Shape output_shape(const Shape& input, const Windows& w) {
  return {input[0], input[1], w.out_height, w.out_width};
}

/// One window: where its first element lies and where its result, the offsets of its places, and the samples
/// of its tile (WholeTile or NarrowTile).
template <class Count>
struct WindowPlace {
  std::int64_t first = 0, result = 0;
  std::span<const std::int64_t> offsets;
  Count lanes{};

  /// So many numbers.
  template <class T>
  using Numbers = Samples<T, Count::size>;
  template <class T>
  [[gnu::always_inline]] Numbers<T> load(const T* from) const {
    return Numbers<T>::load(from, lanes);
  }

  template <class T>
  [[gnu::always_inline]] Window<T, Count> of(const T* planes) const {
    return {planes + first, offsets, lanes};
  }
};

/// Calls body(place) for the windows of planes [first, last) of a tile.
template <class Count, class Body>
void for_each_window_of(const Windows& w, std::int64_t tile, Count lanes, std::int64_t first,
                        std::int64_t last, Body&& body) {
  WindowPlace<Count> place{0, 0, w.offsets.of(lanes), lanes};
  for (std::int64_t plane = first; plane < last; ++plane) {
    const std::int64_t before = tile * w.channels * tile_lanes + plane * lanes;
    for (std::int64_t i = 0; i < w.out_height; ++i) {
      const std::int64_t row = before * w.height * w.width + i * w.g.stride * w.width * lanes;
      const std::int64_t out_row = before * w.out_height * w.out_width + i * w.out_width * lanes;
      for (std::int64_t j = 0; j < w.out_width; ++j) {
        place.first = row + j * w.g.stride * lanes;
        place.result = out_row + j * lanes;
        body(place);
      }
    }
  }
}

/// For every window, planes in parallel. A window's own numbers, of which there is one for each place, begin
/// at so many times its result's offset.
template <class Body>
void for_each_window(const Windows& w, Body&& body) {
  const TileParts planes{w.samples, w.channels};
  const std::int64_t work = w.out_height * w.out_width * w.places();
  share_parts(planes, work, serial_moves, [&](std::int64_t begin, std::int64_t end) {
    planes.each(begin, end, [&](std::int64_t tile, std::int64_t first, std::int64_t last) {
      with_lanes(lanes_of(w.samples, tile),
                 [&](auto lanes) { for_each_window_of(w, tile, lanes, first, last, body); });
    });
  });
}

/// The adjoints: read(place)(p) is what the window adds to its place p.
template <class T, class Read>
Tensor spread_windows(const Windows& w, DType dtype, const Shape& input_shape, Read read) {
  const bool partition = w.partition();
  Tensor out = partition ? Tensor::empty(input_shape, dtype, Layout::tiled)
                         : Tensor::zeros(input_shape, dtype, Layout::tiled);
  T* to = out.write<T>().data();
  for_each_window(w, [&](const auto& place) {
    const auto value = read(place);
    for (std::size_t p = 0; p < place.offsets.size(); ++p) {
      T* target = to + place.first + place.offsets[p];
      auto sum = value(static_cast<std::int64_t>(p));
      if (!partition) sum.add(decltype(sum)::load(target, place.lanes));
      sum.store(target, place.lanes);
    }
  });
  return out;
}

}  // namespace moonstill
