#include "engine/quantum/kernels_impl.hpp"

template void moonstill::quantum::run<float>(MatrixTask, Structure, const MatrixStep<float>&);
template void moonstill::quantum::run<float>(MatrixTask, const PhaseStep<float>&);
template void moonstill::quantum::run<float>(MatrixTask, const RotationStep<float>&);
template void moonstill::quantum::run<float>(const LocalRead<float>&);
template void moonstill::quantum::run<float>(const LocalSeed<float>&);
template void moonstill::quantum::run<float>(MatrixTask, const RotationStep<float, PackGroups<float>>&);
template void moonstill::quantum::run<float>(const LocalRead<float, PackGroups<float>>&);
template void moonstill::quantum::run<float>(const LocalSeed<float, PackGroups<float>>&);
