// Places within pooling windows, of sixteen samples at once: finding the largest element, and reading a
// chosen one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/tensor/pooling.hpp"
#include "engine/tensor/samples.hpp"

namespace moonstill {

/// The samples' places in a window, as lanes that compare with those of T.
template <class T>
using Places = Samples<WholeNumber<T>>;

template <class T>
[[gnu::always_inline]] inline Places<T> load_places(const std::uint8_t* from) {
  Places<T> places;
#pragma GCC unroll 16
  for (int i = 0; i < Places<T>::parts; ++i) {
    const auto bytes = load_lanes<std::uint8_t, Places<T>::width>(from + i * Places<T>::width);
    places.part[i] = __builtin_convertvector(bytes, Lanes<WholeNumber<T>, Places<T>::width>);
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

/// `value` where the place is p, else `otherwise`.
template <class T>
[[gnu::always_inline]] inline Samples<T> choose(const Places<T>& places, std::int64_t p,
                                                const Samples<T>& value, const Samples<T>& otherwise) {
  Samples<T> out;
  const auto number = static_cast<WholeNumber<T>>(p);
#pragma GCC unroll 16
  for (int i = 0; i < Samples<T>::parts; ++i) {
    out.part[i] = places.part[i] == number ? value.part[i] : otherwise.part[i];
  }
  return out;
}

/// How many windows begin along an axis.
[[nodiscard]] inline std::int64_t windows_along(std::int64_t size, PoolGeometry g) {
  return size < g.window ? 0 : (size - g.window) / g.stride + 1;
}

/// Where the places of a window lie, in numbers from its first element, in planes of `width` columns.
[[nodiscard]] inline std::vector<std::int64_t> window_offsets(PoolGeometry g, std::int64_t width) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t p = 0; p < g.window * g.window; ++p) {
    offsets.push_back((p / g.window * width + p % g.window) * tile_lanes);
  }
  return offsets;
}

/// The largest elements of the window whose first element is at `first`, and their places (the first on
/// ties). NaN counts as larger than any number.
template <class T>
[[gnu::always_inline]] inline Samples<T> largest_of(const T* first, std::span<const std::int64_t> offsets,
                                                    Places<T>& places) {
  auto best = Samples<T>::load(first);
  places = Places<T>::zero();
  for (std::size_t p = 1; p < offsets.size(); ++p) {
    const auto value = Samples<T>::load(first + offsets[p]);
    const auto number = static_cast<WholeNumber<T>>(p);
#pragma GCC unroll 16
    for (int i = 0; i < Samples<T>::parts; ++i) {
      const auto larger = ~(value.part[i] <= best.part[i]) & (best.part[i] == best.part[i]);
      best.part[i] = larger ? value.part[i] : best.part[i];
      places.part[i] = larger ? Lanes<WholeNumber<T>, Places<T>::width>{} + number : places.part[i];
    }
  }
  return best;
}

/// The elements at `places` of the window whose first element is at `first`.
template <class T>
[[gnu::always_inline]] inline Samples<T> element_at(const T* first, std::span<const std::int64_t> offsets,
                                                    const Places<T>& places) {
  auto taken = Samples<T>::load(first);
  for (std::size_t p = 1; p < offsets.size(); ++p) {
    taken = choose<T>(places, static_cast<std::int64_t>(p), Samples<T>::load(first + offsets[p]), taken);
  }
  return taken;
}

}  // namespace moonstill
