// One number of each of a tile's sixteen samples, in as many machine vectors as that takes: what the inner
// loops of the tiled kernels compute with. And how many of them fit the register file.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/tensor/lanes.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill {

#ifdef __AVX512F__
inline constexpr int vector_bytes = 64;
inline constexpr int vector_accumulators = 24;  // of 32 registers
#else
#ifdef __AVX__
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif
inline constexpr int vector_accumulators = 12;  // of 16 registers
#endif

template <class T>
struct Samples {
  static constexpr int width = std::min<int>(tile_lanes, vector_bytes / static_cast<int>(sizeof(T)));
  static constexpr int parts = static_cast<int>(tile_lanes) / width;
  /// So many of these may stand in registers through an inner loop.
  static constexpr int accumulators = vector_accumulators / parts;

  Lanes<T, width> part[parts];

  [[gnu::always_inline]] static Samples load(const T* from) {
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = load_lanes<T, width>(from + i * width);
    return s;
  }

  /// Loads what several products follow upon. Left alone, the compiler loads it again for each of them, and
  /// the inner loop is then bound by its loads.
  [[gnu::always_inline]] static Samples load_once(const T* from) {
    Samples s = load(from);
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) asm("" : "+v"(s.part[i]));
    return s;
  }

  [[gnu::always_inline]] static Samples zero() {
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = Lanes<T, width>{};
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

  [[gnu::always_inline]] void add_product(const Samples& x, const Samples& y) {
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) part[i] += x.part[i] * y.part[i];
  }

  [[gnu::always_inline]] void add(const Samples& x) {
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) part[i] += x.part[i];
  }

  /// The sum of all sixteen.
  [[nodiscard]] T total() const {
    std::array<T, tile_lanes> values;
    store(values.data());
    for (std::size_t half = values.size() / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) values[i] += values[i + half];
    }
    return values[0];
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
    for (std::int64_t lane = 0; lane < tile_lanes; ++lane) {
      to[i * tile_lanes + lane] = lane < lanes ? from[i * tile_lanes + lane] : T{0};
    }
  }
}

}  // namespace moonstill
