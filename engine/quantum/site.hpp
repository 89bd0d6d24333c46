// Where a matrix acts in a framed state: which parities of a place are the bits of its row, what flips them,
// and the same within one block of the state.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/quantum/frame.hpp"

namespace moonstill::quantum {

/// Bit i of the matrix's row is targets[i], and flips[i] changes it alone. Places differ in the lane bits
/// within a vector, in the others from vector to vector. A variant is what the parities of a vector's number
/// contribute: bit i of the row, then the lane controls; the lanes add their own part.
class Site {
 public:
  /// On bits of the frame, the last one most significant in the matrix. Diagonal ones flip nothing.
  Site(const Frame& frame, std::span<const int> target_bits, std::span<const int> control_bits, bool diagonal,
       int lane_bits);
  /// A function of a place and what it is multiplied by there: a Pauli word. `flip` may be 0.
  Site(const Parity& sign, Bits flip, int lane_bits);

  [[nodiscard]] int targets() const { return static_cast<int>(targets_.size()); }
  [[nodiscard]] int dimension() const { return 1 << targets(); }
  [[nodiscard]] const std::vector<Bits>& flips() const { return flips_; }
  [[nodiscard]] int terms() const { return 1 << flips_.size(); }
  [[nodiscard]] int lane_bits() const { return lane_bits_; }
  [[nodiscard]] Bits lanes() const { return Bits{1} << lane_bits_; }

  [[nodiscard]] int variants() const { return 1 << (targets_.size() + lane_controls_.size()); }
  /// The row of lane `lane` in a vector of variant `variant`, and whether all lane controls are 1 there.
  [[nodiscard]] Bits row(Bits variant, Bits lane) const {
    return (variant ^ static_cast<Bits>(lane_codes_[lane])) & row_mask();
  }
  [[nodiscard]] bool active(Bits variant, Bits lane) const {
    return ((variant ^ static_cast<Bits>(lane_codes_[lane])) | row_mask()) == all_ones();
  }
  /// The code of lanes that have row `row` and are active in a vector of that variant.
  [[nodiscard]] std::int32_t code_of(Bits variant, Bits row) const {
    return static_cast<std::int32_t>((variant ^ row ^ ~row_mask()) & all_ones());
  }
  [[nodiscard]] const std::vector<std::int32_t>& lane_codes() const { return lane_codes_; }
  [[nodiscard]] bool lanes_alike() const { return lanes_alike_; }

  /// What must be known of a vector's number: the targets, lane controls, other controls.
  [[nodiscard]] std::vector<Parity> functionals() const;
  /// Which of those are the other controls.
  [[nodiscard]] Bits high_controls() const {
    return ((Bits{1} << high_controls_.size()) - 1) << (targets_.size() + lane_controls_.size());
  }
  [[nodiscard]] const std::vector<Parity>& target_parities() const { return targets_; }

 private:
  void reduce(std::vector<Parity> controls);
  void number_lanes();
  [[nodiscard]] Bits row_mask() const { return (Bits{1} << targets_.size()) - 1; }
  [[nodiscard]] Bits all_ones() const { return static_cast<Bits>(variants()) - 1; }
  [[nodiscard]] Bits lane_mask() const { return lanes() - 1; }

  std::vector<Parity> targets_;
  std::vector<Bits> flips_;
  std::vector<Parity> lane_controls_;  // those that differ from lane to lane
  std::vector<Parity> high_controls_;
  std::vector<std::int32_t> lane_codes_;
  bool lanes_alike_ = true;
  int lane_bits_;
};

/// A linear subspace of the places that contains the lanes. The state falls into its cosets, the blocks; in a
/// block, place `sum of basis[j] over the bits j of x` has number x.
struct Subspace {
  int lane_bits = 0;
  std::vector<Bits> basis;  // without the lanes; each has a bit of its own, its highest
  std::vector<int> own_bits;

  [[nodiscard]] int dimension() const { return static_cast<int>(basis.size()); }
  /// The number of a vector of the subspace.
  [[nodiscard]] Bits coordinates(Bits place) const;
  /// The parity as a function of numbers.
  [[nodiscard]] Bits restricted(Bits mask) const;
  /// Enlarges it by one place.
  void add(Bits place);
  [[nodiscard]] bool contains(Bits place) const;
};

/// A site within the blocks of a subspace. A group of vectors that the matrix mixes lies at the numbers
/// first ^ members[u]; the firsts of one variant are one solution xor the sums of a kernel.
struct BlockSite {
  static constexpr int most_terms = 4;

  BlockSite(const Site& at, const Subspace& subspace);

  const Site* site;
  int rank = 0;                                // log2 of the members of a group
  std::array<Bits, most_terms> members{};      // their numbers relative to the first
  std::array<Bits, most_terms> shifts{};       // how their variants differ from the first one's
  std::array<Bits, most_terms> term_member{};  // term j multiplies member u ^ term_member[j],
  std::array<Bits, most_terms> term_lanes{};   // its lanes exchanged by xor with term_lanes[j]
  bool permuted = false;                       // whether lanes are exchanged
  bool first_row_fixed = false;                // the firsts are those of row bit 0
  std::vector<Parity> functionals;             // of the block's base
  Span kernel;

  /// The first of the firsts at which the functionals have the given values; none when there is no such.
  [[nodiscard]] std::optional<Bits> first(Bits values) const {
    return values < firsts_.size() ? firsts_[values] : system_.solve(values);
  }

 private:
  LinearSystem system_;
  std::vector<std::optional<Bits>> firsts_;  // for all values, when these are few
};

/// A matrix of more than two qubits within the blocks of a subspace, amplitude by amplitude: row i of a group
/// is at number first ^ rows[i], numbers counting lanes as well.
struct WideSite {
  WideSite(const Site& at, const Subspace& subspace);

  std::vector<Parity> functionals;
  Bits wanted = 0;  // values of the functionals at the first of a group
  std::vector<Bits> rows;
  LinearSystem system;
  Span kernel;
};

}  // namespace moonstill::quantum
