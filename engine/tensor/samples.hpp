// One number of each of a tile's sixteen samples, in as many machine vectors as that takes: what the inner
// loops of the tiled kernels compute with. And how many of them fit the register file.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "engine/tensor/lanes.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill {

/// Of 32 registers, or of 16.
inline constexpr int vector_accumulators = vector_bytes == 64 ? 24 : 12;

template <class T>
inline constexpr int vector_lanes = std::min<int>(tile_lanes, vector_bytes / static_cast<int>(sizeof(T)));

/// One machine vector: a tile's samples, or a half or quarter of them.
template <class T>
using Vector = Lanes<T, vector_lanes<T>>;

/// Loads what several products follow upon. Left alone, the compiler loads it again for each of them, and the
/// inner loop is then bound by its loads.
template <class T>
[[gnu::always_inline]] inline Vector<T> load_once(const T* from) {
  auto v = load_lanes<T, vector_lanes<T>>(from);
  asm("" : "+v"(v));
  return v;
}

/// The sum of `Lanes` neighbouring numbers, pair by pair.
template <int Lanes, class T>
T horizontal_sum(const T* from) {
  std::array<T, Lanes> values;
  std::copy_n(from, Lanes, values.begin());
  for (std::size_t half = Lanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) values[i] += values[i + half];
  }
  return values[0];
}

template <class T>
struct Samples {
  static constexpr int width = vector_lanes<T>;
  static constexpr int parts = static_cast<int>(tile_lanes) / width;
  /// So many of these may stand in registers through an inner loop.
  static constexpr int accumulators = vector_accumulators / parts;

  Vector<T> part[parts];

  [[gnu::always_inline]] static Samples load(const T* from) {
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = load_lanes<T, width>(from + i * width);
    return s;
  }

  [[gnu::always_inline]] static Samples load_once(const T* from) {
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = moonstill::load_once(from + i * width);
    return s;
  }

  [[gnu::always_inline]] static Samples zero() {
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = Vector<T>{};
    return s;
  }

  /// Zero in the lanes from `lanes` on.
  [[gnu::always_inline]] static Samples load_first(const T* from, std::int64_t lanes) {
    constexpr std::array<WholeNumber<T>, tile_lanes> numbers{0, 1, 2,  3,  4,  5,  6,  7,
                                                             8, 9, 10, 11, 12, 13, 14, 15};
    const auto end = static_cast<WholeNumber<T>>(lanes);
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) {
      const auto number = load_lanes<WholeNumber<T>, width>(numbers.data() + i * width);
      s.part[i] = number < end ? load_lanes<T, width>(from + i * width) : Vector<T>{};
    }
    return s;
  }

  [[gnu::always_inline]] void store(T* to) const {
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) store_lanes<T, width>(to + i * width, part[i]);
  }

  /// this += factor * x
  [[gnu::always_inline]] void add_product(T factor, const Samples& x) {
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) part[i] += factor * x.part[i];
  }

  [[gnu::always_inline]] void add(const Samples& x) {
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) part[i] += x.part[i];
  }
};

/// Copies `count` numbers a sample of a tile, zero in the lanes from `lanes` on.
template <class T>
void copy_masked(const T* from, T* to, std::int64_t count, std::int64_t lanes) {
  if (lanes == tile_lanes) {
    std::copy_n(from, count * tile_lanes, to);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    Samples<T>::load_first(from + i * tile_lanes, lanes).store(to + i * tile_lanes);
  }
}

}  // namespace moonstill
