// Linear relabelling of a state's amplitudes over GF(2), so that CNOT, SWAP and X move no data (Aaronson and
// Gottesman's tableau, arXiv quant-ph/0406196, for basis states), and the linear algebra that it needs.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/quantum/matrix.hpp"

namespace moonstill::quantum {

/// A place in a state, or a set of its bits.
using Bits = std::uint32_t;

[[nodiscard]] inline bool odd(Bits x) { return (std::popcount(x) & 1) != 0; }

/// An affine function of a place.
struct Parity {
  Bits mask = 0;
  bool offset = false;

  [[nodiscard]] bool at(Bits place) const { return odd(mask & place) != offset; }
  friend Parity operator^(const Parity& a, const Parity& b) {
    return {a.mask ^ b.mask, a.offset != b.offset};
  }
  friend bool operator==(const Parity&, const Parity&) = default;
};

/// Where the amplitudes of basis states lie. Bit b of the index of a basis state is row(b) of its place;
/// flip(b) leads to the state in which that bit alone differs.
class Frame {
 public:
  /// Every amplitude at its own index.
  explicit Frame(int bits);

  [[nodiscard]] int bits() const { return static_cast<int>(rows_.size()); }
  [[nodiscard]] const Parity& row(int bit) const { return rows_[static_cast<std::size_t>(bit)]; }
  [[nodiscard]] Bits flip(int bit) const { return flips_[static_cast<std::size_t>(bit)]; }
  [[nodiscard]] Bits place(Bits index) const;

  /// Takes over a permutation of basis states: a permutation matrix on target bits, the first one most
  /// significant, where all controls are 1. False, and nothing done, unless it is affine.
  bool permute(const ComplexMatrix& matrix, std::span<const int> targets, std::span<const int> controls);

  friend bool operator==(const Frame&, const Frame&) = default;

 private:
  std::vector<Parity> rows_;
  std::vector<Bits> flips_;
};

/// The solutions x of odd(masks[i] & x) = bit i of some values.
class LinearSystem {
 public:
  LinearSystem(std::span<const Bits> masks, int unknowns);

  /// One solution, unless there is none.
  [[nodiscard]] std::optional<Bits> solve(Bits values) const;
  /// A basis of the solutions for values 0, ascending by a bit that each has alone.
  [[nodiscard]] const std::vector<Bits>& kernel() const { return kernel_; }

 private:
  struct Row {
    Bits mask;
    Bits sources;  // the masks whose sum it is
    int pivot;     // the only row with this bit; -1: the mask is 0
  };
  std::vector<Row> rows_;
  std::vector<Bits> kernel_;
};

/// All sums of a basis; sum i takes the elements at the bits of i.
[[nodiscard]] std::vector<Bits> sums(std::span<const Bits> basis);

/// The same as two tables: sum i is outer[i / inner.size()] ^ inner[i % inner.size()].
struct Span {
  explicit Span(std::span<const Bits> basis);

  [[nodiscard]] std::size_t size() const { return outer.size() * inner.size(); }
  Bits operator[](std::size_t i) const { return outer[i / inner.size()] ^ inner[i % inner.size()]; }

  std::vector<Bits> outer, inner;
};

}  // namespace moonstill::quantum
