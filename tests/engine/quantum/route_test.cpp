// The routes against each other: 16 samples side by side, and one state at a time in blocks of several sizes.
#include <cmath>
#include <memory>
#include <numbers>
#include <numeric>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/core/memory.hpp"
#include "engine/core/threads.hpp"
#include "engine/quantum/plan.hpp"
#include "engine/quantum/state_plan.hpp"
#include "engine/quantum/sweep.hpp"
#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::quantum {
namespace {

using test::relative_error;
using test::values;

SweepPoint cast(const SweepPoint& point, DType dtype) {
  const auto convert = [&](const Tensor& t) { return t ? t.cast(dtype) : t; };
  SweepPoint out;
  for (const Tensor& t : point.angles) out.angles.push_back(convert(t));
  out.amplitudes = convert(point.amplitudes);
  for (const Tensor& t : point.hermitians) out.hermitians.push_back(convert(t));
  out.weights = convert(point.weights);
  return out;
}

// Values and all gradients, one after the other.
std::vector<double> numbers(const SweepResult& result) {
  std::vector<double> out = values(result.values);
  const auto append = [&](const Tensor& t) {
    if (!t) return;
    const auto v = values(t);
    out.insert(out.end(), v.begin(), v.end());
  };
  for (const Tensor& t : result.gradients.angles) append(t);
  append(result.gradients.amplitudes);
  for (const Tensor& t : result.gradients.hermitians) append(t);
  return out;
}

SweepRequest request_for(const RandomCircuit& c, bool tangents, RouteChoice choice) {
  SweepRequest request;
  request.values = true;
  request.tangents = tangents;
  request.angles.assign(c.circuit.inputs().size(), false);
  request.angles[0] = true;
  request.amplitudes = c.circuit.amplitude_input() >= 0;
  request.hermitians.assign(c.readout.hermitian_inputs().size(), true);
  request.choice = choice;
  return request;
}

// Of a circuit with the inputs amplitudes and angles, and one Hermitian input.
SweepRequest request_for_all(bool tangents) {
  SweepRequest request;
  request.values = true;
  request.tangents = tangents;
  request.angles = {false, true};
  request.amplitudes = true;
  request.hermitians = {true};
  return request;
}

// A wide circuit whose CNOTs leave masks of all kinds: among lanes, above them, and both.
Circuit entangled(int n, Generator& random) {
  Circuit circuit(n);
  const int w = circuit.add_input("w", {2, n, 3});
  circuit.strongly_entangling(w);
  for (int round = 0; round < 3 * n; ++round)
    circuit.add(gate("cnot"), some_qubits(2, n, random)).add(gate("x"), some_qubits(1, n, random));
  std::int64_t slot = 0;
  for (const char* name : {"crx", "isingyy", "rot", "crot", "isingzz", "cphase", "ry"}) {
    std::vector<Angle> angles;
    for (int m = 0; m < gate(name).angles(); ++m) angles.push_back({w, slot++});
    circuit.add(gate(name), some_qubits(gate(name).qubits(), n, random), angles);
  }
  circuit.add(gate("toffoli"), some_qubits(3, n, random)).add(gate("cswap"), some_qubits(3, n, random));
  const std::vector<int> five = some_qubits(5, n, random);
  return circuit.add(gate("rx"), {five[0]}, {{w, slot}}, {five.begin() + 1, five.end()});
}

}  // namespace

TEST_CASE("routes agree on values, gradients and Hessians", "[quantum][route]") {
  Generator random(211);
  double worst_f64 = 0;
  double worst_f32 = 0;
  for (int round = 0; round < 120; ++round) {
    const RandomCircuit c = random_circuit(random, 10, 8, round / 4 % 2 == 1);
    const std::int64_t samples = std::array{1, 2, 3, 17}[static_cast<std::size_t>(round % 4)];
    const bool shared = random.below(2) == 0;
    const SweepPoint point = [&] {
      SweepPoint p = random_point(c, samples, shared, random);
      p.weights = normal({samples, c.readout.outputs()}, random);
      return p;
    }();
    if (shared && c.circuit.amplitude_input() < 0) continue;
    SweepPoint u = random_point(c, samples, shared, random);
    u.weights = normal(point.weights.shape(), random);
    for (const bool tangents : {false, true}) {
      const SweepRequest tiles = request_for(c, tangents, {Route::tiles, {}});
      const std::vector<double> expected = numbers(sweep(c.circuit, c.readout, point, u, tiles));
      if (!tangents) {
        // Backward from states that a sweep for values has left.
        SweepRequest first;
        first.values = true;
        first.choice = tiles.choice;
        first.states = std::make_shared<Tensor>();
        SweepRequest second = tiles;
        second.states = first.states;
        sweep(c.circuit, c.readout, point, {}, first);
        worst_f64 = std::max(
            worst_f64, relative_error(numbers(sweep(c.circuit, c.readout, point, {}, second)), expected));
      }
      for (const RouteChoice choice :
           {RouteChoice{Route::state, 3}, RouteChoice{Route::state, 5}, RouteChoice{Route::state, 14},
            RouteChoice{Route::contract, {}}, RouteChoice{}}) {
        const SweepRequest other = request_for(c, tangents, choice);
        const auto got = numbers(sweep(c.circuit, c.readout, point, u, other));
        worst_f64 = std::max(worst_f64, relative_error(got, expected));
        const auto coarse =
            numbers(sweep(c.circuit, c.readout, cast(point, DType::f32), cast(u, DType::f32), other));
        worst_f32 = std::max(worst_f32, relative_error(coarse, expected));
      }
    }
  }
  CHECK(worst_f64 < 1e-12);
  CHECK(worst_f32 < 1e-4);
}

TEST_CASE("batches of every size give what their samples give one by one", "[quantum][route]") {
  Generator random(239);
  // Samples behind full tiles, or behind pairs of them, go through the circuit in packs where it has
  // rotations and phases only, affine relabelling, and observables of single qubits.
  const bool packs = GENERATE(false, true);
  const int n = packs ? GENERATE(5, 6, 7, 9, 11) : 5;
  Circuit circuit(n);
  const int x = circuit.add_input("x", {1 << n});
  const int w = circuit.add_input("w", {2, n, 3});
  circuit.amplitudes(x).strongly_entangling(w).add(gate("isingzz"), {0, 3}, {{w, 1}});
  circuit.add(gate("x"), {2}).add(gate("swap"), {1, 3}).add(gate("ry"), {2}, {{w, 4}});
  if (!packs) circuit.add(gate("crx"), {4, 2}, {{w, 4}}).add(gate("toffoli"), {1, 0, 3});
  Readout readout{
      PauliSum{{packs ? pauli_word("Y", std::array{2}) : pauli_word("XYZ", std::array{0, 2, 4})}}};
  readout.add_hermitian_input({{1}, {3}, {1}, {4}});
  CHECK(Plan(circuit, readout, {true, true}).takes_packs() == packs);
  const bool tangents = GENERATE(false, true);
  const unsigned threads = thread_count();
  std::vector<std::int64_t> sizes{9, 18, 23, 45, 52};
  if (n < 11) {
    sizes.resize(n == 9 ? 60 : 40);
    std::iota(sizes.begin(), sizes.end(), 1);
  }
  for (const std::int64_t samples : sizes) {
    SweepPoint point;
    point.angles = {{}, normal({2, n, 3}, random)};
    point.amplitudes = unit_rows({samples, 1 << n}, random);
    point.hermitians = {normal({4, 2, 2, 2}, random)};
    point.weights = normal({samples, readout.outputs()}, random);
    SweepPoint u = point;
    u.angles[1] = normal({2, n, 3}, random);
    u.weights = normal({samples, readout.outputs()}, random);
    SweepRequest request = request_for_all(tangents);
    for (const DType dtype : {DType::f32, DType::f64}) {
      const auto run = [&](const RouteChoice& choice, unsigned count) {
        set_thread_count(count);
        request.choice = choice;
        return numbers(sweep(circuit, readout, cast(point, dtype), cast(u, dtype), request));
      };
      const std::vector<double> tiles = run({Route::tiles}, 1);
      for (const RouteChoice& other : {RouteChoice{Route::state}, RouteChoice{Route::tiles, {}, true},
                                       RouteChoice{Route::tiles, {}, false}, RouteChoice{}})
        CHECK(relative_error(tiles, run(other, 1)) < test::tolerance(dtype));
      CHECK(tiles == run({Route::tiles}, 2));
      if (tangents) continue;
      // Gradients from the states that a sweep for values has left.
      const SweepPoint at = cast(point, dtype);
      SweepRequest values;
      values.values = true;
      values.choice = request.choice;
      values.states = std::make_shared<Tensor>();
      SweepRequest gradients = request;
      const std::vector<double> fresh = numbers(sweep(circuit, readout, at, {}, gradients));
      sweep(circuit, readout, at, {}, values);
      gradients.states = values.states;
      CHECK(numbers(sweep(circuit, readout, at, {}, gradients)) == fresh);
    }
  }
  set_thread_count(threads);
}

namespace {

// Two strongly entangling layers observed by Hermitians of five qubits, and a point.
struct Layer {
  int n;
  Circuit circuit{n};
  Readout readout;

  explicit Layer(int qubits) : n(qubits) {
    const int x = circuit.add_input("x", {1 << n});
    const int w = circuit.add_input("w", {2, n, 3});
    circuit.amplitudes(x).strongly_entangling(w);
    readout.add_hermitian_input({{0}, {1}, {2}, {3}, {5}});
  }

  [[nodiscard]] SweepPoint point(std::int64_t samples, Generator& random) const {
    SweepPoint point;
    point.angles = {{}, normal({2, n, 3}, random)};
    point.amplitudes = unit_rows({samples, 1 << n}, random);
    point.hermitians = {normal({5, 2, 2, 2}, random)};
    point.weights = normal({samples, readout.outputs()}, random);
    return point;
  }
};

}  // namespace

TEST_CASE("nothing depends on what lies in memory, in lanes without a sample nor in results",
          "[quantum][route]") {
  Generator random(251);
  // Of nine qubits threads share packs, and with them a tile's rows.
  const Layer layer(GENERATE(6, 9));
  const DType dtype = GENERATE(DType::f32, DType::f64);
  const bool embed = GENERATE(false, true);
  for (const std::int64_t samples : {1, 2, 3, 5, 8, 9, 13, 17, 18, 19, 20, 21, 30, 45}) {
    SweepPoint point = cast(layer.point(samples, random), dtype);
    SweepRequest request = request_for_all(false);
    request.embed = embed;
    request.choice = {Route::tiles, {}};
    const auto run = [&] { return numbers(sweep(layer.circuit, layer.readout, point, {}, request)); };
    const std::vector<double> expected = run();
    // Memory of all sizes that comes back from the pool holds NaN.
    std::vector<Tensor> used;
    for (std::int64_t size = 64; size < 1 << 16; size += size / 8) {
      for (int block = 0; block < 4; ++block)
        used.push_back(Tensor::full({size}, std::numeric_limits<double>::quiet_NaN(), dtype));
    }
    used.clear();
    CHECK(run() == expected);
    point.amplitudes = point.amplitudes.as_tiled();
    point.weights = point.weights.as_tiled();
    CHECK(run() == expected);
  }
}

TEST_CASE("rotations by half turns, whose cosine is nothing, are as exact as others", "[quantum][route]") {
  Generator random(331);
  Circuit circuit(4);
  const int x = circuit.add_input("x", {16});
  const int w = circuit.add_input("w", {4});
  circuit.amplitudes(x);
  for (int q = 0; q < 4; ++q) circuit.add(gate("ry"), {q}, {{w, q}});
  for (int q = 0; q < 4; ++q) circuit.add(gate("rz"), {q}, {Angle::constant(0.3 + q)});
  for (int q = 0; q < 4; ++q) circuit.add(gate("ry"), {q}, {{w, 3 - q, 1.0, 0.5 * q}});
  Readout readout;
  readout.add_hermitian_input({{0}, {1}, {2}, {3}});
  const double pi = std::numbers::pi;
  for (const std::vector<double>& angles : {std::vector{pi, -pi, pi, 3 * pi},
                                            {0.0, 2 * pi, pi + 1e-7, pi},
                                            {pi - 1e-13, pi, -2 * pi, 1e-30},
                                            {pi, 3.1415927, 0.1, pi}}) {
    SweepPoint point;
    point.angles = {Tensor(), Tensor::from(angles, {4}, DType::f64)};
    point.amplitudes = unit_rows({3, 16}, random);
    point.hermitians = {normal({4, 2, 2, 2}, random)};
    point.weights = normal({3, 4}, random);
    SweepPoint u = point;
    for (const bool tangents : {false, true}) {
      SweepRequest request = request_for_all(tangents);
      request.choice.route = Route::state;
      const std::vector<double> expected = numbers(sweep(circuit, readout, point, u, request));
      request.choice.route = Route::tiles;
      CHECK(relative_error(numbers(sweep(circuit, readout, point, u, request)), expected) < 1e-13);
      const auto coarse =
          numbers(sweep(circuit, readout, cast(point, DType::f32), cast(u, DType::f32), request));
      CHECK(relative_error(coarse, expected) < 1e-5);
    }
  }
}

TEST_CASE("a deep circuit is contracted where the last tile is narrow, too", "[quantum][route]") {
  Generator random(241);
  Circuit circuit(5);
  circuit.amplitudes(circuit.add_input("x", {32})).strongly_entangling(circuit.add_input("w", {20, 5, 3}));
  Readout readout{PauliSum{{pauli_word("XZ", std::array{0, 3})}}, Probabilities{{1}}};
  readout.add_hermitian_input({{2}, {4}});
  CHECK(contraction_pays(5, {1024, true}, Plan(circuit, readout, {true, true}).cost()));
  CHECK(!contraction_pays(5, {30, true}, Plan(circuit, readout, {true, true}).cost()));
  SweepPoint point;
  SweepPoint u;
  for (SweepPoint* p : {&point, &u}) {
    p->angles = {Tensor(), normal({20, 5, 3}, random)};
    p->amplitudes = normal({37, 32}, random).as_tiled();
    p->hermitians = {normal({2, 2, 2, 2}, random)};
    p->weights = normal({37, 5}, random).as_tiled();
  }
  for (const bool tangents : {false, true}) {
    SweepRequest request = request_for_all(tangents);
    request.choice.route = Route::tiles;
    const std::vector<double> expected = numbers(sweep(circuit, readout, point, u, request));
    request.choice.route = Route::contract;
    CHECK(relative_error(numbers(sweep(circuit, readout, point, u, request)), expected) < 1e-12);
    SweepPoint part = u;
    part.amplitudes = Tensor();
    request.choice.route = Route::tiles;
    const std::vector<double> without = numbers(sweep(circuit, readout, point, part, request));
    request.choice.route = Route::contract;
    CHECK(relative_error(numbers(sweep(circuit, readout, point, part, request)), without) < 1e-12);
  }
}

TEST_CASE("states that a sweep for values leaves save the gradient's way forward", "[quantum][route]") {
  Generator random(251);
  for (const bool shared : {true, false}) {
    Circuit circuit(4);
    circuit.amplitudes(circuit.add_input("x", {16})).strongly_entangling(circuit.add_input("w", {2, 4, 3}));
    Readout readout{PauliSum{{pauli_word("XZ", std::array{0, 3})}}};
    SweepPoint point;
    point.angles = {Tensor(), normal(shared ? Shape{2, 4, 3} : Shape{19, 2, 4, 3}, random)};
    point.amplitudes = normal({19, 16}, random).as_tiled();
    point.weights = normal({19, 1}, random);
    SweepRequest gradients;
    gradients.values = true;
    gradients.angles = {false, true};
    gradients.amplitudes = true;
    gradients.choice.route = Route::tiles;
    const std::vector<double> expected = numbers(sweep(circuit, readout, point, {}, gradients));
    SweepRequest value;
    value.values = true;
    value.choice.route = Route::tiles;
    value.states = gradients.states = std::make_shared<Tensor>();
    (void)sweep(circuit, readout, point, {}, value);
    REQUIRE(*value.states);
    CHECK(numbers(sweep(circuit, readout, point, {}, gradients)) == expected);
    // They are used indeed.
    *gradients.states = Tensor::zeros(value.states->shape(), DType::f64);
    CHECK(numbers(sweep(circuit, readout, point, {}, gradients)) != expected);
  }
}

TEST_CASE("blocks of any size and threads of any number give the same state", "[quantum][route]") {
  Generator random(223);
  const int n = 9;
  const unsigned before = thread_count();
  for (int round = 0; round < 10; ++round) {
    const Circuit circuit = entangled(n, random);
    Readout readout{PauliSum{{pauli_word("XYZXYZXYZ", std::array{0, 1, 2, 3, 4, 5, 6, 7, 8}),
                              pauli_word("ZZ", std::array{8, 2}), pauli_word("XX", std::array{8, 7})}},
                    Probabilities{{8, 1, 4}}};
    readout.add_hermitian_input({{8, 0}, {5, 7}}).add_hermitian_input({{3, 6, 8}});
    SweepPoint point;
    point.angles = {normal({1, 2, n, 3}, random)};
    point.hermitians = {normal({2, 4, 4, 2}, random), normal({8, 8, 2}, random)};
    point.weights = normal({1, readout.outputs()}, random);
    SweepPoint u = point;
    u.angles = {normal({1, 2, n, 3}, random)};
    SweepRequest request;
    request.values = request.tangents = true;
    request.angles = {true};
    request.hermitians = {true, true};
    request.choice = {Route::tiles, {}};
    const auto expected = numbers(sweep(circuit, readout, point, u, request));
    SweepPoint angles;
    angles.angles = point.angles;
    const auto states = values(final_states(circuit, angles, DType::f64, {Route::tiles, {}}));
    for (const int block_bits : {3, 4, 6, 8}) {
      request.choice = {Route::state, block_bits};
      std::vector<std::vector<double>> got;
      for (const unsigned threads : {1U, 2U}) {
        set_thread_count(threads);
        got.push_back(numbers(sweep(circuit, readout, point, u, request)));
      }
      set_thread_count(before);
      CHECK(relative_error(got[0], expected) < 1e-12);
      CHECK(got[0] == got[1]);
      CHECK(relative_error(values(final_states(circuit, angles, DType::f64, request.choice)), states) <
            1e-13);
    }
  }
}

TEST_CASE("merged diagonals give what whole gates give", "[quantum][route]") {
  Generator random(227);
  const int n = 7;
  const std::int64_t samples = 5;
  for (int round = 0; round < 10; ++round) {
    Circuit circuit = entangled(n, random);
    const int w = circuit.add_input("v", {n});
    for (int q = 0; q < n; ++q) {
      circuit.add(gate("crz"), {q, (q + 2) % n}, {{w, q, -1.5}});
      circuit.add(gate("isingzz"), {q, (q + 1) % n}, {{w, (q + 3) % n, 0.5, 0.25}});
      circuit.add(gate("s"), {q}).add(gate("ry"), {q}, {{w, q}}).add(gate("cz"), {q, (q + 1) % n});
    }
    Readout readout{PauliSum{{pauli_word("XYZ", std::array{0, 3, 6})}}};
    readout.add_hermitian_input({{1}, {5}});
    const StatePlan merged(circuit, readout, 3, 14, {true, true});
    CHECK(std::ranges::any_of(merged.operations(), [](const auto& o) { return o.form == Form::phases; }));
    SweepPoint point;
    point.angles = {normal({2, n, 3}, random), normal({n}, random)};
    point.hermitians = {normal({2, 2, 2, 2}, random)};
    point.weights = normal({samples, readout.outputs()}, random);
    // Only weights differ among samples: as many as one batch axis of angles that no gate uses.
    circuit.add_input("batch", {1});
    point.angles.push_back(normal({samples, 1}, random));
    SweepPoint u = point;
    u.angles[0] = normal({2, n, 3}, random);
    u.angles[1] = normal({n}, random);
    SweepRequest request;
    request.values = true;
    request.angles = {true, true};
    request.hermitians = {true};
    for (const bool tangents : {false, true}) {
      request.tangents = tangents;
      SweepPoint one = point;
      SweepPoint along = u;
      std::vector<double> expected;
      for (std::int64_t b = 0; b < samples; ++b) {
        const auto row = [&](const Tensor& t) {
          const std::vector<double> all = values(t);
          const auto size = static_cast<std::size_t>(t.count() / samples);
          return Tensor::from(std::span(all).subspan(static_cast<std::size_t>(b) * size, size),
                              t.shape().without(0), DType::f64);
        };
        for (auto [from, to] : {std::pair{&point, &one}, {&u, &along}}) {
          to->weights = row(from->weights);
          to->angles[2] = row(from->angles[2]);
        }
        // Of gradients the sum over samples, after the values.
        const SweepResult result = sweep(circuit, readout, one, along, request);
        std::vector<double> got = values(result.gradients.angles[0]);
        for (const Tensor& t : {result.gradients.angles[1], result.gradients.hermitians[0]}) {
          const auto v = values(t);
          got.insert(got.end(), v.begin(), v.end());
        }
        expected.resize(got.size());
        for (std::size_t e = 0; e < got.size(); ++e) expected[e] += got[e];
      }
      for (const int block_bits : {3, 5, 14}) {
        request.choice = {Route::state, block_bits};
        SweepResult batch = sweep(circuit, readout, point, u, request);
        batch.values = Tensor::zeros({1}, DType::f64);
        std::vector<double> got = numbers(batch);
        got.erase(got.begin());
        CHECK(relative_error(got, expected) < 1e-12);
      }
      request.choice = {};
    }
  }
}

TEST_CASE("a large state is refused before it is made", "[quantum][route]") {
  Circuit circuit(24);
  circuit.add(gate("h"), {0});
  const Readout readout{PauliSum{{pauli_word("Z", std::array{0})}}};
  const std::size_t limit = memory_stats().limit_bytes;
  trim_memory();
  set_memory_limit(memory_stats().live_bytes + (std::size_t{100} << 20));
  SweepRequest request;
  request.values = true;
  CHECK_THROWS_AS(sweep(circuit, readout, {}, {}, request), Error);
  set_memory_limit(limit);
}

TEST_CASE("one state can be interrupted", "[quantum][route]") {
  Circuit circuit(12);
  circuit.add(gate("h"), {0});
  const Readout readout{PauliSum{{pauli_word("Z", std::array{0})}}};
  SweepRequest request;
  request.values = true;
  request.choice.route = Route::state;
  request_interrupt();
  CHECK_THROWS_AS(sweep(circuit, readout, {}, {}, request), Error);
  clear_interrupt();
}

}  // namespace moonstill::quantum
