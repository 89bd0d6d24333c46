// A circuit and its readout, compiled: gates fused and lowered to few forms, rows found, permutations
// relabelled away.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/quantum/circuit.hpp"
#include "engine/quantum/groups.hpp"

namespace moonstill::quantum {

/// How a plan is carried out.
///   sweep_tiles: 16 samples side by side go through the whole circuit; state [2^n][16]. Permutations cost
///   nothing. sweep_state: one sample at a time; vectors run over the last qubits where no operation needs
///   them.
enum class Route : std::uint8_t { sweep_tiles, sweep_state };

enum class Form : std::uint8_t { dense, diagonal, permutation };

/// An element of an angle input that an operation depends on.
struct Parameter {
  int input;
  std::int64_t slot;
};

/// A run of gates on the same qubits as one matrix, the product of its factors, the last one leftmost.
struct LoweredOperation {
  struct Factor {
    const Gate* gate;             // nullptr: the constant
    std::vector<Angle> angles;    // of the gate
    std::vector<int> components;  // which of `parameters` each angle is, or -1
    GateMatrix<double> constant;
  };

  Form form = Form::dense;
  Reach reach;
  std::vector<Factor> factors;        // empty when constant
  std::vector<Parameter> parameters;  // at most max_gate_angles
  ComplexMatrix constant;             // without parameters

  [[nodiscard]] int dimension() const { return reach.groups.dimension(); }
};

struct LoweredHermitian {
  Reach reach;
  ComplexMatrix matrix;  // when input < 0
  int input;
  int block;
  int output;
};

/// coefficient * i^quarter_turns * (-1)^popcount(row & signs) carries row to row ^ flips.
struct LoweredWord {
  double coefficient;
  std::size_t flips;
  std::size_t signs;
  int quarter_turns;
  int lanes;
  int output;
};

struct LoweredProbabilities {
  Groups groups;
  int output;
};

class Plan {
 public:
  /// `vector_bits`: log2 of the lanes of a machine vector of the element type, for sweep_state.
  Plan(const Circuit& circuit, const Readout& readout, Route route, int vector_bits);

  [[nodiscard]] Route route() const { return route_; }
  [[nodiscard]] int qubits() const { return qubits_; }
  [[nodiscard]] std::int64_t amplitudes() const { return std::int64_t{1} << qubits_; }
  /// Samples side by side: 16 or 1.
  [[nodiscard]] int sample_lanes() const { return sample_lanes_; }
  [[nodiscard]] const std::vector<LoweredOperation>& operations() const { return operations_; }
  [[nodiscard]] const std::vector<LoweredHermitian>& hermitians() const { return hermitians_; }
  [[nodiscard]] const std::vector<LoweredWord>& words() const { return words_; }
  [[nodiscard]] const std::vector<LoweredProbabilities>& probabilities() const { return probabilities_; }
  [[nodiscard]] int outputs() const { return outputs_; }
  /// Where row r lies after the circuit; empty when every row is at its place.
  [[nodiscard]] const std::vector<std::uint32_t>& places() const { return places_; }

 private:
  void lower(const Operation& operation);
  void lower_permutation(const ComplexMatrix& matrix, const std::vector<int>& targets,
                         const std::vector<int>& controls);
  void finish(LoweredOperation& operation) const;
  void lower_readout(const Readout& readout);
  [[nodiscard]] Reach reach_of(const std::vector<int>& targets, const std::vector<int>& controls) const;
  [[nodiscard]] int lanes_above(std::size_t touched_bits) const;
  [[nodiscard]] int bit(int qubit) const { return qubits_ - 1 - qubit; }

  Route route_;
  int qubits_;
  int vector_bits_;
  int sample_lanes_;
  int outputs_ = 0;
  std::vector<LoweredOperation> operations_;
  std::vector<LoweredHermitian> hermitians_;
  std::vector<LoweredWord> words_;
  std::vector<LoweredProbabilities> probabilities_;
  std::vector<std::uint32_t> places_;
  std::vector<int>
      open_;  // for each qubit, the last operation if it is a one-qubit matrix that may still grow
};

/// The plans that a circuit has been compiled to.
class PlanCache {
 public:
  std::shared_ptr<const Plan> find(const Circuit& circuit, const Readout& readout, Route route,
                                   int vector_bits);

 private:
  struct Entry {
    Readout readout;
    Route route;
    int vector_bits;
    std::shared_ptr<const Plan> plan;
  };
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace moonstill::quantum
