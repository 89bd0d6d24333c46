// The gate table: one row for each gate. Everything else about a gate (derivatives, structure, shift rule,
// the Lua method, help, tests) follows from its row.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "engine/quantum/jet.hpp"
#include "engine/quantum/matrix.hpp"

namespace moonstill::quantum {

/// A gate with one of another gate's angles.
struct GatePart {
  std::string_view gate;  // empty: none
  int angle = 0;
};

struct Gate {
  std::string_view name;
  int targets;   // qubits that the matrix acts on, the first one most significant
  int controls;  // qubits named before the targets; the matrix acts where all of them are 1
  std::array<std::string_view, max_gate_angles> angle_names;
  std::string_view documentation;
  // One formula, for plain numbers and for numbers with derivatives.
  GateMatrix<double> (*value)(const double* angles);
  GateMatrix<Jet> (*jet)(const Jet* angles);
  // The same as a product, the first part applied first; none for a gate that is no product.
  std::array<GatePart, max_gate_angles> parts{};
  // Its name in OpenQASM where that differs, and its definition where stdgates.inc has none: statements on
  // the qubits a, b, .. with angles alpha, beta, gamma.
  std::string_view qasm_name{};
  std::string_view qasm_body{};

  [[nodiscard]] constexpr Gate in_qasm(std::string_view other_name, std::string_view body = {}) const {
    Gate row = *this;
    row.qasm_name = other_name;
    row.qasm_body = body;
    return row;
  }
  [[nodiscard]] constexpr int qubits() const { return controls + targets; }
  [[nodiscard]] constexpr int angles() const {
    int count = 0;
    for (const auto& angle : angle_names) count += angle.empty() ? 0 : 1;
    return count;
  }
};

/// All gates, in the order of help and reference pages.
[[nodiscard]] std::span<const Gate> gates();

/// The row of that name. Throws Error{argument} for an unknown one.
[[nodiscard]] const Gate& gate(std::string_view name);

/// The matrix on targets alone, and on controls and targets together.
[[nodiscard]] ComplexMatrix target_matrix(const Gate& gate, std::span<const double> angles);
[[nodiscard]] ComplexMatrix full_matrix(const Gate& gate, std::span<const double> angles);

/// `m` acting where all of `controls` qubits, put before its own, are 1.
[[nodiscard]] ComplexMatrix controlled(const ComplexMatrix& m, int controls);

/// What holds for a gate's target matrix at every angle. Derived from the formula.
struct GateStructure {
  bool diagonal = false;
  bool permutation = false;
  bool real = false;
  bool rotation = false;  // RY: of one qubit by its one angle, in the plane of real amplitudes
};
[[nodiscard]] GateStructure structure(const Gate& gate);

/// dF/dangle = sum of factor * F(angle + shift), exact for every expectation value F.
struct ShiftTerm {
  double factor;
  double shift;
};
/// Two terms when F has the one frequency 1 in the angle, four when it has 1/2 and 1 (controlled rotations).
/// Schuld et al., arXiv 1811.11184; Anselmetti et al., arXiv 2104.05695. Derived from the formula.
/// `further_controls`: 1 where the gate has controls besides its own, as many as they may be.
[[nodiscard]] std::span<const ShiftTerm> shift_rule(const Gate& gate, int angle, int further_controls = 0);

}  // namespace moonstill::quantum
