// The choice of a kernel, for state_kernels_f32.cpp and state_kernels_f64.cpp.
#pragma once

#include "engine/quantum/block_kernel.hpp"
#include "engine/quantum/wide_block.hpp"

namespace moonstill::quantum {

/// Bit i: functional i at the base of a block.
inline Bits values_at(const std::vector<Parity>& functionals, Bits base) {
  Bits values = 0;
  for (std::size_t i = 0; i < functionals.size(); ++i) values |= functionals[i].at(base) ? Bits{1} << i : 0;
  return values;
}

template <class T, int flips, int rank, bool permuted>
void run_variants(BlockTask task, const BlockSite& site, Bits base, const BlockStep<T>& step) {
  const Bits wanted = values_at(site.functionals, base) ^ site.site->high_controls();
  BlockKernel<T, flips, rank, permuted> kernel(site, step);
  const auto variants = static_cast<Bits>(site.site->variants());
  for (Bits variant = 0; variant < variants; ++variant) {
    if (site.first_row_fixed && (variant & 1) != 0) continue;
    if (const auto start = site.first(variant ^ wanted)) kernel.run(task, variant, *start);
  }
}

template <class T>
void run(BlockTask task, const BlockSite& site, Bits base, const BlockStep<T>& step) {
  switch (site.site->flips().size()) {
    case 0:
      return run_variants<T, 0, 0, false>(task, site, base, step);
    case 1:
      if (site.rank == 0) return run_variants<T, 1, 0, true>(task, site, base, step);
      if (!site.permuted) return run_variants<T, 1, 1, false>(task, site, base, step);
      return run_variants<T, 1, 1, true>(task, site, base, step);
    default:
      if (site.rank == 0) return run_variants<T, 2, 0, true>(task, site, base, step);
      if (site.rank == 1) return run_variants<T, 2, 1, true>(task, site, base, step);
      return run_variants<T, 2, 2, true>(task, site, base, step);
  }
}

template <class T>
void run(BlockTask task, const WideSite& site, Bits base, std::size_t lanes, const BlockStep<T>& step) {
  const Bits wanted = values_at(site.functionals, base) ^ site.wanted;
  if (const auto start = site.system.solve(wanted)) WideBlock<T>(site, lanes, step).run(task, *start);
}

}  // namespace moonstill::quantum
