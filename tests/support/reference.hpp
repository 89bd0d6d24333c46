// A simulator by dense matrices: slow, plain, and sharing nothing with the engine's kernels but the gates'
// formulas.
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "engine/quantum/circuit.hpp"

namespace moonstill::test {

using State = std::vector<std::complex<double>>;

/// The bits of `index` at `qubits` of n, the first of them most significant.
inline int bits_at(int index, std::span<const int> qubits, int n) {
  int bits = 0;
  for (const int q : qubits) bits = 2 * bits + ((index >> (n - 1 - q)) & 1);
  return bits;
}

/// m on some qubits of n as a 2^n x 2^n matrix: zero unless all other bits of row and column agree.
inline quantum::ComplexMatrix embed(const quantum::ComplexMatrix& m, std::span<const int> qubits, int n) {
  int mask = 0;
  for (const int q : qubits) mask |= 1 << (n - 1 - q);
  quantum::ComplexMatrix full(1 << n);
  for (int row = 0; row < full.dimension; ++row) {
    for (int column = 0; column < full.dimension; ++column) {
      if ((row & ~mask) == (column & ~mask)) {
        full(row, column) = m(bits_at(row, qubits, n), bits_at(column, qubits, n));
      }
    }
  }
  return full;
}

inline State multiply(const quantum::ComplexMatrix& m, const State& x) {
  State y(x.size());
  for (int i = 0; i < m.dimension; ++i) {
    for (int j = 0; j < m.dimension; ++j)
      y[static_cast<std::size_t>(i)] += m(i, j) * x[static_cast<std::size_t>(j)];
  }
  return y;
}

/// The full matrix of one operation; `inputs` holds each circuit input's numbers.
inline quantum::ComplexMatrix matrix_of(const quantum::Operation& operation, int n,
                                        const std::vector<std::vector<double>>& inputs) {
  std::vector<double> angles;
  for (const quantum::Angle& angle : operation.angles) {
    double value = angle.offset;
    if (!angle.is_constant()) {
      value +=
          angle.scale * inputs[static_cast<std::size_t>(angle.input)][static_cast<std::size_t>(angle.slot)];
    }
    angles.push_back(value);
  }
  const quantum::ComplexMatrix own =
      operation.gate == nullptr ? operation.matrix : quantum::full_matrix(*operation.gate, angles);
  std::vector<int> qubits = operation.controls;
  qubits.insert(qubits.end(), operation.qubits.begin(), operation.qubits.end());
  return embed(quantum::controlled(own, static_cast<int>(operation.controls.size())), qubits, n);
}

/// The state after the circuit, from its (not yet normalised) amplitudes or from |0...0>.
inline State run(const quantum::Circuit& circuit, const std::vector<std::vector<double>>& inputs) {
  State state(static_cast<std::size_t>(circuit.amplitude_count()));
  if (circuit.amplitude_input() < 0) {
    state[0] = 1;
  } else {
    const auto& x = inputs[static_cast<std::size_t>(circuit.amplitude_input())];
    double square = 0;
    for (const double v : x) square += v * v;
    for (std::size_t r = 0; r < state.size(); ++r) state[r] = x[r] / std::sqrt(square);
  }
  for (const auto& operation : circuit.operations()) {
    state = multiply(matrix_of(operation, circuit.qubits(), inputs), state);
  }
  return state;
}

inline double expectation(const quantum::ComplexMatrix& observable, const State& state) {
  const State image = multiply(observable, state);
  std::complex<double> sum = 0;
  for (std::size_t r = 0; r < state.size(); ++r) sum += std::conj(state[r]) * image[r];
  return sum.real();
}

inline quantum::ComplexMatrix matrix_of(const quantum::PauliSum& sum, int n) {
  quantum::ComplexMatrix total(1 << n);
  for (const auto& [coefficient, factors] : sum.words) {
    quantum::ComplexMatrix word = quantum::ComplexMatrix::identity(1 << n);
    for (const auto& [qubit, axis] : factors) {
      const auto& gate = quantum::gate(axis == 'X' ? "x" : axis == 'Y' ? "y" : "z");
      word = embed(quantum::full_matrix(gate, {}), std::array{qubit}, n) * word;
    }
    for (std::size_t e = 0; e < total.entries.size(); ++e) total.entries[e] += coefficient * word.entries[e];
  }
  return total;
}

/// What the readout gives; `hermitians` holds each Hermitian input's numbers, [blocks][d][d][2], Hermitian.
inline std::vector<double> read(const quantum::Readout& readout, const State& state, int n,
                                const std::vector<std::vector<double>>& hermitians = {}) {
  std::vector<double> out;
  for (const auto& observable : readout.observables()) {
    if (const auto* sum = std::get_if<quantum::PauliSum>(&observable)) {
      out.push_back(expectation(matrix_of(*sum, n), state));
    } else if (const auto* item = std::get_if<quantum::Hermitian>(&observable)) {
      quantum::ComplexMatrix m = item->matrix;
      if (item->input >= 0) {
        m = quantum::ComplexMatrix(1 << item->qubits.size());
        const auto& numbers = hermitians[static_cast<std::size_t>(item->input)];
        for (std::size_t e = 0; e < m.entries.size(); ++e) {
          const std::size_t at = (static_cast<std::size_t>(item->block) * m.entries.size() + e) * 2;
          m.entries[e] = {numbers[at], numbers[at + 1]};
        }
      }
      out.push_back(expectation(embed(m, item->qubits, n), state));
    } else {
      const auto& qubits = std::get<quantum::Probabilities>(observable).qubits;
      std::vector<double> probabilities(std::size_t{1} << qubits.size());
      for (std::size_t r = 0; r < state.size(); ++r) {
        probabilities[static_cast<std::size_t>(bits_at(static_cast<int>(r), qubits, n))] +=
            std::norm(state[r]);
      }
      out.insert(out.end(), probabilities.begin(), probabilities.end());
    }
  }
  return out;
}

}  // namespace moonstill::test
