// How rotations, or observables, of a few qubits find the rows that they mix in a pack: samples side by side,
// as many rows of them in a vector as fill it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/qubit_rows.hpp"

namespace moonstill::quantum {

/// Row r lies in vector r >> row_bits, among its lanes at the place of the low bits. Qubits that lead to
/// different vectors go together: 2^k vectors, where position p of a group has the bits of p set in the joint
/// qubits, the first one most significant. Its lanes are exchanged (by XOR of the place) so that each column
/// of lanes is one group of rows; in some columns a qubit is 1 where others have 0.
struct PackRows {
  /// Groups whose first column has the same qubits at 1 in position 0: bit q of `highs` is the q-th of joint.
  struct Class {
    Bits highs = 0;
    std::vector<std::uint32_t> vectors;  // [groups][2^k]
  };

  std::vector<std::size_t> joint;  // of the qubits; none, or two at least
  std::vector<std::size_t> rest;   // those that go alone
  std::array<Bits, std::size_t{1} << most_joint_qubits> exchanges{};
  std::vector<Bits> columns;  // of each joint one: a bit for each column, set where it is 1
  std::vector<Class> classes;
};

/// Of a state of 2^bits rows, 2^row_bits of them in a vector.
[[nodiscard]] PackRows pack_rows(std::span<const QubitRows> qubits, int bits, int row_bits);

}  // namespace moonstill::quantum
