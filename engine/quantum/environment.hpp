// The environment of an operation or observable, E_ij = sum conj(a_i) s_j: what kernels leave in each block
// and lane, summed in a fixed order.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

/// The sum of the first `valid` of tile_lanes numbers, halves added to halves: vectors do it, and the order
/// is fixed.
template <class T>
[[nodiscard]] T tree_sum(const T* numbers, int valid) {
  std::array<T, tile_lanes> x{};
  std::copy_n(numbers, valid, x.data());
  for (std::size_t half = tile_lanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) x[i] += x[i + half];
  }
  return x[0];
}

/// Entries [d * d][re, im][lanes], one lane for each sample.
class Environment {
 public:
  [[nodiscard]] int lanes() const { return lanes_; }
  /// Real and imaginary parts of all entries: 2 d^2.
  [[nodiscard]] std::size_t parts() const { return numbers_.size() / static_cast<std::size_t>(lanes_); }
  [[nodiscard]] double at(std::size_t part, int lane) const {
    return numbers_[part * static_cast<std::size_t>(lanes_) + static_cast<std::size_t>(lane)];
  }

  /// Adds up blocks of `count` numbers, [d * d][2][pitch] each. With one sample its lanes, which are
  /// amplitudes, are added up too.
  template <class T>
  void take(const T* blocks, std::size_t block_count, std::size_t count, int pitch, int sample_lanes) {
    lanes_ = sample_lanes;
    const std::size_t side_by_side = sample_lanes == 1 ? static_cast<std::size_t>(pitch) : 1;
    numbers_.assign(count / side_by_side, 0.0);
    for (std::size_t b = 0; b < block_count; ++b) {
      const T* from = blocks + b * count;
      if (side_by_side == 1) {
        for (std::size_t e = 0; e < count; ++e) numbers_[e] += static_cast<double>(from[e]);
        continue;
      }
      for (double& number : numbers_) {
        for (std::size_t lane = 0; lane < side_by_side; ++lane) number += static_cast<double>(*from++);
      }
    }
  }

  /// Leaves one lane, the sum of the first `valid`.
  void sum_lanes(int valid) {
    if (lanes_ == 1) return;
    const std::size_t count = parts();
    for (std::size_t part = 0; part < count; ++part)
      numbers_[part] = tree_sum(numbers_.data() + part * static_cast<std::size_t>(lanes_), valid);
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
  int lanes_ = 1;
  std::vector<double> numbers_;
};

}  // namespace moonstill::quantum
