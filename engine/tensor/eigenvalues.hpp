// Eigenvalues of Hermitian matrices.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace moonstill {

/// The eigenvalues of a Hermitian matrix, given row by row, in ascending order. Only its lower triangle is
/// read.
[[nodiscard]] std::vector<double> hermitian_eigenvalues(std::span<const std::complex<double>> matrix,
                                                        std::size_t dimension);

}  // namespace moonstill
