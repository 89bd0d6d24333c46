// The choice of a kernel, for kernels_f32.cpp and kernels_f64.cpp.
#pragma once

#include <cassert>
#include <type_traits>

#include "engine/quantum/local_kernels.hpp"
#include "engine/quantum/phase_kernels.hpp"
#include "engine/quantum/rotation_kernels.hpp"
#include "engine/quantum/small_kernels.hpp"
#include "engine/quantum/wide_kernels.hpp"

namespace moonstill::quantum {

/// Calls body(lanes that go through a kernel together): a vector, or half of one where that holds all samples
/// of a tile.
template <class T, class Body>
void with_lanes(int samples, Body&& body) {
  constexpr int whole = vector_lanes<T>;
  if constexpr (whole == tile_lanes) {
    if (samples <= whole / 2) return body(std::integral_constant<int, whole / 2>{});
  }
  body(std::integral_constant<int, whole>{});
}

template <class T, int W, int D>
void run_small(MatrixTask task, Structure structure, const MatrixStep<T>& step) {
  switch (structure) {
    case Structure::dense:
      return SmallKernel<T, W, D, Structure::dense>::run(task, step);
    case Structure::diagonal:
      return SmallKernel<T, W, D, Structure::diagonal>::run(task, step);
    case Structure::real:
      return SmallKernel<T, W, D, Structure::real>::run(task, step);
    case Structure::hermitian:
      assert(D > 2);  // LocalRead and LocalSeed are for those of one qubit
      if constexpr (D > 2) SmallKernel<T, W, D, Structure::hermitian>::run(task, step);
  }
}

template <class T>
void run(MatrixTask task, Structure structure, const MatrixStep<T>& step) {
  with_lanes<T>(step.samples, [&](auto lanes) {
    switch (step.groups->dimension()) {
      case 2:
        return run_small<T, lanes, 2>(task, structure, step);
      case 4:
        return run_small<T, lanes, 4>(task, structure, step);
      default:
        return WideKernel<T>::run(task, step);
    }
  });
}

template <class T>
void run(MatrixTask task, const PhaseStep<T>& step) {
  with_lanes<T>(step.samples, [&](auto lanes) { PhaseKernel<T, lanes>::run(task, step); });
}

/// Calls body(K) for the number of qubits of a group, most_joint_qubits at most.
template <class Body>
void with_qubits(const Groups& groups, Body&& body) {
  switch (groups.dimension()) {
    case 2:
      return body(std::integral_constant<int, 1>{});
    case 4:
      return body(std::integral_constant<int, 2>{});
    default:
      assert(groups.dimension() == 8 && most_joint_qubits > 2);
      if constexpr (most_joint_qubits > 2) body(std::integral_constant<int, 3>{});
  }
}

template <class T>
void run(MatrixTask task, const RotationStep<T>& step) {
  with_lanes<T>(step.samples, [&](auto lanes) {
    with_qubits(*step.groups, [&](auto qubits) { RotationKernel<T, lanes, qubits>::run(task, step); });
  });
}

template <class T>
void run(const LocalRead<T>& step) {
  with_lanes<T>(step.samples, [&](auto lanes) {
    with_qubits(*step.groups, [&](auto qubits) { LocalKernel<T, lanes, qubits>::read(step); });
  });
}

template <class T>
void run(const LocalSeed<T>& step) {
  with_lanes<T>(step.samples, [&](auto lanes) {
    with_qubits(*step.groups, [&](auto qubits) { LocalKernel<T, lanes, qubits>::seed(step); });
  });
}

/// Calls body(K, state's type) for the joint qubits of a pack, two at least; it exchanges lanes where any
/// group's are.
template <class T, class Body>
void with_qubits(const PackGroups<T>& groups, Body&& body) {
  const auto with_state = [&](auto qubits) {
    if (groups.exchanged)
      body(qubits, std::type_identity<PackState<T>>{});
    else
      body(qubits, std::type_identity<LaneState<T>>{});
  };
  if (groups.dimension == 4) return with_state(std::integral_constant<int, 2>{});
  assert(groups.dimension == 8 && most_joint_qubits > 2);
  if constexpr (most_joint_qubits > 2) with_state(std::integral_constant<int, 3>{});
}

template <class T>
void run(MatrixTask task, const RotationStep<T, PackGroups<T>>& step) {
  with_qubits(*step.groups, [&](auto qubits, auto state) {
    RotationKernel<T, vector_lanes<T>, qubits, PackGroups<T>, typename decltype(state)::type>::run(task,
                                                                                                   step);
  });
}

template <class T>
void run(const LocalRead<T, PackGroups<T>>& step) {
  with_qubits(*step.groups, [&](auto qubits, auto state) {
    LocalKernel<T, vector_lanes<T>, qubits, PackGroups<T>, typename decltype(state)::type>::read(step);
  });
}

template <class T>
void run(const LocalSeed<T, PackGroups<T>>& step) {
  with_qubits(*step.groups, [&](auto qubits, auto state) {
    LocalKernel<T, vector_lanes<T>, qubits, PackGroups<T>, typename decltype(state)::type>::seed(step);
  });
}

}  // namespace moonstill::quantum
