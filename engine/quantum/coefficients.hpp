// Matrices as the block kernels read them.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/quantum/site.hpp"

namespace moonstill::quantum {

/// What terms of a matrix [d * d][re, im] multiply in each lane: [variant][term][re, im][lanes]. Where a
/// control is 0 the first term is `outside`: 1 for a matrix, 0 for its tangent.
template <class T, class Number>
void coefficients(const Site& site, const Number* matrix, bool adjoint, T outside, std::vector<T>& out) {
  const auto lanes = static_cast<std::size_t>(site.lanes());
  const auto terms = static_cast<std::size_t>(site.terms());
  const auto d = static_cast<std::size_t>(site.dimension());
  out.assign(static_cast<std::size_t>(site.variants()) * terms * 2 * lanes, T{0});
  const std::size_t different = site.lanes_alike() ? 1 : lanes;
  T* to = out.data();
  for (Bits variant = 0; variant < static_cast<Bits>(site.variants()); ++variant) {
    for (std::size_t j = 0; j < terms; ++j, to += 2 * lanes) {
      for (std::size_t lane = 0; lane < different; ++lane) {
        if (!site.active(variant, static_cast<Bits>(lane))) {
          to[lane] = j == 0 ? outside : T{0};
          continue;
        }
        const std::size_t i = site.row(variant, static_cast<Bits>(lane));
        const Number* entry = matrix + (adjoint ? (i ^ j) * d + i : i * d + (i ^ j)) * 2;
        to[lane] = static_cast<T>(entry[0]);
        to[lanes + lane] = static_cast<T>(adjoint ? -entry[1] : entry[1]);
      }
      for (T* part : {to, to + lanes}) std::fill(part + different, part + lanes, part[0]);
    }
  }
}

/// For matrices of more than two qubits: [d * d][re, im].
template <class T, class Number>
void wide_matrix(int dimension, const Number* matrix, bool adjoint, std::vector<T>& out) {
  const auto d = static_cast<std::size_t>(dimension);
  out.resize(d * d * 2);
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j < d; ++j) {
      const Number* entry = matrix + (adjoint ? j * d + i : i * d + j) * 2;
      out[(i * d + j) * 2] = static_cast<T>(entry[0]);
      out[(i * d + j) * 2 + 1] = static_cast<T>(adjoint ? -entry[1] : entry[1]);
    }
  }
}

}  // namespace moonstill::quantum
