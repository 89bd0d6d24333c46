// Points at which the gradient check tries the quantum primitives.
#pragma once

#include <memory>
#include <vector>

#include "engine/quantum/expectation.hpp"

namespace moonstill::quantum {

struct MeasurementSample {
  std::shared_ptr<const Measurement> measurement;
  bool embed = false;             // amplitudes are of any norm (SweepRequest)
  std::vector<Tensor> point;      // f64, in the order of the primitives' inputs
  Tensor weights;                 // c
  std::vector<Tensor> direction;  // in the point, and in c
};

/// Small circuits that hold every kind of gate, observable and sharing.
[[nodiscard]] std::vector<MeasurementSample> samples();

}  // namespace moonstill::quantum
