#include "engine/quantum/kernels_impl.hpp"

template void moonstill::quantum::run<float>(MatrixTask, bool, const MatrixStep<float>&);
