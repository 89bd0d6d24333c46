// The quantum primitives: expectation values of a circuit, their gradient, and the Hessian applied to a
// direction.
//
// With F(theta, psi, O, c) = sum_bk c_bk <psi_b| U(theta)^H O_k U(theta) |psi_b>, the value is dF/dc, its vjp
// is the gradient of F in (theta, psi, O), and the vjp of that the joint Hessian of F. Where sweeps embed
// amplitudes (sweep.hpp), it is F of psi / |psi|. Derivatives of order 3 are refused.
#pragma once

#include <memory>
#include <span>

#include "engine/autograd/primitive.hpp"
#include "engine/quantum/circuit.hpp"
#include "engine/quantum/route.hpp"

namespace moonstill::quantum {

/// What is run and what is read. Calls share one, and with it the compiled plans.
struct Measurement {
  Circuit circuit;
  Readout readout;
  RouteChoice choice{};
};

/// Expectation values [K], or [N, K] (tiled when N > 1) when any input has one axis more than it was declared
/// with. `inputs`: one for each input of the circuit, in its order; amplitudes are divided by their 2-norm
/// here. `hermitians`: one [..., d, d, 2] for each Hermitian input of the readout, of which the Hermitian
/// part counts. `dtype`: of the result when there is no input at all. Throws Error{shape} where shapes do not
/// fit.
Value expectation(std::shared_ptr<const Measurement> measurement, std::span<const Value> inputs,
                  std::span<const Value> hermitians = {}, DType dtype = DType::f32);
Value expectation(const Circuit& circuit, const Readout& readout, std::span<const Value> inputs,
                  std::span<const Value> hermitians = {}, DType dtype = DType::f32);

/// (A + A^H) / 2 for A of shape [..., d, d, 2], real and imaginary parts last.
Value hermitian_part(const Value& a);

/// States after the circuit, [2^n, 2] or [N, 2^n, 2], real and imaginary parts last. Cannot be
/// differentiated.
Value state(const Circuit& circuit, std::span<const Value> inputs, DType dtype = DType::f32);

/// The primitives of this folder, for the gradient check and the reference pages.
std::span<const Primitive* const> primitives();

}  // namespace moonstill::quantum
