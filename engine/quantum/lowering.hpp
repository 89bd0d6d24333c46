// A circuit as few matrices: gates on the same qubit fused, constants folded, diagonals and permutations
// found. Plans place them in a state (plan.hpp, state_plan.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/quantum/circuit.hpp"

namespace moonstill::quantum {

/// Made by a plan: `phases`, diagonal, of terms (phases.hpp), and `rotations` of several qubits
/// (rotations.hpp).
enum class Form : std::uint8_t { dense, diagonal, permutation, phases, rotations };

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
  bool real = false;                  // dense, with real entries at every angle
  std::vector<int> targets;           // qubits, the first one most significant
  std::vector<int> controls;          // qubits, all of which must be 1
  std::vector<Factor> factors;        // empty when constant
  std::vector<Parameter> parameters;  // at most max_gate_angles, of phases any number
  ComplexMatrix constant;             // without parameters

  [[nodiscard]] int dimension() const { return 1 << targets.size(); }
};

/// The circuit's operations, fused. Only constants are permutations; identities are left out.
/// With `split`, gates that are products of others (Gate::parts) are taken apart and diagonals stay by
/// themselves.
[[nodiscard]] std::vector<LoweredOperation> lower(const Circuit& circuit, bool split = false);

}  // namespace moonstill::quantum
