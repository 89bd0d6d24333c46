// Carries a plan out: one forward sweep gives values, one more backward gives gradients, and both carry the
// tangent along a direction when there is one (the Hessian applied to it).
#pragma once

#include <memory>
#include <vector>

#include "engine/quantum/sweep_point.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

struct SweepRequest {
  bool values = false;
  // Along the direction: `values` are then fdot, and the gradients the rows of the Hessian.
  bool tangents = false;
  std::vector<bool> angles;
  bool amplitudes = false;
  std::vector<bool> hermitians;
  // Amplitudes are of any norm, and the sweep divides each sample's by its own, where embeds() says so.
  bool embed = false;
  DType dtype = DType::f32;  // where the point holds no numbers at all
  RouteChoice choice;
  // Where a sweep for values leaves the states after the circuit, and one for gradients at the same point
  // finds them and saves its way forward. Only tiles do so, and only up to some size; empty otherwise.
  std::shared_ptr<Tensor> states{};

  [[nodiscard]] bool gradients() const;
};

struct SweepResult {
  Tensor values;
  SweepPoint gradients;
};

/// Whether sweeps at such a point embed amplitudes themselves, while they lie in the cache: where tiles carry
/// samples' own, and the circuit is not contracted.
[[nodiscard]] bool embeds(const Circuit& circuit, const Readout& readout, const SweepPoint& point,
                          const RouteChoice& choice);

SweepResult sweep(const Circuit& circuit, const Readout& readout, const SweepPoint& point,
                  const SweepPoint& direction, const SweepRequest& request);

/// The states after the circuit: [N, 2^n, 2] or [2^n, 2], real and imaginary parts last.
Tensor final_states(const Circuit& circuit, const SweepPoint& point, DType dtype, RouteChoice choice = {});

}  // namespace moonstill::quantum
