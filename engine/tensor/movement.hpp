// Kernels that move elements and compute nothing.
#pragma once

#include <span>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace moonstill {

/// Axis i of the result is axis order[i] of x. Row-major.
Tensor permute(const Tensor& x, std::span<const std::size_t> order);
/// size elements from `begin` along one axis. Row-major along axis 0; keeps tiles along others.
Tensor slice(const Tensor& x, std::size_t axis, std::int64_t begin, std::int64_t size);
/// The adjoint of slice: x put at `begin` along an axis of `size` zeros.
Tensor pad(const Tensor& x, std::size_t axis, std::int64_t begin, std::int64_t size);
/// Joins along an existing axis.
Tensor concat(std::span<const Tensor> parts, std::size_t axis);
/// Rows x[indices[i]] along an axis (i32, rank 1), and the adjoint: x's rows added at indices into `size`
/// zero rows.
Tensor take(const Tensor& x, std::size_t axis, const Tensor& indices);
Tensor put(const Tensor& x, std::size_t axis, const Tensor& indices, std::int64_t size);

/// All parts end to end as one vector, and back: as views. Row-major.
Tensor flatten(std::span<const Tensor> parts);
std::vector<Tensor> unflatten(const Tensor& flat, std::span<const Shape> shapes);

}  // namespace moonstill
