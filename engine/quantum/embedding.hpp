// Amplitudes of any norm, divided by it where a sweep loads them, and the derivatives of that.
#pragma once

#include <array>
#include <cstdint>

#include "engine/autograd/ops.hpp"
#include "engine/quantum/kernels.hpp"
#include "engine/quantum/sweep_context.hpp"
#include "engine/tensor/normalise_lanes.hpp"

namespace moonstill::quantum {

/// Of `samples` side by side, L at most: real parts of their states, and amplitudes x, are vectors of L
/// lanes, with so many rows as fill them. Outputs may be what is read.
template <class T, std::int64_t L>
class Embedding {
 public:
  explicit Embedding(int samples = L) : samples_(samples) {}

  /// y = x / |x|. A request for values counts zero rows among the first `valid` (ops::see_zero_rows).
  void embed(const T* x, T* y, std::int64_t vectors, std::int64_t valid, const SweepRequest& request) {
    const std::int64_t zeros = normalise_lanes<T, L>(x, y, norms_.data(), vectors, valid, samples_);
    if (zeros > 0 && request.values && !request.tangents) ops::see_zero_rows(zeros);
    changes_ = {};
  }

  /// The change of y where x changes by xdot.
  void embed_direction(const T* y, const T* xdot, T* ydot, std::int64_t vectors) {
    across_lanes<T, L>(y, xdot, norms_.data(), T{1}, ydot, vectors, changes_.data(), samples_);
  }

  /// dF/dx from dF/dy = 2 Re a.
  void pull_back(const Planes<T>& s, const Planes<T>& a, T* to, std::int64_t vectors) const {
    across_lanes<T, L>(s.re, a.re, norms_.data(), T{2}, to, vectors, nullptr, samples_);
  }
  /// The change of dF/dx along the direction.
  void pull_back_tangent(const TileStates<T>& states, T* to, std::int64_t vectors) const {
    const auto& [s, sdot, a, adot] = states;
    across_tangent_lanes<T, L>(s.re, sdot.re, a.re, adot.re, norms_.data(), changes_.data(), T{2}, to,
                               vectors, samples_);
  }

  /// To be kept from a sweep for values, and found by one for gradients; repeated in all lanes of a sample.
  [[nodiscard]] std::array<T, L>& norms() { return norms_; }

 private:
  int samples_;
  std::array<T, L> norms_{};
  std::array<T, L> changes_{};  // of the norms along the direction
};

}  // namespace moonstill::quantum
