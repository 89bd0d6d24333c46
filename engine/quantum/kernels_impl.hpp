// The choice of a kernel, for kernels_f32.cpp and kernels_f64.cpp.
#pragma once

#include "engine/quantum/phase_kernels.hpp"
#include "engine/quantum/small_kernels.hpp"
#include "engine/quantum/wide_kernels.hpp"

namespace moonstill::quantum {

template <class T, int W, int D>
void run_small(MatrixTask task, Structure structure, const MatrixStep<T>& step) {
  switch (structure) {
    case Structure::dense:
      return SmallKernel<T, W, D, Structure::dense>::run(task, step);
    case Structure::diagonal:
      return SmallKernel<T, W, D, Structure::diagonal>::run(task, step);
    case Structure::real:
      return SmallKernel<T, W, D, Structure::real>::run(task, step);
  }
}

template <class T, int W>
void run_width(MatrixTask task, Structure structure, const MatrixStep<T>& step) {
  switch (step.groups->dimension()) {
    case 2:
      return run_small<T, W, 2>(task, structure, step);
    case 4:
      return run_small<T, W, 4>(task, structure, step);
    default:
      return WideKernel<T, W>::run(task, step);
  }
}

template <class T>
void run(MatrixTask task, Structure structure, const MatrixStep<T>& step) {
  if (step.pitch == 1) return run_width<T, 1>(task, structure, step);
  run_width<T, vector_lanes<T>>(task, structure, step);
}

template <class T>
void run(MatrixTask task, const PhaseStep<T>& step) {
  PhaseKernel<T>::run(task, step);
}

}  // namespace moonstill::quantum
