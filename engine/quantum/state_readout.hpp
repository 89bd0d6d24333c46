// Basis probabilities and amplitudes of a framed state.
#pragma once

#include "engine/quantum/state_plan.hpp"

namespace moonstill::quantum {

/// to[pattern] += factor * Re sum conj(x) y over the places of each pattern.
template <class T>
void read_probabilities(const StateProbabilities& item, const T* x, const T* y, double factor, double* to);

/// to += weights[pattern] * from at the places of each pattern.
template <class T>
void seed_probabilities(const StateProbabilities& item, const T* weights, const T* from, T* to);

/// Amplitudes [2^n][re, im] in the order of basis states, of a state that lies as `frame` says.
template <class T>
void copy_amplitudes(const Frame& frame, const T* state, T* to);

}  // namespace moonstill::quantum
