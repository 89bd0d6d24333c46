// Complex matrices: those that users give (any size, f64), and those of gates (at most 4 x 4, over any number
// type).
#pragma once

#include <array>
#include <complex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace moonstill::quantum {

/// A complex number over a number type of ours (std::complex is defined for built-in types only).
template <class R>
struct Complex {
  R re{};
  R im{};

  friend Complex operator+(const Complex& a, const Complex& b) { return {a.re + b.re, a.im + b.im}; }
  friend Complex operator*(const Complex& a, const Complex& b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
};

/// The matrix of a gate on its target qubits, row by row.
template <class R>
struct GateMatrix {
  int dimension = 2;
  std::array<Complex<R>, 16> entries{};

  Complex<R>& operator()(int row, int column) { return entries[row * dimension + column]; }
  const Complex<R>& operator()(int row, int column) const { return entries[row * dimension + column]; }

  friend GateMatrix operator*(const GateMatrix& a, const GateMatrix& b) {
    GateMatrix c{a.dimension, {}};
    for (int i = 0; i < a.dimension; ++i) {
      for (int j = 0; j < a.dimension; ++j) {
        for (int k = 0; k < a.dimension; ++k) c(i, j) = c(i, j) + a(i, k) * b(k, j);
      }
    }
    return c;
  }
};

/// A square complex matrix, row by row.
struct ComplexMatrix {
  int dimension = 0;
  std::vector<std::complex<double>> entries;

  ComplexMatrix() = default;
  explicit ComplexMatrix(int size) : dimension(size), entries(static_cast<std::size_t>(size) * size) {}
  explicit ComplexMatrix(const GateMatrix<double>& gate);
  static ComplexMatrix identity(int size);

  std::complex<double>& operator()(int row, int column) { return entries[index(row, column)]; }
  const std::complex<double>& operator()(int row, int column) const { return entries[index(row, column)]; }
  friend bool operator==(const ComplexMatrix&, const ComplexMatrix&) = default;

 private:
  [[nodiscard]] std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(dimension) +
           static_cast<std::size_t>(column);
  }
};

ComplexMatrix operator*(const ComplexMatrix& a, const ComplexMatrix& b);

/// The largest |entry| of U^H U - 1 and of A - A^H: 0 for unitary and for Hermitian matrices.
[[nodiscard]] double distance_from_unitary(const ComplexMatrix& u);
[[nodiscard]] double distance_from_hermitian(const ComplexMatrix& a);

[[nodiscard]] bool is_diagonal(const ComplexMatrix& m);
[[nodiscard]] bool is_permutation(const ComplexMatrix& m);
[[nodiscard]] bool is_real(const ComplexMatrix& m);
/// The angle in (-2 pi, 2 pi] of a matrix RY(angle); none when it is no such matrix.
[[nodiscard]] std::optional<double> rotation_angle(const ComplexMatrix& m);

/// Throws Error{shape} unless m is 2^qubits x 2^qubits, Error{numeric} unless all entries are finite.
void check_matrix(const char* what, const ComplexMatrix& m, std::size_t qubits);

}  // namespace moonstill::quantum
