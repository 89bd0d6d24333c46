// The choice of a kernel, for kernels_f32.cpp and kernels_f64.cpp.
#pragma once

#include "engine/quantum/small_kernels.hpp"
#include "engine/quantum/wide_kernels.hpp"

namespace moonstill::quantum {

template <class T>
void run(MatrixTask task, bool diagonal, const MatrixStep<T>& step) {
  constexpr int lanes = vector_lanes<T>;
  switch (step.groups->dimension()) {
    case 2:
      return diagonal ? SmallKernel<T, lanes, 2, true>::run(task, step)
                      : SmallKernel<T, lanes, 2, false>::run(task, step);
    case 4:
      return diagonal ? SmallKernel<T, lanes, 4, true>::run(task, step)
                      : SmallKernel<T, lanes, 4, false>::run(task, step);
    default:
      return WideKernel<T, lanes>::run(task, step);
  }
}

}  // namespace moonstill::quantum
