// What the methods of circuits and of qubits share: one row for each gate of the engine's table.
#include <algorithm>
#include <cmath>

#include "bindings/quantum.hpp"

namespace moonstill::lua {

using quantum::Gate;

namespace {

struct QubitName {
  std::string_view name;
  std::string_view documentation;
};

std::vector<QubitName> qubit_names(const Gate& gate) {
  std::vector<QubitName> names;
  if (gate.controls == 1) names = {{"control", "Qubit that must be 1."}};
  if (gate.controls == 2)
    names = {{"control1", "Qubit that must be 1."}, {"control2", "Qubit that must be 1."}};
  if (gate.targets == 2) {
    names.insert(names.end(), {{"first", "Qubit acted on."}, {"second", "Qubit acted on."}});
  } else if (names.empty()) {
    names = {{"qubit", "Qubit acted on."}};
  } else {
    names.push_back({"target", "Qubit acted on."});
  }
  return names;
}

void set_text(lua_State* L, const char* key, std::string_view text) {
  push(L, text);
  lua_setfield(L, -2, key);
}

void push_gate(lua_State* L, const Gate& gate) {
  lua_createtable(L, 0, 6);
  set_text(L, "name", gate.name);
  set_text(L, "documentation", gate.documentation);
  push(L, gate.controls);
  lua_setfield(L, -2, "controls");
  push(L, gate.targets);
  lua_setfield(L, -2, "targets");
  lua_createtable(L, gate.angles(), 0);
  for (int m = 0; m < gate.angles(); ++m) {
    push(L, gate.angle_names[static_cast<std::size_t>(m)]);
    lua_rawseti(L, -2, m + 1);
  }
  lua_setfield(L, -2, "angles");
  lua_createtable(L, 0, 2);
  set_text(L, "name", gate.qasm_name.empty() ? gate.name : gate.qasm_name);
  if (!gate.qasm_body.empty()) set_text(L, "body", gate.qasm_body);
  lua_setfield(L, -2, "qasm");
}

}  // namespace

int qubit_count(const Args& a, DType dtype) {
  const std::int64_t n = a.integer("qubits");
  if (n < 1) a.fail("qubits", "expected 1 to {} qubits, got {}", quantum::max_qubits, n);
  if (n > quantum::max_qubits) {
    const double bytes = std::ldexp(2.0 * static_cast<double>(dtype_size(dtype)),
                                    static_cast<int>(std::min<std::int64_t>(n, 1000)));
    a.fail("qubits", "expected 1 to {} qubits, got {}: one state in {} takes {:.3g} bytes",
           quantum::max_qubits, n, dtype_name(dtype), bytes);
  }
  return static_cast<int>(n);
}

std::vector<int> qubits_of(const Args& a, Args::Key key) {
  const auto indices = a.indices(key, quantum::max_qubits);
  return {indices.begin(), indices.end()};
}

FunctionRow gate_row(const Gate& gate, const char* class_name, const char* angle_type) {
  FunctionRow row;
  row.name = fmt::format("{}:{}", class_name, gate.name);
  row.documentation = gate.documentation;
  std::string call;
  for (const auto& [name, documentation] : qubit_names(gate)) {
    row.parameters.push_back({name, "integer", documentation});
    call += fmt::format("{}{}", call.empty() ? "" : ", ", row.parameters.size());
  }
  for (int m = 0; m < gate.angles(); ++m) {
    const bool may_be_row = gate.angles() > 1 && m == 0;
    row.parameters.push_back({gate.angle_names[static_cast<std::size_t>(m)], angle_type,
                              may_be_row ? "Radians; in a circuit also a row of all angles." : "Radians.",
                              m == 0 ? "" : "nil"});
    call += ", 0.5";
  }
  row.options = {{"controls", qubits_type, "Further qubits that must be 1.", "{}"}};
  const bool circuit = std::string_view(class_name) == "ms.Circuit";
  row.example = fmt::format("print(ms.{}(3):{}({}))", circuit ? "circuit" : "qubits", gate.name, call);
  return row;
}

GateCall gate_call(const Gate& gate, const Args& a, int n) {
  GateCall call{gate, {}, qubits_of(a, "controls")};
  for (const auto& [name, documentation] : qubit_names(gate)) {
    call.qubits.push_back(static_cast<int>(a.qubit(name, static_cast<std::size_t>(n))));
  }
  return call;
}

void open_gates(Module& ms) {
  ms.add({.name = "ms.gates",
          .documentation =
              "Gives the table of gates.\n\nEach has a method of its name in circuits and qubits; its "
              "qubits are first `controls`, then `targets` in number.",
          .returns = "table[]: { name = string, controls = integer, targets = integer, angles = string[], "
                     "documentation = string, qasm = { name = string, body? = string } }",
          .example = "for _, gate in ipairs(ms.gates()) do print(gate.name, gate.documentation) end",
          .body = [](lua_State* L, Args&) {
            lua_newtable(L);
            for (lua_Integer i = 1; const Gate& gate : quantum::gates()) {
              push_gate(L, gate);
              lua_rawseti(L, -2, i++);
            }
            return 1;
          }});
}

}  // namespace moonstill::lua
