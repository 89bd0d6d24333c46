#include "engine/quantum/plan.hpp"

#include <algorithm>
#include <complex>
#include <numeric>
#include <tuple>
#include <utility>

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/pack.hpp"
#include "engine/quantum/route.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {
namespace {

// Of the vectors that packs have: the fewest in f64, the most in f32.
constexpr int least_row_bits = vector_bits<double> - most_sample_bits;
static_assert(vector_bits<float> < std::tuple_size_v<PackRowsBySize>);

ComplexMatrix pauli_matrix(char axis, double coefficient) {
  ComplexMatrix m(2);
  if (axis == 'Z') {
    m(0, 0) = coefficient;
    m(1, 1) = -coefficient;
  } else {
    m(0, 1) = axis == 'X' ? coefficient : std::complex<double>(0, -coefficient);
    m(1, 0) = std::conj(m(0, 1));
  }
  return m;
}

}  // namespace

// Whole gates or parts and merged diagonals, whichever takes less arithmetic.
Plan::Plan(const Circuit& circuit, const Readout& readout, const std::vector<bool>& shared)
    : qubits_(circuit.qubits()), outputs_(readout.outputs()) {
  Plan split = *this;
  split.place(circuit, shared, true);
  place(circuit, shared, false);
  if (split.cost() < cost()) *this = std::move(split);
  lower_readout(readout);
  takes_packs_ = prepare_packs();
}

bool Plan::prepare_packs() {
  if (!has_packs(qubits_) || !words_.empty() || !probabilities_.empty()) return false;
  for (TileOperation& operation : operations_) {
    if (operation.form == Form::phases) continue;
    if (operation.form != Form::rotations) return false;
    for (std::size_t q = 0; q < operation.rotations.qubits().size(); ++q) {
      const auto rows = qubit_rows(operation.groups, q);
      if (!rows) return false;
      operation.qubit_rows.push_back(*rows);
    }
    operation.pack_rows = packs_of(operation.qubit_rows);
  }
  for (LoweredHermitian& hermitian : hermitians_) {
    if (hermitian.dimension() > 2) return false;
    const auto rows = qubit_rows(groups_of(hermitian.qubits, {}), 0);
    if (!rows) return false;
    hermitian.qubit_rows = *rows;
  }
  for (LocalHermitians& local : local_hermitians_) {
    std::vector<QubitRows> qubits;
    for (const std::size_t h : local.members) qubits.push_back(hermitians_[h].qubit_rows);
    local.pack_rows = packs_of(qubits);
  }
  return true;
}

PackRowsBySize Plan::packs_of(std::span<const QubitRows> qubits) const {
  PackRowsBySize out;
  for (int row_bits = least_row_bits; row_bits <= vector_bits<float>; ++row_bits)
    out[static_cast<std::size_t>(row_bits)] = pack_rows(qubits, qubits_, row_bits);
  return out;
}

void Plan::place(const Circuit& circuit, const std::vector<bool>& shared, bool split) {
  for (LoweredOperation& operation : lower(circuit, split)) {
    if (operation.form == Form::permutation) {
      relabel(operation);
      continue;
    }
    if (operation.form == Form::diagonal && merge(operation, shared)) continue;
    Groups groups = groups_of(operation.targets, operation.controls);
    const auto commutes = [&](const PhaseTerm& term) { return term.commutes_with(groups); };
    if (!std::ranges::all_of(pending_, commutes)) flush_phases();
    if (const auto angles = rotation_angles(operation))
      rotate(std::move(operation), *angles);
    else
      push({std::move(operation), std::move(groups)});
  }
  flush_phases();
  for (TileOperation& operation : operations_) {
    if (operation.form == Form::phases) operation.parameters = operation.phases.parameters();
    if (operation.form == Form::rotations) operation.parameters = operation.rotations.parameters();
  }
}

bool Plan::merge(const LoweredOperation& diagonal, const std::vector<bool>& shared) {
  for (const Parameter& parameter : diagonal.parameters) {
    if (!shared[static_cast<std::size_t>(parameter.input)]) return false;
  }
  std::vector<PhaseTerm> terms = phase_terms(diagonal, qubits_, places_);
  for (PhaseTerm& term : terms) merge(std::move(term));
  return !terms.empty();
}

// Joins the last phases where it commutes with all that came after them, else waits for its turn.
void Plan::merge(PhaseTerm term) {
  if (last_phases_ >= 0) {
    const auto after = std::span(operations_).subspan(static_cast<std::size_t>(last_phases_) + 1);
    const auto commutes = [&](const TileOperation& operation) {
      return operation.form == Form::phases || term.commutes_with(operation.groups);
    };
    if (std::ranges::all_of(after, commutes)) {
      operations_[static_cast<std::size_t>(last_phases_)].phases.add(term);
      return;
    }
  }
  pending_.push_back(std::move(term));
}

void Plan::flush_phases() {
  if (pending_.empty()) return;
  TileOperation operation;
  operation.form = Form::phases;
  for (const PhaseTerm& term : pending_) operation.phases.add(term);
  pending_.clear();
  last_phases_ = static_cast<int>(operations_.size());
  push(std::move(operation));
}

void Plan::push(TileOperation&& operation) {
  open_ = operation.form == Form::rotations;
  operations_.push_back(std::move(operation));
}

// Joins the rotations before it, if they have room and lie in the same rows.
void Plan::rotate(LoweredOperation&& operation, const std::vector<Angle>& angles) {
  const int qubit = operation.targets[0];
  const bool joins =
      open_ && !operations_.back().rotations.full() && !operations_.back().rotations.turns(qubit);
  if (!joins) {
    operation.form = Form::rotations;
    push({std::move(operation)});
  }
  TileOperation& all = operations_.back();
  all.rotations.add(qubit, angles);
  all.groups = groups_of(all.rotations.qubits(), {});
}

double Plan::cost() const {
  double sum = 0;
  for (const TileOperation& operation : operations_) {
    if (operation.form == Form::phases) {
      sum += 4 * static_cast<double>(amplitudes());
      continue;
    }
    if (operation.form == Form::rotations) {
      const auto before_last = static_cast<double>(operation.rotations.qubits().size() - 1);
      sum += (4 + 2 * before_last) * static_cast<double>(amplitudes());
      continue;
    }
    const double d = operation.dimension();
    const double row = operation.form == Form::diagonal ? 4 : operation.real ? 2 * d : 4 * d;
    sum += static_cast<double>(operation.groups.count()) * d * row;
  }
  return sum;
}

std::vector<int> Plan::bits_of(const std::vector<int>& qubits) const {
  std::vector<int> bits(qubits.size());
  std::ranges::transform(qubits, bits.begin(), [&](int q) { return bit(q); });
  return bits;
}

Groups Plan::groups_of(const std::vector<int>& targets, const std::vector<int>& controls) const {
  return {bits_of(targets), bits_of(controls), qubits_, places_};
}

// Row `to` holds from now on what row `from` held.
void Plan::relabel(const LoweredOperation& permutation) {
  open_ = false;
  if (places_.empty()) {
    places_.resize(static_cast<std::size_t>(amplitudes()));
    std::iota(places_.begin(), places_.end(), 0U);
  }
  const ComplexMatrix& matrix = permutation.constant;
  const Groups groups(bits_of(permutation.targets), bits_of(permutation.controls), qubits_);
  const std::vector<std::uint32_t> before = places_;
  for (std::size_t g = 0; g < groups.count(); ++g) {
    const std::uint32_t* rows = groups.rows(g);
    for (int to = 0; to < matrix.dimension; ++to) {
      for (int from = 0; from < matrix.dimension; ++from) {
        if (matrix(to, from) == 1.0) places_[rows[to]] = before[rows[from]];
      }
    }
  }
}

void Plan::lower_readout(const Readout& readout) {
  int output = 0;
  for (const Observable& observable : readout.observables()) {
    if (const auto* sum = std::get_if<PauliSum>(&observable)) {
      for (const PauliWord& word : sum->words) add_word(word, output);
    } else if (const auto* matrix = std::get_if<Hermitian>(&observable)) {
      add_hermitian({matrix->matrix, matrix->input, matrix->block, output, matrix->qubits});
    } else {
      LoweredProbabilities lowered{{}, output};
      lowered.groups = groups_of(std::get<Probabilities>(observable).qubits, {});
      probabilities_.push_back(std::move(lowered));
    }
    output += output_count(observable);
  }
  for (LocalHermitians& local : local_hermitians_) {
    std::vector<int> qubits;
    for (const std::size_t h : local.members) qubits.push_back(hermitians_[h].qubits.front());
    local.groups = groups_of(qubits, {});
  }
}

void Plan::add_word(const PauliWord& word, int output) {
  if (word.factors.size() == 1) {
    const auto& [qubit, axis] = word.factors.front();
    add_hermitian({pauli_matrix(axis, word.coefficient), -1, 0, output, {qubit}});
    return;
  }
  LoweredWord lowered{word.coefficient, 0, 0, 0, output};
  for (const auto& [qubit, axis] : word.factors) {
    const std::size_t mask = std::size_t{1} << bit(qubit);
    if (axis != 'Z') lowered.flips |= mask;
    if (axis != 'X') lowered.signs |= mask;
    if (axis == 'Y') ++lowered.quarter_turns;
  }
  words_.push_back(lowered);
}

// Fixed matrices of one qubit that add to the same output are one: true when there was one to add to.
bool Plan::add_to_fixed(const LoweredHermitian& hermitian) {
  for (LoweredHermitian& other : hermitians_) {
    if (hermitian.input >= 0 || other.input >= 0 || other.output != hermitian.output ||
        other.qubits != hermitian.qubits)
      continue;
    for (std::size_t e = 0; e < other.matrix.entries.size(); ++e)
      other.matrix.entries[e] += hermitian.matrix.entries[e];
    return true;
  }
  return false;
}

void Plan::add_hermitian(LoweredHermitian&& hermitian) {
  if (hermitian.qubits.size() > 1) {
    hermitian.groups = groups_of(hermitian.qubits, {});
  } else {
    const auto shares_qubit = [&](std::size_t h) { return hermitians_[h].qubits == hermitian.qubits; };
    if (add_to_fixed(hermitian)) return;
    const bool joins = !local_hermitians_.empty() &&
                       local_hermitians_.back().members.size() < most_joint_qubits &&
                       std::ranges::none_of(local_hermitians_.back().members, shares_qubit);
    if (!joins) local_hermitians_.emplace_back();
    local_hermitians_.back().members.push_back(hermitians_.size());
  }
  hermitians_.push_back(std::move(hermitian));
}

}  // namespace moonstill::quantum
