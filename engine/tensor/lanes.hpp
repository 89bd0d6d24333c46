// Short vectors of fixed width that compile to the machine's vector instructions: the inner loops of tiled
// kernels.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

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

namespace detail {

/// Copies the first `count` of fewer than 2 size numbers, in pieces of fixed sizes.
template <int size, class T>
[[gnu::always_inline]] inline void copy_pieces(const T* from, T* to, int count) {
  if constexpr (size > 0) {
    const int piece = count & size;
    if (piece != 0) std::memcpy(to, from, size * sizeof(T));
    copy_pieces<size / 2>(from + piece, to + piece, count);
  }
}

/// All bits of the first `count` lanes.
template <class T, int L>
[[gnu::always_inline]] inline Lanes<WholeNumber<T>, L> first_mask(int count) {
  return lane_numbers<T, L>() < static_cast<WholeNumber<T>>(count);
}

}  // namespace detail

/// The first `count` lanes, 0 in the others; reads no further.
template <class T, int L>
[[gnu::always_inline]] inline Lanes<T, L> load_first(const T* from, int count) {
#if defined(__AVX512VL__) && defined(__AVX512BW__)
  constexpr int bytes = L * static_cast<int>(sizeof(T));
  const auto first = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
  using V = Lanes<T, L>;
  if constexpr (sizeof(T) == 4 && bytes == 64)
    return reinterpret_cast<V>(_mm512_maskz_loadu_epi32(static_cast<__mmask16>(first), from));
  else if constexpr (sizeof(T) == 8 && bytes == 64)
    return reinterpret_cast<V>(_mm512_maskz_loadu_epi64(static_cast<__mmask8>(first), from));
  else if constexpr (sizeof(T) == 4 && bytes == 32)
    return reinterpret_cast<V>(_mm256_maskz_loadu_epi32(static_cast<__mmask8>(first), from));
  else if constexpr (sizeof(T) == 4 && bytes == 16)
    return reinterpret_cast<V>(_mm_maskz_loadu_epi32(static_cast<__mmask8>(first), from));
  else if constexpr (sizeof(T) == 8 && bytes == 32)
    return reinterpret_cast<V>(_mm256_maskz_loadu_epi64(static_cast<__mmask8>(first), from));
  else if constexpr (sizeof(T) == 1 && bytes <= 16) {
    const __m128i all = _mm_maskz_loadu_epi8(static_cast<__mmask16>(first), from);
    V lanes;
    std::memcpy(&lanes, &all, bytes);
    return lanes;
  }
#elif defined(__AVX2__)
  constexpr int bytes = L * static_cast<int>(sizeof(T));
  if constexpr (sizeof(T) >= 4 && bytes == 32) {
    const auto first = reinterpret_cast<__m256i>(detail::first_mask<T, L>(count));
    if constexpr (sizeof(T) == 4)
      return reinterpret_cast<Lanes<T, L>>(_mm256_maskload_epi32(reinterpret_cast<const int*>(from), first));
    else
      return reinterpret_cast<Lanes<T, L>>(
          _mm256_maskload_epi64(reinterpret_cast<const long long*>(from), first));
  }
#endif
  if (count == L) return load_lanes<T, L>(from);
  std::array<T, L> lanes{};
  detail::copy_pieces<L / 2>(from, lanes.data(), count);
  return load_lanes<T, L>(lanes.data());
}

/// Stores those.
template <class T, int L>
[[gnu::always_inline]] inline void store_first(T* to, const Lanes<T, L>& v, int count) {
#if defined(__AVX512VL__) && defined(__AVX512BW__)
  constexpr int bytes = L * static_cast<int>(sizeof(T));
  const auto first = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
  if constexpr (sizeof(T) == 4 && bytes == 64)
    return _mm512_mask_storeu_epi32(to, static_cast<__mmask16>(first), reinterpret_cast<__m512i>(v));
  else if constexpr (sizeof(T) == 8 && bytes == 64)
    return _mm512_mask_storeu_epi64(to, static_cast<__mmask8>(first), reinterpret_cast<__m512i>(v));
  else if constexpr (sizeof(T) == 4 && bytes == 32)
    return _mm256_mask_storeu_epi32(to, static_cast<__mmask8>(first), reinterpret_cast<__m256i>(v));
  else if constexpr (sizeof(T) == 4 && bytes == 16)
    return _mm_mask_storeu_epi32(to, static_cast<__mmask8>(first), reinterpret_cast<__m128i>(v));
  else if constexpr (sizeof(T) == 8 && bytes == 32)
    return _mm256_mask_storeu_epi64(to, static_cast<__mmask8>(first), reinterpret_cast<__m256i>(v));
  else if constexpr (sizeof(T) == 1 && bytes <= 16) {
    __m128i all = _mm_setzero_si128();
    std::memcpy(&all, &v, bytes);
    return _mm_mask_storeu_epi8(to, static_cast<__mmask16>(first), all);
  }
#elif defined(__AVX2__)
  constexpr int bytes = L * static_cast<int>(sizeof(T));
  if constexpr (sizeof(T) >= 4 && bytes == 32) {
    const auto first = reinterpret_cast<__m256i>(detail::first_mask<T, L>(count));
    if constexpr (sizeof(T) == 4)
      return _mm256_maskstore_epi32(reinterpret_cast<int*>(to), first, reinterpret_cast<__m256i>(v));
    else
      return _mm256_maskstore_epi64(reinterpret_cast<long long*>(to), first, reinterpret_cast<__m256i>(v));
  }
#endif
  if (count == L) return store_lanes<T, L>(to, v);
  std::array<T, L> lanes;
  store_lanes<T, L>(lanes.data(), v);
  detail::copy_pieces<L / 2>(lanes.data(), to, count);
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
