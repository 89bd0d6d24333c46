// The environment of an operation or observable, E_ij = sum conj(a_i) s_j, of 16 samples side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/lane_sums.hpp"
#include "engine/tensor/lanes.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

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

/// What a matrix finds in states: an environment, and its change along the direction.
template <class T>
struct Environments {
  Environment<T> value, tangent;

  /// Zeros for a matrix of `dimension` rows, for the step to add to.
  void reset(MatrixStep<T>& step, int dimension, bool tangents) {
    value.reset(dimension);
    step.environment = value.data();
    if (!tangents) return;
    tangent.reset(dimension);
    step.environment_tangent = tangent.data();
  }
};

/// Re sum_ij M_ij E_ij of a matrix and summed environments, both [d * d][re, im].
[[nodiscard]] inline double real_product(const double* matrix, const std::vector<double>& sums) {
  double sum = 0;
  for (std::size_t e = 0; e < sums.size(); e += 2) sum += matrix[e] * sums[e] - matrix[e + 1] * sums[e + 1];
  return sum;
}

}  // namespace moonstill::quantum
