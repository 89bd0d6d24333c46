// The pooling windows of tiled planes: where they lie, a call for each of them, and the adjoint of reading
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tensor/windows.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {

/// The planes of both sides: [planes][height][width][16] and the windows'
/// [planes][out_height][out_width][16].
struct Windows {
  std::int64_t planes = 0;
  std::int64_t height = 0, width = 0;
  std::int64_t out_height = 0, out_width = 0;
  PoolGeometry g;
  std::vector<std::int64_t> offsets;  // of each place from the window's first element

  /// Whether each element lies in exactly one window.
  [[nodiscard]] bool partition() const {
    return g.stride == g.window && out_height * g.window == height && out_width * g.window == width;
  }
};

[[nodiscard]] inline Windows windows_of(const Shape& input, PoolGeometry g) {
  return {.planes = (input[0] + tile_lanes - 1) / tile_lanes * input[1],
          .height = input[2],
          .width = input[3],
          .out_height = windows_along(input[2], g),
          .out_width = windows_along(input[3], g),
          .g = g,
          .offsets = window_offsets(g, input[3])};
}

[[nodiscard]] inline Shape output_shape(const Shape& input, const Windows& w) {
  return {input[0], input[1], w.out_height, w.out_width};
}

/// Calls body(offset of the window's first element, offset of the result) for every window, planes in
/// parallel. A window's own numbers, of which there is one for each place, begin at so many times its
/// result's offset.
template <class Body>
void for_each_window(const Windows& w, Body&& body) {
  const std::int64_t numbers =
      w.out_height * w.out_width * static_cast<std::int64_t>(w.offsets.size()) * tile_lanes;
  share_items(w.planes, numbers, serial_moves, [&](std::int64_t plane) {
    for (std::int64_t i = 0; i < w.out_height; ++i) {
      const std::int64_t row = (plane * w.height + i * w.g.stride) * w.width;
      const std::int64_t out_row = (plane * w.out_height + i) * w.out_width;
      for (std::int64_t j = 0; j < w.out_width; ++j) {
        body((row + j * w.g.stride) * tile_lanes, (out_row + j) * tile_lanes);
      }
    }
  });
}

/// The adjoints: read(first element, result)(p) is what the window of a result adds to its place p.
template <class T, class Read>
Tensor spread_windows(const Windows& w, DType dtype, const Shape& input_shape, Read read) {
  const bool partition = w.partition();
  Tensor out = partition ? Tensor::empty(input_shape, dtype, Layout::tiled)
                         : Tensor::zeros(input_shape, dtype, Layout::tiled);
  T* to = out.write<T>().data();
  for_each_window(w, [&](std::int64_t first, std::int64_t result) {
    const auto value = read(first, result);
    for (std::size_t p = 0; p < w.offsets.size(); ++p) {
      T* target = to + first + w.offsets[p];
      Samples<T> sum = value(static_cast<std::int64_t>(p));
      if (!partition) sum.add(Samples<T>::load(target));
      sum.store(target);
    }
  });
  return out;
}

}  // namespace moonstill
