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

/// The indices, ascending, of the `most` amplitudes largest in absolute value, those below `least` left out.
template <class T>
[[nodiscard]] std::vector<std::size_t> largest_amplitudes(const Frame& frame, const T* state, double least,
                                                          std::size_t most);

}  // namespace moonstill::quantum
