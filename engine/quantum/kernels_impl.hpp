// The choice of a kernel, for kernels_f32.cpp and kernels_f64.cpp.
#pragma once

#include "engine/quantum/phase_kernels.hpp"
#include "engine/quantum/rotation_kernels.hpp"
#include "engine/quantum/small_kernels.hpp"
#include "engine/quantum/wide_kernels.hpp"

namespace moonstill::quantum {

template <class T, int D>
void run_small(MatrixTask task, Structure structure, const MatrixStep<T>& step) {
  switch (structure) {
    case Structure::dense:
      return SmallKernel<T, D, Structure::dense>::run(task, step);
    case Structure::diagonal:
      return SmallKernel<T, D, Structure::diagonal>::run(task, step);
    case Structure::real:
      return SmallKernel<T, D, Structure::real>::run(task, step);
    case Structure::hermitian:
      return SmallKernel<T, D, Structure::hermitian>::run(task, step);
  }
}

template <class T>
void run(MatrixTask task, Structure structure, const MatrixStep<T>& step) {
  switch (step.groups->dimension()) {
    case 2:
      return run_small<T, 2>(task, structure, step);
    case 4:
      return run_small<T, 4>(task, structure, step);
    default:
      return WideKernel<T>::run(task, step);
  }
}

template <class T>
void run(MatrixTask task, const PhaseStep<T>& step) {
  PhaseKernel<T>::run(task, step);
}

template <class T>
void run(MatrixTask task, const RotationStep<T>& step) {
  switch (step.groups->dimension()) {
    case 2:
      return RotationKernel<T, 1>::run(task, step);
    case 4:
      return RotationKernel<T, 2>::run(task, step);
    default:
      if constexpr (most_rotations > 2) RotationKernel<T, 3>::run(task, step);
  }
}

}  // namespace moonstill::quantum
