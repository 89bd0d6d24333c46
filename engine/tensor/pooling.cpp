#include "engine/tensor/pooling.hpp"

#include <vector>

#include "engine/tensor/windows.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// The planes of both sides: [planes][height][width][16] and the windows' [planes][out_height][out_width][16].
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

Windows windows_of(const Shape& input, PoolGeometry g) {
  return {.planes = (input[0] + tile_lanes - 1) / tile_lanes * input[1],
          .height = input[2],
          .width = input[3],
          .out_height = windows_along(input[2], g),
          .out_width = windows_along(input[3], g),
          .g = g,
          .offsets = window_offsets(g, input[3])};
}

Shape output_shape(const Shape& input, const Windows& w) {
  return {input[0], input[1], w.out_height, w.out_width};
}

// Calls body(offset of the window's first element, offset of the result) for every window, planes in
// parallel.
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

// The adjoints: read(result)(p) is what the window of a result adds to its place p.
template <class T, class Read>
Tensor spread_windows(const Windows& w, const Tensor& y, const Shape& input_shape, Read read) {
  const bool partition = w.partition();
  Tensor out = partition ? Tensor::empty(input_shape, y.dtype(), Layout::tiled)
                         : Tensor::zeros(input_shape, y.dtype(), Layout::tiled);
  T* to = out.write<T>().data();
  for_each_window(w, [&](std::int64_t first, std::int64_t result) {
    const auto value = read(result);
    for (std::size_t p = 0; p < w.offsets.size(); ++p) {
      T* target = to + first + w.offsets[p];
      Samples<T> sum = value(static_cast<std::int64_t>(p));
      if (!partition) sum.add(Samples<T>::load(target));
      sum.store(target);
    }
  });
  return out;
}

}  // namespace

WindowMax window_max(const Tensor& x, PoolGeometry g) {
  assert(x.rank() == 4 && g.window <= most_window);
  const Tensor tiles = x.as_tiled();
  const Windows w = windows_of(x.shape(), g);
  const Shape shape = output_shape(x.shape(), w);
  WindowMax out{Tensor::empty(shape, x.dtype(), Layout::tiled),
                Tensor::empty(shape, DType::u8, Layout::tiled)};
  std::uint8_t* places_to = out.places.write<std::uint8_t>().data();
  dispatch_floating(x.dtype(), "window_max", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    T* to = out.values.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      Places<T> places;
      largest_of<T>(from + first, w.offsets, places).store(to + result);
      store_places<T>(places_to + result, places);
    });
  });
  return out;
}

Tensor window_take(const Tensor& x, const Selection& s) {
  const Tensor tiles = x.as_tiled();
  const Tensor places = s.places.as_tiled();
  const Windows w = windows_of(x.shape(), s.geometry);
  Tensor out = Tensor::empty(output_shape(x.shape(), w), x.dtype(), Layout::tiled);
  assert(places.shape() == out.shape());
  const std::uint8_t* chosen = places.data<std::uint8_t>().data();
  dispatch_floating(x.dtype(), "window_take", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    T* to = out.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      element_at<T>(from + first, w.offsets, load_places<T>(chosen + result)).store(to + result);
    });
  });
  return out;
}

Tensor window_put(const Tensor& y, const Selection& s, const Shape& input_shape) {
  const Tensor tiles = y.as_tiled();
  const Tensor places = s.places.as_tiled();
  const Windows w = windows_of(input_shape, s.geometry);
  assert(places.shape() == y.shape() && y.shape() == output_shape(input_shape, w));
  const std::uint8_t* chosen = places.data<std::uint8_t>().data();
  return dispatch_floating(y.dtype(), "window_put", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    return spread_windows<T>(w, y, input_shape, [&](std::int64_t result) {
      return [place = load_places<T>(chosen + result), value = Samples<T>::load(from + result)](
                 std::int64_t p) { return choose<T>(place, p, value, Samples<T>::zero()); };
    });
  });
}

Tensor window_sum(const Tensor& x, PoolGeometry g) {
  const Tensor tiles = x.as_tiled();
  const Windows w = windows_of(x.shape(), g);
  Tensor out = Tensor::empty(output_shape(x.shape(), w), x.dtype(), Layout::tiled);
  dispatch_floating(x.dtype(), "window_sum", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    T* to = out.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      auto sum = Samples<T>::zero();
      for (const std::int64_t offset : w.offsets) sum.add(Samples<T>::load(from + first + offset));
      sum.store(to + result);
    });
  });
  return out;
}

Tensor window_spread(const Tensor& y, PoolGeometry g, const Shape& input_shape) {
  const Tensor tiles = y.as_tiled();
  const Windows w = windows_of(input_shape, g);
  assert(y.shape() == output_shape(input_shape, w));
  return dispatch_floating(y.dtype(), "window_spread", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    return spread_windows<T>(w, y, input_shape, [&](std::int64_t result) {
      return [value = Samples<T>::load(from + result)](std::int64_t) { return value; };
    });
  });
}

}  // namespace moonstill
