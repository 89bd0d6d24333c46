#include "engine/quantum/executions.hpp"

#include <numbers>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/quantum/expectation.hpp"
#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::quantum {
namespace {

using test::values;

Readout hermitian_on_each(int n) {
  std::vector<std::vector<int>> qubits;
  for (int q = 0; q < n; ++q) qubits.push_back({q});
  Readout readout;
  readout.add_hermitian_input(qubits);
  return readout;
}

// n qubits, amplitudes x, strongly entangling layers w, a Hermitian on each qubit: `loss` is a weighted sum
// of the expectation values, or of their squares.
struct Layer {
  int n;
  int layers;
  RouteChoice choice{};
  bool squares = false;

  [[nodiscard]] Function loss() const {
    Circuit circuit(n);
    const int x = circuit.add_input("x", {std::int64_t{1} << n});
    const int w = circuit.add_input("w", {layers, n, 3});
    circuit.amplitudes(x).strongly_entangling(w);
    const auto m =
        std::make_shared<const Measurement>(Measurement{std::move(circuit), hermitian_on_each(n), choice});
    return [m, square = squares](std::span<const Value> at) {
      const Value f = expectation(m, at.first(2), at.subspan(2));
      return Values{ops::sum(square ? ops::mul(f, f) : f)};
    };
  }

  [[nodiscard]] Values point(std::int64_t samples, DType dtype) const {
    Generator random(5);
    Values out;
    for (const Shape& shape :
         {Shape{samples, std::int64_t{1} << n}, Shape{layers, n, 3}, Shape{n, 2, 2, 2}}) {
      out.push_back(ops::cast(normal(shape, random), dtype));
    }
    return out;
  }

  // Of one sample: each angle is used once, by two shift terms; all Hermitians are read in one setting.
  [[nodiscard]] double angles() const { return 2.0 * layers * n * 3; }
  [[nodiscard]] double inputs() const { return 2.0 * ((1 << n) - 1); }
  [[nodiscard]] double hessian() const {
    const double rotations = (angles() + inputs()) / 2;
    return 4 * rotations * (rotations - 1) / 2 + rotations + 1 + 3 * (angles() + inputs());
  }
};

template <class Body>
Executions counted(Body&& body) {
  ExecutionCounter counter;
  body();
  return counter.take();
}

// A rotation that is shifted, or the Hermitians' entries, and where it is asked for.
struct Part {
  double rule;
  bool wanted;
  bool directed;
};

std::vector<bool> some(std::size_t count, Generator& random) {
  std::vector<bool> flags;
  for (std::size_t i = 0; i < count; ++i) flags.push_back(random.below(2) == 1);
  return flags;
}

SweepRequest some_parts(const Circuit& circuit, const Readout& readout, Generator& random) {
  SweepRequest request;
  request.angles = some(circuit.inputs().size(), random);
  request.amplitudes = circuit.amplitude_input() >= 0 && random.below(2) == 1;
  request.hermitians = some(readout.hermitian_inputs().size(), random);
  return request;
}

}  // namespace

TEST_CASE("counts of the paper's layer, in both types, on each route", "[quantum][executions]") {
  constexpr std::int64_t samples = 5;
  constexpr double n = samples;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Route route : {Route::tiles, Route::contract, Route::state}) {
      for (const Layer& base : {Layer{6, 3}, Layer{2, 1}, Layer{1, 2}}) {
        Layer layer = base;
        layer.choice.route = route;
        DYNAMIC_SECTION(dtype_name(dtype)
                        << ", route " << static_cast<int>(route) << ", " << layer.n << " qubits") {
          const Values at = layer.point(samples, dtype);
          const Executions gradient{n, n * layer.angles(), n * layer.inputs(), n * 3, 0};
          CHECK(counted([&] { layer.loss()(at); }) == Executions{n, 0, 0, 0, 0});
          CHECK(counted([&] { value_and_grad(layer.loss(), at); }) == gradient);
          Executions second = gradient;
          second.second_order = n * layer.hessian();
          CHECK(counted([&] { hvp(layer.loss(), at, at); }) == second);
          // The weights depend on the values: rows of their own, and a gradient along their change.
          layer.squares = true;
          for (double* first : {&second.angles, &second.inputs, &second.hermitians}) *first *= 3;
          CHECK(counted([&] { hvp(layer.loss(), at, at); }) == second);
        }
      }
    }
  }
  CHECK(Layer{6, 3}.angles() == 108);
  CHECK(Layer{6, 3}.inputs() == 126);
}

TEST_CASE("angles for each sample, shared ones, and inputs that nothing depends on",
          "[quantum][executions]") {
  Circuit circuit(2);
  const int a = circuit.add_input("a", {2});
  const int w = circuit.add_input("w", {3});
  circuit.angles(gate("ry"), a).add(gate("cnot"), {0, 1});
  circuit.add(gate("crot"), {0, 1}, {{w, 0}, {w, 1}, {w, 2}}).add(gate("h"), {0});
  circuit.add(gate("rx"), {0}, {{a, 0, 0.5, 0.25}}, {1}).add(gate("phase"), {1}, {Angle::constant(1)});
  const Readout readout{PauliSum{{pauli_word("ZZ", std::array{0, 1})}},
                        PauliSum{{pauli_word("X", std::array{0})}}, Probabilities{{1}}};
  Generator random(3);
  const Function both = [&](std::span<const Value> at) {
    return Values{ops::sum(expectation(circuit, readout, at))};
  };
  const Values at{normal({7, 2}, random), normal({3}, random)};
  // a: two RY of two terms and a controlled RX of four; w: three angles of four terms. ZZ and the
  // probabilities share a setting.
  CHECK(counted([&] { value_and_grad(both, at); }) == Executions{7 * 2, 7 * 2 * (8 + 12), 0, 0, 0});
  const Function shared = [&](std::span<const Value> x) { return both(std::array{at[0], x[0]}); };
  CHECK(counted([&] { value_and_grad(shared, std::array{at[1]}); }) ==
        Executions{7 * 2, 7 * 2 * 12, 0, 0, 0});
  const Values one{normal({2}, random), at[1]};
  CHECK(counted([&] { value_and_grad(both, one); }) == Executions{2, 2 * (8 + 12), 0, 0, 0});
}

TEST_CASE("shift terms by gate", "[quantum][executions]") {
  const auto terms = [](const char* name, int controls) {
    const Gate& row = gate(name);
    Circuit circuit(row.qubits() + controls);
    const int w = circuit.add_input("w", {3});
    std::vector<int> qubits, others;
    for (int q = 0; q < circuit.qubits(); ++q) (q < row.qubits() ? qubits : others).push_back(q);
    std::vector<Angle> angles;
    for (int m = 0; m < row.angles(); ++m) angles.push_back({w, m});
    circuit.add(row, qubits, angles, others);
    SweepRequest wanted, directed;
    wanted.angles = {true};
    directed.angles = {false};
    directed.values = true;
    const Readout readout{Probabilities{{0}}};
    return derivative_executions(circuit, readout, 1, wanted, directed).angles;
  };
  for (const auto& [name, plain, with_control] :
       {std::tuple{"h", 0, 0}, std::tuple{"rx", 2, 4}, std::tuple{"phase", 2, 2}, std::tuple{"rot", 6, 12},
        std::tuple{"crx", 4, 4}, std::tuple{"crot", 12, 12}, std::tuple{"cphase", 2, 2},
        std::tuple{"isingxx", 2, 4}, std::tuple{"cnot", 0, 0}, std::tuple{"u3", 6, 8}}) {
    CAPTURE(name);
    CHECK(terms(name, 0) == plain);
    CHECK(terms(name, 1) == with_control);
    CHECK(terms(name, 2) == with_control);
  }
}

// Of PennyLane 0.40: its Tracker's executions, and the circuits of param_shift_hessian.
TEST_CASE("PennyLane counts the same", "[quantum][executions]") {
  Generator random(13);
  Circuit controlled_rotations(2);
  const int w = controlled_rotations.add_input("w", {4});
  controlled_rotations.add(gate("h"), {0}).add(gate("crx"), {0, 1}, {{w, 0}});
  controlled_rotations.add(gate("crot"), {1, 0}, {{w, 1}, {w, 2}, {w, 3}});
  Circuit rotations(2);
  rotations.add_input("w", {4});
  rotations.add(gate("rx"), {0}, {{w, 0}}).add(gate("ry"), {1}, {{w, 1}}).add(gate("cnot"), {0, 1});
  rotations.add(gate("rz"), {1}, {{w, 2}}).add(gate("rx"), {0}, {{w, 3}});
  const auto loss = [](const Circuit& circuit, PauliWord word) {
    return Function([&circuit, readout = Readout{PauliSum{{std::move(word)}}}](std::span<const Value> at) {
      return Values{ops::sum(expectation(circuit, readout, at))};
    });
  };
  const Values at{normal({4}, random)};
  const Function first = loss(controlled_rotations, pauli_word("Z", std::array{0}));
  const Executions gradient = counted([&] { value_and_grad(first, at); });
  CHECK(gradient.values + gradient.angles == 17);
  const Function second = loss(rotations, pauli_word("ZX", std::array{0, 1}));
  CHECK(counted([&] { hvp(second, at, at); }).second_order == 29);
  const Readout readout{
      PauliSum{{pauli_word("ZZ", std::array{0, 1})}}, PauliSum{{pauli_word("X", std::array{2})}},
      PauliSum{{pauli_word("X", std::array{0})}}, PauliSum{{pauli_word("YX", std::array{0, 3})}}};
  CHECK(settings(readout) == 3);
}

TEST_CASE("settings and tomographies", "[quantum][executions]") {
  const auto word = [](const char* letters, std::vector<int> qubits) {
    return PauliSum{{pauli_word(letters, qubits)}};
  };
  Readout readout{word("ZZ", {0, 1}), word("Z", {0}), word("X", {2})};
  CHECK(settings(readout) == 1);
  readout.add(Probabilities{{1}});
  CHECK(settings(readout) == 1);
  readout.add(word("YX", {0, 3}));
  CHECK(settings(readout) == 2);
  readout.add(PauliSum{{PauliWord{}, pauli_word("X", std::array{1}), pauli_word("Z", std::array{1})}});
  CHECK(settings(readout) == 2);
  readout.add(Hermitian{{3}, ComplexMatrix::identity(2)});
  CHECK(settings(readout) == 2);
  readout.add(Hermitian{{3}, ComplexMatrix::identity(2)});
  CHECK(settings(readout) == 3);
  CHECK(settings(Readout{PauliSum{{PauliWord{}}}}) == 0);

  Readout matrices;
  matrices.add_hermitian_input({{0}, {1}, {1}});
  CHECK(tomography_settings(matrices, {false}) == 0);
  CHECK(tomography_settings(matrices, {true}) == 3);
  matrices.add_hermitian_input({{2, 3}});
  CHECK(tomography_settings(matrices, {true, true}) == 9);
  CHECK(tomography_settings(matrices, {false, true}) == 9);
  matrices.add_hermitian_input({{1, 2}});
  CHECK(tomography_settings(matrices, {true, true, true}) == 18);
}

TEST_CASE("second derivatives by the list of pairs", "[quantum][executions]") {
  Generator random(29);
  for (int round = 0; round < 300; ++round) {
    RandomCircuit c = random_circuit(random, 6);
    c.readout.add_hermitian_input({{0}});
    const SweepRequest wanted = some_parts(c.circuit, c.readout, random);
    const SweepRequest directed = some_parts(c.circuit, c.readout, random);
    std::vector<Part> parts;
    for (const Operation& operation : c.circuit.operations()) {
      for (int m = 0; m < static_cast<int>(operation.angles.size()); ++m) {
        const auto rule = shift_rule(*operation.gate, m, operation.controls.empty() ? 0 : 1);
        const auto input = static_cast<std::size_t>(operation.angles[static_cast<std::size_t>(m)].input);
        parts.push_back({static_cast<double>(rule.size()), wanted.angles[input], directed.angles[input]});
      }
    }
    for (std::int64_t i = 1; c.circuit.amplitude_input() >= 0 && i < c.circuit.amplitude_count(); ++i) {
      parts.push_back({2, wanted.amplitudes, directed.amplitudes});
    }
    double expected = 0;
    bool unshifted = false;
    for (std::size_t a = 0; a < parts.size(); ++a) {
      for (std::size_t b = a; b < parts.size(); ++b) {
        const bool asked = (parts[a].wanted && parts[b].directed) || (parts[b].wanted && parts[a].directed);
        const double circuits = a == b ? parts[a].rule - 1 : parts[a].rule * parts[b].rule;
        if (asked) expected += circuits * settings(c.readout);
        if (asked && a == b) unshifted = true;
      }
      std::vector<bool> matrices(c.readout.hermitian_inputs().size());
      for (std::size_t i = 0; i < matrices.size(); ++i) {
        matrices[i] =
            (parts[a].directed && wanted.hermitians[i]) || (parts[a].wanted && directed.hermitians[i]);
      }
      expected += parts[a].rule * tomography_settings(c.readout, matrices);
    }
    if (unshifted) expected += settings(c.readout);
    const Executions got = derivative_executions(c.circuit, c.readout, 3, wanted, directed);
    CHECK(got == Executions{0, 0, 0, 0, 3 * expected});
  }
}

TEST_CASE("a checkpoint's second run executes nothing", "[quantum][executions]") {
  Layer layer{2, 2};
  layer.squares = true;
  const Values at = layer.point(3, DType::f64);
  const Function loss = layer.loss();
  // Gradient steps as a function of what they start from, as in unrolled distillation.
  const auto outer = [&](bool forget) {
    Function step = [&](std::span<const Value> x) {
      const Values g = value_and_grad(loss, x).gradient;
      Values out;
      for (std::size_t i = 0; i < g.size(); ++i) out.push_back(ops::sub(x[i], g[i]));
      return out;
    };
    if (forget) step = checkpoint(step);
    const Function unrolled = [&](std::span<const Value> x) { return loss(step(step(x))); };
    return counted([&] { value_and_grad(unrolled, at); });
  };
  const Executions plain = outer(false);
  CHECK(plain.values == 9);
  CHECK(plain.second_order == 2 * 3 * layer.hessian());
  CHECK(outer(true) == plain);
}

TEST_CASE("nothing is counted outside of a counter, nor twice", "[quantum][executions]") {
  const Layer layer{2, 1};
  const Values at = layer.point(1, DType::f32);
  CHECK(ExecutionCounter::current() == nullptr);
  layer.loss()(at);
  ExecutionCounter counter;
  CHECK(counter.take() == Executions{});
  layer.loss()(at);
  CHECK(counter.take() == Executions{1, 0, 0, 0, 0});
  CHECK(counter.take() == Executions{});
}

// What the model takes from the literature, on numbers: an angle's own second derivative needs as many
// circuits as its shift rule, and amplitudes move along 2^n - 1 rotations of two terms.
TEST_CASE("the circuits that are counted suffice", "[quantum][executions]") {
  Generator random(7);
  Circuit circuit(2);
  const int x = circuit.add_input("x", {4});
  const int w = circuit.add_input("w", {2});
  circuit.amplitudes(x).add(gate("rx"), {0}, {{w, 0}}).add(gate("cry"), {0, 1}, {{w, 1}});
  const Readout readout{PauliSum{{pauli_word("XZ", std::array{0, 1}), pauli_word("Z", std::array{1})}}};
  const Tensor amplitudes = unit_rows({4}, random);
  const Tensor angles = normal({2}, random);
  const auto f = [&](const Tensor& psi, const Tensor& theta) {
    return expectation(circuit, readout, std::array{Value(psi), Value(theta)}).tensor().at(0);
  };
  const Function of_angles = [&](std::span<const Value> at) {
    return Values{ops::sum(expectation(circuit, readout, std::array{Value(amplitudes), at[0]}))};
  };
  for (const std::int64_t slot : {0, 1}) {
    std::vector<double> direction(2, 0.0);
    direction[static_cast<std::size_t>(slot)] = 1;
    const auto moved = [&](double shift) {
      std::vector<double> theta = values(angles);
      theta[static_cast<std::size_t>(slot)] += shift * std::numbers::pi;
      return f(amplitudes, Tensor::from(theta, {2}, DType::f64));
    };
    const Values u{Tensor::from(direction, {2}, DType::f64)};
    const double exact = hvp(of_angles, std::array{Value(angles)}, u)[0].tensor().at(slot);
    // The frequency 1, then 1/2 and 1.
    const double sum = slot == 0
                           ? (moved(1) - moved(0)) / 2
                           : (moved(2) - moved(0)) / 8 - (moved(0) + moved(2) - moved(1) - moved(3)) / 4;
    CHECK(std::abs(sum - exact) < 1e-12);
  }

  const Function of_amplitudes = [&](std::span<const Value> at) {
    return Values{ops::sum(expectation(circuit, readout, std::array{at[0], Value(angles)}))};
  };
  const Tensor slope = value_and_grad(of_amplitudes, std::array{Value(amplitudes)}).gradient[0].tensor();
  const std::vector<double> psi = values(amplitudes);
  std::vector<double> tangent = values(unit_rows({4}, random));
  double overlap = 0;
  for (std::size_t i = 0; i < 4; ++i) overlap += psi[i] * tangent[i];
  double square = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    tangent[i] -= overlap * psi[i];
    square += tangent[i] * tangent[i];
  }
  std::vector<double> forward(4), back(4);
  double exact = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    tangent[i] /= std::sqrt(square);
    forward[i] = psi[i] + tangent[i];
    back[i] = psi[i] - tangent[i];
    exact += slope.at(static_cast<std::int64_t>(i)) * tangent[i];
  }
  const auto state = [](const std::vector<double>& a) { return Tensor::from(a, {4}, DType::f64); };
  CHECK(std::abs(f(state(forward), angles) - f(state(back), angles) - exact) < 1e-12);
}

}  // namespace moonstill::quantum
