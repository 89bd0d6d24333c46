#include "engine/quantum/expectation.hpp"

#include "engine/autograd/gradcheck.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/core/error.hpp"
#include "engine/core/threads.hpp"
#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::quantum {
namespace {

using test::relative_error;
using test::values;

SweepRequest everything(const RandomCircuit& c, bool tangents = false) {
  SweepRequest request;
  request.tangents = tangents;
  request.angles.assign(c.circuit.inputs().size(), false);
  request.angles[0] = true;
  request.amplitudes = c.circuit.amplitude_input() >= 0;
  request.hermitians.assign(c.readout.hermitian_inputs().size(), true);
  return request;
}

SweepRequest values_only() {
  SweepRequest request;
  request.values = true;
  return request;
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t e = 0; e < a.count(); ++e) sum += a.at(e) * b.at(e);
  return sum;
}

double dot(const SweepPoint& a, const SweepPoint& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.angles.size(); ++i)
    sum += a.angles[i] && b.angles[i] ? dot(a.angles[i], b.angles[i]) : 0;
  if (a.amplitudes) sum += dot(a.amplitudes, b.amplitudes);
  for (std::size_t i = 0; i < a.hermitians.size(); ++i) sum += dot(a.hermitians[i], b.hermitians[i]);
  return sum;
}

Tensor moved(const Tensor& x, const Tensor& u, double step) {
  if (!x || !u) return x;
  std::vector<double> out = values(x);
  for (std::size_t e = 0; e < out.size(); ++e) out[e] += step * u.at(static_cast<std::int64_t>(e));
  return Tensor::from(out, x.shape(), DType::f64);
}

SweepPoint moved(const SweepPoint& x, const SweepPoint& u, double step) {
  SweepPoint out = x;
  for (std::size_t i = 0; i < x.angles.size(); ++i) out.angles[i] = moved(x.angles[i], u.angles[i], step);
  out.amplitudes = moved(x.amplitudes, u.amplitudes, step);
  for (std::size_t i = 0; i < x.hermitians.size(); ++i)
    out.hermitians[i] = moved(x.hermitians[i], u.hermitians[i], step);
  out.weights = moved(x.weights, u.weights, step);
  return out;
}

// One sample of a point, without its batch axis.
SweepPoint one_sample(const RandomCircuit& c, const SweepPoint& point, std::int64_t b) {
  const auto row = [&](const Tensor& t, std::size_t rank) {
    if (!t || t.rank() == rank) return t;
    const std::vector<double> all = values(t);
    const std::int64_t size = t.count() / t.size(0);
    return Tensor::from(
        std::span(all).subspan(static_cast<std::size_t>(b * size), static_cast<std::size_t>(size)),
        t.shape().without(0), DType::f64);
  };
  SweepPoint out = point;
  for (std::size_t i = 0; i < out.angles.size(); ++i) {
    out.angles[i] = row(point.angles[i], c.circuit.inputs()[i].shape.rank());
  }
  out.amplitudes = row(point.amplitudes, 1);
  out.weights = row(point.weights, 1);
  return out;
}

}  // namespace

TEST_CASE("random circuits: values, shift rules, finite differences", "[quantum][expectation]") {
  Generator random(17);
  double worst_value = 0;
  double worst_shift = 0;
  double worst_difference = 0;
  for (int round = 0; round < 1000; ++round) {
    const RandomCircuit c = random_circuit(random, 6);
    SweepPoint point = random_point(c, 0, true, random);
    point.weights = normal({c.readout.outputs()}, random);
    const auto loss = [&](const SweepPoint& at) {
      return dot(sweep(c.circuit, c.readout, at, {}, values_only()).values, at.weights);
    };
    const auto gradients = [&](const SweepPoint& at) {
      return sweep(c.circuit, c.readout, at, {}, everything(c)).gradients;
    };

    // Values by dense matrices, on the Hermitian part of the inputs.
    std::vector<std::vector<double>> hermitians;
    for (const Tensor& t : point.hermitians) hermitians.push_back(values(hermitian_part(t).tensor()));
    std::vector<std::vector<double>> inputs{values(point.angles[0])};
    if (point.amplitudes) inputs.push_back(values(point.amplitudes));
    const auto expected = test::read(c.readout, test::run(c.circuit, inputs), c.circuit.qubits(), hermitians);
    const SweepResult result = sweep(c.circuit, c.readout, point, {}, values_only());
    worst_value = std::max(worst_value, relative_error(values(result.values), expected));

    // Angle gradients by shift rules.
    const SweepPoint g = gradients(point);
    for (const Operation& operation : c.circuit.operations()) {
      for (int m = 0; m < static_cast<int>(operation.angles.size()); ++m) {
        const std::int64_t slot = operation.angles[static_cast<std::size_t>(m)].slot;
        double sum = 0;
        const auto rule = shift_rule(*operation.gate, m, operation.controls.empty() ? 0 : 1);
        for (const auto& [factor, shift] : rule) {
          SweepPoint shifted = point;
          std::vector<double> theta = values(point.angles[0]);
          theta[static_cast<std::size_t>(slot)] += shift;
          shifted.angles[0] = Tensor::from(theta, point.angles[0].shape(), DType::f64);
          sum += factor * loss(shifted);
        }
        worst_shift = std::max(worst_shift, std::abs(sum - g.angles[0].at(slot)));
      }
    }

    // The gradient and the Hessian along a direction by central differences.
    SweepPoint u = random_point(c, 0, true, random);
    const double h = 1e-4;
    const double slope = (loss(moved(point, u, h)) - loss(moved(point, u, -h))) / (2 * h);
    worst_difference =
        std::max(worst_difference, std::abs(slope - dot(g, u)) / std::max(1.0, std::abs(slope)));
    u.weights = normal({c.readout.outputs()}, random);
    SweepRequest all = everything(c, true);
    all.values = true;
    const SweepPoint v = random_point(c, 0, true, random);
    const SweepResult second = sweep(c.circuit, c.readout, point, u, all);
    const double curvature =
        (dot(gradients(moved(point, u, h)), v) - dot(gradients(moved(point, u, -h)), v)) / (2 * h);
    worst_difference = std::max(worst_difference, std::abs(curvature - dot(second.gradients, v)) /
                                                      std::max(1.0, std::abs(curvature)));
  }
  CHECK(worst_value < 1e-12);
  CHECK(worst_shift < 1e-11);
  CHECK(worst_difference < 1e-5);
}

TEST_CASE("a batch gives what its samples give one by one", "[quantum][expectation]") {
  Generator random(23);
  for (int round = 0; round < 60; ++round) {
    const bool shared = round % 2 == 0;
    const std::int64_t samples = std::array{2, 3, 17, 40}[static_cast<std::size_t>(round % 4)];
    const RandomCircuit c = random_circuit(random, 8);
    if (shared && c.circuit.amplitude_input() < 0) continue;
    SweepPoint point = random_point(c, samples, shared, random);
    point.weights = normal({samples, c.readout.outputs()}, random);
    SweepPoint u = random_point(c, samples, shared, random);
    u.weights = normal({samples, c.readout.outputs()}, random);
    // Tiled operands, and rows of the direction.
    SweepPoint tiled = point;
    tiled.weights = point.weights.as_tiled();
    if (tiled.amplitudes) tiled.amplitudes = point.amplitudes.as_tiled();
    if (!shared) tiled.angles[0] = point.angles[0].as_tiled();
    for (const bool tangents : {false, true}) {
      SweepRequest request = everything(c, tangents);
      request.values = true;
      const SweepResult batch = sweep(c.circuit, c.readout, tiled, u, request);
      CHECK(batch.values.tiled());
      std::vector<double> each_value;
      std::vector<double> each_angle;
      std::vector<double> each_amplitude;
      std::vector<double> sum_angle(static_cast<std::size_t>(c.slots));
      std::vector<double> sum_hermitian(static_cast<std::size_t>(point.hermitians[0].count()));
      for (std::int64_t b = 0; b < samples; ++b) {
        const SweepResult one =
            sweep(c.circuit, c.readout, one_sample(c, point, b), one_sample(c, u, b), request);
        const auto append = [](std::vector<double>& to, const Tensor& t) {
          if (!t) return;
          const auto v = values(t);
          to.insert(to.end(), v.begin(), v.end());
        };
        append(each_value, one.values);
        append(each_angle, one.gradients.angles[0]);
        append(each_amplitude, one.gradients.amplitudes);
        for (std::size_t e = 0; e < sum_angle.size(); ++e)
          sum_angle[e] += one.gradients.angles[0].at(static_cast<std::int64_t>(e));
        for (std::size_t e = 0; e < sum_hermitian.size(); ++e) {
          sum_hermitian[e] += one.gradients.hermitians[0].at(static_cast<std::int64_t>(e));
        }
      }
      CHECK(relative_error(values(batch.values), each_value) < 1e-12);
      CHECK(relative_error(values(batch.gradients.angles[0]), shared ? sum_angle : each_angle) < 1e-12);
      CHECK(relative_error(values(batch.gradients.hermitians[0]), sum_hermitian) < 1e-12);
      if (point.amplitudes) CHECK(relative_error(values(batch.gradients.amplitudes), each_amplitude) < 1e-12);
    }
  }
}

TEST_CASE("large states agree between f32, f64, one and two threads", "[quantum][expectation]") {
  Generator random(29);
  const int n = 17;
  Circuit circuit(n);
  const int w = circuit.add_input("w", {1, n, 3});
  circuit.strongly_entangling(w).add(gate("isingxx"), {3, 16}, {{w, 4}}).add(gate("cswap"), {1, 15, 2});
  circuit.add(gate("swap"), {0, 1}).add(gate("crz"), {16, 0}, {{w, 5}});
  Readout readout{PauliSum{{pauli_word("ZXY", std::array{0, 8, 16})}}, Probabilities{{16, 2}},
                  PauliSum{{pauli_word("YY", std::array{1, 2}, 0.5)}}};
  readout.add_hermitian_input({{0}, {16}});
  SweepPoint point;
  point.angles = {normal({1, n, 3}, random)};
  point.hermitians = {normal({2, 2, 2, 2}, random)};
  point.weights = normal({readout.outputs()}, random);
  SweepPoint u;
  u.angles = {normal({1, n, 3}, random)};
  SweepRequest request;
  request.values = request.tangents = true;
  request.angles = {true};
  const unsigned before = thread_count();
  set_thread_count(1);
  const SweepResult one = sweep(circuit, readout, point, u, request);
  set_thread_count(2);
  const SweepResult two = sweep(circuit, readout, point, u, request);
  set_thread_count(before);
  CHECK(test::identical(one.values, two.values));
  CHECK(test::identical(one.gradients.angles[0], two.gradients.angles[0]));
  SweepPoint single = point;
  single.angles[0] = point.angles[0].cast(DType::f32);
  single.hermitians[0] = point.hermitians[0].cast(DType::f32);
  single.weights = point.weights.cast(DType::f32);
  u.angles[0] = u.angles[0].cast(DType::f32);
  const SweepResult coarse = sweep(circuit, readout, single, u, request);
  CHECK(relative_error(values(coarse.values), values(one.values)) < 1e-4);
  CHECK(relative_error(values(coarse.gradients.angles[0]), values(one.gradients.angles[0])) < 1e-4);
}

TEST_CASE("results do not depend on the number of threads", "[quantum][expectation]") {
  Generator random(31);
  Circuit circuit(5);
  const int x = circuit.add_input("x", {32});
  circuit.amplitudes(x).strongly_entangling(circuit.add_input("w", {2, 5, 3}));
  Readout readout;
  readout.add_hermitian_input({{0}, {1}, {2}, {3}, {4}});
  SweepPoint point;
  point.angles = {Tensor(), normal({2, 5, 3}, random).cast(DType::f32)};
  point.amplitudes = unit_rows({5000, 32}, random).cast(DType::f32).as_tiled();
  point.hermitians = {normal({5, 2, 2, 2}, random).cast(DType::f32)};
  point.weights = normal({5000, 5}, random).cast(DType::f32).as_tiled();
  SweepRequest request;
  request.values = request.amplitudes = true;
  request.angles = {false, true};
  request.hermitians = {true};
  const unsigned before = thread_count();
  set_thread_count(1);
  const SweepResult one = sweep(circuit, readout, point, {}, request);
  set_thread_count(2);
  const SweepResult two = sweep(circuit, readout, point, {}, request);
  set_thread_count(before);
  CHECK(test::identical(one.values, two.values));
  CHECK(test::identical(one.gradients.angles[1], two.gradients.angles[1]));
  CHECK(test::identical(one.gradients.amplitudes, two.gradients.amplitudes));
  CHECK(test::identical(one.gradients.hermitians[0], two.gradients.hermitians[0]));
}

TEST_CASE("shifting an observable by c times the identity shifts its value by c", "[quantum][expectation]") {
  Generator random(37);
  for (int round = 0; round < 20; ++round) {
    const RandomCircuit c = random_circuit(random, 6);
    SweepPoint point = random_point(c, 3, false, random);
    const auto before = values(sweep(c.circuit, c.readout, point, {}, values_only()).values);
    std::vector<double> numbers = values(point.hermitians[0]);
    for (const std::size_t e : {0U, 6U, 8U, 14U}) numbers[e] += 1.75;
    point.hermitians[0] = Tensor::from(numbers, point.hermitians[0].shape(), DType::f64);
    const auto after = values(sweep(c.circuit, c.readout, point, {}, values_only()).values);
    const std::size_t outputs = before.size() / 3;
    for (std::size_t e = 0; e < before.size(); ++e) {
      const bool shifted = e % outputs == outputs - 2 || e % outputs == outputs - 3;
      CHECK(after[e] - before[e] == test::Approx(shifted ? 1.75 : 0.0).margin(1e-12));
    }
  }
}

TEST_CASE("the primitives pass the gradient check", "[quantum][expectation]") {
  for (const Primitive* primitive : primitives()) {
    DYNAMIC_SECTION(primitive->name) { CHECK(gradcheck(*primitive) < 1e-6); }
  }
}

namespace {

// A loss through a circuit with embedded inputs: mean of the squared expectation values.
Function small_loss() {
  Circuit circuit(2);
  const int x = circuit.add_input("x", {4});
  circuit.amplitudes(x).strongly_entangling(circuit.add_input("w", {2, 2, 3}));
  Readout readout;
  readout.add_hermitian_input({{0}, {1}});
  return [circuit, readout](std::span<const Value> in) {
    const Value f = expectation(circuit, readout, in.first(2), in.subspan(2, 1));
    return Values{ops::mean(ops::square(f))};
  };
}

Values small_point(std::uint64_t seed) {
  Generator random(seed);
  return {normal({3, 4}, random), normal({2, 2, 3}, random), normal({2, 2, 2, 2}, random)};
}

}  // namespace

TEST_CASE("forward over reverse equals reverse over forward", "[quantum][expectation]") {
  const Function loss = small_loss();
  const Values x = small_point(41);
  const Values u = small_point(43);
  const Function slope_along = [&](std::span<const Value> at) { return jvp(loss, at, u).tangents; };
  const Function gradient = [&](std::span<const Value> at) { return value_and_grad(loss, at).gradient; };
  const Values reverse_over_forward = value_and_grad(slope_along, x).gradient;
  const Values forward_over_reverse = jvp(gradient, x, u).tangents;
  const Values reverse_over_reverse = hvp(loss, x, u);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto expected = values(reverse_over_reverse[i].tensor());
    CHECK(relative_error(values(reverse_over_forward[i].tensor()), expected) < 1e-12);
    CHECK(relative_error(values(forward_over_reverse[i].tensor()), expected) < 1e-12);
  }
  CHECK(gradcheck(loss, x) < 1e-6);
}

TEST_CASE("third derivatives are refused by name", "[quantum][expectation]") {
  const Function loss = small_loss();
  const Values x = small_point(47);
  const Values u = small_point(53);
  const Function curvature = [&](std::span<const Value> at) { return Values{ops::sum(hvp(loss, at, u)[1])}; };
  CHECK_THROWS_WITH(value_and_grad(curvature, x), "circuit: derivatives of order 3 are not offered");
}

namespace {

// Gradient and Hessian-vector products of a loss through a layer that takes this route.
Values second_order(Route route, bool local, const Values& at, const Values& direction) {
  Circuit circuit(6);
  circuit.amplitudes(circuit.add_input("x", {64})).strongly_entangling(circuit.add_input("w", {2, 6, 3}));
  // With observables of single qubits only, samples behind full tiles go through the circuit in packs.
  Readout readout{PauliSum{{local ? pauli_word("Y", std::array{1}) : pauli_word("XZ", std::array{0, 1})}}};
  readout.add_hermitian_input({{0}, {2}});
  const auto measurement = std::make_shared<const Measurement>(Measurement{circuit, readout, {route, {}}});
  const Function loss = [&](std::span<const Value> x) {
    return Values{ops::mean(ops::square(expectation(measurement, x.first(2), x.subspan(2))))};
  };
  Values out = value_and_grad(loss, at).gradient;
  std::ranges::copy(hvp(loss, at, direction), std::back_inserter(out));
  const Function of_angles = [&](std::span<const Value> w) { return loss(std::array{at[0], w[0], at[2]}); };
  out.push_back(hvp(of_angles, std::span(at).subspan(1, 1), std::span(direction).subspan(1, 1))[0]);
  return out;
}

}  // namespace

TEST_CASE("amplitudes that tiles embed give what normalised ones give", "[quantum][expectation]") {
  Generator random(59);
  const bool local = GENERATE(false, true);
  for (const std::int64_t samples : {2, 16, 17, 19, 35}) {
    Values at{normal({samples, 64}, random), normal({2, 6, 3}, random), normal({2, 2, 2, 2}, random)};
    Values direction{normal({samples, 64}, random), normal({2, 6, 3}, random), normal({2, 2, 2, 2}, random)};
    // Norms whose squares vanish or overflow, and the last one's is nothing.
    Tensor sizes = Tensor::full({samples, 1}, 1.0, DType::f64);
    sizes.write<double>()[0] = samples % 2 == 1 ? 1e-170 : 1e160;
    sizes.write<double>().back() = 0;
    at[0] = ops::mul(at[0], sizes);
    direction[0] = ops::mul(direction[0], sizes);
    sizes.write<double>().back() = 1;
    const Values expected = second_order(Route::state, local, at, direction);
    for (const Layout layout : {Layout::row_major, Layout::tiled}) {
      at[0] = at[0].tensor().with_layout(layout);
      direction[0] = direction[0].tensor().with_layout(layout);
      const Values got = second_order(Route::tiles, local, at, direction);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        Value difference = ops::sub(got[i], expected[i]);
        // Derivatives of amplitudes are as far apart as their norms.
        if (expected[i].shape() == at[0].shape()) difference = ops::mul(difference, sizes);
        const std::vector<double> errors = values(ops::abs(difference).tensor());
        CHECK(std::ranges::all_of(errors, [](double e) { return e < 1e-11; }));
      }
    }
  }
}

TEST_CASE("zero amplitudes stand for basis state 0", "[quantum][expectation]") {
  Circuit circuit(1);
  circuit.amplitudes(circuit.add_input("x", {2}));
  const Readout readout{PauliSum{{pauli_word("Z", std::array{0})}}};
  const std::vector<Value> x{Tensor::from(std::array{0.0, 0.0, 0.0, 3.0}, {2, 2}, DType::f64)};
  CHECK(values(expectation(circuit, readout, x).tensor()) == std::vector{1.0, -1.0});
}

TEST_CASE("inputs that do not fit are refused", "[quantum][expectation]") {
  Circuit circuit(2, 1);
  const int x = circuit.add_input("x", {4});
  circuit.amplitudes(x).angles(gate("rx"), circuit.add_input("a", {2}));
  const Readout readout{PauliSum{{pauli_word("Z", std::array{0})}}};
  const auto zeros = [](const Shape& shape) { return Value(Tensor::zeros(shape, DType::f64)); };
  const auto call = [&](std::vector<Value> inputs) { return expectation(circuit, readout, inputs); };
  CHECK_THROWS_WITH(call({zeros({4})}), "circuit: expected 2 inputs, got 1");
  CHECK_THROWS_WITH(call({zeros({5}), zeros({2})}),
                    "circuit: 'x' must have shape [4], or one axis more for samples; got [5]");
  CHECK_THROWS_WITH(call({zeros({3, 4}), zeros({2, 2})}),
                    test::ContainsSubstring("has 3 samples, the inputs before it have 2"));
  CHECK_THROWS_WITH(call({zeros({4}), zeros({3})}),
                    "circuit: 'a' must have shape [2], or one axis more for samples; got [3]");
  CHECK_THROWS_WITH(call({zeros({4}), Value()}), "circuit: input 'a' is missing");
  CHECK_THROWS_WITH(call({Value(Tensor::zeros({4}, DType::i32)), zeros({2})}),
                    "circuit: 'x' holds amplitudes: expected f32 or f64, got i32");
  const Readout outside{PauliSum{{pauli_word("Z", std::array{2})}}};
  const std::vector<Value> inputs{zeros({4}), zeros({2})};
  CHECK_THROWS_WITH(expectation(circuit, outside, inputs), "pauli: qubit 3 is outside 1..2");
  CHECK_THROWS_WITH(expectation(circuit, Readout(), inputs),
                    "readout: expected at least one observable, got none");
  CHECK_THROWS_WITH(state(circuit, std::vector<Value>{zeros({4})}), "circuit: expected 2 inputs, got 1");
}

}  // namespace moonstill::quantum
