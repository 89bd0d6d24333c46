// The environment of an operation or observable, E_ij = sum conj(a_i) s_j: what kernels leave in each
// lane, summed in a fixed order.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

/// Entries [d * d][re, im][lanes], one lane for each sample.
class Environment {
 public:
  [[nodiscard]] int lanes() const { return lanes_; }
  /// Real and imaginary parts of all entries: 2 d^2.
  [[nodiscard]] std::size_t parts() const { return numbers_.size() / static_cast<std::size_t>(lanes_); }
  [[nodiscard]] double at(std::size_t part, int lane) const {
    return numbers_[part * static_cast<std::size_t>(lanes_) + static_cast<std::size_t>(lane)];
  }

  /// Takes over `count` numbers, [d * d][2][lanes].
  template <class T>
  void take(const T* numbers, std::size_t count, int lanes) {
    lanes_ = lanes;
    numbers_.assign(numbers, numbers + count);
  }

  /// Leaves one lane, the sum of the first `valid`.
  void sum_lanes(int valid) {
    if (lanes_ == 1) return;
    const std::size_t count = parts();
    for (std::size_t part = 0; part < count; ++part) numbers_[part] = tree_sum(part, valid);
    numbers_.resize(count);
    lanes_ = 1;
  }

  /// Re sum_ij M_ij E_ij in one lane, for a matrix [d * d][re, im][matrix_lanes].
  [[nodiscard]] double real_product(const double* matrix, int matrix_lanes, int lane) const {
    const auto stride = static_cast<std::size_t>(lanes_);
    const auto matrix_stride = static_cast<std::size_t>(matrix_lanes);
    const double* m = matrix + (matrix_lanes == 1 ? 0 : lane);
    const double* e = numbers_.data() + lane;
    const double* end = numbers_.data() + numbers_.size();
    double sum = 0;
    for (; e < end; e += 2 * stride, m += 2 * matrix_stride)
      sum += m[0] * e[0] - m[matrix_stride] * e[stride];
    return sum;
  }

 private:
  // Halves added to halves: vectors do it, and the order is fixed.
  [[nodiscard]] double tree_sum(std::size_t part, int valid) const {
    std::array<double, tile_lanes> x{};
    std::copy_n(numbers_.data() + part * static_cast<std::size_t>(lanes_), valid, x.data());
    for (std::size_t half = tile_lanes / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) x[i] += x[i + half];
    }
    return x[0];
  }

  int lanes_ = 1;
  std::vector<double> numbers_;
};

}  // namespace moonstill::quantum
