// A circuit and its readout compiled for one state at a time: CNOT, SWAP and X become relabelling, the rest a
// list of tasks cut into passes over memory.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/quantum/frame.hpp"
#include "engine/quantum/phases.hpp"
#include "engine/quantum/site.hpp"

namespace moonstill::quantum {

/// The angle of a parity's sign in a merged diagonal: exp(i angle) where it is 0, exp(-i angle) where it
/// is 1.
struct ParityTerm {
  struct Share {
    Angle angle;
    double coefficient;
  };
  Parity parity;
  std::vector<Share> shares;  // added up
};

struct StateOperation : LoweredOperation {
  Site site;                       // unless form is phases
  std::vector<ParityTerm> phases;  // when it is
};

/// An observable. A Pauli word is one on a single parity, the sign, and what the word flips.
struct StateHermitian {
  Site site;
  ComplexMatrix matrix;  // when input < 0
  int input;
  int block;
  int output;

  [[nodiscard]] int dimension() const { return site.dimension(); }
};

/// Outputs [2^k]: one for each pattern, the values of the parities, the first one most significant.
struct StateProbabilities {
  std::size_t patterns;
  Bits offsets;  // the pattern of the parities' offsets
  Span firsts;   // a place of each pattern
  Span kernel;   // sums with it are the places of the same pattern
  int output;

  StateProbabilities(std::span<const Parity> parities, int qubits, int output);

  /// The first place of a pattern.
  [[nodiscard]] Bits first(std::size_t pattern) const { return firsts[pattern ^ offsets]; }

 private:
  StateProbabilities(std::span<const Parity> parities, const LinearSystem& system, int output);
};

/// Something done to every block of a pass.
struct Task {
  enum class Kind : std::uint8_t { operation, hermitian };

  Kind kind;
  std::size_t index;  // among the plan's operations or Hermitians
  std::optional<BlockSite> site;
  std::optional<WideSite> wide;  // instead, for more than two qubits
};

/// Tasks that one sweep over the state does, block by block: all that they flip lies in a block.
struct Pass {
  Subspace block;
  std::vector<Task> tasks;
  Span numbers{{}};     // of the vectors in a block: their places relative to its base
  Span bases{{}};       // places of the blocks
  std::size_t run = 1;  // vectors that lie side by side in memory as in the block

  [[nodiscard]] std::size_t blocks() const { return bases.size(); }
  [[nodiscard]] std::size_t vectors() const { return std::size_t{1} << block.dimension(); }
};

class StatePlan {
 public:
  /// In blocks of 2^block_bits amplitudes. `shared`: for each input whether many samples have the same
  /// angles, so that diagonals of these are worth merging into a table; empty when there are no samples to
  /// share.
  StatePlan(const Circuit& circuit, const Readout& readout, int lane_bits, int block_bits,
            std::vector<bool> shared = {});
  /// From a state whose amplitudes lie as `start` says.
  StatePlan(const Circuit& circuit, const Readout& readout, int lane_bits, int block_bits,
            const Frame& start);
  StatePlan(const StatePlan&) = delete;
  StatePlan& operator=(const StatePlan&) = delete;

  [[nodiscard]] int qubits() const { return frame_.bits(); }
  [[nodiscard]] std::int64_t amplitudes() const { return std::int64_t{1} << qubits(); }
  /// Samples side by side.
  [[nodiscard]] static int sample_lanes() { return 1; }
  /// Vectors of a state; small ones are padded to one.
  [[nodiscard]] std::size_t vectors() const;
  [[nodiscard]] const std::vector<StateOperation>& operations() const { return operations_; }
  [[nodiscard]] const std::vector<StateHermitian>& hermitians() const { return hermitians_; }
  [[nodiscard]] const std::vector<StateProbabilities>& probabilities() const { return probabilities_; }
  [[nodiscard]] int outputs() const { return outputs_; }
  /// After the circuit.
  [[nodiscard]] const Frame& frame() const { return frame_; }

  /// Operations, then readout. At least one pass.
  [[nodiscard]] const std::vector<Pass>& forward() const { return forward_; }
  /// Seeds of the readout, then operations in reverse. At least one pass.
  [[nodiscard]] const std::vector<Pass>& backward() const { return backward_; }

 private:
  struct Placement {
    Frame frame;
    std::vector<StateOperation> operations;
    std::vector<ParityTerm> pending;  // diagonals that wait for their turn
    int last_phases = -1;             // the operation that later ones may still join
  };
  Placement place(const Circuit& circuit, const Frame& start, const std::vector<bool>& shared,
                  bool split) const;
  bool merge(Placement& to, const LoweredOperation& diagonal, const std::vector<bool>& shared) const;
  static void flush_phases(Placement& to, int lane_bits);
  static double cost(const Placement& placement);
  void compile(const Readout& readout);
  void place_readout(const Readout& readout);
  [[nodiscard]] StateHermitian place_word(const PauliWord& word, int output) const;
  [[nodiscard]] std::vector<int> bits_of(const std::vector<int>& qubits) const;
  [[nodiscard]] const Site& site_of(Task::Kind kind, std::size_t index) const;
  [[nodiscard]] std::vector<Pass> cut(const std::vector<std::pair<Task::Kind, std::size_t>>& tasks) const;

  int lane_bits_;
  int block_bits_;
  int outputs_ = 0;
  Frame frame_;
  std::vector<StateOperation> operations_;
  std::vector<StateHermitian> hermitians_;
  std::vector<StateProbabilities> probabilities_;
  std::vector<Pass> forward_, backward_;
};

}  // namespace moonstill::quantum
