#include "engine/quantum/groups.hpp"

namespace moonstill::quantum {

Groups::Groups(std::span<const int> target_bits, std::span<const int> control_bits, int row_bits,
               std::span<const std::uint32_t> places)
    : dimension_(1 << target_bits.size()) {
  std::size_t targets = 0;
  std::size_t controls = 0;
  for (const int bit : target_bits) targets |= std::size_t{1} << bit;
  for (const int bit : control_bits) controls |= std::size_t{1} << bit;
  for (std::size_t base = 0; base < std::size_t{1} << row_bits; ++base) {
    if ((base & targets) != 0 || (base & controls) != controls) continue;
    for (std::size_t p = 0; p < static_cast<std::size_t>(dimension_); ++p) {
      std::size_t row = base;
      for (std::size_t t = 0; t < target_bits.size(); ++t) {
        if (((p >> (target_bits.size() - 1 - t)) & 1) != 0) row |= std::size_t{1} << target_bits[t];
      }
      table_.push_back(places.empty() ? static_cast<std::uint32_t>(row) : places[row]);
    }
  }
}

}  // namespace moonstill::quantum
