#include "engine/tensor/pooling.hpp"

#include <algorithm>

#include "engine/core/interrupt.hpp"
#include "engine/core/threads.hpp"
#include "engine/tensor/samples.hpp"

namespace moonstill {
namespace {

// Windows below which a second thread is not worth waking.
constexpr std::int64_t serial_windows = 1 << 10;

// The planes of both sides: [planes][height][width][16] and the windows' [planes][out_height][out_width][16].
struct Windows {
  std::int64_t planes = 0;
  std::int64_t height = 0, width = 0;
  std::int64_t out_height = 0, out_width = 0;
  PoolGeometry g;

  [[nodiscard]] std::int64_t places() const { return g.window * g.window; }
  // Offset, in numbers, of a place of a window from the window's first element.
  [[nodiscard]] std::int64_t place(std::int64_t index) const {
    return (index / g.window * width + index % g.window) * tile_lanes;
  }
};

std::int64_t windows_along(std::int64_t size, PoolGeometry g) {
  return size < g.window ? 0 : (size - g.window) / g.stride + 1;
}

Windows windows_of(const Shape& input, PoolGeometry g) {
  return {.planes = (input[0] + tile_lanes - 1) / tile_lanes * input[1],
          .height = input[2],
          .width = input[3],
          .out_height = windows_along(input[2], g),
          .out_width = windows_along(input[3], g),
          .g = g};
}

Shape output_shape(const Shape& input, const Windows& w) {
  return {input[0], input[1], w.out_height, w.out_width};
}

// Calls body(offset of the window's first element, offset of the result) for every window, planes in
// parallel.
template <class Body>
void for_each_window(const Windows& w, Body&& body) {
  const std::int64_t windows = w.out_height * w.out_width;
  const auto grain = static_cast<std::size_t>(
      std::max<std::int64_t>(1, serial_windows / std::max<std::int64_t>(1, windows)));
  parallel_for(static_cast<std::size_t>(w.planes), grain, [&](std::size_t begin, std::size_t end) {
    for (auto plane = static_cast<std::int64_t>(begin); plane < static_cast<std::int64_t>(end); ++plane) {
      poll_interrupt();
      for (std::int64_t i = 0; i < w.out_height; ++i) {
        const std::int64_t row = (plane * w.height + i * w.g.stride) * w.width;
        const std::int64_t out_row = (plane * w.out_height + i) * w.out_width;
        for (std::int64_t j = 0; j < w.out_width; ++j) {
          body((row + j * w.g.stride) * tile_lanes, (out_row + j) * tile_lanes);
        }
      }
    }
  });
}

}  // namespace

Tensor window_argmax(const Tensor& x, PoolGeometry g) {
  assert(x.rank() == 4 && g.window * g.window <= 256);
  const Tensor tiles = x.as_tiled();
  const Windows w = windows_of(x.shape(), g);
  Tensor out = Tensor::empty(output_shape(x.shape(), w), DType::u8, Layout::tiled);
  std::uint8_t* to = out.write<std::uint8_t>().data();
  dispatch_floating(x.dtype(), "window_argmax", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      T best[tile_lanes];
      std::uint8_t place[tile_lanes] = {};
      std::copy_n(from + first, tile_lanes, best);
      for (std::int64_t p = 1; p < w.places(); ++p) {
        const T* value = from + first + w.place(p);
        for (std::int64_t lane = 0; lane < tile_lanes; ++lane) {
          const bool larger = value[lane] > best[lane];
          best[lane] = larger ? value[lane] : best[lane];
          place[lane] = larger ? static_cast<std::uint8_t>(p) : place[lane];
        }
      }
      std::copy_n(place, tile_lanes, to + result);
    });
  });
  return out;
}

Tensor window_take(const Tensor& x, const Tensor& places, PoolGeometry g) {
  const Tensor tiles = x.as_tiled();
  const Tensor tiled_places = places.as_tiled();
  const Windows w = windows_of(x.shape(), g);
  Tensor out = Tensor::empty(output_shape(x.shape(), w), x.dtype(), Layout::tiled);
  assert(places.shape() == out.shape());
  const std::uint8_t* chosen = tiled_places.data<std::uint8_t>().data();
  dispatch_floating(x.dtype(), "window_take", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    T* to = out.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      T taken[tile_lanes] = {};
      for (std::int64_t p = 0; p < w.places(); ++p) {
        const T* value = from + first + w.place(p);
        for (std::int64_t lane = 0; lane < tile_lanes; ++lane) {
          taken[lane] = chosen[result + lane] == p ? value[lane] : taken[lane];
        }
      }
      std::copy_n(taken, tile_lanes, to + result);
    });
  });
  return out;
}

Tensor window_put(const Tensor& y, const Tensor& places, PoolGeometry g, const Shape& input_shape) {
  const Tensor tiles = y.as_tiled();
  const Tensor tiled_places = places.as_tiled();
  const Windows w = windows_of(input_shape, g);
  assert(places.shape() == y.shape() && y.shape() == output_shape(input_shape, w));
  const std::uint8_t* chosen = tiled_places.data<std::uint8_t>().data();
  Tensor out = Tensor::zeros(input_shape, y.dtype(), Layout::tiled);
  dispatch_floating(y.dtype(), "window_put", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    T* to = out.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      for (std::int64_t p = 0; p < w.places(); ++p) {
        T* value = to + first + w.place(p);
        for (std::int64_t lane = 0; lane < tile_lanes; ++lane) {
          value[lane] += chosen[result + lane] == p ? from[result + lane] : T{0};
        }
      }
    });
  });
  return out;
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
      T sum[tile_lanes] = {};
      for (std::int64_t p = 0; p < w.places(); ++p) {
        const T* value = from + first + w.place(p);
        for (std::int64_t lane = 0; lane < tile_lanes; ++lane) sum[lane] += value[lane];
      }
      std::copy_n(sum, tile_lanes, to + result);
    });
  });
  return out;
}

Tensor window_spread(const Tensor& y, PoolGeometry g, const Shape& input_shape) {
  const Tensor tiles = y.as_tiled();
  const Windows w = windows_of(input_shape, g);
  assert(y.shape() == output_shape(input_shape, w));
  Tensor out = Tensor::zeros(input_shape, y.dtype(), Layout::tiled);
  dispatch_floating(y.dtype(), "window_spread", [&](auto element) {
    using T = decltype(element);
    const T* from = tiles.data<T>().data();
    T* to = out.write<T>().data();
    for_each_window(w, [&](std::int64_t first, std::int64_t result) {
      for (std::int64_t p = 0; p < w.places(); ++p) {
        T* value = to + first + w.place(p);
        for (std::int64_t lane = 0; lane < tile_lanes; ++lane) value[lane] += from[result + lane];
      }
    });
  });
  return out;
}

}  // namespace moonstill
