// Circuits and observables as plain tables: for drawing, for other formats, for whoever walks through them.
#include <vector>

#include "bindings/quantum.hpp"

namespace moonstill::lua {

using quantum::Angle;
using quantum::Circuit;
using quantum::ComplexMatrix;
using quantum::Operation;

namespace {

using CircuitPointer = std::shared_ptr<LuaCircuit>;

void set_text(lua_State* L, const char* key, std::string_view text) {
  push(L, text);
  lua_setfield(L, -2, key);
}

void set_number(lua_State* L, const char* key, double number) {
  push(L, number);
  lua_setfield(L, -2, key);
}

void set_qubits(lua_State* L, const char* key, const std::vector<int>& qubits) {
  std::vector<std::int64_t> numbers;
  for (const int qubit : qubits) numbers.push_back(qubit + first_qubit);
  push(L, numbers);
  lua_setfield(L, -2, key);
}

void set_matrix(lua_State* L, const ComplexMatrix& matrix) {
  push(L, Value(matrix_tensor(matrix)));
  lua_setfield(L, -2, "matrix");
}

// Where a slot lies along each axis, counted from 1.
std::vector<std::int64_t> indices(const Shape& shape, std::int64_t slot) {
  std::vector<std::int64_t> out(shape.rank());
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    out[axis] = slot % shape[axis] + 1;
    slot /= shape[axis];
  }
  return out;
}

// A number, or { input =, index =, scale =, offset = }.
void push_angle(lua_State* L, const Circuit& circuit, const Angle& angle) {
  if (angle.is_constant()) {
    push(L, angle.offset);
    return;
  }
  const auto& input = circuit.inputs()[static_cast<std::size_t>(angle.input)];
  lua_createtable(L, 0, 4);
  set_text(L, "input", input.name);
  push(L, indices(input.shape, angle.slot));
  lua_setfield(L, -2, "index");
  set_number(L, "scale", angle.scale);
  set_number(L, "offset", angle.offset);
}

void push_operation(lua_State* L, const Circuit& circuit, const Operation& operation) {
  lua_createtable(L, 0, 6);
  set_text(L, "gate", operation.name());
  set_qubits(L, "qubits", operation.qubits);
  set_qubits(L, "controls", operation.controls);
  set_qubits(L, "targets", operation.targets());
  lua_createtable(L, static_cast<int>(operation.angles.size()), 0);
  for (lua_Integer i = 1; const Angle& angle : operation.angles) {
    push_angle(L, circuit, angle);
    lua_rawseti(L, -2, i++);
  }
  lua_setfield(L, -2, "angles");
  if (operation.gate == nullptr) set_matrix(L, operation.matrix);
}

void push_inputs(lua_State* L, const Circuit& circuit) {
  lua_createtable(L, static_cast<int>(circuit.inputs().size()), 0);
  for (lua_Integer i = 1; const auto& input : circuit.inputs()) {
    lua_createtable(L, 0, 3);
    set_text(L, "name", input.name);
    push(L, std::vector<std::int64_t>(input.shape.begin(), input.shape.end()));
    lua_setfield(L, -2, "shape");
    if (i - 1 == circuit.amplitude_input()) {
      lua_pushboolean(L, 1);
      lua_setfield(L, -2, "amplitudes");
    }
    lua_rawseti(L, -2, i++);
  }
}

void push_part(lua_State* L, const quantum::PauliSum& sum) {
  set_text(L, "kind", "pauli");
  lua_createtable(L, static_cast<int>(sum.words.size()), 0);
  for (lua_Integer i = 1; const auto& word : sum.words) {
    std::string letters;
    std::vector<int> qubits;
    for (const auto& [qubit, axis] : word.factors) {
      letters += axis;
      qubits.push_back(qubit);
    }
    lua_createtable(L, 0, 3);
    set_number(L, "coefficient", word.coefficient);
    set_text(L, "word", letters);
    set_qubits(L, "qubits", qubits);
    lua_rawseti(L, -2, i++);
  }
  lua_setfield(L, -2, "words");
}

void push_part(lua_State* L, const quantum::Hermitian& hermitian) {
  set_text(L, "kind", "hermitian");
  set_qubits(L, "qubits", hermitian.qubits);
  set_matrix(L, hermitian.matrix);
}

void push_part(lua_State* L, const quantum::Probabilities& probabilities) {
  set_text(L, "kind", "probabilities");
  set_qubits(L, "qubits", probabilities.qubits);
}

// One for each output of a list of matrices; the matrix itself stays with the observable.
void push_parts(lua_State* L, const TensorHermitian& hermitian) {
  for (lua_Integer i = 1; const auto& qubits : hermitian.qubits) {
    lua_createtable(L, 0, 2);
    set_text(L, "kind", "hermitian");
    set_qubits(L, "qubits", qubits);
    lua_rawseti(L, -2, i++);
  }
}

int observable_parts(lua_State* L, Args& a) {
  const auto& item = a.self<LuaObservable>().item;
  lua_newtable(L);
  if (const auto* tensor = std::get_if<TensorHermitian>(&item)) {
    push_parts(L, *tensor);
    return 1;
  }
  lua_newtable(L);
  if (const auto* fixed = std::get_if<quantum::Observable>(&item)) {
    std::visit([L](const auto& part) { push_part(L, part); }, *fixed);
  } else {
    set_text(L, "kind", "probabilities");
  }
  lua_rawseti(L, -2, 1);
  return 1;
}

}  // namespace

Tensor matrix_tensor(const ComplexMatrix& matrix) {
  Tensor tensor = Tensor::empty({matrix.dimension, matrix.dimension, 2}, DType::f64);
  auto numbers = tensor.write<double>();
  for (std::size_t e = 0; e < matrix.entries.size(); ++e) {
    numbers[2 * e] = matrix.entries[e].real();
    numbers[2 * e + 1] = matrix.entries[e].imag();
  }
  return tensor;
}

void open_quantum_data(Module& ms) {
  ms.add({.name = "ms.Circuit:inputs",
          .documentation = "Gives the declared inputs, in order.",
          .returns =
              "table[]: { name = string, shape = integer[], amplitudes = true where it is the first state }",
          .example = "print(ms.circuit(1, {a = {2}}):inputs()[1].name)",
          .body = [](lua_State* L, Args& a) {
            push_inputs(L, a.self<CircuitPointer>()->circuit);
            return 1;
          }});
  ms.add(
      {.name = "ms.Circuit:operations",
       .documentation =
           "Gives the gates as a list of tables.\n\nEach has `gate`, its `qubits` as in the call, those of "
           "them that it acts on (`targets`), further `controls`, and `angles`: numbers, or {input, index, "
           "scale, offset} for scale * input[index] + offset. A unitary has its `matrix`, [d, d, 2].",
       .returns = "table[]",
       .example = "print(ms.circuit(2):h(1):rx(2, 0.5):operations()[2].angles[1])",
       .body = [](lua_State* L, Args& a) {
         const Circuit& circuit = a.self<CircuitPointer>()->circuit;
         lua_createtable(L, static_cast<int>(circuit.operations().size()), 0);
         for (lua_Integer i = 1; const auto& operation : circuit.operations()) {
           push_operation(L, circuit, operation);
           lua_rawseti(L, -2, i++);
         }
         return 1;
       }});
  ms.add(
      {.name = "ms.Observable:parts",
       .documentation =
           "Gives what the observable is made of, as a list of tables.\n\nEach has a `kind`: \"pauli\" with "
           "`words` {coefficient, word, qubits}; \"hermitian\" with `qubits` and, where it is fixed, its "
           "`matrix` [d, d, 2]; \"probabilities\" with `qubits`, none meaning all. Matrices that were given "
           "as a "
           "tensor are what ms.Observable:tensor gives.",
       .returns = "table[]",
       .example = "print(ms.observable.pauli(\"XZ\"):parts()[1].words[1].word)",
       .body = observable_parts});
  ms.add({.name = "ms.Observable:tensor",
          .documentation = "Gives the tensor that the matrices were given as; nil where there is none.",
          .returns = "ms.Tensor|nil: [d, d, 2] or [count, d, d, 2]",
          .example = "print(ms.observable.hermitian(ms.zeros { 2, 2, 2 }, 1):tensor())",
          .body = [](lua_State* L, Args& a) {
            const auto* hermitian = std::get_if<TensorHermitian>(&a.self<LuaObservable>().item);
            if (hermitian == nullptr) return 0;
            return push(L, Value(hermitian->matrix));
          }});
}

}  // namespace moonstill::lua
