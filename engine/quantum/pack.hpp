// A few samples side by side in vectors that hold several rows of each, and the joint qubits of such vectors.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/pack_rows.hpp"

namespace moonstill::quantum {

/// Side by side at most, and amplitudes of all their states together.
inline constexpr int most_sample_bits = 2;
inline constexpr std::size_t most_pack_samples = std::size_t{1} << most_sample_bits;
inline constexpr std::size_t pack_capacity = 8192;
static_assert(vector_bits<double> >= most_sample_bits);

struct Pack {
  std::size_t tile = 0;
  std::size_t lane = 0;   // of the first sample
  int sample_bits = 0;    // log2 of the samples side by side
  std::size_t valid = 1;  // of them, those of the batch: all, or three of four
  std::size_t width = 1;  // samples of the tile

  [[nodiscard]] std::size_t samples() const { return std::size_t{1} << sample_bits; }

  /// Log2 of the rows in a vector.
  template <class T>
  [[nodiscard]] std::size_t row_bits() const {
    return static_cast<std::size_t>(vector_bits<T> - sample_bits);
  }
};

/// Of each joint qubit, 1 in the lanes of columns where it is as positions say, -1 where it is the opposite.
template <class T>
using LaneSigns = std::array<Lanes<T, vector_lanes<T>>, most_joint_qubits>;

/// Calls body(groups, signs) for each class of groups.
template <class T, class Body>
void each_class(const PackRows& rows, int sample_bits, Body&& body) {
  using Vector = Lanes<T, vector_lanes<T>>;
  using Index = Lanes<WholeNumber<T>, vector_lanes<T>>;
  const Index lanes = lane_numbers<T, vector_lanes<T>>();
  PackGroups<T> groups{std::size_t{1} << rows.joint.size(), {}, {}, false};
  for (std::size_t p = 0; p < groups.dimension; ++p)
    groups.exchanges[p] = lanes ^ static_cast<int>(rows.exchanges[p] << sample_bits);
  groups.exchanged = std::ranges::any_of(rows.exchanges, [](Bits flip) { return flip != 0; });
  for (const PackRows::Class& part : rows.classes) {
    groups.vectors = part.vectors;
    LaneSigns<T> signs;
    for (std::size_t q = 0; q < rows.joint.size(); ++q) {
      const bool opposite = (part.highs >> q & 1) != 0;
      const Bits columns = opposite ? ~rows.columns[q] : rows.columns[q];
      const Index high = ((Index{} + static_cast<WholeNumber<T>>(columns)) >> (lanes >> sample_bits)) & 1;
      const Vector one = Vector{} + T{1};
      signs[q] = high != 0 ? -one : one;
    }
    body(groups, signs);
  }
}

}  // namespace moonstill::quantum
