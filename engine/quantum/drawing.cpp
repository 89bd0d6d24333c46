// Circuits as text.
#include <algorithm>
#include <cctype>

#include "engine/core/error.hpp"
#include "engine/quantum/circuit.hpp"

namespace moonstill::quantum {
namespace {

// Columns on a terminal: every character that we print is one wide.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// "w[1,2,3]", or "w[1,2]" for a whole row.
std::string element(const CircuitInput& input, std::int64_t slot, bool row, int first_number) {
  std::string indices;
  for (std::size_t axis = input.shape.rank(); axis-- > 0;) {
    const std::int64_t index = slot % input.shape[axis] + first_number;
    slot /= input.shape[axis];
    if (row && axis + 1 == input.shape.rank()) continue;
    indices = fmt::format("{}{}{}", index, indices.empty() ? "" : ",", indices);
  }
  return indices.empty() ? input.name : fmt::format("{}[{}]", input.name, indices);
}

std::string angle_text(const Circuit& circuit, const Angle& angle) {
  if (angle.is_constant()) return fmt::format("{:.4g}", angle.offset);
  const auto& input = circuit.inputs()[static_cast<std::size_t>(angle.input)];
  std::string text = element(input, angle.slot, false, circuit.first_number());
  if (angle.scale == -1)
    text = "-" + text;
  else if (angle.scale != 1)
    text = fmt::format("{:.4g}*{}", angle.scale, text);
  if (angle.offset != 0) text += fmt::format("{:+.4g}", angle.offset);
  return text;
}

// Whether the angles are one whole row of an input, as they are.
bool is_row(const Circuit& circuit, const std::vector<Angle>& angles) {
  if (angles.size() < 2 || angles[0].is_constant()) return false;
  const Shape& shape = circuit.inputs()[static_cast<std::size_t>(angles[0].input)].shape;
  const auto size = static_cast<std::int64_t>(angles.size());
  if (shape.rank() == 0 || shape[shape.rank() - 1] != size || angles[0].slot % size != 0) return false;
  for (std::size_t m = 0; m < angles.size(); ++m) {
    if (angles[m] != Angle{angles[0].input, angles[0].slot + static_cast<std::int64_t>(m)}) return false;
  }
  return true;
}

std::string angles_text(const Circuit& circuit, const std::vector<Angle>& angles) {
  if (angles.empty()) return "";
  if (is_row(circuit, angles)) {
    const auto& input = circuit.inputs()[static_cast<std::size_t>(angles[0].input)];
    return fmt::format("({})", element(input, angles[0].slot, true, circuit.first_number()));
  }
  std::string text;
  for (const Angle& angle : angles) text += (text.empty() ? "(" : ", ") + angle_text(circuit, angle);
  return text + ")";
}

std::string target_text(const Circuit& circuit, const Operation& operation, bool controlled) {
  if (operation.gate == nullptr) return "U";
  const Gate& gate = *operation.gate;
  if (structure(gate).permutation && controlled && gate.targets == 1) return "⊕";
  if (structure(gate).permutation && gate.targets == 2) return "×";
  std::string name(gate.name.substr(gate.controls > 0 ? 1 : 0));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name + angles_text(circuit, operation.angles);
}

// One column of the drawing: a text for each qubit, empty where the line goes on.
using Column = std::vector<std::string>;

void put(Column& column, const Circuit& circuit, const Operation& operation, int first, int last) {
  for (int q = first; q <= last; ++q) column[static_cast<std::size_t>(q)] = "┼";
  const std::vector<int> controls = operation.all_controls();
  for (const int q : controls) column[static_cast<std::size_t>(q)] = "●";
  const std::string label = target_text(circuit, operation, !controls.empty());
  for (const int q : operation.targets()) column[static_cast<std::size_t>(q)] = label;
}

std::vector<Column> lay_out(const Circuit& circuit) {
  const auto n = static_cast<std::size_t>(circuit.qubits());
  std::vector<Column> out;
  std::vector<std::size_t> next(n, 0);
  if (circuit.amplitude_input() >= 0) {
    const auto& input = circuit.inputs()[static_cast<std::size_t>(circuit.amplitude_input())];
    out.emplace_back(n, fmt::format("|{}⟩", input.name));
    std::ranges::fill(next, 1);
  }
  for (const Operation& operation : circuit.operations()) {
    std::vector<int> qubits = operation.qubits;
    qubits.insert(qubits.end(), operation.controls.begin(), operation.controls.end());
    const auto [first, last] = std::ranges::minmax(qubits);
    std::size_t at = 0;
    for (int q = first; q <= last; ++q) at = std::max(at, next[static_cast<std::size_t>(q)]);
    for (int q = first; q <= last; ++q) next[static_cast<std::size_t>(q)] = at + 1;
    if (at == out.size()) out.emplace_back(n);
    put(out[at], circuit, operation, first, last);
  }
  return out;
}

std::size_t column_width(const Column& column) {
  std::size_t width = 1;
  for (const auto& text : column) width = std::max(width, columns(text));
  return width;
}

}  // namespace

std::string draw(const Circuit& circuit, int width) {
  const std::vector<Column> all = lay_out(circuit);
  const auto n = static_cast<std::size_t>(circuit.qubits());
  const std::size_t label = fmt::format("{}", circuit.qubits() - 1 + circuit.first_number()).size();
  const auto room = static_cast<std::size_t>(std::max(width, 20));
  std::string out;
  std::size_t begin = 0;
  do {
    std::size_t used = label + 3;
    std::size_t end = begin;
    while (end < all.size() && (end == begin || used + column_width(all[end]) + 1 <= room)) {
      used += column_width(all[end]) + 1;
      ++end;
    }
    if (begin > 0) out += "\n";
    for (std::size_t q = 0; q < n; ++q) {
      out += fmt::format("{:>{}}: ─", q + static_cast<std::size_t>(circuit.first_number()), label);
      for (std::size_t c = begin; c < end; ++c) {
        const std::string& text = all[c][q];
        out += text + repeat("─", column_width(all[c]) - columns(text) + 1);
      }
      out += "\n";
    }
    begin = end;
  } while (begin < all.size());
  return out;
}

}  // namespace moonstill::quantum
