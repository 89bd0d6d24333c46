#include "engine/quantum/circuit.hpp"

#include <numbers>

#include "engine/core/error.hpp"
#include "engine/quantum/plan_cache.hpp"
#include "tests/support/catch.hpp"

namespace moonstill::quantum {

TEST_CASE("strongly entangling layers are rotations and rings of growing range", "[quantum][circuit]") {
  Circuit circuit(3);
  circuit.strongly_entangling(circuit.add_input("w", {3, 3, 3}));
  const auto operations = circuit.operations();
  REQUIRE(operations.size() == 18);
  CHECK(operations[1].angles[0] == Angle{0, 3});
  CHECK(operations[3].qubits == std::vector{0, 1});
  CHECK(operations[9].qubits == std::vector{0, 2});
  CHECK(operations[15].qubits == std::vector{0, 1});
  Circuit one(1);
  one.strongly_entangling(one.add_input("w", {2, 1, 3}));
  CHECK(one.operations().size() == 2);
}

TEST_CASE("plans fuse, fold and relabel", "[quantum][circuit]") {
  Circuit circuit(2);
  const int w = circuit.add_input("w", {3});
  circuit.add(gate("h"), {0})
      .add(gate("rz"), {0}, {{w, 0}})
      .add(gate("rx"), {1}, {{w, 1}})
      .add(gate("ry"), {0}, {{w, 2}});
  circuit.add(gate("cnot"), {0, 1}).add(gate("s"), {1}).add(gate("sdg"), {1}).add(gate("x"), {0});
  const Readout z{PauliSum{{pauli_word("Z", std::array{0})}}};
  const std::vector<bool> own{false};
  const Plan tiled(circuit, z, own);
  REQUIRE(tiled.operations().size() == 3);
  CHECK(tiled.operations()[0].parameters.size() == 2);
  CHECK(tiled.operations()[2].form == Form::diagonal);
  CHECK(tiled.places() == std::vector<std::uint32_t>{3, 2, 0, 1});
  const StatePlan framed(circuit, z, 4, 14);
  CHECK(framed.operations().size() == 3);
  CHECK(framed.frame().place(0) == 3);
  CHECK(circuit.plans().tile_plan(circuit, z, own) == circuit.plans().tile_plan(circuit, z, own));
  CHECK(circuit.plans().state_plan(circuit, z, 4, 14) == circuit.plans().state_plan(circuit, z, 4, 14));
  CHECK(circuit.plans().state_plan(circuit, z, 4, 14) != circuit.plans().state_plan(circuit, z, 4, 13));
}

TEST_CASE("diagonals are merged over what commutes with them", "[quantum][circuit]") {
  Circuit circuit(6);
  circuit.strongly_entangling(circuit.add_input("w", {3, 6, 3}));
  const Readout z{PauliSum{{pauli_word("Z", std::array{0})}}};
  const Plan merged(circuit, z, {true});
  CHECK(std::ranges::count(merged.operations(), Form::phases, &TileOperation::form) == 4);
  const int passes = (6 + static_cast<int>(most_joint_qubits) - 1) / static_cast<int>(most_joint_qubits);
  CHECK(std::ranges::count(merged.operations(), Form::rotations, &TileOperation::form) == 3 * passes);
  REQUIRE(static_cast<int>(merged.operations().size()) == 4 + 3 * passes);
  CHECK(merged.operations()[static_cast<std::size_t>(passes) + 1].parameters.size() == 12);
  // Angles of each sample's own stay in whole gates.
  const Plan whole(circuit, z, {false});
  CHECK(whole.operations().size() == 18);
}

TEST_CASE("rotations of different qubits stand together until rows are relabelled", "[quantum][circuit]") {
  Circuit circuit(3);
  const int w = circuit.add_input("w", {4});
  circuit.add(gate("ry"), {0}, {{w, 0}}).add(gate("ry"), {1}, {{w, 1}}).add(gate("cnot"), {2, 1});
  circuit.add(gate("ry"), {0}, {{w, 2}}).add(gate("ry"), {2}, {{w, 3}});
  const Plan plan(circuit, Readout{PauliSum{{pauli_word("Z", std::array{0})}}}, {false});
  REQUIRE(plan.operations().size() == 2);
  CHECK(plan.operations()[0].rotations.qubits() == std::vector<int>{0, 1});
  CHECK(plan.operations()[0].parameters.size() == 3);  // the qubit's second angle adds to its first
  CHECK(plan.operations()[1].rotations.qubits() == std::vector<int>{2});
}

TEST_CASE("what cannot be a circuit is refused", "[quantum][circuit]") {
  CHECK_THROWS_WITH(Circuit(0), "circuit: expected 1 to 24 qubits, got 0");
  CHECK_THROWS_WITH(Circuit(30), test::ContainsSubstring("takes 8.59e+09 bytes"));
  Circuit circuit(3, 1);
  const int w = circuit.add_input("w", {2, 3});
  CHECK_THROWS_WITH(circuit.add_input("w", {1}), "circuit: input 'w' is declared twice");
  CHECK_THROWS_WITH(circuit.add(gate("cnot"), {0, 3}), "cnot: qubit 4 is outside 1..3");
  CHECK_THROWS_WITH(circuit.add(gate("cnot"), {1, 1}), "cnot: qubit 2 is named twice");
  CHECK_THROWS_WITH(circuit.add(gate("x"), {1}, {}, {1}), "x: qubit 2 is named twice");
  CHECK_THROWS_WITH(circuit.add(gate("cnot"), {0}), "cnot: expected 2 qubits, got 1");
  CHECK_THROWS_WITH(circuit.add(gate("rx"), {0}), "rx: expected 1 angle, got 0");
  CHECK_THROWS_WITH(circuit.add(gate("rx"), {0}, {{w, 6}}),
                    "rx: element 7 is outside input 'w' of shape [2, 3]");
  CHECK_THROWS_WITH(circuit.add(gate("rx"), {0}, {Angle::constant(NAN)}), "rx: an angle is not finite");
  CHECK_THROWS_WITH(circuit.amplitudes(w),
                    "amplitudes: expected 8 numbers for 3 qubits, got input 'w' of shape [2, 3]");
  CHECK_THROWS_WITH(circuit.angles(gate("rx"), w),
                    "angles: expected at most 3 numbers, got input 'w' of shape [2, 3]");
  CHECK_THROWS_WITH(circuit.angles(gate("rot"), w),
                    "angles: expected a gate of one qubit and one angle, got rot");
  CHECK_THROWS_WITH(circuit.strongly_entangling(w),
                    "strongly_entangling: expected input 'w' of shape [layers, 3, 3], got [2, 3]");
  ComplexMatrix matrix = ComplexMatrix::identity(2);
  CHECK_THROWS_WITH(circuit.unitary(matrix, {0, 1}),
                    "unitary: expected a 4 x 4 matrix for 2 qubits, got 2 x 2");
  CHECK_THROWS_WITH(circuit.unitary(matrix, {}), "unitary: expected at least one qubit, got none");
  matrix(0, 1) = 0.5;
  CHECK_THROWS_WITH(circuit.unitary(matrix, {0}),
                    "unitary: the matrix is not unitary: U^H U differs from 1 by 0.5");
  matrix(0, 1) = INFINITY;
  CHECK_THROWS_WITH(circuit.unitary(matrix, {0}), "unitary: row 1, column 2 of the matrix is not finite");
  const int x = circuit.add_input("x", {8});
  CHECK_NOTHROW(circuit.amplitudes(x));
  CHECK_THROWS_WITH(circuit.amplitudes(x), "amplitudes: this circuit's amplitudes are given already");
  CHECK_THROWS_WITH(circuit.add(gate("rx"), {0}, {{x, 0}}),
                    "rx: input 'x' gives the amplitudes and cannot be an angle");
  Circuit late(1);
  late.add(gate("h"), {0});
  CHECK_THROWS_WITH(late.amplitudes(late.add_input("x", {2})),
                    "amplitudes: expected before the first gate, got after 1 operation");
}

}  // namespace moonstill::quantum
