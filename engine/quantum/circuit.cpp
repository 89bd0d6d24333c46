#include "engine/quantum/circuit.hpp"

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/quantum/plan_cache.hpp"

namespace moonstill::quantum {
namespace {

// Beyond this a matrix is not taken for a unitary that was rounded.
constexpr double unitary_tolerance = 1e-6;

std::string numbered(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::vector<int> Operation::all_controls() const {
  std::vector<int> all = controls;
  if (gate != nullptr) all.insert(all.end(), qubits.begin(), qubits.begin() + gate->controls);
  return all;
}

std::vector<int> Operation::targets() const {
  return {qubits.begin() + (gate == nullptr ? 0 : gate->controls), qubits.end()};
}

void check_qubits(std::string_view what, std::span<const int> qubits, int n, int first_number) {
  for (std::size_t i = 0; i < qubits.size(); ++i) {
    if (qubits[i] < 0 || qubits[i] >= n) {
      fail(ErrorKind::range, "{}: qubit {} is outside {}..{}", what, qubits[i] + first_number, first_number,
           n - 1 + first_number);
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (qubits[i] == qubits[j])
        fail(ErrorKind::range, "{}: qubit {} is named twice", what, qubits[i] + first_number);
    }
  }
}

Circuit::Circuit(int qubits, int first_number)
    : qubits_(qubits), first_number_(first_number), plans_(std::make_shared<PlanCache>()) {
  if (qubits < 1) fail(ErrorKind::range, "circuit: expected 1 to {} qubits, got {}", max_qubits, qubits);
  if (qubits > max_qubits) {
    fail(ErrorKind::memory,
         "circuit: one state of {} qubits takes {:.3g} bytes in f32; at most {} qubits are offered", qubits,
         std::ldexp(8.0, qubits), max_qubits);
  }
}

int Circuit::add_input(std::string name, const Shape& shape) {
  for (const auto& input : inputs_) {
    if (input.name == name) fail(ErrorKind::argument, "circuit: input '{}' is declared twice", name);
  }
  inputs_.push_back({std::move(name), shape});
  return static_cast<int>(inputs_.size()) - 1;
}

void Circuit::check_input(const char* what, int input) const {
  if (input < 0 || input >= static_cast<int>(inputs_.size())) {
    fail(ErrorKind::range, "{}: input {} is not among the {} declared", what, input, inputs_.size());
  }
}

Circuit& Circuit::amplitudes(int input) {
  check_input("amplitudes", input);
  const auto& [name, shape] = inputs_[static_cast<std::size_t>(input)];
  if (amplitude_input_ >= 0)
    fail(ErrorKind::state, "amplitudes: this circuit's amplitudes are given already");
  if (!operations_.empty()) {
    fail(ErrorKind::state, "amplitudes: expected before the first gate, got after {}",
         numbered(operations_.size(), "operation"));
  }
  if (shape.count() != amplitude_count()) {
    fail(ErrorKind::shape, "amplitudes: expected {} numbers for {} qubits, got input '{}' of shape {}",
         amplitude_count(), qubits_, name, shape.text());
  }
  amplitude_input_ = input;
  plans_ = std::make_shared<PlanCache>();
  return *this;
}

void Circuit::check_qubits(std::string_view what, std::span<const int> qubits,
                           std::span<const int> controls) const {
  std::vector<int> all(qubits.begin(), qubits.end());
  all.insert(all.end(), controls.begin(), controls.end());
  quantum::check_qubits(what, all, qubits_, first_number_);
}

void Circuit::check_angle(std::string_view what, const Angle& angle) const {
  if (!std::isfinite(angle.scale) || !std::isfinite(angle.offset)) {
    fail(ErrorKind::numeric, "{}: an angle is not finite", what);
  }
  if (angle.is_constant()) return;
  check_input("angle", angle.input);
  const auto& [name, shape] = inputs_[static_cast<std::size_t>(angle.input)];
  if (angle.input == amplitude_input_) {
    fail(ErrorKind::argument, "{}: input '{}' gives the amplitudes and cannot be an angle", what, name);
  }
  if (angle.slot < 0 || angle.slot >= shape.count()) {
    fail(ErrorKind::range, "{}: element {} is outside input '{}' of shape {}", what,
         angle.slot + first_number_, name, shape.text());
  }
}

Circuit& Circuit::append(Operation operation) {
  operations_.push_back(std::move(operation));
  plans_ = std::make_shared<PlanCache>();
  return *this;
}

Circuit& Circuit::add(const Gate& gate, std::vector<int> qubits, std::vector<Angle> angles,
                      std::vector<int> controls) {
  if (static_cast<int>(qubits.size()) != gate.qubits()) {
    fail(ErrorKind::argument, "{}: expected {}, got {}", gate.name,
         numbered(static_cast<std::size_t>(gate.qubits()), "qubit"), qubits.size());
  }
  if (static_cast<int>(angles.size()) != gate.angles()) {
    fail(ErrorKind::argument, "{}: expected {}, got {}", gate.name,
         numbered(static_cast<std::size_t>(gate.angles()), "angle"), angles.size());
  }
  check_qubits(gate.name, qubits, controls);
  for (const Angle& angle : angles) check_angle(gate.name, angle);
  return append({&gate, {}, std::move(qubits), std::move(controls), std::move(angles)});
}

Circuit& Circuit::unitary(ComplexMatrix matrix, std::vector<int> qubits, std::vector<int> controls) {
  check_qubits("unitary", qubits, controls);
  if (qubits.empty()) fail(ErrorKind::argument, "unitary: expected at least one qubit, got none");
  check_matrix("unitary", matrix, qubits.size());
  if (const double off = distance_from_unitary(matrix); off > unitary_tolerance) {
    fail(ErrorKind::numeric, "unitary: the matrix is not unitary: U^H U differs from 1 by {:.3g}", off);
  }
  return append({nullptr, std::move(matrix), std::move(qubits), std::move(controls), {}});
}

Circuit& Circuit::angles(const Gate& gate, int input) {
  check_input("angles", input);
  if (gate.qubits() != 1 || gate.angles() != 1) {
    fail(ErrorKind::argument, "angles: expected a gate of one qubit and one angle, got {}", gate.name);
  }
  const auto& [name, shape] = inputs_[static_cast<std::size_t>(input)];
  if (shape.count() > qubits_) {
    fail(ErrorKind::shape, "angles: expected at most {} numbers, got input '{}' of shape {}", qubits_, name,
         shape.text());
  }
  const auto count = static_cast<int>(shape.count());
  for (int q = 0; q < count; ++q) add(gate, {q}, {{input, q}});
  return *this;
}

Circuit& Circuit::strongly_entangling(int input) {
  check_input("strongly_entangling", input);
  const auto& [name, shape] = inputs_[static_cast<std::size_t>(input)];
  if (shape.rank() != 3 || shape[1] != qubits_ || shape[2] != 3) {
    fail(ErrorKind::shape, "strongly_entangling: expected input '{}' of shape [layers, {}, 3], got {}", name,
         qubits_, shape.text());
  }
  const Gate& rot = gate("rot");
  const Gate& cnot = gate("cnot");
  const auto layers = static_cast<int>(shape[0]);
  for (int layer = 0; layer < layers; ++layer) {
    for (int q = 0; q < qubits_; ++q) {
      const std::int64_t slot = (std::int64_t{layer} * qubits_ + q) * 3;
      add(rot, {q}, {{input, slot}, {input, slot + 1}, {input, slot + 2}});
    }
    if (qubits_ == 1) continue;
    const int range = layer % (qubits_ - 1) + 1;
    for (int q = 0; q < qubits_; ++q) add(cnot, {q, (q + range) % qubits_});
  }
  return *this;
}

}  // namespace moonstill::quantum
