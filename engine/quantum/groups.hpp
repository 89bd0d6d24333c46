// Which rows of a state an operation on some qubits mixes: groups of 2^k rows, one for each setting of the
// others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moonstill::quantum {

/// Row p of a group has the targets' bits set to p, the first target most significant, and the controls'
/// bits 1.
class Groups {
 public:
  Groups() = default;
  /// Positions of bits in a row number of `row_bits` bits. Row r lies at places[r], or at r when `places` is
  /// empty.
  Groups(std::span<const int> target_bits, std::span<const int> control_bits, int row_bits,
         std::span<const std::uint32_t> places = {});

  [[nodiscard]] int dimension() const { return dimension_; }
  [[nodiscard]] std::size_t count() const { return table_.size() / static_cast<std::size_t>(dimension_); }
  /// Where the rows of a group lie: `dimension` of them.
  [[nodiscard]] const std::uint32_t* rows(std::size_t group) const {
    return table_.data() + group * static_cast<std::size_t>(dimension_);
  }

 private:
  int dimension_ = 1;
  std::vector<std::uint32_t> table_;
};

}  // namespace moonstill::quantum
