#include "engine/quantum/gates.hpp"

#include <functional>

#include "engine/core/error.hpp"
#include "engine/quantum/sweep.hpp"
#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::quantum {
namespace {

constexpr std::array some_angles{0.7, -1.9, 2.3};

// Every ordered choice of k of n qubits.
void each_placement(int n, int k, std::vector<int>& chosen,
                    const std::function<void(const std::vector<int>&)>& visit) {
  if (static_cast<int>(chosen.size()) == k) return visit(chosen);
  for (int q = 0; q < n; ++q) {
    if (std::ranges::find(chosen, q) != chosen.end()) continue;
    chosen.push_back(q);
    each_placement(n, k, chosen, visit);
    chosen.pop_back();
  }
}

std::vector<double> row(const Tensor& t, std::int64_t index, std::int64_t size) {
  const std::vector<double> all = test::values(t);
  return {all.begin() + index * size, all.begin() + (index + 1) * size};
}

// The largest deviation of the engine from the dense reference for one gate in one place.
double deviation(const Gate& gate, const std::vector<int>& qubits, int n, DType dtype, std::int64_t batch,
                 bool shared, Generator& random) {
  Circuit circuit(n);
  const int input = circuit.add_input("theta", {gate.angles()});
  circuit.amplitudes(circuit.add_input("x", {circuit.amplitude_count()}));
  std::vector<Angle> angles;
  for (int m = 0; m < gate.angles(); ++m) angles.push_back({input, m});
  circuit.add(gate, qubits, angles);

  SweepPoint point;
  point.angles = {normal(shared ? Shape{gate.angles()} : Shape{batch, gate.angles()}, random).cast(dtype),
                  Tensor()};
  point.amplitudes = unit_rows({batch, circuit.amplitude_count()}, random).cast(dtype);
  const std::vector<double> got = test::values(final_states(circuit, point, dtype));
  double worst = 0;
  for (std::int64_t b = 0; b < batch; ++b) {
    const auto theta = row(point.angles[0], shared ? 0 : b, gate.angles());
    const auto expected = test::run(circuit, {theta, row(point.amplitudes, b, circuit.amplitude_count())});
    for (std::size_t r = 0; r < expected.size(); ++r) {
      const std::size_t at = (static_cast<std::size_t>(b) * expected.size() + r) * 2;
      worst = std::max(worst, std::abs(std::complex<double>(got[at], got[at + 1]) - expected[r]));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("gates agree with dense matrices on every choice of qubits", "[quantum][gates]") {
  Generator random(3);
  for (const Gate& gate : gates()) {
    DYNAMIC_SECTION(gate.name) {
      for (const DType dtype : {DType::f32, DType::f64}) {
        const double tolerance = dtype == DType::f32 ? 1e-6 : 1e-13;
        for (int n = gate.qubits(); n <= 5; ++n) {
          std::vector<int> chosen;
          each_placement(n, gate.qubits(), chosen, [&](const std::vector<int>& qubits) {
            for (const std::int64_t batch : {1, 3, 17}) {
              for (const bool shared : {true, false}) {
                if (!shared && gate.angles() == 0) continue;
                const double off = deviation(gate, qubits, n, dtype, batch, shared, random);
                if (off > tolerance) FAIL_CHECK("off by " << off << " at n = " << n << ", batch = " << batch);
              }
            }
          });
        }
      }
      SUCCEED();
    }
  }
}

TEST_CASE("gates are unitary", "[quantum][gates]") {
  for (const Gate& gate : gates()) {
    DYNAMIC_SECTION(gate.name) { CHECK(distance_from_unitary(full_matrix(gate, some_angles)) < 1e-15); }
  }
}

TEST_CASE("adjoint gates undo the gates", "[quantum][gates]") {
  for (const auto& [one, other] : {std::pair{"s", "sdg"}, {"t", "tdg"}, {"sx", "sxdg"}}) {
    const ComplexMatrix product = target_matrix(gate(one), {}) * target_matrix(gate(other), {});
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) CHECK(std::abs(product(i, j) - (i == j ? 1.0 : 0.0)) < 1e-15);
    }
  }
}

TEST_CASE("jets hold the derivatives of a gate's matrix", "[quantum][gates]") {
  const std::array direction{0.3, -0.8, 0.5};
  const double h = 1e-4;
  for (const Gate& gate : gates()) {
    if (gate.angles() == 0) continue;
    DYNAMIC_SECTION(gate.name) {
      std::array<Jet, 3> jets{};
      for (std::size_t m = 0; m < 3; ++m) {
        jets[m].v = some_angles[m];
        jets[m].d = direction[m];
        jets[m].g[m] = 1;
      }
      const GateMatrix<Jet> jet = gate.jet(jets.data());
      const auto at = [&](std::array<double, 3> angles, double along) {
        for (std::size_t m = 0; m < 3; ++m) angles[m] += along * direction[m];
        return target_matrix(gate, angles);
      };
      for (int m = 0; m < gate.angles(); ++m) {
        auto up = some_angles;
        auto down = some_angles;
        up[static_cast<std::size_t>(m)] += h;
        down[static_cast<std::size_t>(m)] -= h;
        for (std::size_t e = 0; e < static_cast<std::size_t>(jet.dimension * jet.dimension); ++e) {
          const auto entry = [&](const std::array<double, 3>& angles, double along) {
            return at(angles, along).entries[e].real();
          };
          CHECK(jet.entries[e].re.v == entry(some_angles, 0));
          CHECK(jet.entries[e].re.g[m] ==
                test::Approx((entry(up, 0) - entry(down, 0)) / (2 * h)).margin(1e-7));
          const double mixed =
              (entry(up, h) - entry(up, -h) - entry(down, h) + entry(down, -h)) / (4 * h * h);
          CHECK(jet.entries[e].re.gd[m] == test::Approx(mixed).margin(1e-6));
        }
      }
    }
  }
}

TEST_CASE("structure and shift rules follow from the formulas", "[quantum][gates]") {
  CHECK(structure(gate("rz")).diagonal);
  CHECK(structure(gate("isingzz")).diagonal);
  CHECK_FALSE(structure(gate("rx")).diagonal);
  CHECK(structure(gate("ry")).real);
  CHECK_FALSE(structure(gate("rx")).real);
  CHECK(structure(gate("cnot")).permutation);
  CHECK(structure(gate("cswap")).permutation);
  CHECK_FALSE(structure(gate("h")).permutation);
  for (const char* two : {"rx", "ry", "rz", "phase", "cphase", "isingxx", "isingyy", "isingzz"}) {
    CHECK(shift_rule(gate(two), 0).size() == 2);
  }
  for (const char* four : {"crx", "cry", "crz"}) CHECK(shift_rule(gate(four), 0).size() == 4);
  for (int m = 0; m < 3; ++m) {
    CHECK(shift_rule(gate("rot"), m).size() == 2);
    CHECK(shift_rule(gate("u3"), m).size() == 2);
    CHECK(shift_rule(gate("crot"), m).size() == 4);
  }
}

double distance(const ComplexMatrix& a, const ComplexMatrix& b) {
  double worst = 0;
  for (std::size_t e = 0; e < a.entries.size(); ++e)
    worst = std::max(worst, std::abs(a.entries[e] - b.entries[e]));
  return worst;
}

TEST_CASE("gates are the products of their parts", "[quantum][gates]") {
  int products = 0;
  for (const Gate& whole : gates()) {
    if (whole.parts[0].gate.empty()) continue;
    ++products;
    ComplexMatrix product = ComplexMatrix::identity(1 << whole.targets);
    for (const GatePart& part : whole.parts) {
      const Gate& factor = gate(part.gate);
      REQUIRE(factor.angles() == 1);
      REQUIRE(factor.controls == whole.controls);
      const std::array angle{some_angles[static_cast<std::size_t>(part.angle)]};
      product = target_matrix(factor, angle) * product;
    }
    INFO(whole.name);
    CHECK(distance(product, target_matrix(whole, some_angles)) < 1e-15);
  }
  CHECK(products == 3);
}

// What merging diagonals into phases takes for granted.
TEST_CASE("diagonal gates of one angle have phases in proportion to it", "[quantum][gates]") {
  int diagonals = 0;
  for (const Gate& row : gates()) {
    if (row.angles() != 1 || !structure(row).diagonal) continue;
    ++diagonals;
    const ComplexMatrix unit = target_matrix(row, std::array{1.0});
    const ComplexMatrix scaled = target_matrix(row, std::array{-2.5});
    for (int i = 0; i < unit.dimension; ++i) {
      INFO(row.name);
      CHECK(std::abs(scaled(i, i) - std::polar(1.0, -2.5 * std::arg(unit(i, i)))) < 1e-15);
    }
  }
  CHECK(diagonals == 5);
}

TEST_CASE("unknown gates and angles are refused", "[quantum][gates]") {
  CHECK_THROWS_WITH(gate("rw"), "gate: no gate is called 'rw'");
  CHECK_THROWS_WITH(shift_rule(gate("rx"), 1), "shift_rule: angle 1 is outside the 1 angles of rx");
}

}  // namespace moonstill::quantum
