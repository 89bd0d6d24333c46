// The primitives of each rules_*.cpp, for the registry. Private to this folder.
#pragma once

#include <span>

#include "engine/autograd/primitive.hpp"
#include "engine/tensor/pooling.hpp"

namespace moonstill::rules {

using Rows = std::span<const Primitive* const>;

Rows elementwise();
Rows reductions();
Rows movement();
Rows products();
Rows pooling();
Rows smooth_pooling();

/// Pseudo-random numbers in [low, high) for the samples of the gradient check; the same on every call.
Tensor sample(const Shape& shape, double low, double high, std::uint64_t seed = 1);

/// Throws Error{shape} or {range}, naming the operation, unless the windows fit into x [N, C, H, W].
void check_pool(const char* name, const Shape& x, PoolGeometry g);

}  // namespace moonstill::rules
