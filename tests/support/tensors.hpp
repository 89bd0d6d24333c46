// Tensors to test kernels with, and their comparison.
#pragma once

#include <vector>

#include "engine/tensor/tensor.hpp"

namespace moonstill::test {

/// Normal numbers, row-major, the same for the same seed.
Tensor random_tensor(const Shape& shape, DType dtype, std::uint64_t seed);

/// All elements in row-major order.
std::vector<double> values(const Tensor& x);

/// The largest difference of two lists relative to the largest number of `expected` (or to 1 when that is
/// less). Infinite where sizes differ or a NaN is on one side only.
double relative_error(const std::vector<double>& got, const std::vector<double>& expected);

/// What a kernel of a few hundred operations may lose: 1e-5 for f32, 1e-13 for f64.
double tolerance(DType dtype);

/// Equal shape, type, layout, and bytes of every sample.
bool identical(const Tensor& a, const Tensor& b);

}  // namespace moonstill::test
