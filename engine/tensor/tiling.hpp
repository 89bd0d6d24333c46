// Rows of up to 16 samples to a tile, where they lie side by side, and back; narrow tiles to wide ones.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/tensor/samples.hpp"

namespace moonstill {

inline constexpr int square_size = static_cast<int>(tile_lanes);
/// 16 numbers of 16 samples, or the other way round.
template <class T>
using Square = std::array<Lanes<T, square_size>, square_size>;

/// In place: four rounds of interleaving rows i and i + 8.
template <class T>
[[gnu::always_inline]] inline void transpose(Square<T>& rows) {
  for (int round = 0; round < 4; ++round) {
    Square<T> next;
    for (std::size_t i = 0; i < rows.size() / 2; ++i) {
      const auto& a = rows[i];
      const auto& b = rows[i + rows.size() / 2];
      next[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] =
          __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    rows = next;
  }
}

namespace detail {

// Wider squares would not stand in registers, and bytes are tiled by the loader. Of a narrow tile they pay
// where a register holds a row.
template <class T>
inline constexpr bool transposes_squares = sizeof(T) == 4;
template <class T>
[[nodiscard]] bool pays_in_squares(std::int64_t lanes) {
  return lanes == tile_lanes || Samples<T>::parts == 1;
}

}  // namespace detail

/// [features][lanes] -> so many rows of `features`.
template <class T>
void untile(const T* tile, T* rows, std::int64_t features, std::int64_t lanes) {
  if (lanes == 1) {
    std::copy_n(tile, features, rows);
    return;
  }
  std::int64_t f = 0;
  if constexpr (detail::transposes_squares<T>) {
    for (; detail::pays_in_squares<T>(lanes) && f + tile_lanes <= features; f += tile_lanes) {
      Square<T> square;
      for (std::int64_t i = 0; i < tile_lanes; ++i)
        square[i] = load_first<T, square_size>(tile + (f + i) * lanes, static_cast<int>(lanes));
      transpose<T>(square);
      for (std::int64_t lane = 0; lane < lanes; ++lane)
        store_lanes<T, square_size>(rows + lane * features + f, square[lane]);
    }
  }
  for (; f < features; ++f) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) rows[lane * features + f] = tile[f * lanes + lane];
  }
}

/// The other way.
template <class T>
void tile_rows(const T* rows, T* tile, std::int64_t features, std::int64_t lanes) {
  if (lanes == 1) {
    std::copy_n(rows, features, tile);
    return;
  }
  std::int64_t f = 0;
  if constexpr (detail::transposes_squares<T>) {
    for (; detail::pays_in_squares<T>(lanes) && f + tile_lanes <= features; f += tile_lanes) {
      Square<T> square;
      for (std::int64_t lane = 0; lane < tile_lanes; ++lane)
        square[lane] = load_lanes<T, square_size>(rows + std::min(lane, lanes - 1) * features + f);
      transpose<T>(square);
      for (std::int64_t i = 0; i < tile_lanes; ++i)
        store_first<T, square_size>(tile + (f + i) * lanes, square[i], static_cast<int>(lanes));
    }
  }
  for (; f < features; ++f) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) tile[f * lanes + lane] = rows[lane * features + f];
  }
}

/// [count][lanes] -> [count][16], for kernels that take whole tiles: further lanes repeat the last one. They
/// may not overlap.
template <class T>
void widen(const T* from, T* to, std::int64_t count, std::int64_t lanes) {
  if constexpr (Samples<T>::parts == 1) {
    const auto last = static_cast<WholeNumber<T>>(lanes - 1);
    const auto lane = lane_numbers<T, tile_lanes>();
    const auto source = lane < last ? lane : Lanes<WholeNumber<T>, tile_lanes>{} + last;
    for (; count > 0; --count, from += lanes, to += tile_lanes) {
      const auto numbers = load_first<T, tile_lanes>(from, static_cast<int>(lanes));
      store_lanes<T, tile_lanes>(to, permuted_lanes<T, tile_lanes>(numbers, source));
    }
  } else {
    for (; count > 0; --count, from += lanes, to += tile_lanes) {
      for (std::int64_t lane = 0; lane < tile_lanes; ++lane) to[lane] = from[std::min(lane, lanes - 1)];
    }
  }
}

/// And back: the first lanes.
template <class T>
void narrow(const T* from, T* to, std::int64_t count, std::int64_t lanes) {
  for (; count > 0; --count, from += tile_lanes, to += lanes) Samples<T>::load(from).store(to, lanes);
}

}  // namespace moonstill
