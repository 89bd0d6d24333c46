#include "engine/quantum/groups.hpp"

#include <algorithm>

namespace moonstill::quantum {

Groups::Groups(std::vector<int> target_bits, std::span<const int> control_bits, int row_bits)
    : fixed_bits_(control_bits.begin(), control_bits.end()) {
  for (const int bit : control_bits) controls_ |= std::size_t{1} << bit;
  const std::size_t dimension = std::size_t{1} << target_bits.size();
  offsets_.assign(dimension, 0);
  for (std::size_t p = 0; p < dimension; ++p) {
    for (std::size_t t = 0; t < target_bits.size(); ++t) {
      if ((p >> (target_bits.size() - 1 - t)) & 1) offsets_[p] |= std::size_t{1} << target_bits[t];
    }
  }
  fixed_bits_.insert(fixed_bits_.end(), target_bits.begin(), target_bits.end());
  std::ranges::sort(fixed_bits_);
  count_ = std::size_t{1} << (row_bits - static_cast<int>(fixed_bits_.size()));
}

void Groups::relabel(std::span<const std::uint32_t> places) {
  const int d = dimension();
  std::vector<std::uint32_t> table(count_ * offsets_.size());
  std::vector<std::size_t> group(offsets_.size());
  for (std::size_t g = 0; g < count_; ++g) {
    rows(g, group.data(), d);
    for (std::size_t p = 0; p < group.size(); ++p) table[g * group.size() + p] = places[group[p]];
  }
  table_ = std::move(table);
}

}  // namespace moonstill::quantum
