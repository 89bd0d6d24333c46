// The environment of an operation or observable, E_ij = sum conj(a_i) s_j, of 16 samples side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "engine/tensor/lanes.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

namespace detail {

// Halves added to halves.
template <class T, int count>
[[gnu::always_inline]] inline T add_halves(const Lanes<T, count>& x) {
  if constexpr (count == 1) {
    return x;
  } else {
    Lanes<T, count / 2> low;
    Lanes<T, count / 2> high;
    std::memcpy(&low, &x, sizeof low);
    std::memcpy(&high, reinterpret_cast<const char*>(&x) + sizeof low, sizeof high);
    return add_halves<T, count / 2>(low + high);
  }
}

}  // namespace detail

/// The sum of the first `valid` of tile_lanes numbers, in an order that depends on nothing.
template <class T>
[[nodiscard]] T tree_sum(const T* numbers, int valid) {
  constexpr int lanes = static_cast<int>(tile_lanes);
  using Index = Lanes<WholeNumber<T>, lanes>;
  Index index;
  for (int lane = 0; lane < lanes; ++lane) index[lane] = lane;
  const Lanes<T, lanes> x = load_lanes<T, lanes>(numbers);
  return detail::add_halves<T, lanes>(index < Index{} + valid ? x : Lanes<T, lanes>{});
}

/// Entries [d * d][re, im][tile_lanes].
template <class T>
class Environment {
 public:
  static constexpr auto lanes = static_cast<std::size_t>(tile_lanes);

  /// Zeros, for a matrix of d rows.
  void reset(int d) { numbers_.assign(static_cast<std::size_t>(2 * d * d) * lanes, T{0}); }
  [[nodiscard]] T* data() { return numbers_.data(); }
  /// Real and imaginary parts of all entries: 2 d^2.
  [[nodiscard]] std::size_t parts() const { return numbers_.size() / lanes; }
  [[nodiscard]] double at(std::size_t part, int lane) const {
    return numbers_[part * lanes + static_cast<std::size_t>(lane)];
  }

  /// The sums over the first `valid` samples, [d * d][re, im].
  void sum_samples(int valid, std::vector<double>& sums) const {
    sums.resize(parts());
    for (std::size_t part = 0; part < sums.size(); ++part)
      sums[part] = static_cast<double>(tree_sum(numbers_.data() + part * lanes, valid));
  }

  /// out[lane] += Re sum_ij M_ij E_ij for a matrix [d * d][re, im].
  void add_real_product(const double* matrix, double* out) const {
    for (std::size_t part = 0; part < parts(); ++part) {
      const double m = part % 2 == 0 ? matrix[part] : -matrix[part];
      for (std::size_t lane = 0; lane < lanes; ++lane)
        out[lane] += m * static_cast<double>(numbers_[part * lanes + lane]);
    }
  }

  /// The same in one lane, for a matrix [d * d][re, im][tile_lanes].
  [[nodiscard]] double real_product(const double* matrix, int lane) const {
    double sum = 0;
    for (std::size_t part = 0; part < parts(); ++part) {
      const double m = matrix[part * lanes + static_cast<std::size_t>(lane)];
      sum += (part % 2 == 0 ? m : -m) * at(part, lane);
    }
    return sum;
  }

 private:
  std::vector<T> numbers_;
};

/// Re sum_ij M_ij E_ij of a matrix and summed environments, both [d * d][re, im].
[[nodiscard]] inline double real_product(const double* matrix, const std::vector<double>& sums) {
  double sum = 0;
  for (std::size_t e = 0; e < sums.size(); e += 2) sum += matrix[e] * sums[e] - matrix[e + 1] * sums[e + 1];
  return sum;
}

}  // namespace moonstill::quantum
