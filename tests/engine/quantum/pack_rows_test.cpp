#include "engine/quantum/pack_rows.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/quantum/gates.hpp"
#include "engine/quantum/site.hpp"
#include "tests/engine/quantum/random_circuit.hpp"
#include "tests/support/catch.hpp"

namespace moonstill::quantum {
namespace {

constexpr int n = 7;

// Where qubits are 1 after some CNOT, SWAP and X.
std::vector<QubitRows> relabelled_qubits(int permutations, Generator& random) {
  Frame frame(n);
  for (int step = 0; step < permutations; ++step) {
    const Gate& gate = quantum::gate(std::array{"cnot", "swap", "x"}[random.below(3)]);
    const std::vector<int> bits = some_qubits(gate.qubits(), n, random);
    const auto controls = static_cast<std::size_t>(gate.controls);
    frame.permute(target_matrix(gate, {}), std::span(bits).subspan(controls),
                  std::span(bits).first(controls));
  }
  std::vector<QubitRows> qubits;
  for (int bit = 0; bit < n; ++bit) qubits.push_back({frame.flip(bit), frame.row(bit)});
  return qubits;
}

// Every lane of a group at each position: where the joint qubits are as the position and the column say.
bool fits(const PackRows& rows, std::span<const QubitRows> qubits, const PackRows::Class& part,
          std::span<const std::uint32_t> group, int row_bits) {
  const std::size_t count = rows.joint.size();
  for (Bits column = 0; column < Bits{1} << row_bits; ++column) {
    const auto row = [&](std::size_t p) { return group[p] << row_bits | (column ^ rows.exchanges[p]); };
    for (std::size_t p = 0; p < group.size(); ++p) {
      for (std::size_t q = 0; q < count; ++q) {
        const std::size_t bit = std::size_t{1} << (count - 1 - q);
        const QubitRows& qubit = qubits[rows.joint[q]];
        const bool opposite = ((part.highs >> q ^ rows.columns[q] >> column) & 1) != 0;
        if (qubit.high.at(row(p)) != (((p & bit) != 0) != opposite)) return false;
        if ((row(p) ^ row(p ^ bit)) != qubit.flip) return false;
      }
    }
  }
  return true;
}

}  // namespace

TEST_CASE("groups of a pack have the rows that their joint qubits mix", "[quantum][pack]") {
  Generator random(71);
  std::size_t joint = 0;
  for (int round = 0; round < 60; ++round) {
    const std::vector<QubitRows> all = relabelled_qubits(round / 2, random);
    std::vector<QubitRows> qubits;
    for (const int q : some_qubits(static_cast<int>(most_joint_qubits), n, random))
      qubits.push_back(all[static_cast<std::size_t>(q)]);
    for (int row_bits = 0; row_bits <= 4; ++row_bits) {
      const PackRows rows = pack_rows(qubits, n, row_bits);
      CHECK(rows.joint.size() + rows.rest.size() == qubits.size());
      joint += rows.joint.size();
      if (rows.joint.empty()) continue;
      std::vector<int> seen(std::size_t{1} << (n - row_bits));
      const std::size_t depth = std::size_t{1} << rows.joint.size();
      for (const PackRows::Class& part : rows.classes) {
        for (std::size_t g = 0; g < part.vectors.size(); g += depth) {
          const auto group = std::span(part.vectors).subspan(g, depth);
          CHECK(fits(rows, qubits, part, group, row_bits));
          for (const std::uint32_t vector : group) ++seen[vector];
        }
      }
      CHECK(std::ranges::all_of(seen, [](int times) { return times == 1; }));
    }
  }
  CHECK(joint > 300);
}

}  // namespace moonstill::quantum
