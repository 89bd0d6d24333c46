#include "engine/quantum/qubits.hpp"

#include <algorithm>
#include <map>

#include "engine/core/error.hpp"
#include "engine/core/threads.hpp"
#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::quantum {

TEST_CASE("gates act on qubits as dense matrices do", "[quantum][qubits]") {
  Generator random(61);
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const int n : {3, 5, 7}) {
      Qubits qubits(n, dtype);
      test::State expected(qubits.amplitude_count());
      expected[0] = 1;
      for (int round = 0; round < 60; ++round) {
        const Gate& gate = gates()[random.below(gates().size())];
        const int controls = gate.qubits() < n ? static_cast<int>(random.below(2)) : 0;
        const std::vector<int> chosen = some_qubits(gate.qubits() + controls, n, random);
        const std::vector<int> own(chosen.begin() + controls, chosen.end());
        const std::vector<int> control(chosen.begin(), chosen.begin() + controls);
        std::array<double, 3> angles{};
        random.fill_normal(angles);
        qubits.apply(gate, own, std::span(angles).first(static_cast<std::size_t>(gate.angles())), control);
        expected =
            test::multiply(test::embed(controlled(full_matrix(gate, angles), controls), chosen, n), expected);
      }
      double worst = 0;
      for (std::size_t r = 0; r < expected.size(); ++r)
        worst = std::max(worst, std::abs(qubits.amplitude(r) - expected[r]));
      CHECK(worst < (dtype == DType::f32 ? 1e-5 : 1e-13));
      const PauliSum sum{{pauli_word("XY", std::array{0, n - 1}, 0.5), pauli_word("Z", std::array{1})}};
      const Readout readout{sum, Probabilities{{n - 1, 0}},
                            hermitian(target_matrix(gate("swap"), {}), {1, n - 1})};
      std::vector<double> got;
      for (const auto& observable : readout.observables()) {
        const auto part = qubits.expectation(observable);
        got.insert(got.end(), part.begin(), part.end());
      }
      CHECK(test::relative_error(got, test::read(readout, expected, n)) <
            (dtype == DType::f32 ? 1e-5 : 1e-12));
    }
  }
}

TEST_CASE("unitaries of many qubits act as dense matrices do", "[quantum][qubits]") {
  // A product of gates makes an 8 x 8 unitary that is neither diagonal nor a permutation.
  ComplexMatrix u = ComplexMatrix::identity(8);
  for (const char* name : {"h", "sx", "t"})
    u = test::embed(target_matrix(gate(name), {}), std::array{1}, 3) * u;
  u = test::embed(full_matrix(gate("cnot"), {}), std::array{1, 2}, 3) * u;
  u = test::embed(target_matrix(gate("h"), {}), std::array{0}, 3) * u;
  Qubits qubits(6);
  qubits.apply(gate("h"), {5}).apply(u, {4, 0, 5}, {2}).apply(gate("x"), {2}).apply(u, {4, 0, 5}, {2});
  test::State expected(64);
  expected[0] = 1;
  expected = test::multiply(test::embed(target_matrix(gate("h"), {}), std::array{5}, 6), expected);
  expected = test::multiply(test::embed(target_matrix(gate("x"), {}), std::array{2}, 6), expected);
  expected = test::multiply(test::embed(u, std::array{4, 0, 5}, 6), expected);
  for (std::size_t r = 0; r < 64; ++r) CHECK(std::abs(qubits.amplitude(r) - expected[r]) < 1e-14);
}

TEST_CASE("a sample is what a search in the sums of all probabilities finds", "[quantum][qubits]") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    Qubits qubits(6, dtype);
    for (int q = 0; q < 6; ++q) qubits.apply(gate("ry"), {q}, std::array{0.3 + q});
    for (int q = 0; q < 6; ++q) qubits.apply(gate("cnot"), {q, (q + 2) % 6}).apply(gate("x"), {q});
    std::vector<double> sums = test::values(qubits.probabilities());
    for (std::size_t r = 0; r < sums.size(); ++r) {
      CHECK(std::abs(sums[r] - std::norm(qubits.amplitude(r))) < 1e-7);
      if (r > 0) sums[r] += sums[r - 1];
    }
    std::map<std::uint64_t, std::int64_t> expected;
    Generator random(9);
    for (int shot = 0; shot < 1000; ++shot) {
      const auto found = std::ranges::upper_bound(sums, random.uniform() * sums.back());
      ++expected[static_cast<std::uint64_t>(found - sums.begin())];
    }
    std::map<std::uint64_t, std::int64_t> got;
    Generator again(9);
    for (const auto& [state, count] : qubits.sample(1000, again)) got.emplace(state, count);
    CHECK(got == expected);
  }
}

TEST_CASE("the largest amplitudes are printed in their order", "[quantum][qubits]") {
  Qubits qubits(3);
  qubits.apply(gate("ry"), {0}, std::array{0.5}).apply(gate("cnot"), {0, 2}).apply(gate("x"), {1});
  qubits.apply(gate("ry"), {1}, std::array{0.3});
  CHECK(qubits.text() == "|000⟩ -0.1448\n|010⟩  0.9580\n|101⟩ -0.0370\n|111⟩  0.2446\n[Qubits 3 f64]");
  CHECK(qubits.text(2) == "|010⟩  0.9580\n|111⟩  0.2446\n...\n[Qubits 3 f64]");
}

TEST_CASE("a Bell state is sampled and printed", "[quantum][qubits]") {
  Qubits qubits(2, DType::f64, 1);
  qubits.apply(gate("h"), {0}).apply(gate("cnot"), {0, 1});
  CHECK(qubits.text() == "|00⟩  0.7071\n|11⟩  0.7071\n[Qubits 2 f64]");
  CHECK(test::relative_error(test::values(qubits.probabilities()), {0.5, 0, 0, 0.5}) < 1e-15);
  CHECK(test::relative_error(test::values(qubits.probabilities({1})), {0.5, 0.5}) < 1e-15);
  Generator random(5);
  const auto outcomes = qubits.sample(10000, random);
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].state == 0);
  CHECK(outcomes[1].state == 3);
  CHECK(outcomes[0].count + outcomes[1].count == 10000);
  CHECK(std::abs(outcomes[0].count - 5000) < 200);
  CHECK(qubits.reset().amplitude(0) == 1.0);
}

TEST_CASE("threads share a large state and change nothing", "[quantum][qubits]") {
  const auto state = [](unsigned threads) {
    set_thread_count(threads);
    Qubits qubits(16, DType::f32);
    for (int q = 0; q < 16; ++q) qubits.apply(gate("ry"), {q}, std::array{0.3 * q});
    for (int q = 0; q < 15; ++q) qubits.apply(gate("cnot"), {q, q + 1});
    return qubits.amplitudes();
  };
  const unsigned before = thread_count();
  const Tensor one = state(1);
  const Tensor two = state(2);
  set_thread_count(before);
  CHECK(test::identical(one, two));
}

TEST_CASE("what qubits cannot do is refused", "[quantum][qubits]") {
  CHECK_THROWS_WITH(Qubits(0), "circuit: expected 1 to 24 qubits, got 0");
  Qubits qubits(2, DType::f64, 1);
  CHECK_THROWS_WITH(qubits.apply(gate("h"), {2}), "h: qubit 3 is outside 1..2");
  CHECK_THROWS_WITH(qubits.amplitude(4), "qubits: basis state 4 is outside 0..3");
  Generator random(1);
  CHECK_THROWS_WITH(qubits.sample(-1, random), "sample: expected 0 shots or more, got -1");
  CHECK_THROWS_WITH(qubits.set_amplitudes(std::vector<std::complex<double>>(3)),
                    "qubits: expected 4 amplitudes, got 3");
  CHECK_THROWS_WITH(qubits.set_amplitudes(std::vector<std::complex<double>>(4)),
                    "qubits: amplitudes of 2-norm 0 cannot be normalised");
  CHECK_THROWS_WITH(qubits.expectation(Probabilities{{0, 0}}), "probabilities: qubit 1 is named twice");
}

}  // namespace moonstill::quantum
