#include "engine/quantum/matrix.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"

namespace moonstill::quantum {

ComplexMatrix::ComplexMatrix(const GateMatrix<double>& gate) : ComplexMatrix(gate.dimension) {
  for (std::size_t e = 0; e < entries.size(); ++e) entries[e] = {gate.entries[e].re, gate.entries[e].im};
}

ComplexMatrix ComplexMatrix::identity(int size) {
  ComplexMatrix m(size);
  for (int i = 0; i < size; ++i) m(i, i) = 1;
  return m;
}

ComplexMatrix operator*(const ComplexMatrix& a, const ComplexMatrix& b) {
  ComplexMatrix c(a.dimension);
  for (int i = 0; i < a.dimension; ++i) {
    for (int k = 0; k < a.dimension; ++k) {
      for (int j = 0; j < a.dimension; ++j) c(i, j) += a(i, k) * b(k, j);
    }
  }
  return c;
}

double distance_from_unitary(const ComplexMatrix& u) {
  double worst = 0;
  for (int i = 0; i < u.dimension; ++i) {
    for (int j = 0; j < u.dimension; ++j) {
      std::complex<double> sum = i == j ? -1.0 : 0.0;
      for (int k = 0; k < u.dimension; ++k) sum += std::conj(u(k, i)) * u(k, j);
      worst = std::max(worst, std::abs(sum));
    }
  }
  return worst;
}

double distance_from_hermitian(const ComplexMatrix& a) {
  double worst = 0;
  for (int i = 0; i < a.dimension; ++i) {
    for (int j = 0; j <= i; ++j) worst = std::max(worst, std::abs(a(i, j) - std::conj(a(j, i))));
  }
  return worst;
}

bool is_diagonal(const ComplexMatrix& m) {
  for (int i = 0; i < m.dimension; ++i) {
    for (int j = 0; j < m.dimension; ++j) {
      if (i != j && m(i, j) != 0.0) return false;
    }
  }
  return true;
}

bool is_permutation(const ComplexMatrix& m) {
  for (int i = 0; i < m.dimension; ++i) {
    int row_ones = 0;
    int column_ones = 0;
    for (int j = 0; j < m.dimension; ++j) {
      if (m(i, j) != 0.0 && m(i, j) != 1.0) return false;
      row_ones += m(i, j) == 1.0;
      column_ones += m(j, i) == 1.0;
    }
    if (row_ones != 1 || column_ones != 1) return false;
  }
  return true;
}

bool is_real(const ComplexMatrix& m) {
  return std::ranges::all_of(m.entries, [](const std::complex<double>& z) { return z.imag() == 0; });
}

std::optional<double> rotation_angle(const ComplexMatrix& m) {
  if (m.dimension != 2 || !is_real(m)) return std::nullopt;
  const double c = m(0, 0).real();
  const double s = m(1, 0).real();
  const bool rotates = m(1, 1).real() == c && m(0, 1).real() == -s && std::abs(c * c + s * s - 1) < 1e-12;
  return rotates ? std::optional(2 * std::atan2(s, c)) : std::nullopt;
}

void check_matrix(const char* what, const ComplexMatrix& m, std::size_t qubits) {
  const int size = 1 << qubits;
  if (m.dimension != size) {
    fail(ErrorKind::shape, "{}: expected a {} x {} matrix for {} qubit{}, got {} x {}", what, size, size,
         qubits, qubits == 1 ? "" : "s", m.dimension, m.dimension);
  }
  for (std::size_t e = 0; e < m.entries.size(); ++e) {
    if (!std::isfinite(m.entries[e].real()) || !std::isfinite(m.entries[e].imag())) {
      const auto d = static_cast<std::size_t>(m.dimension);
      fail(ErrorKind::numeric, "{}: row {}, column {} of the matrix is not finite", what, e / d + 1,
           e % d + 1);
    }
  }
}

}  // namespace moonstill::quantum
