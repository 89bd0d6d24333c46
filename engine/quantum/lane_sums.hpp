// Sums over samples side by side, in an order that depends on nothing.
#pragma once

#include <cstddef>
#include <utility>

#include "engine/tensor/lanes.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {
namespace detail {

// Halves added to halves.
template <class T, int count>
[[gnu::always_inline]] inline T add_halves(const Lanes<T, count>& x) {
  if constexpr (count == 2) {
    return x[0] + x[1];
  } else {
    return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
      const Lanes<T, count / 2> low = __builtin_shufflevector(x, x, i...);
      const Lanes<T, count / 2> high = __builtin_shufflevector(x, x, (i + count / 2)...);
      return add_halves<T, count / 2>(low + high);
    }
    (std::make_integer_sequence<int, count / 2>{});
  }
}

// a0 + a1, a2 + a3, ... and then those of b.
template <class T, int W>
[[gnu::always_inline]] inline Lanes<T, W> add_neighbours(const Lanes<T, W>& a, const Lanes<T, W>& b) {
  return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(a, b, (2 * i)...) + __builtin_shufflevector(a, b, (2 * i + 1)...);
  }
  (std::make_integer_sequence<int, W>{});
}

// Of `count` rows: their W / count sums each, one row's after the other's.
template <class T, int W, int count, class Row>
[[gnu::always_inline]] inline Lanes<T, W> sum_rows(Row&& row, std::size_t first, std::size_t end) {
  if constexpr (count == 1) {
    return first < end ? row(first) : Lanes<T, W>{};
  } else {
    const Lanes<T, W> low = sum_rows<T, W, count / 2>(row, first, end);
    return add_neighbours<T, W>(low, sum_rows<T, W, count / 2>(row, first + count / 2, end));
  }
}

}  // namespace detail

/// x where the lane is less than `valid`, else 0.
template <class T, int W>
[[gnu::always_inline]] inline Lanes<T, W> first_lanes(const Lanes<T, W>& x, int valid) {
  using Index = Lanes<WholeNumber<T>, W>;
  const Index index = lane_numbers<T, W>();
  return index < Index{} + valid ? x : Lanes<T, W>{};
}

/// The sum of the first `valid` of tile_lanes numbers.
template <class T>
[[nodiscard]] T tree_sum(const T* numbers, int valid) {
  constexpr int lanes = static_cast<int>(tile_lanes);
  return detail::add_halves<T, lanes>(first_lanes<T, lanes>(load_lanes<T, lanes>(numbers), valid));
}

/// The sums over the lanes of row(first), row(first + 1), ... side by side, W of them; rows from `end` on are
/// not asked for.
template <class T, int W, class Row>
[[gnu::always_inline]] inline Lanes<T, W> sum_rows(Row&& row, std::size_t first, std::size_t end) {
  return detail::sum_rows<T, W, W>(row, first, end);
}

}  // namespace moonstill::quantum
