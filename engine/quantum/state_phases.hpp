// A merged diagonal on a framed state: the table of its phases, what it does to a state and its tangent, and
// what its angles gain.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/quantum/numbers.hpp"
#include "engine/quantum/state_plan.hpp"

namespace moonstill::quantum {

/// exp(i phase) as a state [vectors][re, im][lanes], and the phases' change along a direction
/// [vectors][lanes].
template <class T>
struct PhaseTable {
  std::shared_ptr<std::byte> memory;
  const T* turns = nullptr;
  const T* rates = nullptr;
};

/// Shared angles only.
template <class T>
[[nodiscard]] PhaseTable<T> phase_table(const std::vector<ParityTerm>& terms, std::size_t vectors,
                                        std::span<const AngleSource<T>> sources);

/// A run of vectors. `slopes` [vectors][lanes], when there are any, are added to: Im conj(a) s, or its
/// change.
template <class T>
struct StatePhaseStep {
  std::size_t vectors;
  const T* turns;
  const T* rates;
  T* slopes = nullptr;
  T *s = nullptr, *sdot = nullptr, *a = nullptr, *adot = nullptr;  // the tangents may be absent
};

/// s <- D s with its tangent.
template <class T>
void turn_phases(const StatePhaseStep<T>& step);
/// Sums slopes, then s <- D^H s and a <- D^H a with their tangents.
template <class T>
void undo_phases(const StatePhaseStep<T>& step);

/// Sum of (-1)^parity * slopes over all places, for each term. Leaves the slopes changed.
template <class T>
[[nodiscard]] std::vector<double> parity_sums(const std::vector<ParityTerm>& terms, std::span<T> slopes);

}  // namespace moonstill::quantum
