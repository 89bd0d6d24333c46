// The choice of a kernel, for kernels_f32.cpp and kernels_f64.cpp.
#pragma once

#include "engine/quantum/small_kernels.hpp"
#include "engine/quantum/wide_kernels.hpp"

namespace moonstill::quantum {

template <class T, int W>
void run_width(MatrixTask task, bool diagonal, const MatrixStep<T>& step) {
  switch (step.groups->dimension()) {
    case 2:
      return diagonal ? SmallKernel<T, W, 2, true>::run(task, step)
                      : SmallKernel<T, W, 2, false>::run(task, step);
    case 4:
      return diagonal ? SmallKernel<T, W, 4, true>::run(task, step)
                      : SmallKernel<T, W, 4, false>::run(task, step);
    default:
      return WideKernel<T, W>::run(task, step);
  }
}

template <class T>
void run(MatrixTask task, bool diagonal, const MatrixStep<T>& step) {
  constexpr int lanes = vector_lanes<T>;
  if (step.pitch == 1) return run_width<T, 1>(task, diagonal, step);
  if (step.lane_bit < 0) return run_width<T, lanes>(task, diagonal, step);
  if (diagonal)
    SmallKernel<T, lanes, 2, true, true>::run(task, step);
  else
    SmallKernel<T, lanes, 2, false, true>::run(task, step);
}

}  // namespace moonstill::quantum
