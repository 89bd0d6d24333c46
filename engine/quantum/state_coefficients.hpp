// The matrices of a call as the block kernels read them.
#pragma once

#include <vector>

#include "engine/quantum/state_phases.hpp"
#include "engine/quantum/sweep_context.hpp"

namespace moonstill::quantum {

template <class T>
using StateContext = SweepContext<T, StatePlan>;

/// An operation's matrices as the kernels read them.
template <class T>
struct OperationCoefficients {
  std::vector<T> matrix, tangent, adjoint, adjoint_tangent;
};

template <class T>
[[nodiscard]] OperationCoefficients<T> operation_coefficients(const StateOperation& operation,
                                                              const OperationNumbers<T>& numbers,
                                                              bool tangents, bool gradients);

/// What is the same for all samples: matrices of the operations that do not vary, and of the observables.
template <class T>
struct SharedCoefficients {
  std::vector<OperationCoefficients<T>> operations;
  std::vector<PhaseTable<T>> phases;  // of the operations that are merged diagonals
  std::vector<std::vector<T>> hermitians, hermitian_directions;  // as far as gradients need them

  explicit SharedCoefficients(const StateContext<T>& context);
};

}  // namespace moonstill::quantum
