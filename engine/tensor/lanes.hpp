// Short vectors of fixed width that compile to the machine's vector instructions: the inner loops of tiled
// kernels.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace moonstill {

/// Bytes of this machine's vectors.
#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

/// L numbers side by side; arithmetic is lane by lane. L is a power of two.
template <class T, int L>
struct LanesType {
  typedef T type __attribute__((vector_size(sizeof(T) * L)));
};
template <class T>
struct LanesType<T, 1> {
  using type = T;
};
template <class T, int L>
using Lanes = typename LanesType<T, L>::type;

template <class T, int L>
[[gnu::always_inline]] inline Lanes<T, L> load_lanes(const T* from) {
  Lanes<T, L> v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class T, int L>
[[gnu::always_inline]] inline void store_lanes(T* to, const Lanes<T, L>& v) {
  std::memcpy(to, &v, sizeof v);
}

/// Whole numbers as wide as T, whose comparisons choose among lanes of T.
template <class T>
using WholeNumber = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// Calls body(i) for i = 0 .. count - 1, each as an integral constant: what such an index finds in an array
/// of short vectors stays in registers.
template <int count, class Body>
[[gnu::always_inline]] inline void unrolled(Body&& body) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, i>{}), ...);
  }
  (std::make_integer_sequence<int, count>{});
}

/// 0, 1, 2, ... as whole numbers that choose among lanes of T.
template <class T, int L>
[[gnu::always_inline]] inline Lanes<WholeNumber<T>, L> lane_numbers() {
  return []<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    return Lanes<WholeNumber<T>, L>{i...};
  }
  (std::make_integer_sequence<int, L>{});
}

/// Lane l gets what lane from[l] holds, modulo L.
template <class T, int L>
[[gnu::always_inline]] inline Lanes<T, L> permuted_lanes(const Lanes<T, L>& v,
                                                         const Lanes<WholeNumber<T>, L>& from) {
#if __has_builtin(__builtin_shuffle)
  return __builtin_shuffle(v, from);
#else
  Lanes<T, L> out;
  for (int l = 0; l < L; ++l) out[l] = v[from[l] & (L - 1)];
  return out;
#endif
}

/// Lanes l, l + period, l + 2 period ... combined, in each of them; the period is a power of two.
template <class T, int L, class Combine>
[[gnu::always_inline]] inline Lanes<T, L> fold_lanes(Lanes<T, L> v, int period, Combine&& combine) {
  if constexpr (L > 1) {
    for (int half = L / 2; half >= period; half /= 2)
      v = combine(v, permuted_lanes<T, L>(v, lane_numbers<T, L>() ^ half));
  }
  return v;
}

/// Their sums.
template <class T, int L>
[[gnu::always_inline]] inline Lanes<T, L> sum_lanes(const Lanes<T, L>& v, int period) {
  return fold_lanes<T, L>(v, period, [](const auto& a, const auto& b) { return a + b; });
}

}  // namespace moonstill
