// The primitives of each rules_*.cpp, for the registry. Private to this folder.
#pragma once

#include <span>

#include "engine/autograd/primitive.hpp"

namespace moonstill::rules {

using Rows = std::span<const Primitive* const>;

Rows elementwise();
Rows reductions();
Rows movement();
Rows products();
Rows pooling();

/// Pseudo-random numbers in [low, high) for the samples of the gradient check; the same on every call.
Tensor sample(const Shape& shape, double low, double high, std::uint64_t seed = 1);

}  // namespace moonstill::rules
