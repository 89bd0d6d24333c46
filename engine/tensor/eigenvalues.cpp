#include "engine/tensor/eigenvalues.hpp"

#define EIGEN_DONT_PARALLELIZE

// GCC 12 says this of its own intrinsics headers.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

#include <Eigen/Eigenvalues>
#include <cassert>

namespace moonstill {

std::vector<double> hermitian_eigenvalues(std::span<const std::complex<double>> matrix,
                                          std::size_t dimension) {
  assert(matrix.size() == dimension * dimension);
  using Matrix = Eigen::Matrix<std::complex<double>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto size = static_cast<Eigen::Index>(dimension);
  const Eigen::Map<const Matrix> view(matrix.data(), size, size);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcd> solver(view, Eigen::EigenvaluesOnly);
  const auto& values = solver.eigenvalues();
  return {values.data(), values.data() + values.size()};
}

}  // namespace moonstill
