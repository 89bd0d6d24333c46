// What a matrix does to a block of a framed state. A state lies in memory as vectors of amplitudes, each the
// real parts of its lanes, then the imaginary parts: [vectors][re, im][lanes].
#pragma once

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/site.hpp"

namespace moonstill::quantum {

enum class BlockTask {
  apply,             // s <- M s
  apply_tangent,     // sdot <- M sdot + Mdot s;  s <- M s
  backward,          // E += env(a, s), what is not needed left out;  s <- M s;  a <- M a
  backward_tangent,  // the same with tangents of everything
  overlap,           // E += env(a, s)
  overlap_tangent,   // E += env(a, s);  Edot += env(adot, s) + env(a, sdot)
  accumulate,        // a += M s
};

/// One task on one block. The environment of a and s is E_ij = sum conj(a_i) s_j, [d * d][re, im], added to.
template <class T>
struct BlockStep {
  const T* matrix = nullptr;  // [d * d][re, im]
  const T* tangent = nullptr;
  bool adjoint = false;  // M^H and its tangent are meant
  bool real = false;     // the matrix is
  T *s = nullptr, *sdot = nullptr, *a = nullptr, *adot = nullptr;
  double* environment = nullptr;
  double* environment_tangent = nullptr;
};

/// Carries a task out on the block of the subspace whose base is `base`.
template <class T>
void run(BlockTask task, const BlockSite& site, Bits base, const BlockStep<T>& step);

/// The same amplitude by amplitude, for matrices of any size without parameters.
template <class T>
void run(BlockTask task, const WideSite& site, Bits base, std::size_t lanes, const BlockStep<T>& step);

extern template void run<float>(BlockTask, const BlockSite&, Bits, const BlockStep<float>&);
extern template void run<double>(BlockTask, const BlockSite&, Bits, const BlockStep<double>&);
extern template void run<float>(BlockTask, const WideSite&, Bits, std::size_t, const BlockStep<float>&);
extern template void run<double>(BlockTask, const WideSite&, Bits, std::size_t, const BlockStep<double>&);

}  // namespace moonstill::quantum
