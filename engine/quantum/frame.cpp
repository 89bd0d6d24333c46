#include "engine/quantum/frame.hpp"

#include <algorithm>
#include <numeric>

namespace moonstill::quantum {
namespace {

// Permutations of more bits are not looked at.
constexpr std::size_t most_permuted_bits = 8;
constexpr std::size_t inner_span_bits = 5;

// The basis state that each one becomes; controls come before the targets.
std::vector<Bits> images(const ComplexMatrix& matrix, std::size_t controls) {
  const auto d = static_cast<Bits>(matrix.dimension);
  std::vector<Bits> out(d << controls);
  std::iota(out.begin(), out.end(), Bits{0});
  const Bits first = static_cast<Bits>(out.size()) - d;
  for (Bits to = 0; to < d; ++to) {
    for (Bits from = 0; from < d; ++from) {
      if (matrix(static_cast<int>(to), static_cast<int>(from)) == 1.0) out[first + from] = first + to;
    }
  }
  return out;
}

bool is_affine(const std::vector<Bits>& image) {
  for (Bits x = 1; x < image.size(); ++x) {
    const Bits top = std::bit_floor(x);
    if ((image[x] ^ image[0]) != (image[x ^ top] ^ image[top])) return false;
  }
  return true;
}

}  // namespace

Frame::Frame(int bits) {
  for (int b = 0; b < bits; ++b) {
    rows_.push_back({Bits{1} << b, false});
    flips_.push_back(Bits{1} << b);
  }
}

Bits Frame::place(Bits index) const {
  Bits place = 0;
  for (std::size_t b = 0; b < rows_.size(); ++b) {
    if ((((index >> b) & 1) != 0) != rows_[b].offset) place ^= flips_[b];
  }
  return place;
}

bool Frame::permute(const ComplexMatrix& matrix, std::span<const int> targets,
                    std::span<const int> controls) {
  std::vector<std::size_t> bits;  // the least significant first
  for (const auto* list : {&targets, &controls}) {
    for (const int b : *list) bits.push_back(static_cast<std::size_t>(b));
    if (list == &targets) std::ranges::reverse(bits);
  }
  if (bits.size() > most_permuted_bits) return false;
  const std::vector<Bits> image = images(matrix, controls.size());
  if (!is_affine(image)) return false;
  std::vector<Bits> source(image.size());
  for (Bits x = 0; x < image.size(); ++x) source[image[x]] = x;
  std::vector<Parity> rows(bits.size());
  std::vector<Bits> flips(bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Bits moved = source[image[0] ^ (Bits{1} << i)];
    rows[i].offset = ((image[0] >> i) & 1) != 0;
    for (std::size_t j = 0; j < bits.size(); ++j) {
      if (((image[Bits{1} << j] ^ image[0]) >> i) & 1) rows[i] = rows[i] ^ rows_[bits[j]];
      if ((moved >> j) & 1) flips[i] ^= flips_[bits[j]];
    }
  }
  for (std::size_t i = 0; i < bits.size(); ++i) {
    rows_[bits[i]] = rows[i];
    flips_[bits[i]] = flips[i];
  }
  return true;
}

LinearSystem::LinearSystem(std::span<const Bits> masks, int unknowns) {
  Bits pivots = 0;
  for (std::size_t i = 0; i < masks.size(); ++i) {
    Row row{masks[i], Bits{1} << i, -1};
    for (const Row& other : rows_) {
      if (other.pivot >= 0 && ((row.mask >> other.pivot) & 1) != 0) {
        row.mask ^= other.mask;
        row.sources ^= other.sources;
      }
    }
    if (row.mask != 0) {
      // High bits are solved for, low ones run free: what lies side by side is visited together.
      row.pivot = std::bit_width(row.mask) - 1;
      pivots |= Bits{1} << row.pivot;
      for (Row& other : rows_) {
        if (((other.mask >> row.pivot) & 1) == 0) continue;
        other.mask ^= row.mask;
        other.sources ^= row.sources;
      }
    }
    rows_.push_back(row);
  }
  for (int free = 0; free < unknowns; ++free) {
    if (((pivots >> free) & 1) != 0) continue;
    Bits x = Bits{1} << free;
    for (const Row& row : rows_) {
      if (row.pivot >= 0 && ((row.mask >> free) & 1) != 0) x |= Bits{1} << row.pivot;
    }
    kernel_.push_back(x);
  }
}

std::optional<Bits> LinearSystem::solve(Bits values) const {
  Bits x = 0;
  for (const Row& row : rows_) {
    if (!odd(row.sources & values)) continue;
    if (row.pivot < 0) return std::nullopt;
    x |= Bits{1} << row.pivot;
  }
  return x;
}

std::vector<Bits> sums(std::span<const Bits> basis) {
  std::vector<Bits> out{0};
  for (const Bits b : basis) {
    const std::size_t count = out.size();
    for (std::size_t i = 0; i < count; ++i) out.push_back(out[i] ^ b);
  }
  return out;
}

Span::Span(std::span<const Bits> basis)
    : outer(sums(basis.subspan(std::min(basis.size(), inner_span_bits)))),
      inner(sums(basis.first(std::min(basis.size(), inner_span_bits)))) {}

}  // namespace moonstill::quantum
