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

// Folds what does not depend on an input, and finds diagonals.
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
    return;
  }
  const bool diagonal = std::ranges::all_of(operation.factors, [](const LoweredOperation::Factor& factor) {
    return factor.gate == nullptr ? is_diagonal(ComplexMatrix(factor.constant))
                                  : structure(*factor.gate).diagonal;
  });
  if (diagonal) operation.form = Form::diagonal;
}

class Lowering {
 public:
  explicit Lowering(const Circuit& circuit) : open_(static_cast<std::size_t>(circuit.qubits()), -1) {
    for (const Operation& operation : circuit.operations()) add(operation);
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
    const bool alone = lowered.form == Form::dense && lowered.targets.size() == 1 && lowered.controls.empty();
    if (alone && grow(operation)) return;
    for (const int q : lowered.targets) open_[static_cast<std::size_t>(q)] = -1;
    for (const int q : lowered.controls) open_[static_cast<std::size_t>(q)] = -1;
    if (lowered.form == Form::permutation && is_diagonal(lowered.constant)) return;  // the identity
    if (lowered.form == Form::dense && lowered.dimension() <= 4) append_factor(lowered, operation);
    if (alone) open_[static_cast<std::size_t>(lowered.targets[0])] = static_cast<int>(operations_.size());
    operations_.push_back(std::move(lowered));
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

  std::vector<LoweredOperation> operations_;
  // For each qubit, the last operation if it is a one-qubit matrix that may still grow.
  std::vector<int> open_;
};

}  // namespace

std::vector<LoweredOperation> lower(const Circuit& circuit) { return Lowering(circuit).take(); }

}  // namespace moonstill::quantum
