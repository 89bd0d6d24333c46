// A group's rows of a state of samples side by side, in registers: what kernels of few qubits work on.
#pragma once

#include <cstddef>
#include <type_traits>

#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

/// A state from its first lane of a pass on. Row p of a group lies at a place of its planes.
template <class T>
struct LaneState {
  using Number = T;
  T* re;
  T* im;

  template <class AnyGroups>
  [[gnu::always_inline]] static LaneState of(const AnyGroups&, const Planes<T>& planes, int lane) {
    return {planes.re + lane, planes.im + lane};
  }

  template <int W>
  [[gnu::always_inline]] static Lanes<T, W> get(const T* place, int) {
    return load_lanes<T, W>(place);
  }
  template <int W>
  [[gnu::always_inline]] static void put(T* place, int, const Lanes<T, W>& v) {
    store_lanes<T, W>(place, v);
  }
};

/// Of a pack, with its lanes exchanged on the way.
template <class T>
struct PackState {
  using Number = T;
  T* re;
  T* im;
  const PackGroups<T>* groups;

  [[gnu::always_inline]] static PackState of(const PackGroups<T>& groups, const Planes<T>& planes, int) {
    return {planes.re, planes.im, &groups};
  }

  template <int W>
  [[gnu::always_inline]] Lanes<T, W> get(const T* place, int p) const {
    return permuted_lanes<T, W>(load_lanes<T, W>(place), groups->exchanges[static_cast<std::size_t>(p)]);
  }
  template <int W>
  [[gnu::always_inline]] void put(T* place, int p, const Lanes<T, W>& v) const {
    store_lanes<T, W>(place, permuted_lanes<T, W>(v, groups->exchanges[static_cast<std::size_t>(p)]));
  }
};

template <class T, class AnyGroups>
using StateOf = std::conditional_t<std::is_same_v<AnyGroups, Groups>, LaneState<T>, PackState<T>>;

/// D rows of it, W samples of each.
template <class T, int W, int D>
struct GroupAmplitudes {
  Lanes<T, W> re[D];
  Lanes<T, W> im[D];
};

/// Calls body(rows' places) for each group of D rows, in lines of so many numbers.
template <int D, std::size_t line, class Body>
[[gnu::always_inline]] inline void each_group(const std::uint32_t* rows, std::size_t count, Body&& body) {
  const std::uint32_t* const end = rows + count * D;
  for (; rows != end; rows += D) {
    std::size_t at[D];
    for (int p = 0; p < D; ++p) at[p] = static_cast<std::size_t>(rows[p]) * line;
    body(at);
  }
}
template <int D, class Body>
[[gnu::always_inline]] inline void each_group(const Groups& groups, Body&& body) {
  each_group<D, tile_lanes>(groups.rows(0), groups.count(), body);
}
template <int D, class T, class Body>
[[gnu::always_inline]] inline void each_group(const PackGroups<T>& groups, Body&& body) {
  each_group<D, vector_lanes<T>>(groups.vectors.data(), groups.vectors.size() / D, body);
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

template <int W, class State, int D>
[[gnu::always_inline]] inline auto load(const State& x, const std::size_t (&at)[D]) {
  GroupAmplitudes<typename State::Number, W, D> v;
  unrolled<D>([&](auto p) __attribute__((always_inline)) {
    v.re[p] = x.template get<W>(x.re + at[p], p);
    v.im[p] = x.template get<W>(x.im + at[p], p);
  });
  return v;
}

template <class State, class T, int W, int D>
[[gnu::always_inline]] inline void store(const State& x, const std::size_t (&at)[D],
                                         const GroupAmplitudes<T, W, D>& v) {
  unrolled<D>([&](auto p) __attribute__((always_inline)) {
    x.template put<W>(x.re + at[p], p, v.re[p]);
    x.template put<W>(x.im + at[p], p, v.im[p]);
  });
}

}  // namespace moonstill::quantum
