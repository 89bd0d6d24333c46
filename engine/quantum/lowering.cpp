#include "engine/quantum/lowering.hpp"

#include <algorithm>
#include <utility>

namespace moonstill::quantum {
namespace {

GateMatrix<double> small_matrix(const ComplexMatrix& m) {
  GateMatrix<double> small{m.dimension, {}};
  for (std::size_t e = 0; e < m.entries.size(); ++e)
    small.entries[e] = {m.entries[e].real(), m.entries[e].imag()};
  return small;
}

bool all_constant(const Operation& operation) {
  return std::ranges::all_of(operation.angles, &Angle::is_constant);
}

ComplexMatrix constant_matrix(const Operation& operation) {
  if (operation.gate == nullptr) return operation.matrix;
  std::array<double, max_gate_angles> angles{};
  for (std::size_t m = 0; m < operation.angles.size(); ++m) angles[m] = operation.angles[m].offset;
  return target_matrix(*operation.gate, angles);
}

void append_factor(LoweredOperation& to, const Operation& operation) {
  LoweredOperation::Factor factor{operation.gate, operation.angles, {}, {}};
  if (all_constant(operation)) {
    factor = {nullptr, {}, {}, small_matrix(constant_matrix(operation))};
  } else {
    for (const Angle& angle : operation.angles) {
      factor.components.push_back(angle.is_constant() ? -1 : static_cast<int>(to.parameters.size()));
      if (!angle.is_constant()) to.parameters.push_back({angle.input, angle.slot});
    }
  }
  to.factors.push_back(std::move(factor));
}

std::size_t variable_angles(const Operation& operation) {
  return static_cast<std::size_t>(
      std::ranges::count_if(operation.angles, [](const Angle& angle) { return !angle.is_constant(); }));
}

bool factor_is(const LoweredOperation::Factor& factor, bool (*matrix)(const ComplexMatrix&),
               bool GateStructure::*gate) {
  return factor.gate == nullptr ? matrix(ComplexMatrix(factor.constant)) : structure(*factor.gate).*gate;
}

// Folds what does not depend on an input, and finds diagonals and real matrices.
void finish(LoweredOperation& operation) {
  if (operation.form == Form::permutation) return;
  if (operation.parameters.empty()) {
    if (!operation.factors.empty()) {
      GateMatrix<double> product = operation.factors[0].constant;
      for (std::size_t f = 1; f < operation.factors.size(); ++f)
        product = operation.factors[f].constant * product;
      operation.constant = ComplexMatrix(product);
      operation.factors.clear();
    }
    if (operation.dimension() <= 4 && is_diagonal(operation.constant)) operation.form = Form::diagonal;
    operation.real = operation.form == Form::dense && is_real(operation.constant);
    return;
  }
  const auto all = [&](bool (*matrix)(const ComplexMatrix&), bool GateStructure::*gate) {
    return std::ranges::all_of(operation.factors,
                               [&](const auto& factor) { return factor_is(factor, matrix, gate); });
  };
  if (all(is_diagonal, &GateStructure::diagonal))
    operation.form = Form::diagonal;
  else
    operation.real = all(is_real, &GateStructure::real);
}

// The parts of a gate as operations, with the angles that are theirs.
std::vector<Operation> parts_of(const Operation& operation) {
  std::vector<Operation> parts;
  for (const GatePart& part : operation.gate->parts) {
    if (part.gate.empty()) break;
    parts.push_back({&gate(part.gate),
                     {},
                     operation.qubits,
                     operation.controls,
                     {operation.angles[static_cast<std::size_t>(part.angle)]}});
  }
  return parts;
}

class Lowering {
 public:
  Lowering(const Circuit& circuit, bool split)
      : split_(split), open_(static_cast<std::size_t>(circuit.qubits()), -1) {
    for (const Operation& operation : circuit.operations()) {
      if (!split || operation.gate == nullptr || operation.gate->parts[0].gate.empty()) {
        add(operation);
        continue;
      }
      for (const Operation& part : parts_of(operation)) add(part);
    }
    for (LoweredOperation& operation : operations_) finish(operation);
  }

  std::vector<LoweredOperation> take() { return std::move(operations_); }

 private:
  void add(const Operation& operation) {
    LoweredOperation lowered;
    lowered.targets = operation.targets();
    lowered.controls = operation.all_controls();
    if (all_constant(operation)) {
      lowered.constant = constant_matrix(operation);
      if (is_permutation(lowered.constant)) lowered.form = Form::permutation;
    }
    const bool alone = lowered.form == Form::dense && lowered.targets.size() == 1 &&
                       lowered.controls.empty() && !(split_ && diagonal(operation));
    if (alone && grow(operation)) return;
    for (const int q : lowered.targets) open_[static_cast<std::size_t>(q)] = -1;
    for (const int q : lowered.controls) open_[static_cast<std::size_t>(q)] = -1;
    if (lowered.form == Form::permutation && is_diagonal(lowered.constant)) return;  // the identity
    if (lowered.form == Form::dense && lowered.dimension() <= 4) append_factor(lowered, operation);
    if (alone) open_[static_cast<std::size_t>(lowered.targets[0])] = static_cast<int>(operations_.size());
    operations_.push_back(std::move(lowered));
  }

  static bool diagonal(const Operation& operation) {
    return all_constant(operation) ? is_diagonal(constant_matrix(operation))
                                   : structure(*operation.gate).diagonal;
  }

  // Joins the matrix before it on the same qubit, when that may still grow.
  bool grow(const Operation& operation) {
    const int open = open_[static_cast<std::size_t>(operation.targets()[0])];
    if (open < 0) return false;
    LoweredOperation& before = operations_[static_cast<std::size_t>(open)];
    if (before.parameters.size() + variable_angles(operation) > max_gate_angles) return false;
    append_factor(before, operation);
    return true;
  }

  bool split_;
  std::vector<LoweredOperation> operations_;
  // For each qubit, the last operation if it is a one-qubit matrix that may still grow.
  std::vector<int> open_;
};

}  // namespace

std::vector<LoweredOperation> lower(const Circuit& circuit, bool split) {
  return Lowering(circuit, split).take();
}

}  // namespace moonstill::quantum
