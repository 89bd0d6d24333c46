#include "engine/quantum/observable.hpp"

#include <cmath>

#include "engine/core/error.hpp"
#include "engine/quantum/circuit.hpp"

namespace moonstill::quantum {
namespace {

constexpr double hermitian_tolerance = 1e-6;

std::string list_qubits(std::span<const int> qubits, int first_number) {
  std::string text;
  for (const int q : qubits) text += fmt::format("{}{}", text.empty() ? "" : ", ", q + first_number);
  return text;
}

std::string describe_sum(const PauliSum& sum, int first_number) {
  std::string text;
  for (const auto& [coefficient, factors] : sum.words) {
    if (text.empty())
      text += coefficient < 0 ? "-" : "";
    else
      text += coefficient < 0 ? " - " : " + ";
    if (std::abs(coefficient) != 1 || factors.empty()) text += fmt::format("{}", std::abs(coefficient));
    if (std::abs(coefficient) != 1 && !factors.empty()) text += " ";
    for (std::size_t i = 0; i < factors.size(); ++i) {
      text += fmt::format("{}{}{}", i == 0 ? "" : " ", factors[i].axis, factors[i].qubit + first_number);
    }
  }
  return text.empty() ? "0" : text;
}

}  // namespace

PauliWord pauli_word(std::string_view letters, std::span<const int> qubits, double coefficient) {
  if (letters.size() != qubits.size()) {
    fail(ErrorKind::argument, "pauli: expected one letter for each of {} qubits, got '{}'", qubits.size(),
         letters);
  }
  if (!std::isfinite(coefficient))
    fail(ErrorKind::numeric, "pauli: the coefficient of '{}' is not finite", letters);
  PauliWord word{coefficient, {}};
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const char letter = letters[i];
    if (std::string_view("IXYZ").find(letter) == std::string_view::npos) {
      fail(ErrorKind::argument, "pauli: expected the letters I, X, Y and Z, got '{}'", letters);
    }
    if (letter != 'I') word.factors.push_back({qubits[i], letter});
  }
  return word;
}

Hermitian hermitian(ComplexMatrix matrix, std::vector<int> qubits) {
  if (qubits.empty()) fail(ErrorKind::argument, "hermitian: expected at least one qubit, got none");
  check_matrix("hermitian", matrix, qubits.size());
  if (const double off = distance_from_hermitian(matrix); off > hermitian_tolerance) {
    fail(ErrorKind::numeric, "hermitian: the matrix is not Hermitian: it differs from its adjoint by {:.3g}",
         off);
  }
  return {std::move(qubits), std::move(matrix)};
}

int output_count(const Observable& observable) {
  const auto* probabilities = std::get_if<Probabilities>(&observable);
  return probabilities == nullptr ? 1 : 1 << probabilities->qubits.size();
}

Readout& Readout::add(Observable observable) {
  observables_.push_back(std::move(observable));
  return *this;
}

Readout& Readout::add_hermitian_input(const std::vector<std::vector<int>>& qubit_lists) {
  if (qubit_lists.empty() || qubit_lists[0].empty()) {
    fail(ErrorKind::argument, "hermitian: expected at least one observable on at least one qubit, got none");
  }
  const auto input = static_cast<int>(inputs_.size());
  observables_.reserve(observables_.size() + qubit_lists.size());
  for (std::size_t block = 0; block < qubit_lists.size(); ++block) {
    if (qubit_lists[block].size() != qubit_lists[0].size()) {
      fail(ErrorKind::argument, "hermitian: expected {} qubit{} for each observable of one input, got {}",
           qubit_lists[0].size(), qubit_lists[0].size() == 1 ? "" : "s", qubit_lists[block].size());
    }
    observables_.push_back(Hermitian{qubit_lists[block], {}, input, static_cast<int>(block)});
  }
  inputs_.push_back({static_cast<int>(qubit_lists.size()), 1 << qubit_lists[0].size()});
  return *this;
}

int Readout::outputs() const {
  int count = 0;
  for (const auto& observable : observables_) count += output_count(observable);
  return count;
}

void Readout::check(int n, int first_number) const {
  if (observables_.empty()) fail(ErrorKind::argument, "readout: expected at least one observable, got none");
  for (const auto& observable : observables_) {
    if (const auto* sum = std::get_if<PauliSum>(&observable)) {
      for (const auto& word : sum->words) {
        std::vector<int> qubits;
        for (const auto& factor : word.factors) qubits.push_back(factor.qubit);
        check_qubits("pauli", qubits, n, first_number);
      }
    } else if (const auto* matrix = std::get_if<Hermitian>(&observable)) {
      check_qubits("hermitian", matrix->qubits, n, first_number);
      if (matrix->input >= static_cast<int>(inputs_.size())) {
        fail(ErrorKind::argument,
             "hermitian: this observable's matrix is an input and must be given at the call");
      }
    } else {
      const auto& qubits = std::get<Probabilities>(observable).qubits;
      if (qubits.empty()) fail(ErrorKind::argument, "probabilities: expected at least one qubit, got none");
      check_qubits("probabilities", qubits, n, first_number);
    }
  }
}

std::string describe(const Observable& observable, int first_number) {
  if (const auto* sum = std::get_if<PauliSum>(&observable)) return describe_sum(*sum, first_number);
  if (const auto* matrix = std::get_if<Hermitian>(&observable)) {
    return "hermitian on " + list_qubits(matrix->qubits, first_number);
  }
  return "probabilities of " + list_qubits(std::get<Probabilities>(observable).qubits, first_number);
}

}  // namespace moonstill::quantum
