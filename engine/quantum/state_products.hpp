// An environment E meets a matrix: values and slopes.
#pragma once

#include <cstddef>
#include <span>

namespace moonstill::quantum {

/// Re sum_ij M_ij E_ij.
[[nodiscard]] inline double real_product(const double* matrix, const double* e, std::size_t entries) {
  double sum = 0;
  for (std::size_t i = 0; i < 2 * entries; i += 2) sum += matrix[i] * e[i] - matrix[i + 1] * e[i + 1];
  return sum;
}

/// Re sum_ij (D V^H)_ij E_ij for matrices of d rows.
template <class T>
[[nodiscard]] double slope_product(const double* derivative, std::span<const T> matrix, const double* e,
                                   std::size_t d) {
  double sum = 0;
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j < d; ++j, e += 2) {
      for (std::size_t k = 0; k < d; ++k) {
        const double* x = derivative + (i * d + k) * 2;
        const T* y = matrix.data() + (j * d + k) * 2;
        const auto re = static_cast<double>(y[0]);
        const auto im = static_cast<double>(y[1]);
        sum += (x[0] * re + x[1] * im) * e[0] - (x[1] * re - x[0] * im) * e[1];
      }
    }
  }
  return sum;
}

}  // namespace moonstill::quantum
