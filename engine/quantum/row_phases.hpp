// What a phase for each row does to the state of one sample, as many rows at a time as a vector has lanes.
#pragma once

#include <cstddef>
#include <utility>

#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

template <class T>
class RowPhases {
  static constexpr int W = vector_lanes<T>;
  using Vector = Lanes<T, W>;

 public:
  /// Of `rows` rows, a multiple of W: exp(i phase) as [rows][re, im], and the phases' change along the
  /// direction.
  RowPhases(const T* phases, const T* rates, std::size_t rows)
      : phases_(phases), rates_(rates), rows_(rows) {}

  /// x <- exp(i sign phase) x
  void turn(const Planes<T>& x, T sign) const {
    for (std::size_t r = 0; r < rows_; r += W) {
      const Vector pairs = load_lanes<T, W>(phases_ + 2 * r);
      const Vector more = load_lanes<T, W>(phases_ + 2 * r + W);
      const Vector cosine = every_other<0>(pairs, more);
      const Vector sine = sign * every_other<1>(pairs, more);
      const Vector re = load_lanes<T, W>(x.re + r);
      const Vector im = load_lanes<T, W>(x.im + r);
      store_lanes<T, W>(x.re + r, re * cosine - im * sine);
      store_lanes<T, W>(x.im + r, re * sine + im * cosine);
    }
  }

  /// y += i sign rate x
  void add_rates(const Planes<T>& y, const Planes<T>& x, T sign) const {
    for (std::size_t r = 0; r < rows_; r += W) {
      const Vector rate = sign * load_lanes<T, W>(rates_ + r);
      store_lanes<T, W>(y.re + r, load_lanes<T, W>(y.re + r) - rate * load_lanes<T, W>(x.im + r));
      store_lanes<T, W>(y.im + r, load_lanes<T, W>(y.im + r) + rate * load_lanes<T, W>(x.re + r));
    }
  }

  /// slopes += dF/dphase = -2 Im conj(y) x
  void add_slopes(const Planes<T>& y, const Planes<T>& x, double* slopes) const {
    using Slopes = Lanes<double, W>;
    for (std::size_t r = 0; r < rows_; r += W) {
      const Vector product = load_lanes<T, W>(y.re + r) * load_lanes<T, W>(x.im + r) -
                             load_lanes<T, W>(y.im + r) * load_lanes<T, W>(x.re + r);
      const Slopes wide = __builtin_convertvector(product, Slopes);
      store_lanes<double, W>(slopes + r, load_lanes<double, W>(slopes + r) - 2 * wide);
    }
  }

 private:
  template <int first>
  [[gnu::always_inline]] static Vector every_other(const Vector& a, const Vector& b) {
    return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
      return __builtin_shufflevector(a, b, (2 * i + first)...);
    }
    (std::make_integer_sequence<int, W>{});
  }

  const T* phases_;
  const T* rates_;
  std::size_t rows_;
};

}  // namespace moonstill::quantum
