#include "engine/quantum/observable.hpp"

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"

namespace moonstill::quantum {

TEST_CASE("observables describe themselves", "[quantum][observable]") {
  const std::array qubits{0, 2, 1};
  const PauliSum sum{{pauli_word("XIZ", qubits, 0.5), pauli_word("IYI", qubits, -1), {-2, {}}}};
  CHECK(describe(sum) == "0.5 X0 Z1 - Y2 - 2");
  CHECK(describe(sum, 1) == "0.5 X1 Z2 - Y3 - 2");
  CHECK(describe(hermitian(ComplexMatrix::identity(4), {2, 0}), 1) == "hermitian on 3, 1");
  CHECK(describe(Probabilities{{1}}) == "probabilities of 1");
}

TEST_CASE("readouts count their outputs", "[quantum][observable]") {
  Readout readout{PauliSum{}, Probabilities{{0, 1, 2}}};
  CHECK(readout.outputs() == 9);
  readout.add_hermitian_input({{0, 1}, {1, 2}});
  CHECK(readout.outputs() == 11);
  REQUIRE(readout.hermitian_inputs().size() == 1);
  CHECK(readout.hermitian_inputs()[0] == Readout::HermitianInput{2, 4});
}

TEST_CASE("what cannot be observed is refused", "[quantum][observable]") {
  const std::array qubits{0, 1};
  CHECK_THROWS_WITH(pauli_word("X", qubits), "pauli: expected one letter for each of 2 qubits, got 'X'");
  CHECK_THROWS_WITH(pauli_word("XA", qubits), "pauli: expected the letters I, X, Y and Z, got 'XA'");
  CHECK_THROWS_WITH(pauli_word("XX", qubits, NAN), "pauli: the coefficient of 'XX' is not finite");
  ComplexMatrix matrix = ComplexMatrix::identity(2);
  CHECK_THROWS_WITH(hermitian(matrix, {0, 1}), "hermitian: expected a 4 x 4 matrix for 2 qubits, got 2 x 2");
  matrix(0, 1) = {0, 0.25};
  CHECK_THROWS_WITH(hermitian(matrix, {0}),
                    "hermitian: the matrix is not Hermitian: it differs from its adjoint by 0.25");
  CHECK_THROWS_WITH(Readout().add_hermitian_input({}), test::ContainsSubstring("at least one observable"));
  CHECK_THROWS_WITH(Readout().add_hermitian_input({{0}, {0, 1}}),
                    "hermitian: expected 1 qubit for each observable of one input, got 2");
  const Readout twice{Probabilities{{1, 1}}};
  CHECK_THROWS_WITH(twice.check(2, 1), "probabilities: qubit 2 is named twice");
  CHECK_THROWS_WITH(Readout{Probabilities{}}.check(2, 1),
                    "probabilities: expected at least one qubit, got none");
  CHECK_THROWS_WITH((Readout{Hermitian{{0}, {}, 0, 0}}.check(2, 1)),
                    test::ContainsSubstring("given at the call"));
}

}  // namespace moonstill::quantum
