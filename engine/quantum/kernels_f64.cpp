#include "engine/quantum/kernels_impl.hpp"

template void moonstill::quantum::run<double>(MatrixTask, Structure, const MatrixStep<double>&);
template void moonstill::quantum::run<double>(MatrixTask, const PhaseStep<double>&);
template void moonstill::quantum::run<double>(MatrixTask, const RotationStep<double>&);
template void moonstill::quantum::run<double>(const LocalRead<double>&);
template void moonstill::quantum::run<double>(const LocalSeed<double>&);
template void moonstill::quantum::run<double>(MatrixTask, const RotationStep<double, PackGroups<double>>&);
template void moonstill::quantum::run<double>(const LocalRead<double, PackGroups<double>>&);
template void moonstill::quantum::run<double>(const LocalSeed<double, PackGroups<double>>&);
