// What is read out of a state: Pauli words and their real combinations, Hermitian matrices, basis
// probabilities.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/quantum/matrix.hpp"

namespace moonstill::quantum {

/// coefficient times a product of Paulis on distinct qubits; no factors at all is the identity.
struct PauliWord {
  struct Factor {
    int qubit;
    char axis;  // 'X', 'Y' or 'Z'
    friend bool operator==(const Factor&, const Factor&) = default;
  };
  double coefficient = 1;
  std::vector<Factor> factors;
  friend bool operator==(const PauliWord&, const PauliWord&) = default;
};

/// A sum of words: one output.
struct PauliSum {
  std::vector<PauliWord> words;
  friend bool operator==(const PauliSum&, const PauliSum&) = default;
};

/// A 2^k x 2^k matrix on k qubits: one output. Fixed, or block `block` of the readout's Hermitian input
/// `input`.
struct Hermitian {
  std::vector<int> qubits;
  ComplexMatrix matrix;
  int input = -1;
  int block = 0;
  friend bool operator==(const Hermitian&, const Hermitian&) = default;
};

/// Probabilities of the 2^k basis states of k qubits, the first one most significant: 2^k outputs.
struct Probabilities {
  std::vector<int> qubits;
  friend bool operator==(const Probabilities&, const Probabilities&) = default;
};

using Observable = std::variant<PauliSum, Hermitian, Probabilities>;

/// A word such as "XIZ": one letter of I, X, Y, Z for each of `qubits`. Throws Error{argument} on other
/// letters or another length.
[[nodiscard]] PauliWord pauli_word(std::string_view letters, std::span<const int> qubits,
                                   double coefficient = 1);

/// A fixed Hermitian matrix. Throws Error{numeric} saying how far it is from Hermitian.
[[nodiscard]] Hermitian hermitian(ComplexMatrix matrix, std::vector<int> qubits);

/// A list of observables and the Hermitian matrices that are inputs of the call.
class Readout {
 public:
  Readout() = default;
  Readout(std::initializer_list<Observable> observables) : observables_(observables) {}

  Readout& add(Observable observable);
  /// One observable for each list of qubits (all of one length k), its matrix being block i of a new input of
  /// shape
  /// [..., 2^k, 2^k, 2], the last axis holding real and imaginary parts.
  Readout& add_hermitian_input(const std::vector<std::vector<int>>& qubit_lists);

  [[nodiscard]] const std::vector<Observable>& observables() const { return observables_; }
  /// Numbers that it gives for one sample.
  [[nodiscard]] int outputs() const;

  struct HermitianInput {
    int blocks;
    int dimension;
    friend bool operator==(const HermitianInput&, const HermitianInput&) = default;
  };
  [[nodiscard]] const std::vector<HermitianInput>& hermitian_inputs() const { return inputs_; }

  /// Throws Error unless every qubit named is among n and named once in its observable.
  void check(int n, int first_number) const;

  friend bool operator==(const Readout&, const Readout&) = default;

 private:
  std::vector<Observable> observables_;
  std::vector<HermitianInput> inputs_;
};

[[nodiscard]] int output_count(const Observable& observable);

/// "0.5 X0 Z2 - Y1", "hermitian on 0, 1", "probabilities of 0, 1".
[[nodiscard]] std::string describe(const Observable& observable, int first_number = 0);

}  // namespace moonstill::quantum
