// Some qubits of a state looked at alone: their density matrix, and how entangled they are with the rest.
#pragma once

#include <vector>

#include "engine/quantum/matrix.hpp"
#include "engine/quantum/qubits.hpp"

namespace moonstill::quantum {

/// A matrix of 1024 x 1024 numbers; larger ones take minutes that nothing could interrupt.
inline constexpr int most_reduced_qubits = 10;

/// The state of some qubits, the others traced out: row and column are basis states, the first qubit most
/// significant. Throws Error{range} for none or more than 10 of them, or one out of range or named twice.
[[nodiscard]] ComplexMatrix density(const Qubits& state, const std::vector<int>& qubits);

/// The entanglement entropy between some qubits and the others, in bits: -sum p log2 p over the eigenvalues
/// of the smaller part's density matrix. Throws Error{range} where both parts have more than 10 qubits.
[[nodiscard]] double entropy(const Qubits& state, const std::vector<int>& qubits);

}  // namespace moonstill::quantum
