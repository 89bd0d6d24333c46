// The eager simulator: a statevector that gates act on at once.
#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/quantum/circuit.hpp"
#include "engine/quantum/frame.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

class Qubits {
 public:
  /// n qubits in state |0...0>, amplitudes of type f32 or f64. Errors and texts number them from
  /// `first_number`.
  explicit Qubits(int n, DType dtype = DType::f64, int first_number = 0);
  Qubits(Qubits&&) = default;
  Qubits& operator=(Qubits&&) = default;

  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] int first_number() const { return first_number_; }
  [[nodiscard]] std::size_t amplitude_count() const { return std::size_t{1} << count_; }

  /// Applies a gate of the table, as Circuit::add checks it.
  Qubits& apply(const Gate& gate, std::vector<int> qubits, std::span<const double> angles = {},
                std::vector<int> controls = {});
  /// Applies a unitary matrix, as Circuit::unitary checks it.
  Qubits& apply(ComplexMatrix matrix, std::vector<int> qubits, std::vector<int> controls = {});
  /// Back to |0...0>.
  Qubits& reset();

  /// The amplitude of a basis state. Throws Error{range}.
  [[nodiscard]] std::complex<double> amplitude(std::size_t index) const;
  /// All amplitudes, [2^n, 2], real and imaginary parts last.
  [[nodiscard]] Tensor amplitudes() const;
  /// Divides by the 2-norm. Throws Error unless there are 2^n finite numbers, not all 0.
  Qubits& set_amplitudes(std::span<const std::complex<double>> amplitudes);

  /// Probabilities of the basis states of some qubits (all when none are named), the first most significant:
  /// [2^k], f64.
  [[nodiscard]] Tensor probabilities(std::vector<int> qubits = {}) const;

  struct Outcome {
    std::uint64_t state;  // index of a basis state
    std::int64_t count;
  };
  /// Measures all qubits `shots` times, the state staying as it is. Outcomes in the order of their indices.
  [[nodiscard]] std::vector<Outcome> sample(std::int64_t shots, Generator& random) const;

  /// One number, or 2^k for probabilities.
  [[nodiscard]] std::vector<double> expectation(const Observable& observable) const;

  /// The largest amplitudes, one a line.
  [[nodiscard]] std::string text(std::size_t most_lines = 16) const;

 private:
  void apply_circuit(const Circuit& circuit);
  [[nodiscard]] std::shared_ptr<std::byte> copied_memory() const;
  template <class T>
  [[nodiscard]] T* numbers() const;

  int count_;
  DType dtype_;
  int first_number_;
  Frame frame_;  // where amplitudes lie
  std::shared_ptr<std::byte> memory_;
};

}  // namespace moonstill::quantum
