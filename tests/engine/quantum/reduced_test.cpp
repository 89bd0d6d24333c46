#include "engine/quantum/reduced.hpp"

#include <array>
#include <cmath>

#include "tests/support/catch.hpp"

using namespace moonstill;
using namespace moonstill::quantum;

namespace {

Qubits random_state(int n, DType dtype = DType::f64) {
  Generator random(3);
  std::vector<std::complex<double>> amplitudes(std::size_t{1} << n);
  for (auto& z : amplitudes) z = {random.uniform() - 0.5, random.uniform() - 0.5};
  Qubits qubits(n, dtype, 1);
  qubits.set_amplitudes(amplitudes);
  return qubits;
}

// By the definition, bit by bit.
std::complex<double> traced(const Qubits& state, const std::vector<int>& qubits, int row, int column) {
  const int n = state.count();
  const auto bit = [n](std::size_t index, int qubit) { return (index >> (n - 1 - qubit)) & 1; };
  std::complex<double> sum = 0;
  for (std::size_t i = 0; i < state.amplitude_count(); ++i) {
    for (std::size_t j = 0; j < state.amplitude_count(); ++j) {
      bool fits = true;
      for (int q = 0; q < n; ++q) {
        const auto found = std::ranges::find(qubits, q);
        const auto place = static_cast<std::size_t>(found - qubits.begin());
        const auto shift = qubits.size() - 1 - place;
        if (found == qubits.end())
          fits = fits && bit(i, q) == bit(j, q);
        else
          fits = fits && bit(i, q) == ((row >> shift) & 1) && bit(j, q) == ((column >> shift) & 1);
      }
      if (fits) sum += state.amplitude(i) * std::conj(state.amplitude(j));
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("a density matrix is the state traced over the rest", "[quantum][reduced]") {
  const Qubits state = random_state(5);
  for (const std::vector<int>& qubits : {std::vector{0}, {4, 1}, {2, 0, 3}, {0, 1, 2, 3, 4}}) {
    const ComplexMatrix rho = density(state, qubits);
    REQUIRE(rho.dimension == 1 << qubits.size());
    for (int i = 0; i < rho.dimension; ++i) {
      for (int j = 0; j < rho.dimension; ++j)
        CHECK(std::abs(rho(i, j) - traced(state, qubits, i, j)) < 1e-14);
    }
  }
  CHECK(std::abs(density(random_state(3, DType::f32), {1})(0, 0) - traced(random_state(3), {1}, 0, 0)) <
        1e-6);
}

TEST_CASE("entanglement entropy", "[quantum][reduced]") {
  Qubits ghz(4);
  ghz.apply(gate("h"), {0})
      .apply(gate("cnot"), {0, 1})
      .apply(gate("cnot"), {1, 2})
      .apply(gate("cnot"), {2, 3});
  for (const std::vector<int>& part : {std::vector{0}, {1, 2}, {3, 0, 1}})
    CHECK(entropy(ghz, part) == Approx(1));
  CHECK(entropy(ghz, {}) == 0);
  CHECK(entropy(ghz, {0, 1, 2, 3}) == 0);
  Qubits pair(3);
  pair.apply(gate("ry"), {0}, std::array{0.8}).apply(gate("cnot"), {0, 2});
  const double p = std::pow(std::cos(0.4), 2);
  CHECK(entropy(pair, {0}) == Approx(-p * std::log2(p) - (1 - p) * std::log2(1 - p)));
  CHECK(entropy(pair, {1}) == Approx(0).margin(1e-12));
  const Qubits state = random_state(5);
  CHECK(entropy(state, {0, 3}) == Approx(entropy(state, {4, 2, 1})));
  CHECK(entropy(state, {0, 3}) > 1);
}

TEST_CASE("parts that cannot be looked at are refused", "[quantum][reduced]") {
  const Qubits state(22, DType::f32, 1);
  CHECK_THROWS_WITH(density(state, {}), "density: expected 1 to 10 qubits, got 0");
  CHECK_THROWS_WITH(density(state, {0, 22}), "density: qubit 23 is outside 1..22");
  CHECK_THROWS_WITH(entropy(state, {1, 1}), "entropy: qubit 2 is named twice");
  CHECK_THROWS_WITH(entropy(state, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
                    "entropy: expected a part of at most 10 qubits, got 11 and 11");
}
