#include "engine/quantum/executions.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>

#include "engine/autograd/transforms.hpp"

namespace moonstill::quantum {
namespace {

// What one observable asks of its qubits. Equal numbers are equal bases; 0 is any.
struct QubitBasis {
  int qubit;
  std::int64_t basis;
};
using Bases = std::vector<QubitBasis>;

struct Setting {
  std::array<std::int64_t, max_qubits> basis{};
  std::size_t widest = 0;  // most qubits of one observable

  [[nodiscard]] bool fits(const Bases& bases) const {
    return std::ranges::all_of(bases, [&](const QubitBasis& b) {
      const std::int64_t here = basis[static_cast<std::size_t>(b.qubit)];
      return here == 0 || here == b.basis;
    });
  }
  void take(const Bases& bases) {
    for (const auto& [qubit, number] : bases) basis[static_cast<std::size_t>(qubit)] = number;
    widest = std::max(widest, bases.size());
  }
};

// First fit.
std::vector<Setting> group(const std::vector<Bases>& observables) {
  std::vector<Setting> settings;
  for (const Bases& bases : observables) {
    auto found = std::ranges::find_if(settings, [&](const Setting& s) { return s.fits(bases); });
    if (found == settings.end()) found = settings.insert(settings.end(), Setting{});
    found->take(bases);
  }
  return settings;
}

Bases alike(const std::vector<int>& qubits, std::int64_t basis) {
  Bases out;
  for (const int qubit : qubits) out.push_back({qubit, basis});
  return out;
}

void add_words(std::vector<Bases>& list, const PauliSum& sum) {
  for (const PauliWord& word : sum.words) {
    if (word.factors.empty()) continue;
    Bases& bases = list.emplace_back();
    for (const auto& [qubit, axis] : word.factors) bases.push_back({qubit, axis});
  }
}

// Terms of the shift rules of the table's gates, by angle, without and with further controls.
using TermCounts = std::array<std::array<int, 2>, max_gate_angles>;

std::vector<TermCounts> count_terms() {
  std::vector<TermCounts> out;
  for (const Gate& gate : gates()) {
    TermCounts& counts = out.emplace_back();
    for (int m = 0; m < gate.angles(); ++m) {
      for (const int controls : {0, 1}) {
        counts[static_cast<std::size_t>(m)][static_cast<std::size_t>(controls)] =
            static_cast<int>(shift_rule(gate, m, controls).size());
      }
    }
  }
  return out;
}

int terms_of(const Operation& operation, std::size_t angle) {
  static const std::vector<TermCounts> counts = count_terms();
  const auto row = static_cast<std::size_t>(operation.gate - gates().data());
  return counts[row][angle][operation.controls.empty() ? 0 : 1];
}

// Some angles: how many, the sum of their shift terms R, and the sum of the squares of these.
struct Shifts {
  double count = 0;
  double terms = 0;
  double squares = 0;

  void add(double more, double rule) {
    count += more;
    terms += more * rule;
    squares += more * rule * rule;
  }
};

Shifts angle_shifts(const Circuit& circuit, const std::vector<bool>& inputs) {
  Shifts shifts;
  for (const Operation& operation : circuit.operations()) {
    for (std::size_t m = 0; m < operation.angles.size(); ++m) {
      const Angle& angle = operation.angles[m];
      if (angle.is_constant() || !inputs[static_cast<std::size_t>(angle.input)]) continue;
      shifts.add(1, terms_of(operation, m));
    }
  }
  return shifts;
}

Shifts input_shifts(const Circuit& circuit, bool amplitudes) {
  Shifts shifts;
  if (amplitudes) shifts.add(static_cast<double>(circuit.amplitude_count() - 1), 2);
  return shifts;
}

template <class Combine>
std::vector<bool> combine(const std::vector<bool>& a, const std::vector<bool>& b, Combine&& with) {
  std::vector<bool> out(a.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = with(a[i], b[i]);
  return out;
}

// The parts that are in one request or the other, or, with `both`, in one and the other.
SweepRequest joined(const SweepRequest& a, const SweepRequest& b, bool both) {
  const auto with = [both](bool x, bool y) { return both ? x && y : x || y; };
  SweepRequest out;
  out.angles = combine(a.angles, b.angles, with);
  out.amplitudes = with(a.amplitudes, b.amplitudes);
  out.hermitians = combine(a.hermitians, b.hermitians, with);
  return out;
}

// The parts, or none.
SweepRequest parts_if(bool given, const SweepRequest& parts) {
  if (given) return parts;
  SweepRequest none;
  none.angles.resize(parts.angles.size());
  none.hermitians.resize(parts.hermitians.size());
  return none;
}

Shifts all_shifts(const Circuit& circuit, const SweepRequest& parts) {
  Shifts shifts = angle_shifts(circuit, parts.angles);
  const Shifts inputs = input_shifts(circuit, parts.amplitudes);
  shifts.count += inputs.count;
  shifts.terms += inputs.terms;
  shifts.squares += inputs.squares;
  return shifts;
}

// Settings of all pairs of shifts, and of shifts with tomographies.
double second_order_settings(const Circuit& circuit, const Readout& readout, const SweepRequest& wanted,
                             const SweepRequest& directed) {
  const double a = all_shifts(circuit, wanted).terms;
  const double b = all_shifts(circuit, directed).terms;
  const Shifts common = all_shifts(circuit, joined(wanted, directed, true));
  // Of two angles that are both wanted and directed, either order gives the same entry.
  const double twice = (common.terms * common.terms - common.squares) / 2;
  const double pairs = a * b - common.squares - twice;
  const double alone = common.terms - common.count + (common.count > 0 ? 1 : 0);
  const auto tomography = [&](const SweepRequest& parts) {
    return tomography_settings(readout, parts.hermitians);
  };
  return (pairs + alone) * settings(readout) + (b - common.terms) * tomography(wanted) +
         (a - common.terms) * tomography(directed) +
         common.terms * tomography(joined(wanted, directed, false));
}

ExecutionCounter*& slot() noexcept {
  thread_local ExecutionCounter* counter = nullptr;
  return counter;
}

}  // namespace

Executions& Executions::operator+=(const Executions& more) {
  values += more.values;
  angles += more.angles;
  inputs += more.inputs;
  hermitians += more.hermitians;
  second_order += more.second_order;
  return *this;
}

int settings(const Readout& readout) {
  std::vector<Bases> list;
  // Beyond the letters of Paulis: two matrices on the same qubits have different eigenbases.
  std::int64_t eigenbasis = 256;
  for (const Observable& observable : readout.observables()) {
    if (const auto* sum = std::get_if<PauliSum>(&observable)) {
      add_words(list, *sum);
    } else if (const auto* probabilities = std::get_if<Probabilities>(&observable)) {
      list.push_back(alike(probabilities->qubits, 'Z'));
    } else {
      list.push_back(alike(std::get<Hermitian>(observable).qubits, eigenbasis++));
    }
  }
  return static_cast<int>(group(list).size());
}

double tomography_settings(const Readout& readout, const std::vector<bool>& inputs) {
  std::vector<Bases> list;
  for (const Observable& observable : readout.observables()) {
    const auto* hermitian = std::get_if<Hermitian>(&observable);
    if (hermitian == nullptr || hermitian->input < 0 || !inputs[static_cast<std::size_t>(hermitian->input)])
      continue;
    // Matrices on the same qubits share one tomography.
    std::int64_t set = 0;
    for (const int qubit : hermitian->qubits) set |= std::int64_t{1} << qubit;
    list.push_back(alike(hermitian->qubits, set));
  }
  double sum = 0;
  for (const Setting& setting : group(list)) sum += std::pow(3.0, static_cast<double>(setting.widest));
  return sum;
}

Executions value_executions(const Readout& readout, std::int64_t samples) {
  Executions out;
  out.values = static_cast<double>(samples) * settings(readout);
  return out;
}

Executions derivative_executions(const Circuit& circuit, const Readout& readout, std::int64_t samples,
                                 const SweepRequest& wanted, const SweepRequest& directed) {
  const auto count = static_cast<double>(samples);
  const SweepRequest first =
      joined(parts_if(wanted.values, directed), parts_if(directed.values, wanted), false);
  const double each = count * settings(readout);
  Executions out;
  out.angles = each * angle_shifts(circuit, first.angles).terms;
  out.inputs = each * input_shifts(circuit, first.amplitudes).terms;
  out.hermitians = count * tomography_settings(readout, first.hermitians);
  out.second_order = count * second_order_settings(circuit, readout, wanted, directed);
  return out;
}

ExecutionCounter::ExecutionCounter() {
  assert(slot() == nullptr);
  slot() = this;
}

ExecutionCounter::~ExecutionCounter() { slot() = nullptr; }

ExecutionCounter* ExecutionCounter::current() noexcept {
  return slot() == nullptr || replaying() ? nullptr : slot();
}

Executions ExecutionCounter::take() { return std::exchange(sum_, {}); }

}  // namespace moonstill::quantum
