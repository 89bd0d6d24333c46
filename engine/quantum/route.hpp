// How a circuit is carried out, and which way is the faster one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace moonstill::quantum {

///   tiles: 16 samples side by side go through the whole circuit; permutations cost nothing.
///   contract: tiles of basis states do, which makes the circuit one unitary, and samples are multiplied by
///   it; where angles are each sample's own, or amplitudes are not, this is the tiles route.
///   state: one sample after the other, block by block; CNOT, SWAP and X cost nothing.
///
/// There is none that carries the observables back through the circuit (the Heisenberg picture): K of them
/// take K 4^n products a parameter step, the unitary of the contraction 2 4^n, so that it could win for a
/// single output only.
enum class Route : std::uint8_t { tiles, contract, state };

/// Which one, where the caller and not a table decides, for tests and benchmarks. Without a batch axis it is
/// always the state route.
struct RouteChoice {
  std::optional<Route> route{};
  std::optional<int> block_bits{};  // of the state route: log2 of the amplitudes of a block
  std::optional<bool> packs{};  // of the tiles route: whether what lies behind pairs of tiles goes in packs
};

/// The samples of a call, and whether it has a batch axis at all.
struct Batch {
  std::int64_t samples = 1;
  bool batched = false;
};

/// The faster one for numbers of `number_size` bytes, unless it is chosen.
[[nodiscard]] Route route_of(int qubits, const Batch& batch, std::size_t number_size,
                             const RouteChoice& choice);

/// How many of the last samples go in packs, where a plan takes packs: those behind full tiles, unless a tile
/// takes less time; of few tiles, if their number is odd, those of the last one, too, which threads then
/// share.
[[nodiscard]] std::int64_t packed_samples(int qubits, std::int64_t samples, const RouteChoice& choice);

/// Whether states of so many qubits may go in packs at all.
[[nodiscard]] bool has_packs(int qubits);

/// Whether a whole batch that the state route would take goes in packs, where a plan takes packs.
[[nodiscard]] bool packs_alone(int qubits, const Batch& batch, const RouteChoice& choice);

/// Whether one unitary and products with it take less arithmetic than the circuit on every sample, which
/// costs `circuit_cost` multiplications and additions each.
[[nodiscard]] bool contraction_pays(int qubits, const Batch& batch, double circuit_cost);

/// Log2 of the amplitudes of a block when `states` states, of numbers of `number_size` bytes, go through it
/// side by side.
[[nodiscard]] int block_bits_of(int qubits, const Batch& batch, int states, std::size_t number_size,
                                const RouteChoice& choice);

/// Whether the state route merges diagonals of shared angles into tables.
[[nodiscard]] bool merges_diagonals(int qubits, const Batch& batch);

/// Whether threads share each state instead of taking samples of their own.
[[nodiscard]] bool threads_share_states(int qubits);

}  // namespace moonstill::quantum
