#include "engine/quantum/route.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {
namespace {

// A few samples behind full tiles go in packs where a plan takes them; where it does not, a tile with them
// may take up to a fifth longer than the state route. A tile with some samples, however few, takes as long as
// so many by the state route, for 0, 1, 2 ... qubits; measured by route_gradient in tests/bench. With more
// qubits a tile never pays: it leaves the second-level cache.
constexpr std::array worth_of_tile_f32{2, 2, 2, 2, 2, 2, 2, 4, 5, 7, 9, 10};
constexpr std::array worth_of_tile_f64{2, 2, 2, 2, 3, 3, 4, 6, 8, 8, 10, 10};
// Of a tile alone half more, from so many qubits on: threads share samples, but not a tile.
constexpr std::size_t least_lonely_qubits = 9;

// Behind full tiles so many samples take less time in packs than a tile with them, for 0, 1, 2 ... qubits;
// with values alone it is one or two less than with derivatives.
constexpr std::array most_packed{0, 0, 0, 0, 0, 1, 4, 5, 8, 11, 12, 11};
// Behind pairs of tiles so many. Two threads share packs, but not a tile; one takes up to a fifth longer for
// the values of a tile's samples in packs, a twentieth for gradients, which is little of a batch that has
// pairs of tiles, too, and nothing gained behind many.
constexpr std::array most_packed_behind_pairs{0, 0, 0, 0, 0, 0, 0, 0, 0, 24, 28, 24};
constexpr std::int64_t least_samples_in_tiles = 192;
// So many samples by themselves take less time in packs than by the state route; of states with more qubits
// twice as many, for the cache holds fewer of them.
constexpr std::int64_t least_packed_alone = 4;
constexpr int most_qubits_in_cache = 10;

// From here on threads share one state even where there are several samples: states are large.
constexpr int least_shared_qubits = 20;
// Up to here a state is one block: it stays in the second-level cache, or nearly so.
constexpr int most_whole_qubits = 16;
// Bytes of the states that go through a block together, when there are several blocks.
constexpr std::size_t block_bytes = 1 << 19;
// A single state falls into 2^3 blocks at least, for the threads, when it has enough qubits.
constexpr int shared_block_bits = 3;
constexpr int least_divided_qubits = 15;

// Tables of merged diagonals, as large as states, are worth their making and keeping for so many samples of
// so many qubits.
constexpr std::int64_t least_merged_samples = 4;
constexpr int most_merged_qubits = 16;

}  // namespace

Route route_of(int qubits, const Batch& batch, std::size_t number_size, const RouteChoice& choice) {
  if (!batch.batched) return Route::state;
  if (choice.route) return *choice.route;
  const auto& worth = number_size == sizeof(float) ? worth_of_tile_f32 : worth_of_tile_f64;
  const auto n = static_cast<std::size_t>(qubits);
  if (n >= worth.size()) return Route::state;
  const bool lonely = batch.samples <= tile_lanes && n >= least_lonely_qubits;
  const std::int64_t least = worth[n];
  return batch.samples >= (lonely ? least + least / 2 : least) ? Route::tiles : Route::state;
}

std::int64_t packed_samples(int qubits, std::int64_t samples, const RouteChoice& choice) {
  if (!has_packs(qubits)) return 0;
  const auto n = static_cast<std::size_t>(qubits);
  const std::int64_t behind_pairs = samples % (2 * tile_lanes);
  if (choice.packs) return *choice.packs ? behind_pairs : 0;
  if (samples < least_samples_in_tiles && behind_pairs <= most_packed_behind_pairs[n]) return behind_pairs;
  const std::int64_t behind_tiles = samples % tile_lanes;
  return behind_tiles <= most_packed[n] ? behind_tiles : 0;
}

bool has_packs(int qubits) {
  const auto n = static_cast<std::size_t>(qubits);
  return n < most_packed.size() && most_packed[n] > 0;
}

bool packs_alone(int qubits, const Batch& batch, const RouteChoice& choice) {
  if (!batch.batched || choice.route) return false;
  const std::int64_t least = (qubits > most_qubits_in_cache ? 2 : 1) * least_packed_alone;
  return batch.samples >= least && packed_samples(qubits, batch.samples, choice) == batch.samples;
}

bool contraction_pays(int qubits, const Batch& batch, double circuit_cost) {
  const auto samples = static_cast<double>(batch.samples);
  const auto size = static_cast<double>(std::int64_t{1} << qubits);
  return samples * circuit_cost > size * circuit_cost + samples * 2 * size * size;
}

int block_bits_of(int qubits, const Batch& batch, int states, std::size_t number_size,
                  const RouteChoice& choice) {
  if (choice.block_bits) return *choice.block_bits;
  const int part = std::bit_width(block_bytes / (static_cast<std::size_t>(states) * 2 * number_size)) - 1;
  const int most = qubits <= most_whole_qubits ? qubits : part;
  const bool divided = batch.samples == 1 && qubits >= least_divided_qubits;
  return divided ? std::min(most, qubits - shared_block_bits) : most;
}

bool merges_diagonals(int qubits, const Batch& batch) {
  return batch.samples >= least_merged_samples && qubits <= most_merged_qubits;
}

bool threads_share_states(int qubits) { return qubits >= least_shared_qubits; }

}  // namespace moonstill::quantum
