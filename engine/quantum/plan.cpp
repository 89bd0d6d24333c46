#include "engine/quantum/plan.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace moonstill::quantum {

Plan::Plan(const Circuit& circuit, const Readout& readout)
    : qubits_(circuit.qubits()), outputs_(readout.outputs()) {
  for (LoweredOperation& operation : lower(circuit)) {
    if (operation.form == Form::permutation) {
      relabel(operation);
      continue;
    }
    Groups groups = groups_of(operation.targets, operation.controls);
    operations_.push_back({std::move(operation), std::move(groups)});
  }
  lower_readout(readout);
}

std::vector<int> Plan::bits_of(const std::vector<int>& qubits) const {
  std::vector<int> bits;
  for (const int q : qubits) bits.push_back(bit(q));
  return bits;
}

Groups Plan::groups_of(const std::vector<int>& targets, const std::vector<int>& controls) const {
  Groups groups(bits_of(targets), bits_of(controls), qubits_);
  if (!places_.empty()) groups.relabel(places_);
  return groups;
}

// Row `to` holds from now on what row `from` held.
void Plan::relabel(const LoweredOperation& permutation) {
  if (places_.empty()) {
    places_.resize(static_cast<std::size_t>(amplitudes()));
    std::iota(places_.begin(), places_.end(), 0U);
  }
  const ComplexMatrix& matrix = permutation.constant;
  const Groups groups(bits_of(permutation.targets), bits_of(permutation.controls), qubits_);
  const std::vector<std::uint32_t> before = places_;
  std::vector<std::size_t> rows(static_cast<std::size_t>(matrix.dimension));
  for (std::size_t g = 0; g < groups.count(); ++g) {
    groups.rows(g, rows.data(), matrix.dimension);
    for (int to = 0; to < matrix.dimension; ++to) {
      for (int from = 0; from < matrix.dimension; ++from) {
        if (matrix(to, from) == 1.0)
          places_[rows[static_cast<std::size_t>(to)]] = before[rows[static_cast<std::size_t>(from)]];
      }
    }
  }
}

void Plan::lower_readout(const Readout& readout) {
  int output = 0;
  for (const Observable& observable : readout.observables()) {
    if (const auto* sum = std::get_if<PauliSum>(&observable)) {
      for (const PauliWord& word : sum->words) {
        LoweredWord lowered{word.coefficient, 0, 0, 0, output};
        for (const auto& [qubit, axis] : word.factors) {
          const std::size_t mask = std::size_t{1} << bit(qubit);
          if (axis != 'Z') lowered.flips |= mask;
          if (axis != 'X') lowered.signs |= mask;
          if (axis == 'Y') ++lowered.quarter_turns;
        }
        words_.push_back(lowered);
      }
    } else if (const auto* matrix = std::get_if<Hermitian>(&observable)) {
      LoweredHermitian lowered{{}, matrix->matrix, matrix->input, matrix->block, output};
      lowered.groups = groups_of(matrix->qubits, {});
      hermitians_.push_back(std::move(lowered));
    } else {
      LoweredProbabilities lowered{{}, output};
      lowered.groups = groups_of(std::get<Probabilities>(observable).qubits, {});
      probabilities_.push_back(std::move(lowered));
    }
    output += output_count(observable);
  }
}

}  // namespace moonstill::quantum
