#include "engine/quantum/kernels_impl.hpp"

template void moonstill::quantum::run<double>(MatrixTask, bool, const MatrixStep<double>&);
