// Derivatives held against central differences, and their derivatives likewise.
#pragma once

#include <span>
#include <string>

#include "engine/autograd/primitive.hpp"
#include "engine/autograd/transforms.hpp"

namespace moonstill {

struct GradcheckOptions {
  int order = 2;            // how many times to differentiate
  double step = 1e-4;       // of the central differences
  double tolerance = 1e-6;  // relative to the larger of the two numbers and 1
  int directions = 2;       // random directions at each order
  std::uint64_t seed = 1;
};

/// Checks f's vjp at `inputs` (f64) against central differences along random directions, then does the same
/// with the vjp as a function, `order` times in all (the recursive check_grads of HIPS autograd). Returns the
/// largest relative error; throws Error{numeric} with both numbers where it exceeds the tolerance.
double gradcheck(const Function& f, std::span<const Value> inputs, const GradcheckOptions& options = {});

/// The same for every sample of a primitive, to the order asked for or the highest that the primitive offers.
double gradcheck(const Primitive& primitive, GradcheckOptions options = {});

}  // namespace moonstill
