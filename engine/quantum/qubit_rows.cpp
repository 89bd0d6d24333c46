#include "engine/quantum/qubit_rows.hpp"

#include <bit>
#include <vector>

namespace moonstill::quantum {

std::optional<QubitRows> qubit_rows(const Groups& groups, std::size_t position) {
  const auto depth = static_cast<std::size_t>(groups.dimension());
  const std::size_t bit = depth >> (position + 1);
  std::vector<bool> high(groups.count() * depth);
  for (std::size_t g = 0; g < groups.count(); ++g) {
    for (std::size_t p = 0; p < depth; ++p) high[groups.rows(g)[p]] = (p & bit) != 0;
  }
  QubitRows qubit{groups.rows(0)[0] ^ groups.rows(0)[bit], {0, high[0]}};
  for (std::size_t row = 1; row < high.size(); row *= 2) {
    if (high[row] != high[0]) qubit.high.mask |= static_cast<Bits>(row);
  }
  for (std::size_t g = 0; g < groups.count(); ++g) {
    for (std::size_t p = 0; p < depth; ++p) {
      const std::uint32_t row = groups.rows(g)[p];
      if (qubit.high.at(row) != high[row] || (row ^ groups.rows(g)[p ^ bit]) != qubit.flip) return {};
    }
  }
  return qubit;
}

}  // namespace moonstill::quantum
