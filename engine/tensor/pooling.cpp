#include "engine/tensor/pooling.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "engine/tensor/samples.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// The planes of both sides: [planes][height][width][16] and the windows' [planes][out_height][out_width][16].
struct Windows {
  std::int64_t planes = 0;
  std::int64_t height = 0, width = 0;
  std::int64_t out_height = 0, out_width = 0;
  PoolGeometry g;
  std::vector<std::int64_t> offsets;  // in numbers, of each place from the window's first element

  [[nodiscard]] std::int64_t places() const { return g.window * g.window; }
  [[nodiscard]] std::int64_t place(std::int64_t index) const {
    return offsets[static_cast<std::size_t>(index)];
  }
};

std::int64_t windows_along(std::int64_t size, PoolGeometry g) {
  return size < g.window ? 0 : (size - g.window) / g.stride + 1;
}

Windows windows_of(const Shape& input, PoolGeometry g) {
  Windows w{.planes = (input[0] + tile_lanes - 1) / tile_lanes * input[1],
            .height = input[2],
            .width = input[3],
            .out_height = windows_along(input[2], g),
            .out_width = windows_along(input[3], g),
            .g = g,
            .offsets = {}};
  for (std::int64_t p = 0; p < w.places(); ++p) {
    w.offsets.push_back((p / g.window * w.width + p % g.window) * tile_lanes);
  }
  return w;
}

Shape output_shape(const Shape& input, const Windows& w) {
  return {input[0], input[1], w.out_height, w.out_width};
}

// Calls body(offset of the window's first element, offset of the result) for every window, planes in
// parallel.
template <class Body>
void for_each_window(const Windows& w, Body&& body) {
  const std::int64_t numbers = w.out_height * w.out_width * w.places() * tile_lanes;
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

// The samples' places in a window, as lanes that compare with those of T.
template <class T>
using PlaceNumber = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
template <class T>
using Places = Samples<PlaceNumber<T>>;

template <class T>
[[gnu::always_inline]] inline Places<T> load_places(const std::uint8_t* from) {
  Places<T> places;
#pragma GCC unroll 16
  for (int i = 0; i < Places<T>::parts; ++i) {
    const auto bytes = load_lanes<std::uint8_t, Places<T>::width>(from + i * Places<T>::width);
    places.part[i] = __builtin_convertvector(bytes, Lanes<PlaceNumber<T>, Places<T>::width>);
  }
  return places;
}

template <class T>
[[gnu::always_inline]] inline void store_places(std::uint8_t* to, const Places<T>& places) {
#pragma GCC unroll 16
  for (int i = 0; i < Places<T>::parts; ++i) {
    const auto bytes = __builtin_convertvector(places.part[i], Lanes<std::uint8_t, Places<T>::width>);
    store_lanes<std::uint8_t, Places<T>::width>(to + i * Places<T>::width, bytes);
  }
}

// `value` where the place is p, else `otherwise`.
template <class T>
[[gnu::always_inline]] inline Samples<T> choose(const Places<T>& places, std::int64_t p,
                                                const Samples<T>& value, const Samples<T>& otherwise) {
  Samples<T> out;
  const auto number = static_cast<PlaceNumber<T>>(p);
#pragma GCC unroll 16
  for (int i = 0; i < Samples<T>::parts; ++i) {
    out.part[i] = places.part[i] == number ? value.part[i] : otherwise.part[i];
  }
  return out;
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
      auto best = Samples<T>::load(from + first);
      auto places = Places<T>::zero();
      for (std::int64_t p = 1; p < w.places(); ++p) {
        const auto value = Samples<T>::load(from + first + w.place(p));
        const auto number = static_cast<PlaceNumber<T>>(p);
#pragma GCC unroll 16
        for (int i = 0; i < Samples<T>::parts; ++i) {
          const auto larger = value.part[i] > best.part[i];
          best.part[i] = larger ? value.part[i] : best.part[i];
          places.part[i] = larger ? Lanes<PlaceNumber<T>, Places<T>::width>{} + number : places.part[i];
        }
      }
      store_places<T>(to + result, places);
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
      const Places<T> place = load_places<T>(chosen + result);
      auto taken = Samples<T>::load(from + first);
      for (std::int64_t p = 1; p < w.places(); ++p) {
        taken = choose<T>(place, p, Samples<T>::load(from + first + w.place(p)), taken);
      }
      taken.store(to + result);
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
      const Places<T> place = load_places<T>(chosen + result);
      const auto value = Samples<T>::load(from + result);
      for (std::int64_t p = 0; p < w.places(); ++p) {
        T* target = to + first + w.place(p);
        auto sum = Samples<T>::load(target);
        sum.add(choose<T>(place, p, value, Samples<T>::zero()));
        sum.store(target);
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
      auto sum = Samples<T>::zero();
      for (std::int64_t p = 0; p < w.places(); ++p) sum.add(Samples<T>::load(from + first + w.place(p)));
      sum.store(to + result);
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
      const auto value = Samples<T>::load(from + result);
      for (std::int64_t p = 0; p < w.places(); ++p) {
        T* target = to + first + w.place(p);
        auto sum = Samples<T>::load(target);
        sum.add(value);
        sum.store(target);
      }
    });
  });
  return out;
}

}  // namespace moonstill
