// Rows of up to 16 samples to a tile, where they lie side by side, and back.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/tensor/lanes.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill {
namespace detail {

inline constexpr int square_size = static_cast<int>(tile_lanes);
template <class T>
using Square = std::array<Lanes<T, square_size>, square_size>;

// Four rounds of interleaving rows i and i + 8 transpose a 16 x 16 square.
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

// Wider squares would not stand in registers, and bytes are tiled by the loader.
template <class T>
inline constexpr bool transposes_squares = sizeof(T) == 4;

}  // namespace detail

/// [features][16] -> up to 16 rows of `features`.
template <class T>
void untile(const T* tile, T* rows, std::int64_t features, std::int64_t lanes) {
  std::int64_t f = 0;
  if constexpr (detail::transposes_squares<T>) {
    for (; f + tile_lanes <= features; f += tile_lanes) {
      detail::Square<T> square;
      for (std::int64_t i = 0; i < tile_lanes; ++i) {
        square[i] = load_lanes<T, detail::square_size>(tile + (f + i) * tile_lanes);
      }
      detail::transpose<T>(square);
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        store_lanes<T, detail::square_size>(rows + lane * features + f, square[lane]);
      }
    }
  }
  for (; f < features; ++f) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) rows[lane * features + f] = tile[f * tile_lanes + lane];
  }
}

/// The other way. Padding lanes repeat the last sample: finite wherever the data are.
template <class T>
void tile_rows(const T* rows, T* tile, std::int64_t features, std::int64_t lanes) {
  const auto row = [&](std::int64_t lane) { return rows + std::min(lane, lanes - 1) * features; };
  std::int64_t f = 0;
  if constexpr (detail::transposes_squares<T>) {
    for (; f + tile_lanes <= features; f += tile_lanes) {
      detail::Square<T> square;
      for (std::int64_t lane = 0; lane < tile_lanes; ++lane) {
        square[lane] = load_lanes<T, detail::square_size>(row(lane) + f);
      }
      detail::transpose<T>(square);
      for (std::int64_t i = 0; i < tile_lanes; ++i) {
        store_lanes<T, detail::square_size>(tile + (f + i) * tile_lanes, square[i]);
      }
    }
  }
  for (; f < features; ++f) {
    for (std::int64_t lane = 0; lane < tile_lanes; ++lane) tile[f * tile_lanes + lane] = row(lane)[f];
  }
}

}  // namespace moonstill
