#include "engine/quantum/pack_rows.hpp"

#include <algorithm>

namespace moonstill::quantum {
namespace {

// Fewer vectors than that are turned sooner by one qubit after the other.
constexpr int least_vector_bits = 4;

// Numbers of vectors modulo the joint qubits' flips.
class Cosets {
 public:
  // False, and nothing done, where the flip is a sum of those before.
  bool add(Bits flip) {
    const Bits rest = reduced(flip);
    if (rest == 0) return false;
    basis_.push_back(rest);
    return true;
  }

  [[nodiscard]] Bits reduced(Bits vector) const {
    for (const Bits b : basis_) vector = std::min(vector, vector ^ b);
    return vector;
  }

 private:
  std::vector<Bits> basis_;
};

// The sum of the joint qubits' flips that lead to a position.
Bits flip_to(std::size_t position, std::span<const QubitRows> qubits, const std::vector<std::size_t>& joint) {
  Bits flip = 0;
  for (std::size_t q = 0; q < joint.size(); ++q) {
    if ((position >> (joint.size() - 1 - q) & 1) != 0) flip ^= qubits[joint[q]].flip;
  }
  return flip;
}

}  // namespace

PackRows pack_rows(std::span<const QubitRows> qubits, int bits, int row_bits) {
  PackRows out;
  Cosets cosets;
  for (std::size_t q = 0; q < qubits.size(); ++q)
    (cosets.add(qubits[q].flip >> row_bits) ? out.joint : out.rest).push_back(q);
  if (out.joint.size() < 2 || bits - row_bits < least_vector_bits) {
    out.rest.insert(out.rest.end(), out.joint.begin(), out.joint.end());
    out.joint.clear();
    return out;
  }
  const Bits low = (Bits{1} << row_bits) - 1;
  const std::size_t depth = std::size_t{1} << out.joint.size();
  std::vector<Bits> steps(depth);
  for (std::size_t p = 0; p < depth; ++p) {
    const Bits flip = flip_to(p, qubits, out.joint);
    steps[p] = flip >> row_bits;
    out.exchanges[p] = flip & low;
  }
  for (const std::size_t q : out.joint) {
    Bits columns = 0;
    for (Bits column = 0; column <= low; ++column)
      columns |= static_cast<Bits>(odd(qubits[q].high.mask & column)) << column;
    out.columns.push_back(columns);
  }
  const auto highs = [&](Bits vector) {
    Bits pattern = 0;
    for (std::size_t q = 0; q < out.joint.size(); ++q)
      pattern |= static_cast<Bits>(qubits[out.joint[q]].high.at(vector << row_bits)) << q;
    return pattern;
  };
  for (Bits vector = 0; vector < Bits{1} << (bits - row_bits); ++vector) {
    if (cosets.reduced(vector) != vector) continue;
    // Of the coset's vectors, one with as few qubits at 1 as may be comes first: few classes are left.
    Bits first = vector;
    for (const Bits step : steps) {
      if (highs(vector ^ step) < highs(first)) first = vector ^ step;
    }
    const Bits pattern = highs(first);
    auto found = std::ranges::find(out.classes, pattern, &PackRows::Class::highs);
    if (found == out.classes.end()) found = out.classes.insert(found, PackRows::Class{pattern, {}});
    for (const Bits step : steps) found->vectors.push_back(first ^ step);
  }
  return out;
}

}  // namespace moonstill::quantum
