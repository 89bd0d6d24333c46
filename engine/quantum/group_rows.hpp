// A group's rows of a state of samples side by side, in registers: what kernels of few qubits work on.
#pragma once

#include <type_traits>

#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

/// A state from its first lane of a pass on.
template <class T>
struct LaneState {
  T* re;
  T* im;
  LaneState(const Planes<T>& planes, int lane) : re(planes.re + lane), im(planes.im + lane) {}
};

/// D rows of it, W samples of each.
template <class T, int W, int D>
struct GroupAmplitudes {
  Lanes<T, W> re[D];
  Lanes<T, W> im[D];
};

/// Calls body(rows' places) for each group of D rows.
template <int D, class Body>
[[gnu::always_inline]] inline void each_group(const Groups& groups, Body&& body) {
  const std::uint32_t* rows = groups.rows(0);
  const std::uint32_t* const end = rows + groups.count() * D;
  for (; rows != end; rows += D) {
    std::size_t at[D];
    for (int p = 0; p < D; ++p) at[p] = static_cast<std::size_t>(rows[p]) * tile_lanes;
    body(at);
  }
}

/// The bit of a row within its group of 2^K rows that belongs to the q-th of K qubits.
template <int K>
[[nodiscard]] constexpr int bit_of(int q) {
  return 1 << (K - 1 - q);
}

/// Calls body(q, low, high), all integral constants, for each of K qubits and each pair of a group's rows
/// that differ in it.
template <int K, class Body>
[[gnu::always_inline]] inline void each_pair(Body&& body) {
  unrolled<K>([&](auto q) __attribute__((always_inline)) {
    unrolled<(1 << K)>([&](auto p) __attribute__((always_inline)) {
      constexpr int high = p | bit_of<K>(q);
      if constexpr (high != p) body(q, p, std::integral_constant<int, high>{});
    });
  });
}

template <int W, class T, int D>
[[gnu::always_inline]] inline GroupAmplitudes<T, W, D> load(const LaneState<T>& x,
                                                            const std::size_t (&at)[D]) {
  GroupAmplitudes<T, W, D> v;
  for (int p = 0; p < D; ++p) {
    v.re[p] = load_lanes<T, W>(x.re + at[p]);
    v.im[p] = load_lanes<T, W>(x.im + at[p]);
  }
  return v;
}

template <class T, int W, int D>
[[gnu::always_inline]] inline void store(const LaneState<T>& x, const std::size_t (&at)[D],
                                         const GroupAmplitudes<T, W, D>& v) {
  for (int p = 0; p < D; ++p) {
    store_lanes<T, W>(x.re + at[p], v.re[p]);
    store_lanes<T, W>(x.im + at[p], v.im[p]);
  }
}

}  // namespace moonstill::quantum
