// Places within pooling windows, of a tile's samples at once: finding the largest element, and reading a
// chosen one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/tensor/pooling.hpp"
#include "engine/tensor/samples.hpp"

namespace moonstill {

/// The samples' places in a window, as lanes that compare with those of T.
template <class T, int Size>
using Places = Samples<WholeNumber<T>, Size>;

template <class T, class Count>
[[gnu::always_inline]] inline Places<T, Count::size> load_places(const std::uint8_t* from, Count lanes) {
  using Chosen = Places<T, Count::size>;
  Chosen places;
#pragma GCC unroll 16
  for (int i = 0; i < Chosen::parts; ++i) {
    const std::uint8_t* const part = from + i * Chosen::width;
    if constexpr (Chosen::width == 1)
      places.part[i] = *part;
    else if constexpr (Chosen::template fills<Count>)
      places.part[i] =
          __builtin_convertvector(load_lanes<std::uint8_t, Chosen::width>(part), typename Chosen::Part);
    else
      places.part[i] = __builtin_convertvector(
          load_first<std::uint8_t, Chosen::width>(part, Chosen::of_part(lanes, i)), typename Chosen::Part);
  }
  return places;
}

template <class T, class Count>
[[gnu::always_inline]] inline void store_places(std::uint8_t* to, const Places<T, Count::size>& places,
                                                Count lanes) {
  using Chosen = Places<T, Count::size>;
#pragma GCC unroll 16
  for (int i = 0; i < Chosen::parts; ++i) {
    std::uint8_t* const part = to + i * Chosen::width;
    if constexpr (Chosen::width == 1) {
      *part = static_cast<std::uint8_t>(places.part[i]);
    } else {
      const auto bytes = __builtin_convertvector(places.part[i], Lanes<std::uint8_t, Chosen::width>);
      if constexpr (Chosen::template fills<Count>)
        store_lanes<std::uint8_t, Chosen::width>(part, bytes);
      else
        store_first<std::uint8_t, Chosen::width>(part, bytes, Chosen::of_part(lanes, i));
    }
  }
}

/// `value` where the place is p, else `otherwise`.
template <class T, int Size>
[[gnu::always_inline]] inline Samples<T, Size> choose(const Samples<WholeNumber<T>, Size>& places,
                                                      std::int64_t p, const Samples<T, Size>& value,
                                                      const Samples<T, Size>& otherwise) {
  Samples<T, Size> out;
  const auto number = static_cast<WholeNumber<T>>(p);
#pragma GCC unroll 16
  for (int i = 0; i < Samples<T, Size>::parts; ++i)
    out.part[i] = places.part[i] == number ? value.part[i] : otherwise.part[i];
  return out;
}

/// How many windows begin along an axis.
[[nodiscard]] inline std::int64_t windows_along(std::int64_t size, PoolGeometry g) {
  return size < g.window ? 0 : (size - g.window) / g.stride + 1;
}

/// Where the places of a window lie, in numbers from its first element, in planes of `width` columns.
[[nodiscard]] inline std::vector<std::int64_t> window_offsets(PoolGeometry g, std::int64_t width,
                                                              std::int64_t lanes) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t p = 0; p < g.window * g.window; ++p) {
    offsets.push_back((p / g.window * width + p % g.window) * lanes);
  }
  return offsets;
}

/// A window of a tile of so many samples (WholeTile or NarrowTile): where its first element lies, and its
/// places.
template <class T, class Count>
struct Window {
  using Element = Samples<T, Count::size>;
  const T* first = nullptr;
  std::span<const std::int64_t> offsets;
  Count lanes{};

  [[gnu::always_inline]] Element element(std::size_t place) const {
    return Element::load(first + offsets[place], lanes);
  }
};

/// Its largest elements, and their places (the first on ties). NaN counts as larger than any number.
template <class T, class Count>
[[gnu::always_inline]] inline Samples<T, Count::size> largest_of(const Window<T, Count>& window,
                                                                 Places<T, Count::size>& places) {
  using Chosen = Places<T, Count::size>;
  auto best = window.element(0);
  places = Chosen::zero();
  for (std::size_t p = 1; p < window.offsets.size(); ++p) {
    const auto value = window.element(p);
    const auto number = static_cast<WholeNumber<T>>(p);
#pragma GCC unroll 16
    for (int i = 0; i < Chosen::parts; ++i) {
      const auto larger = (!(value.part[i] <= best.part[i])) & (best.part[i] == best.part[i]);
      best.part[i] = larger ? value.part[i] : best.part[i];
      places.part[i] = larger ? typename Chosen::Part{} + number : places.part[i];
    }
  }
  return best;
}

/// Its elements at `places`.
template <class T, class Count>
[[gnu::always_inline]] inline Samples<T, Count::size> element_at(const Window<T, Count>& window,
                                                                 const Places<T, Count::size>& places) {
  auto taken = window.element(0);
  for (std::size_t p = 1; p < window.offsets.size(); ++p)
    taken = choose<T>(places, static_cast<std::int64_t>(p), window.element(p), taken);
  return taken;
}

}  // namespace moonstill
