// Which rows of a state an operation on some qubits mixes: groups of 2^k rows, one for each setting of the
// others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moonstill::quantum {

/// Row p of a group has the targets' bits set to p, the first target most significant. Rows are found from a
/// table, or by spreading the group's number over the bits that are neither target nor control.
class Groups {
 public:
  Groups() = default;
  /// `bits` positions of the targets, `controls` those of the controls, in a row number of `row_bits` bits.
  Groups(std::vector<int> target_bits, std::span<const int> control_bits, int row_bits);

  /// Looks rows up in a table of physical places from now on: row r lies at places[r].
  void relabel(std::span<const std::uint32_t> places);

  [[nodiscard]] int dimension() const { return static_cast<int>(offsets_.size()); }
  [[nodiscard]] std::size_t count() const { return count_; }

  [[gnu::always_inline]] void rows(std::size_t group, std::size_t* out, int dimension) const {
    if (!table_.empty()) {
      const std::uint32_t* row = table_.data() + group * static_cast<std::size_t>(dimension);
      for (int p = 0; p < dimension; ++p) out[p] = row[p];
      return;
    }
    std::size_t base = group;
    for (const int bit : fixed_bits_) {
      const std::size_t low = (std::size_t{1} << bit) - 1;
      base = ((base & ~low) << 1) | (base & low);
    }
    base |= controls_;
    for (int p = 0; p < dimension; ++p) out[p] = base | offsets_[static_cast<std::size_t>(p)];
  }

 private:
  std::size_t count_ = 0;
  std::size_t controls_ = 0;
  std::vector<int> fixed_bits_;  // targets and controls, ascending
  std::vector<std::size_t> offsets_;
  std::vector<std::uint32_t> table_;
};

}  // namespace moonstill::quantum
