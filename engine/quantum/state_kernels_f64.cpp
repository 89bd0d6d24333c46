#include "engine/quantum/state_kernels_impl.hpp"

namespace moonstill::quantum {

template void run<double>(BlockTask, const BlockSite&, Bits, const BlockStep<double>&);
template void run<double>(BlockTask, const WideSite&, Bits, std::size_t, const BlockStep<double>&);

}  // namespace moonstill::quantum
