// A circuit and its readout compiled for 16 samples side by side: rows found, permutations relabelled away,
// diagonals merged.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/quantum/groups.hpp"
#include "engine/quantum/pack_rows.hpp"
#include "engine/quantum/phases.hpp"
#include "engine/quantum/qubit_rows.hpp"
#include "engine/quantum/rotations.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

/// For each number of row bits in a vector (Pack::row_bits).
using PackRowsBySize = std::array<PackRows, 5>;

struct TileOperation : LoweredOperation {
  Groups groups{};        // unless form is phases
  Phases phases{};        // when it is
  Rotations rotations{};  // when form is rotations
  // Of each qubit of rotations, and of all, in plans that take packs.
  std::vector<QubitRows> qubit_rows{};
  PackRowsBySize pack_rows{};
};

/// What is known of its matrix.
[[nodiscard]] inline Structure structure_of(const TileOperation& operation) {
  if (operation.form == Form::diagonal) return Structure::diagonal;
  return operation.real ? Structure::real : Structure::dense;
}

struct LoweredHermitian {
  ComplexMatrix matrix;  // when input < 0
  int input;
  int block;
  int output;
  std::vector<int> qubits;
  Groups groups{};         // unless it is of one qubit
  QubitRows qubit_rows{};  // when it is, in plans that take packs

  [[nodiscard]] int dimension() const { return 1 << qubits.size(); }
};

/// Hermitians of one qubit each, of different qubits, which are read together.
struct LocalHermitians {
  std::vector<std::size_t> members;  // of Plan::hermitians()
  Groups groups{};                   // a target for each
  PackRowsBySize pack_rows{};        // in plans that take packs
};

/// coefficient * i^quarter_turns * (-1)^popcount(row & signs) carries row to row ^ flips.
struct LoweredWord {
  double coefficient;
  std::size_t flips;
  std::size_t signs;
  int quarter_turns;
  int output;
};

struct LoweredProbabilities {
  Groups groups;
  int output;
};

class Plan {
 public:
  /// `shared`: for each input whether all samples have the same angles; only those can be merged into phases.
  Plan(const Circuit& circuit, const Readout& readout, const std::vector<bool>& shared);

  [[nodiscard]] int qubits() const { return qubits_; }
  [[nodiscard]] std::int64_t amplitudes() const { return std::int64_t{1} << qubits_; }
  /// Samples side by side.
  [[nodiscard]] static int sample_lanes() { return static_cast<int>(tile_lanes); }
  [[nodiscard]] const std::vector<TileOperation>& operations() const { return operations_; }
  [[nodiscard]] const std::vector<LoweredHermitian>& hermitians() const { return hermitians_; }
  [[nodiscard]] const std::vector<LocalHermitians>& local_hermitians() const { return local_hermitians_; }
  [[nodiscard]] const std::vector<LoweredWord>& words() const { return words_; }
  [[nodiscard]] const std::vector<LoweredProbabilities>& probabilities() const { return probabilities_; }
  [[nodiscard]] int outputs() const { return outputs_; }
  /// Where row r lies after the circuit; empty when every row is at its place.
  [[nodiscard]] const std::vector<std::uint32_t>& places() const { return places_; }

  /// Whether a PackSweep can carry the plan out: of small states, rotations and phases, affine relabelling,
  /// observables of one qubit each.
  [[nodiscard]] bool takes_packs() const { return takes_packs_; }

  /// Multiplications and additions of one sample.
  [[nodiscard]] double cost() const;

 private:
  void place(const Circuit& circuit, const std::vector<bool>& shared, bool split);
  [[nodiscard]] bool merge(const LoweredOperation& diagonal, const std::vector<bool>& shared);
  void merge(PhaseTerm term);
  void flush_phases();
  void push(TileOperation&& operation);
  void rotate(LoweredOperation&& operation, const std::vector<Angle>& angles);
  void relabel(const LoweredOperation& permutation);
  void lower_readout(const Readout& readout);
  [[nodiscard]] bool prepare_packs();
  [[nodiscard]] PackRowsBySize packs_of(std::span<const QubitRows> qubits) const;
  void add_word(const PauliWord& word, int output);
  void add_hermitian(LoweredHermitian&& hermitian);
  [[nodiscard]] bool add_to_fixed(const LoweredHermitian& hermitian);
  [[nodiscard]] Groups groups_of(const std::vector<int>& targets, const std::vector<int>& controls) const;
  [[nodiscard]] std::vector<int> bits_of(const std::vector<int>& qubits) const;
  [[nodiscard]] int bit(int qubit) const { return qubits_ - 1 - qubit; }

  int qubits_;
  int outputs_ = 0;
  bool takes_packs_ = false;
  std::vector<TileOperation> operations_;
  std::vector<LoweredHermitian> hermitians_;
  std::vector<LocalHermitians> local_hermitians_;
  std::vector<LoweredWord> words_;
  std::vector<LoweredProbabilities> probabilities_;
  std::vector<std::uint32_t> places_;
  std::vector<PhaseTerm> pending_;  // not yet placed: all operations so far commute with them
  int last_phases_ = -1;            // of operations_
  bool open_ = false;               // the last operation is rotations that others may join
};

}  // namespace moonstill::quantum
