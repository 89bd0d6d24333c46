#include "engine/quantum/samples.hpp"

#include <array>
#include <cmath>

#include "engine/core/random.hpp"

namespace moonstill::quantum {
namespace {

Tensor normal(const Shape& shape, Generator& random) {
  Tensor t = Tensor::empty(shape, DType::f64);
  random.fill_normal(t.write<double>());
  return t;
}

Tensor unit_rows(std::int64_t rows, std::int64_t size, Generator& random) {
  std::vector<double> x(static_cast<std::size_t>(rows * size));
  random.fill_normal(x);
  for (std::int64_t r = 0; r < rows; ++r) {
    double square = 0;
    for (std::int64_t e = 0; e < size; ++e)
      square += x[static_cast<std::size_t>(r * size + e)] * x[static_cast<std::size_t>(r * size + e)];
    for (std::int64_t e = 0; e < size; ++e) x[static_cast<std::size_t>(r * size + e)] /= std::sqrt(square);
  }
  return Tensor::from(x, {rows, size}, DType::f64);
}

// Every gate of the table in turn, angles from `input`, on qubits that move on.
void add_every_gate(Circuit& circuit, int input, std::int64_t slots) {
  std::int64_t slot = 0;
  int qubit = 0;
  for (const Gate& gate : gates()) {
    std::vector<int> qubits;
    for (int i = 0; i < gate.qubits(); ++i) qubits.push_back((qubit + i) % circuit.qubits());
    std::vector<Angle> angles;
    for (int i = 0; i < gate.angles(); ++i)
      angles.push_back({input, slot++ % slots, 0.5 + 0.25 * i, 0.125 * i});
    circuit.add(gate, qubits, angles);
    ++qubit;
  }
}

MeasurementSample finish(Circuit circuit, Readout readout, std::vector<Tensor> point, std::int64_t samples,
                         Generator& random) {
  MeasurementSample sample;
  const Shape outputs = samples == 0 ? Shape{readout.outputs()} : Shape{samples, readout.outputs()};
  sample.weights = normal(outputs, random);
  for (const Tensor& part : point) sample.direction.push_back(normal(part.shape(), random));
  sample.direction.push_back(normal(outputs, random));
  sample.point = std::move(point);
  sample.measurement =
      std::make_shared<const Measurement>(Measurement{std::move(circuit), std::move(readout)});
  return sample;
}

// Shared angles, no batch: one state.
MeasurementSample one_state(Generator& random) {
  Circuit circuit(3);
  add_every_gate(circuit, circuit.add_input("w", {7}), 7);
  Readout readout{PauliSum{{{0.5, {{0, 'X'}, {2, 'Z'}}}, {-1.5, {{1, 'Y'}}}, {0.25, {}}}},
                  Probabilities{{2, 0}}};
  readout.add_hermitian_input({{0, 2}});
  return finish(std::move(circuit), std::move(readout), {normal({7}, random), normal({4, 4, 2}, random)}, 0,
                random);
}

// Amplitudes and one set of angles for each sample, another shared.
MeasurementSample batch(bool embed, Generator& random) {
  Circuit circuit(3);
  const int x = circuit.add_input("x", {8});
  const int a = circuit.add_input("a", {5});
  const int w = circuit.add_input("w", {1, 3, 3});
  circuit.amplitudes(x);
  circuit.strongly_entangling(w);
  add_every_gate(circuit, a, 5);
  circuit.add(gate("rx"), {0}, {{w, 2}}, {2});
  Readout readout;
  readout.add_hermitian_input({{0}, {1}, {2}});
  readout.add(PauliSum{{pauli_word("YX", std::array{2, 0}, 0.75)}});
  const Tensor amplitudes = embed ? normal({3, 8}, random) : unit_rows(3, 8, random);
  MeasurementSample sample =
      finish(std::move(circuit), std::move(readout),
             {normal({3, 5}, random), normal({1, 3, 3}, random), amplitudes, normal({3, 2, 2, 2}, random)}, 3,
             random);
  sample.embed = embed;
  return sample;
}

// One amplitude vector for all samples.
MeasurementSample shared_amplitudes(Generator& random) {
  Circuit circuit(2);
  const int x = circuit.add_input("x", {4});
  const int a = circuit.add_input("a", {2});
  circuit.amplitudes(x);
  circuit.angles(gate("ry"), a).add(gate("cnot"), {0, 1}).angles(gate("rx"), a);
  return finish(std::move(circuit), Readout{Probabilities{{0, 1}}},
                {normal({2, 2}, random), unit_rows(1, 4, random).reshaped({4})}, 2, random);
}

}  // namespace

std::vector<MeasurementSample> samples() {
  Generator random(11);
  return {one_state(random), batch(false, random), batch(true, random), shared_amplitudes(random)};
}

}  // namespace moonstill::quantum
