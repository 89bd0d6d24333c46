// ms.circuit: circuits written in Lua. A method for each row of the engine's gate table.
#include "bindings/quantum.hpp"

#include <algorithm>
#include <numbers>

#include "bindings/host/modules.hpp"
#include "bindings/support/barrier.hpp"
#include "bindings/support/callback.hpp"
#include "bindings/support/words.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"

namespace moonstill::lua {

using quantum::Angle;
using quantum::Circuit;
using quantum::Gate;
using CircuitPointer = std::shared_ptr<LuaCircuit>;

namespace {

// The call's keys that name no input.
constexpr std::string_view observable_key = "observable";
constexpr std::string_view dtype_key = "dtype";

LuaAngle input_angle(const CircuitPointer& circuit, int input) {
  return {circuit, input, 0, circuit->circuit.inputs()[static_cast<std::size_t>(input)].shape};
}

const LuaAngle& own_angle(const CircuitPointer& circuit, const Args& a, Args::Key key) {
  const auto& angle = a.object<LuaAngle>(key);
  if (angle.owner.lock() != circuit) a.fail(key, "the angle belongs to another circuit");
  return angle;
}

Angle angle_of(const CircuitPointer& circuit, const Args& a, Args::Key key) {
  if (lua_type(a.state(), a.slot(key)) == LUA_TNUMBER) return Angle::constant(a.number(key));
  const LuaAngle& angle = own_angle(circuit, a, key);
  if (angle.shape.rank() != 0) {
    a.fail(key, "expected one number of input '{}', got shape {}: index it", angle_name(angle),
           angle.shape.text());
  }
  return {angle.input, angle.begin, angle.scale, angle.offset};
}

// One angle an argument, or a row of the input that holds them all.
std::vector<Angle> angles_of(const CircuitPointer& circuit, const Gate& gate, const Args& a) {
  std::vector<Angle> angles;
  if (gate.angles() == 0) return angles;
  const std::string_view first = gate.angle_names[0];
  const LuaAngle* row = find_object<LuaAngle>(a.state(), a.slot(first));
  if (row != nullptr && row->shape.rank() == 1) {
    own_angle(circuit, a, first);
    if (row->shape[0] != gate.angles()) {
      a.fail(first, "expected a row of {} angles, got {}", gate.angles(), row->shape[0]);
    }
    for (int m = 1; m < gate.angles(); ++m) {
      if (a.given(gate.angle_names[static_cast<std::size_t>(m)])) {
        a.fail(gate.angle_names[static_cast<std::size_t>(m)], "the row before it holds all angles already");
      }
    }
    for (std::int64_t m = 0; m < gate.angles(); ++m) {
      angles.push_back({row->input, row->begin + m, row->scale, row->offset});
    }
    return angles;
  }
  for (int m = 0; m < gate.angles(); ++m) {
    const std::string_view name = gate.angle_names[static_cast<std::size_t>(m)];
    if (!a.given(name)) a.fail(name, "expected number or angle, got nothing");
    angles.push_back(angle_of(circuit, a, name));
  }
  return angles;
}

int push_self(lua_State* L) {
  lua_pushvalue(L, 1);
  return 1;
}

Shape input_shape(lua_State* L, int index, const std::string& name) {
  std::vector<std::int64_t> sizes;
  const auto take = [&](int at) {
    int whole = 0;
    const lua_Integer size = lua_tointegerx(L, at, &whole);
    if (whole == 0 || size < 1) {
      fail(ErrorKind::argument, "input '{}': expected sizes of at least 1, got {}", name, describe(L, at));
    }
    sizes.push_back(size);
  };
  if (!lua_istable(L, index)) {
    take(index);
  } else {
    for (std::size_t i = 1; i <= lua_rawlen(L, index); ++i) {
      lua_rawgeti(L, index, static_cast<lua_Integer>(i));
      take(lua_gettop(L));
      lua_pop(L, 1);
    }
  }
  return Shape(sizes);
}

// Names of a Lua function's parameters, the first `skip` left out.
std::vector<std::string> parameter_names(lua_State* L, int function, int skip) {
  std::vector<std::string> names;
  lua_pushvalue(L, function);
  lua_Debug info;
  lua_getinfo(L, ">u", &info);
  for (int i = skip + 1; i <= info.nparams; ++i) {
    lua_pushvalue(L, function);
    const char* name = lua_getlocal(L, nullptr, i);
    lua_pop(L, 1);
    if (name != nullptr) names.emplace_back(name);
  }
  return names;
}

// The inputs' names in the order of the function's parameters, or in that of their letters.
std::vector<std::string> input_order(lua_State* L, const Args& a) {
  std::vector<std::string> declared;
  if (a.given("inputs")) {
    lua_pushnil(L);
    while (lua_next(L, a.slot("inputs")) != 0) {
      if (lua_type(L, -2) != LUA_TSTRING) a.fail("inputs", "expected names, such as x in {{x = {{64}}}}");
      declared.emplace_back(lua_tostring(L, -2));
      lua_pop(L, 1);
    }
  }
  std::ranges::sort(declared);
  for (const auto& name : declared) {
    if (name == observable_key || name == dtype_key)
      a.fail("inputs", "'{}' has a meaning of its own at the call", name);
  }
  if (!a.given("build") || lua_type(L, a.slot("build")) != LUA_TFUNCTION ||
      lua_iscfunction(L, a.slot("build")) != 0) {
    return declared;
  }
  std::vector<std::string> order = parameter_names(L, a.slot("build"), 1);
  const std::vector<std::string_view> known(declared.begin(), declared.end());
  for (const auto& name : order) {
    if (std::ranges::find(declared, name) == declared.end()) {
      a.fail("build", "its parameter '{}' is not among the inputs{}", name, suggestion(name, known));
    }
  }
  for (const auto& name : declared) {
    if (std::ranges::find(order, name) == order.end()) {
      a.fail("build", "input '{}' needs a parameter of that name", name);
    }
  }
  return order;
}

int make_circuit(lua_State* L, Args& a) {
  const auto circuit =
      std::make_shared<LuaCircuit>(LuaCircuit{Circuit(qubit_count(a, DType::f32), first_qubit)});
  const std::vector<std::string> names = input_order(L, a);
  for (const std::string& name : names) {
    lua_getfield(L, a.slot("inputs"), name.c_str());
    const Shape shape = input_shape(L, lua_gettop(L), name);
    lua_pop(L, 1);
    circuit->circuit.add_input(name, shape);
  }
  if (!a.given("build")) return push(L, circuit);
  const Callback build(L, a.slot("build"));
  lua_State* running = build.begin();
  luaL_checkstack(running, static_cast<int>(names.size()) + 2, nullptr);
  push(running, circuit);
  for (std::size_t i = 0; i < names.size(); ++i) push(running, input_angle(circuit, static_cast<int>(i)));
  Callback::call(running, static_cast<int>(names.size()) + 1, 0);
  return push(L, circuit);
}

void add_gates(Module& ms) {
  for (const Gate& gate : quantum::gates()) {
    FunctionRow row = gate_row(gate, "ms.Circuit", "number|ms.Angle");
    row.returns = "ms.Circuit: itself";
    row.body = [&gate](lua_State* L, Args& a) {
      const CircuitPointer circuit = a.self<CircuitPointer>();
      GateCall call = gate_call(gate, a, circuit->circuit.qubits());
      std::vector<Angle> angles = angles_of(circuit, gate, a);
      circuit->circuit.add(gate, std::move(call.qubits), std::move(angles), std::move(call.controls));
      return push_self(L);
    };
    ms.add(std::move(row));
  }
  ms.add({.name = "ms.Circuit:unitary",
          .documentation = "Applies a unitary matrix of your own.",
          .parameters = {{"matrix", matrix_type,
                          "2^k rows of numbers or of {re, im}, or a tensor [d, d] or [d, d, 2]."},
                         {"qubits", qubits_type, "k qubits, the first most significant."}},
          .options = {{"controls", qubits_type, "Further qubits that must be 1.", "{}"}},
          .returns = "ms.Circuit: itself",
          .example = "print(ms.circuit(2):unitary({{0, 1}, {1, 0}}, 2, {controls = 1}))",
          .body = [](lua_State* L, Args& a) {
            Circuit& circuit = a.self<CircuitPointer>()->circuit;
            circuit.unitary(matrix_of(a, "matrix"), qubits_of(a, "qubits"), qubits_of(a, "controls"));
            return push_self(L);
          }});
}

// A whole input, as it is.
int whole_input(const CircuitPointer& circuit, const Args& a, Args::Key key) {
  const LuaAngle& angle = own_angle(circuit, a, key);
  const Shape& shape = circuit->circuit.inputs()[static_cast<std::size_t>(angle.input)].shape;
  if (angle.shape != shape || angle.scale != 1 || angle.offset != 0) {
    a.fail(key, "expected the whole input '{}', unscaled", angle_name(angle));
  }
  return angle.input;
}

// Appends gate(q, scale * x[q]) for each element of a row.
void append_row(const CircuitPointer& circuit, const Args& a, Args::Key key, const Gate& gate, double scale) {
  const LuaAngle& row = own_angle(circuit, a, key);
  const int n = circuit->circuit.qubits();
  if (row.shape.rank() != 1 || row.shape[0] > n) {
    a.fail(key, "expected a row of at most {} numbers, got shape {}", n, row.shape.text());
  }
  for (int q = 0; q < static_cast<int>(row.shape[0]); ++q) {
    circuit->circuit.add(gate, {q}, {{row.input, row.begin + q, row.scale * scale, row.offset * scale}});
  }
}

void add_templates(Module& ms) {
  ms.add({.name = "ms.Circuit:amplitudes",
          .documentation =
              "Starts in the state whose amplitudes are an input of 2^n numbers, divided by its 2-norm.\n\n"
              "It comes before all gates. A zero vector stands for basis state 0.",
          .parameters = {{"x", "ms.Angle", "The whole input."}},
          .returns = "ms.Circuit: itself",
          .example = "print(ms.circuit(2, {x = {4}}, function(c, x) c:amplitudes(x):cnot(1, 2) end))",
          .body = [](lua_State* L, Args& a) {
            const CircuitPointer circuit = a.self<CircuitPointer>();
            circuit->circuit.amplitudes(whole_input(circuit, a, "x"));
            return push_self(L);
          }});
  ms.add({.name = "ms.Circuit:angles",
          .documentation = "Rotates each qubit by one number of a row: angle embedding.",
          .parameters = {{"x", "ms.Angle", "A row of at most n numbers."}},
          .options = {{"gate", "\"rx\"|\"ry\"|\"rz\"|\"phase\"", "Which rotation.", "\"ry\""}},
          .returns = "ms.Circuit: itself",
          .example = "print(ms.circuit(2, {x = {2}}, function(c, x) c:angles(x, {gate = \"rx\"}) end))",
          .body = [](lua_State* L, Args& a) {
            append_row(a.self<CircuitPointer>(), a, "x", quantum::gate(a.string("gate")), 1);
            return push_self(L);
          }});
  ms.add({.name = "ms.Circuit:basis",
          .documentation =
              "Flips each qubit whose number in a row is 1 and leaves those of 0: basis embedding.\n\n"
              "Every 1 brings a global phase, which no expectation value sees.",
          .parameters = {{"x", "ms.Angle", "A row of at most n numbers; at the call each must be 0 or 1."}},
          .returns = "ms.Circuit: itself",
          .example = "print(ms.circuit(2, {x = {2}}, function(c, x) c:basis(x) end))",
          .body = [](lua_State* L, Args& a) {
            const CircuitPointer circuit = a.self<CircuitPointer>();
            append_row(circuit, a, "x", quantum::gate("rx"), std::numbers::pi);
            circuit->bits.push_back(own_angle(circuit, a, "x"));
            return push_self(L);
          }});
  ms.add({.name = "ms.Circuit:strongly_entangling",
          .documentation =
              "Appends strongly entangling layers (arXiv 1804.00633).\n\nIn layer l, from 0, a rot on each "
              "qubit, then a ring of CNOTs of range l mod (n - 1) + 1.",
          .parameters = {{"w", "ms.Angle", "A whole input of shape {layers, n, 3}."}},
          .returns = "ms.Circuit: itself",
          .example = "print(ms.circuit(3, {w = {2, 3, 3}}, function(c, w) c:strongly_entangling(w) end))",
          .body = [](lua_State* L, Args& a) {
            const CircuitPointer circuit = a.self<CircuitPointer>();
            circuit->circuit.strongly_entangling(whole_input(circuit, a, "w"));
            return push_self(L);
          }});
}

struct CircuitCall {
  std::vector<Value> inputs;
  std::vector<const LuaObservable*> observables;
  DType dtype = DType::f32;
};

Value input_value(lua_State* L, int index, const std::string& name, DType dtype) {
  if (const Value* value = find_object<Value>(L, index)) return *value;
  if (lua_type(L, index) == LUA_TNUMBER) return Tensor::scalar(lua_tonumber(L, index), dtype);
  if (lua_istable(L, index)) return tensor_from_table(L, index, dtype);
  fail(ErrorKind::argument, "input '{}': expected tensor or table of numbers, got {}", name,
       describe(L, index));
}

CircuitCall read_call(lua_State* L, const LuaCircuit& object, int table, bool with_observables) {
  const Circuit& circuit = object.circuit;
  std::vector<std::string_view> known;
  for (const auto& input : circuit.inputs()) known.push_back(input.name);
  if (with_observables) known.push_back(observable_key);
  known.push_back(dtype_key);
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) fail(ErrorKind::argument, "expected a table of named inputs");
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    if (std::ranges::find(known, std::string_view(text, size)) == known.end()) {
      throw Error(ErrorKind::argument, unknown_name({text, size}, known));
    }
  }
  CircuitCall call;
  if (lua_getfield(L, table, "dtype") != LUA_TNIL) {
    const std::string_view name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (name != "f32" && name != "f64")
      fail(ErrorKind::argument, "dtype: expected f32 or f64, got {}", describe(L, -1));
    call.dtype = name == "f32" ? DType::f32 : DType::f64;
  }
  for (const auto& input : circuit.inputs()) {
    lua_getfield(L, table, input.name.c_str());
    if (lua_isnil(L, -1)) fail(ErrorKind::argument, "input '{}' is missing", input.name);
    call.inputs.push_back(input_value(L, lua_gettop(L), input.name, call.dtype));
    lua_pop(L, 1);
  }
  for (const LuaAngle& row : object.bits) check_bits(row, call.inputs[static_cast<std::size_t>(row.input)]);
  if (!with_observables) return call;
  lua_getfield(L, table, "observable");
  call.observables = observables_at(L, lua_gettop(L));
  return call;
}

// Says at the first zero vector of the process, at the script's line, what becomes of it.
class ZeroVectorWarning {
 public:
  void show(lua_State* L) const {
    if (seen_before_ || ops::zero_rows_seen() == 0) return;
    lua_warning(
        L,
        (blame(L) + "a zero vector has no norm: it is embedded as basis state 0, with zero derivatives "
                    "(said once)")
            .c_str(),
        0);
  }

 private:
  bool seen_before_ = ops::zero_rows_seen() > 0;
};

int call_circuit(lua_State* L, Args& a) {
  const CircuitPointer object = a.object<CircuitPointer>("circuit");
  const CircuitCall call = read_call(L, *object, a.slot("arguments"), true);
  std::vector<Value> hermitians;
  quantum::Readout readout = readout_of(call.observables, object->circuit.qubits(), &hermitians);
  const bool changed = object->last == nullptr ||
                       &object->last->circuit.plans() != &object->circuit.plans() ||
                       object->last->readout != readout;
  if (changed) {
    object->last = std::make_shared<const quantum::Measurement>(
        quantum::Measurement{object->circuit, std::move(readout)});
  }
  const ZeroVectorWarning warning;
  push(L, quantum::expectation(object->last, call.inputs, hermitians, call.dtype));
  warning.show(L);
  return 1;
}

void add_methods(Module& ms) {
  ms.add({.name = "ms.Circuit:__call",
          .documentation = "Gives the observables' expectation values.",
          .parameters = {{"circuit", "ms.Circuit", "Circuit."},
                         {"arguments", "table", "Inputs by their names, and `observable`: one or a list."}},
          .returns = "ms.Tensor: [outputs], or [samples, outputs]",
          .body = call_circuit});
  ms.add({.name = "ms.Circuit:state",
          .documentation =
              "Gives the state after the circuit, real and imaginary parts along the last axis.\n\nIt cannot "
              "be differentiated.",
          .parameters = {{"inputs", "table", "Inputs by their names."}},
          .returns = "ms.Tensor: [2^n, 2], or [samples, 2^n, 2]",
          .example = "print(ms.circuit(1):h(1):state({}))",
          .body = [](lua_State* L, Args& a) {
            const CircuitPointer circuit = a.self<CircuitPointer>();
            const CircuitCall call = read_call(L, *circuit, a.slot("inputs"), false);
            const ZeroVectorWarning warning;
            push(L, quantum::state(circuit->circuit, call.inputs, call.dtype));
            warning.show(L);
            return 1;
          }});
  ms.add({.name = "ms.Circuit:input",
          .documentation = "Gives an input by its name, to be used as angles.",
          .parameters = {{"name", "string", "As declared."}},
          .returns = "ms.Angle",
          .example = "local c = ms.circuit(1, {a = {2}})\nprint(c:rx(1, c:input(\"a\")[2]))",
          .body = [](lua_State* L, Args& a) {
            const CircuitPointer circuit = a.self<CircuitPointer>();
            const auto inputs = circuit->circuit.inputs();
            std::vector<std::string_view> names;
            for (const auto& input : inputs) names.push_back(input.name);
            const auto found = std::ranges::find(names, a.string("name"));
            if (found == names.end())
              a.fail("name", "no input is called '{}'{}", a.string("name"),
                     suggestion(a.string("name"), names));
            return push(L, input_angle(circuit, static_cast<int>(found - names.begin())));
          }});
  ms.add({.name = "ms.Circuit:qubits",
          .documentation = "Gives the number of qubits.",
          .returns = "integer",
          .example = "print(ms.circuit(3):qubits())",
          .body = [](lua_State* L, Args& a) { return push(L, a.self<CircuitPointer>()->circuit.qubits()); }});
}

}  // namespace

void open_quantum(Module& ms) {
  ms.add_class<CircuitPointer>();
  open_angles(ms);
  open_observables(ms);
  open_gates(ms);
  ms.add({.name = "ms.circuit",
          .documentation = "Makes a quantum circuit.\n\nInputs are declared by name and shape; the function "
                           "gets the circuit and "
                           "each input that its parameters name, and appends gates. Inside it inputs may be "
                           "indexed, scaled and "
                           "shifted by numbers. Calling the circuit gives expectation values; an input with "
                           "one more axis in front "
                           "holds one value for each sample.",
          .parameters = {{"qubits", "integer", "1 to 24."},
                         {"inputs?", "table", "Shapes by name: {x = {64}, w = {3, 6, 3}}."},
                         {"build?", "function", "Appends the gates."}},
          .returns = "ms.Circuit",
          .example = "local c = ms.circuit(2, {a = {2}}, function(c, a) c:ry(1, a[1]):cnot(1, 2):rx(2, 2 * "
                     "a[2] + 0.5) end)\n"
                     "print(c{a = ms.tensor{0.1, 0.2}, observable = ms.observable.pauli(\"ZZ\")})",
          .body = make_circuit});
  add_gates(ms);
  add_templates(ms);
  add_methods(ms);
  open_quantum_data(ms);
  open_qubits(ms);
}

}  // namespace moonstill::lua
