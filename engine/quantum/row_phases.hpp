// What a phase for each row does to states of a few samples side by side, as many rows at a time as fill a
// vector.
#pragma once

#include <cstddef>
#include <utility>

#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

/// Of `samples` side by side, at most as many as a vector has lanes.
template <class T, int samples>
class RowPhases {
  static constexpr int W = vector_lanes<T>;
  static constexpr int R = W / samples;  // rows of a vector
  using Vector = Lanes<T, W>;

 public:
  /// Of `rows` rows, a multiple of R: exp(i phase) as [rows][re, im], and the phases' change along the
  /// direction.
  RowPhases(const T* phases, const T* rates, std::size_t rows)
      : phases_(phases), rates_(rates), rows_(rows) {}

  /// x <- exp(i sign phase) x
  void turn(const Planes<T>& x, T sign) const {
    for (std::size_t r = 0; r < rows_; r += R) {
      const Vector cosine = of_rows<2, 0>(phases_ + 2 * r);
      const Vector sine = sign * of_rows<2, 1>(phases_ + 2 * r);
      const Vector re = load_lanes<T, W>(x.re + r * samples);
      const Vector im = load_lanes<T, W>(x.im + r * samples);
      store_lanes<T, W>(x.re + r * samples, re * cosine - im * sine);
      store_lanes<T, W>(x.im + r * samples, re * sine + im * cosine);
    }
  }

  /// y += i sign rate x
  void add_rates(const Planes<T>& y, const Planes<T>& x, T sign) const {
    for (std::size_t r = 0; r < rows_; r += R) {
      const std::size_t at = r * samples;
      const Vector rate = sign * of_rows<1, 0>(rates_ + r);
      store_lanes<T, W>(y.re + at, load_lanes<T, W>(y.re + at) - rate * load_lanes<T, W>(x.im + at));
      store_lanes<T, W>(y.im + at, load_lanes<T, W>(y.im + at) + rate * load_lanes<T, W>(x.re + at));
    }
  }

  /// slopes += dF/dphase = -2 Im conj(y) x, summed over the samples
  void add_slopes(const Planes<T>& y, const Planes<T>& x, double* slopes) const {
    for (std::size_t r = 0; r < rows_; r += R) {
      const std::size_t at = r * samples;
      const Vector product = load_lanes<T, W>(y.re + at) * load_lanes<T, W>(x.im + at) -
                             load_lanes<T, W>(y.im + at) * load_lanes<T, W>(x.re + at);
      subtract_twice(neighbour_sums<W, samples>(product), slopes + r);
    }
  }

 private:
  // What each row has in the lanes of all its samples: the `first` of `stride` numbers.
  template <int stride, int first>
  [[gnu::always_inline]] static Vector of_rows(const T* from) {
    constexpr int count = stride * R;
    constexpr int loaded = count > W ? W : count;
    if constexpr (count == 1) {
      return Vector{} + *from;
    } else {
      const Vector low = repeated<loaded>(load_lanes<T, loaded>(from));
      const Vector high = count > W ? load_lanes<T, W>(from + W) : low;
      return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
        return __builtin_shufflevector(low, high, (i / samples * stride + first)...);
      }
      (std::make_integer_sequence<int, W>{});
    }
  }

  // The same numbers again, until a vector is full.
  template <int L>
  [[gnu::always_inline]] static Vector repeated(const Lanes<T, L>& v) {
    if constexpr (L == W) {
      return v;
    } else {
      return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
        return repeated<2 * L>(__builtin_shufflevector(v, v, (i % L)...));
      }
      (std::make_integer_sequence<int, 2 * L>{});
    }
  }

  // Sums of `count` neighbours each.
  template <int L, int count>
  [[gnu::always_inline]] static Lanes<T, L / count> neighbour_sums(const Lanes<T, L>& v) {
    if constexpr (count == 1) {
      return v;
    } else if constexpr (L == 2) {
      return v[0] + v[1];
    } else {
      return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
        const Lanes<T, L / 2> even = __builtin_shufflevector(v, v, (2 * i)...);
        const Lanes<T, L / 2> odd = __builtin_shufflevector(v, v, (2 * i + 1)...);
        return neighbour_sums<L / 2, count / 2>(even + odd);
      }
      (std::make_integer_sequence<int, L / 2>{});
    }
  }

  [[gnu::always_inline]] static void subtract_twice(const Lanes<T, R>& sums, double* from) {
    if constexpr (R == 1) {
      *from -= 2 * static_cast<double>(sums);
    } else {
      const auto wide = __builtin_convertvector(sums, Lanes<double, R>);
      store_lanes<double, R>(from, load_lanes<double, R>(from) - 2 * wide);
    }
  }

  const T* phases_;
  const T* rates_;
  std::size_t rows_;
};

}  // namespace moonstill::quantum
