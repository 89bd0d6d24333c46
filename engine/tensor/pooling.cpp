#include "engine/tensor/pooling.hpp"

#include "engine/tensor/each_window.hpp"

namespace moonstill {

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
    for_each_window(w, [&](const auto& at) {
      typename std::decay_t<decltype(at)>::template Numbers<WholeNumber<T>> places;
      largest_of(at.of(from), places).store(to + at.result, at.lanes);
      store_places<T>(places_to + at.result, places, at.lanes);
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
    for_each_window(w, [&](const auto& at) {
      element_at(at.of(from), load_places<T>(chosen + at.result, at.lanes)).store(to + at.result, at.lanes);
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
    return spread_windows<T>(w, y.dtype(), input_shape, [&](const auto& at) {
      return [place = load_places<T>(chosen + at.result, at.lanes), value = at.load(from + at.result)](
                 std::int64_t p) { return choose<T>(place, p, value, value.zero()); };
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
    for_each_window(w, [&](const auto& at) {
      const auto window = at.of(from);
      auto sum = window.element(0);
      for (std::size_t p = 1; p < at.offsets.size(); ++p) sum.add(window.element(p));
      sum.store(to + at.result, at.lanes);
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
    return spread_windows<T>(w, y.dtype(), input_shape, [&](const auto& at) {
      return [value = at.load(from + at.result)](std::int64_t) { return value; };
    });
  });
}

}  // namespace moonstill
