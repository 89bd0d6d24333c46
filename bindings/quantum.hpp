// Circuits, angles, observables and qubits as Lua sees them. For quantum.cpp and quantum_*.cpp.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bindings/support/module.hpp"
#include "bindings/tensor.hpp"
#include "engine/core/random.hpp"
#include "engine/quantum/expectation.hpp"
#include "engine/quantum/qubits.hpp"

namespace moonstill::lua {

struct LuaCircuit;

/// An element, row or block of a circuit's input, scaled and shifted.
struct LuaAngle {
  std::weak_ptr<LuaCircuit> owner;
  int input = 0;
  std::int64_t begin = 0;  // first element
  Shape shape;             // of what is left to index
  double scale = 1;
  double offset = 0;
};

/// A circuit under construction or in use.
struct LuaCircuit {
  quantum::Circuit circuit;
  std::vector<LuaAngle> bits{};                                // rows that must hold 0 and 1
  std::shared_ptr<const quantum::Measurement> last = nullptr;  // the readout that it was last called with
};

/// Observables whose matrix is a tensor, to be given to the call as an input.
struct TensorHermitian {
  Value matrix;  // [..., d, d, 2]
  std::vector<std::vector<int>> qubits;
};

/// Probabilities of all qubits, however many there are.
struct AllProbabilities {};

/// What ms.observable.* makes.
struct LuaObservable {
  std::variant<quantum::Observable, TensorHermitian, AllProbabilities> item;
};

struct LuaQubits {
  quantum::Qubits state;
  Generator random;  // for samples taken without a generator
};

template <>
struct ObjectTraits<std::shared_ptr<LuaCircuit>> {
  static constexpr const char* name = "ms.Circuit";
  static constexpr const char* documentation =
      "A quantum circuit: gates on qubits, with angles from named inputs. Made by ms.circuit; printing draws "
      "it. "
      "Called with a table of inputs and observables, it gives expectation values.";
};

template <>
struct ObjectTraits<LuaAngle> {
  static constexpr const char* name = "ms.Angle";
  static constexpr const char* documentation =
      "A place in a circuit's input: index it down to one number, scale and shift it, and give it to gates.";
};

template <>
struct ObjectTraits<LuaObservable> {
  static constexpr const char* name = "ms.Observable";
  static constexpr const char* documentation =
      "What is read out of a state. Made by ms.observable.pauli, hermitian or probabilities; sums of Pauli "
      "words by "
      "+, - and * with numbers.";
};

template <>
struct ObjectTraits<LuaQubits> {
  static constexpr const char* name = "ms.Qubits";
  static constexpr const char* documentation =
      "Qubits in a state that gates change at once. Made by ms.qubits; printing shows the largest "
      "amplitudes.";
  static std::size_t bytes(const LuaQubits& qubits) {
    return qubits.state.amplitude_count() * 2 * dtype_size(qubits.state.dtype());
  }
};

/// Qubits count from 1 in Lua.
inline constexpr int first_qubit = 1;

inline constexpr const char* qubits_type = "integer|integer[]";
inline constexpr const char* matrix_type = "table|ms.Tensor";

/// The argument 'qubits' as a number of qubits that a state in `dtype` may have.
[[nodiscard]] int qubit_count(const Args& a, DType dtype);

/// 0-based numbers of qubits; the engine checks the upper end, and names qubits from 1.
[[nodiscard]] std::vector<int> qubits_of(const Args& a, Args::Key key);

/// A square matrix from rows of numbers or of {re, im}, or a tensor [d, d] or [d, d, 2].
[[nodiscard]] quantum::ComplexMatrix matrix_of(const Args& a, Args::Key key);

/// A matrix as [d, d, 2].
[[nodiscard]] Tensor matrix_tensor(const quantum::ComplexMatrix& matrix);

/// The observables at a stack index: one, or a list. They are the script's own, which the stack keeps alive.
[[nodiscard]] std::vector<const LuaObservable*> observables_at(lua_State* L, int index);

/// A readout for a circuit or state of n qubits. Tensors go to `hermitians`, or become fixed where it is
/// nullptr.
[[nodiscard]] quantum::Readout readout_of(std::span<const LuaObservable* const> observables, int n,
                                          std::vector<Value>* hermitians);

/// The parts of a gate's row that circuits and qubits share.
struct GateCall {
  const quantum::Gate& gate;
  std::vector<int> qubits;
  std::vector<int> controls;
};
[[nodiscard]] FunctionRow gate_row(const quantum::Gate& gate, const char* class_name, const char* angle_type);
[[nodiscard]] GateCall gate_call(const quantum::Gate& gate, const Args& a, int n);

/// The name of the input that an angle is part of.
[[nodiscard]] std::string angle_name(const LuaAngle& angle);

/// Throws Error{argument} unless all numbers of a row, in each sample of its input's value, are 0 or 1.
void check_bits(const LuaAngle& row, const Value& input);

void open_angles(Module& ms);
void open_gates(Module& ms);
void open_observables(Module& ms);
void open_quantum_data(Module& ms);
void open_qubits(Module& ms);

}  // namespace moonstill::lua
