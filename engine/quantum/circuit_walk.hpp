// The way of states through a circuit and back, whatever a sweep keeps them in.
#pragma once

#include <cstddef>

#include "engine/quantum/environment.hpp"
#include "engine/quantum/plan.hpp"
#include "engine/quantum/sweep_context.hpp"

namespace moonstill::quantum {

template <class T>
using TileContext = SweepContext<T, Plan>;

/// A state, its change along the direction, the adjoint state, and its change.
enum class StateName : std::size_t { s, sdot, a, adot };
inline constexpr std::size_t state_names = 4;

/// Calls carry_out(task, operation, state that it is for, or s when it is for several) for all operations in
/// turn.
template <class T, class CarryOut>
void walk_forward(const TileContext<T>& c, CarryOut&& carry_out) {
  const bool tangents = c.request.tangents;
  for (std::size_t o = 0; o < c.plan.operations().size(); ++o) {
    if (tangents && c.directed[o] != 0) {
      carry_out(MatrixTask::forward_tangent, o, StateName::s);
      continue;
    }
    carry_out(MatrixTask::apply, o, StateName::s);
    if (tangents) carry_out(MatrixTask::apply, o, StateName::sdot);
  }
}

/// The same from the last operation back to the first whose gradients are wanted, or that come before wanted
/// amplitudes, and add_gradients(operation) after those that leave slopes or environments.
template <class T, class CarryOut, class AddGradients>
void walk_back(const TileContext<T>& c, CarryOut&& carry_out, AddGradients&& add_gradients) {
  const bool tangents = c.request.tangents;
  const std::size_t operations = c.plan.operations().size();
  std::size_t stop = 0;
  while (!c.request.amplitudes && stop < operations && c.wanted[stop] == 0) ++stop;
  for (std::size_t o = operations; o-- > stop;) {
    if (c.wanted[o] != 0 || (tangents && c.directed[o] != 0)) {
      carry_out(tangents ? MatrixTask::backward_tangent : MatrixTask::backward, o, StateName::s);
      if (c.plan.operations()[o].form != Form::phases) add_gradients(o);
      continue;
    }
    for (const StateName name : {StateName::s, StateName::a, StateName::sdot, StateName::adot}) {
      const bool tangent = name == StateName::sdot || name == StateName::adot;
      if (tangents || !tangent) carry_out(MatrixTask::apply_adjoint, o, name);
    }
  }
}

}  // namespace moonstill::quantum
