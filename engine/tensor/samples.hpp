// One number of each of a tile's samples, in as many machine vectors as they take: what the inner loops of
// the tiled kernels compute with. And how many of them fit the register file.
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

/// How many samples a tile has, and the size of the vectors that hold a number of each.
struct WholeTile {
  static constexpr int size = static_cast<int>(tile_lanes);
  constexpr operator std::int64_t() const { return size; }
};
/// Of a narrow tile: up to `size` samples, and where that is 1, one.
template <int Size>
struct NarrowTile {
  static constexpr int size = Size;
  std::int64_t samples = size;
  constexpr operator std::int64_t() const { return size == 1 ? 1 : samples; }
};
/// Calls body with a tile's width: kernels are compiled for whole tiles, and for narrow ones of up to four,
/// eight and sixteen samples.
template <class Body>
decltype(auto) with_lanes(std::int64_t lanes, Body&& body) {
  if (lanes == tile_lanes) return body(WholeTile{});
  if (lanes <= 4) return body(NarrowTile<4>{lanes});
  return lanes <= 8 ? body(NarrowTile<8>{lanes}) : body(NarrowTile<16>{lanes});
}

/// One machine vector: a tile's samples, or a half or quarter of them.
template <class T>
using Vector = Lanes<T, vector_lanes<T>>;

/// Keeps what is loaded, for several products to follow upon it. Left alone, the compiler loads it again for
/// each of them, and the inner loop is then bound by its loads.
template <class V>
[[gnu::always_inline]] inline V kept(V v) {
  asm("" : "+v"(v));
  return v;
}
template <class T>
[[gnu::always_inline]] inline Vector<T> load_once(const T* from) {
  return kept(load_lanes<T, vector_lanes<T>>(from));
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

template <class T, int Size = static_cast<int>(tile_lanes)>
struct Samples {
  static constexpr int width = std::min(Size, vector_lanes<T>);
  static constexpr int parts = Size / width;
  /// So many of these may stand in registers through an inner loop.
  static constexpr int accumulators = vector_accumulators / parts;
  using Part = Lanes<T, width>;

  Part part[parts];

  [[gnu::always_inline]] static Samples load(const T* from) {
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = load_lanes<T, width>(from + i * width);
    return s;
  }

  [[gnu::always_inline]] static Samples load_once(const T* from) { return load_once(from, WholeTile{}); }

  [[gnu::always_inline]] static Samples zero() {
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = Part{};
    return s;
  }

  [[gnu::always_inline]] void store(T* to) const {
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) store_lanes<T, width>(to + i * width, part[i]);
  }

  /// Of a tile of so many samples (WholeTile, NarrowTile, or a number), whose numbers alone are read and
  /// written; 0 in further lanes.
  template <class Count>
  [[gnu::always_inline]] static Samples load(const T* from, Count lanes) {
    if constexpr (fills<Count>) return load(from);
    Samples s;
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = load_first<T, width>(from + i * width, of_part(lanes, i));
    return s;
  }
  template <class Count>
  [[gnu::always_inline]] void store(T* to, Count lanes) const {
    if constexpr (fills<Count>) return store(to);
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) store_first<T, width>(to + i * width, part[i], of_part(lanes, i));
  }

  /// For several products to follow upon (moonstill::kept).
  template <class Count>
  [[gnu::always_inline]] static Samples load_once(const T* from, Count lanes) {
    Samples s = load(from, lanes);
#pragma GCC unroll 16
    for (int i = 0; i < parts; ++i) s.part[i] = kept(s.part[i]);
    return s;
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

  /// Whether a tile always has as many.
  template <class Count>
  static constexpr bool fills = std::is_same_v<Count, WholeTile> || Size == 1;

  /// How many of the first `lanes` lie in part i.
  [[gnu::always_inline]] static int of_part(std::int64_t lanes, int i) {
    return std::clamp(static_cast<int>(lanes) - i * width, 0, width);
  }
};

}  // namespace moonstill
