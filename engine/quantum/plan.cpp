#include "engine/quantum/plan.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {
namespace {

// Plans kept for one circuit; the oldest goes first.
constexpr std::size_t most_plans = 16;

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

}  // namespace

Plan::Plan(const Circuit& circuit, const Readout& readout, Route route, int vector_bits)
    : route_(route),
      qubits_(circuit.qubits()),
      vector_bits_(vector_bits),
      sample_lanes_(route == Route::sweep_tiles ? static_cast<int>(tile_lanes) : 1),
      outputs_(readout.outputs()),
      open_(static_cast<std::size_t>(circuit.qubits()), -1) {
  for (const Operation& operation : circuit.operations()) lower(operation);
  for (LoweredOperation& operation : operations_) finish(operation);
  lower_readout(readout);
}

// Amplitudes that lie side by side for an operation on these bits.
int Plan::lanes_above(std::size_t touched_bits) const {
  if (route_ == Route::sweep_tiles) return sample_lanes_;
  const std::size_t low = (std::size_t{1} << vector_bits_) - 1;
  return qubits_ >= vector_bits_ && (touched_bits & low) == 0 ? 1 << vector_bits_ : 1;
}

Reach Plan::reach_of(const std::vector<int>& targets, const std::vector<int>& controls) const {
  std::vector<int> target_bits;
  std::vector<int> control_bits;
  std::size_t target_mask = 0;
  std::size_t control_mask = 0;
  for (const int q : targets) target_bits.push_back(bit(q));
  for (const int q : controls) control_bits.push_back(bit(q));
  for (const int b : target_bits) target_mask |= std::size_t{1} << b;
  for (const int b : control_bits) control_mask |= std::size_t{1} << b;
  Reach reach;
  reach.lanes = lanes_above(target_mask | control_mask);
  // A lone target among the lanes: rows are paired along the lowest bit that no control uses.
  if (reach.lanes == 1 && target_bits.size() == 1 && lanes_above(control_mask) > 1) {
    int partner = vector_bits_;
    while (partner < qubits_ && ((control_mask >> partner) & 1) != 0) ++partner;
    if (partner < qubits_) {
      reach.lanes = lanes_above(control_mask);
      reach.lane_bit = std::exchange(target_bits[0], partner);
    }
  }
  const int hidden = route_ == Route::sweep_state && reach.lanes > 1 ? vector_bits_ : 0;
  for (int& b : target_bits) b -= hidden;
  for (int& b : control_bits) b -= hidden;
  reach.groups = Groups(std::move(target_bits), control_bits, qubits_ - hidden);
  if (!places_.empty()) reach.groups.relabel(places_);
  return reach;
}

void Plan::lower(const Operation& operation) {
  const std::vector<int> targets = operation.targets();
  const std::vector<int> controls = operation.all_controls();
  const bool constant = all_constant(operation);
  if (constant) {
    const ComplexMatrix matrix = constant_matrix(operation);
    if (is_permutation(matrix) && (route_ == Route::sweep_tiles || matrix.dimension <= 4)) {
      lower_permutation(matrix, targets, controls);
      return;
    }
  }
  const bool alone = targets.size() == 1 && controls.empty();
  if (alone) {
    const int open = open_[static_cast<std::size_t>(targets[0])];
    if (open >= 0) {
      LoweredOperation& before = operations_[static_cast<std::size_t>(open)];
      if (before.parameters.size() + variable_angles(operation) <= max_gate_angles) {
        append_factor(before, operation);
        return;
      }
    }
  }
  LoweredOperation lowered;
  lowered.reach = reach_of(targets, controls);
  if (lowered.dimension() <= 4)
    append_factor(lowered, operation);
  else
    lowered.constant = operation.matrix;
  operations_.push_back(std::move(lowered));
  for (const int q : targets) open_[static_cast<std::size_t>(q)] = -1;
  for (const int q : controls) open_[static_cast<std::size_t>(q)] = -1;
  if (alone) open_[static_cast<std::size_t>(targets[0])] = static_cast<int>(operations_.size()) - 1;
}

void Plan::lower_permutation(const ComplexMatrix& matrix, const std::vector<int>& targets,
                             const std::vector<int>& controls) {
  for (const int q : targets) open_[static_cast<std::size_t>(q)] = -1;
  for (const int q : controls) open_[static_cast<std::size_t>(q)] = -1;
  if (is_diagonal(matrix)) return;  // the identity
  if (route_ == Route::sweep_state) {
    LoweredOperation lowered;
    lowered.form = Form::permutation;
    lowered.reach = reach_of(targets, controls);
    lowered.constant = matrix;
    operations_.push_back(std::move(lowered));
    return;
  }
  if (places_.empty()) {
    places_.resize(static_cast<std::size_t>(amplitudes()));
    std::iota(places_.begin(), places_.end(), 0U);
  }
  // Row `to` holds from now on what row `from` held.
  std::vector<int> target_bits;
  std::vector<int> control_bits;
  for (const int q : targets) target_bits.push_back(bit(q));
  for (const int q : controls) control_bits.push_back(bit(q));
  const Groups groups(target_bits, control_bits, qubits_);
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

// Folds what does not depend on an input, and finds diagonals.
void Plan::finish(LoweredOperation& operation) const {
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

void Plan::lower_readout(const Readout& readout) {
  int output = 0;
  for (const Observable& observable : readout.observables()) {
    if (const auto* sum = std::get_if<PauliSum>(&observable)) {
      for (const PauliWord& word : sum->words) {
        LoweredWord lowered{word.coefficient, 0, 0, 0, 1, output};
        for (const auto& [qubit, axis] : word.factors) {
          const std::size_t mask = std::size_t{1} << bit(qubit);
          if (axis != 'Z') lowered.flips |= mask;
          if (axis != 'X') lowered.signs |= mask;
          if (axis == 'Y') ++lowered.quarter_turns;
        }
        lowered.lanes = lanes_above(lowered.flips | lowered.signs);
        if (route_ == Route::sweep_state && lowered.lanes > 1) {
          lowered.flips >>= vector_bits_;
          lowered.signs >>= vector_bits_;
        }
        words_.push_back(lowered);
      }
    } else if (const auto* matrix = std::get_if<Hermitian>(&observable)) {
      LoweredHermitian lowered{{}, matrix->matrix, matrix->input, matrix->block, output};
      lowered.reach = reach_of(matrix->qubits, {});
      hermitians_.push_back(std::move(lowered));
    } else {
      LoweredProbabilities lowered{{}, output};
      std::vector<int> bits;
      for (const int q : std::get<Probabilities>(observable).qubits) bits.push_back(bit(q));
      lowered.groups = Groups(std::move(bits), {}, qubits_);
      if (!places_.empty()) lowered.groups.relabel(places_);
      probabilities_.push_back(std::move(lowered));
    }
    output += output_count(observable);
  }
}

std::shared_ptr<const Plan> PlanCache::find(const Circuit& circuit, const Readout& readout, Route route,
                                            int vector_bits) {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.route == route && entry.vector_bits == vector_bits && entry.readout == readout)
      return entry.plan;
  }
  if (entries_.size() == most_plans) entries_.erase(entries_.begin());
  entries_.push_back(
      {readout, route, vector_bits, std::make_shared<const Plan>(circuit, readout, route, vector_bits)});
  return entries_.back().plan;
}

}  // namespace moonstill::quantum
