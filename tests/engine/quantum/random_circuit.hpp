// Random small circuits and points for the quantum tests.
#pragma once

#include <algorithm>
#include <array>

#include "engine/core/random.hpp"
#include "engine/quantum/sweep.hpp"

namespace moonstill::quantum {

inline Tensor normal(const Shape& shape, Generator& random) {
  Tensor t = Tensor::empty(shape, DType::f64);
  random.fill_normal(t.write<double>());
  return t;
}

inline Tensor unit_rows(const Shape& shape, Generator& random) {
  const std::int64_t size = shape[shape.rank() - 1];
  std::vector<double> x(static_cast<std::size_t>(shape.count()));
  random.fill_normal(x);
  for (std::size_t begin = 0; begin < x.size(); begin += static_cast<std::size_t>(size)) {
    double square = 0;
    for (std::int64_t e = 0; e < size; ++e) square += x[begin + e] * x[begin + e];
    for (std::int64_t e = 0; e < size; ++e) x[begin + e] /= std::sqrt(square);
  }
  return Tensor::from(x, shape, DType::f64);
}

inline std::vector<int> some_qubits(int count, int n, Generator& random) {
  const auto order = random.permutation(n);
  return {order.begin(), order.begin() + count};
}

struct RandomCircuit {
  Circuit circuit{1};
  Readout readout;
  std::int64_t slots = 0;  // angle inputs of one sample, each used by one angle
};

/// 1 to `most_qubits` qubits, `operations` gates of the table on random qubits, some with a further control;
/// some circuits start in given amplitudes. Observables of every kind, or of single qubits only.
inline RandomCircuit random_circuit(Generator& random, int operations, std::uint64_t most_qubits = 4,
                                    bool local = false) {
  const int n = 1 + static_cast<int>(random.below(most_qubits));
  struct Choice {
    const Gate* gate;
    std::vector<int> qubits, controls;
  };
  std::vector<Choice> choices;
  std::int64_t slots = 0;
  while (static_cast<int>(choices.size()) < operations) {
    const Gate& gate = gates()[random.below(gates().size())];
    const int controls = random.below(4) == 0 ? 1 : 0;
    if (gate.qubits() + controls > n) continue;
    std::vector<int> qubits = some_qubits(gate.qubits() + controls, n, random);
    const std::vector<int> own(qubits.begin() + controls, qubits.end());
    qubits.resize(static_cast<std::size_t>(controls));
    choices.push_back({&gate, own, qubits});
    slots += gate.angles();
  }
  RandomCircuit out;
  out.circuit = Circuit(n);
  out.slots = slots;
  const int input = out.circuit.add_input("theta", {slots});
  if (random.below(2) == 0) out.circuit.amplitudes(out.circuit.add_input("x", {std::int64_t{1} << n}));
  std::int64_t slot = 0;
  for (const auto& [gate, qubits, controls] : choices) {
    std::vector<Angle> angles;
    for (int m = 0; m < gate->angles(); ++m) angles.push_back({input, slot++});
    out.circuit.add(*gate, qubits, angles, controls);
  }
  const std::array letters{'X', 'Y', 'Z'};
  PauliSum sum;
  if (!local) sum.words.push_back({0.25, {}});
  for (int w = 0; w < 2; ++w) {
    PauliWord word{random.normal(), {}};
    for (const int q : some_qubits(local ? 1 : 1 + static_cast<int>(random.below(n)), n, random)) {
      word.factors.push_back({q, letters[random.below(3)]});
    }
    sum.words.push_back(word);
  }
  if (local) {
    out.readout.add(sum).add_hermitian_input({some_qubits(1, n, random), some_qubits(1, n, random)});
    return out;
  }
  out.readout.add(sum).add(Probabilities{some_qubits(1 + static_cast<int>(random.below(n)), n, random)});
  out.readout.add_hermitian_input({some_qubits(1, n, random), some_qubits(1, n, random)});
  const std::uint64_t most = std::min(n, 4);
  out.readout.add_hermitian_input({some_qubits(1 + static_cast<int>(random.below(most)), n, random)});
  return out;
}

/// A point for it: angles for each sample or shared; samples = 0 means no batch axis at all.
inline SweepPoint random_point(const RandomCircuit& c, std::int64_t samples, bool shared_angles,
                               Generator& random) {
  SweepPoint point;
  const bool batched = samples > 0;
  point.angles.resize(c.circuit.inputs().size());
  point.angles[0] = normal(batched && !shared_angles ? Shape{samples, c.slots} : Shape{c.slots}, random);
  if (c.circuit.amplitude_input() >= 0) {
    const std::int64_t size = c.circuit.amplitude_count();
    point.amplitudes = unit_rows(batched ? Shape{samples, size} : Shape{size}, random);
  }
  for (const auto& [blocks, dimension] : c.readout.hermitian_inputs()) {
    point.hermitians.push_back(normal({blocks, dimension, dimension, 2}, random));
  }
  return point;
}

}  // namespace moonstill::quantum
