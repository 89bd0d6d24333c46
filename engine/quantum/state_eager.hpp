// A plan without inputs on a caller's own state, [vectors][re, im][lanes]: its operations, or its readout.
#pragma once

#include <vector>

#include "engine/quantum/state_plan.hpp"

namespace moonstill::quantum {

/// Interrupted within operations on many qubits only, the state then being neither the old nor the new one.
template <class T>
void apply_plan(const StatePlan& plan, T* state);

template <class T>
[[nodiscard]] std::vector<double> read_plan(const StatePlan& plan, T* state);

}  // namespace moonstill::quantum
