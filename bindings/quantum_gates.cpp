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

}  // namespace moonstill::lua
