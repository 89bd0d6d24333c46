#include "engine/quantum/state_kernels_impl.hpp"

namespace moonstill::quantum {

template void run<float>(BlockTask, const BlockSite&, Bits, const BlockStep<float>&);
template void run<float>(BlockTask, const WideSite&, Bits, std::size_t, const BlockStep<float>&);

}  // namespace moonstill::quantum
