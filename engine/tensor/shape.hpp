// Shapes: up to eight sizes, held inline.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace moonstill {

class Shape {
 public:
  static constexpr std::size_t max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  /// Throws Error{shape} on a negative size, more than max_rank sizes, or more elements than 2^62.
  explicit Shape(std::span<const std::int64_t> sizes);

  [[nodiscard]] std::size_t rank() const { return rank_; }
  [[nodiscard]] std::int64_t operator[](std::size_t axis) const { return sizes_[axis]; }
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] std::span<const std::int64_t> sizes() const { return {sizes_.data(), rank_}; }
  [[nodiscard]] const std::int64_t* begin() const { return sizes_.data(); }
  [[nodiscard]] const std::int64_t* end() const { return sizes_.data() + rank_; }

  /// This shape with one size replaced, removed, or put in before `axis`.
  [[nodiscard]] Shape with(std::size_t axis, std::int64_t size) const;
  [[nodiscard]] Shape without(std::size_t axis) const;
  [[nodiscard]] Shape inserted(std::size_t axis, std::int64_t size) const;

  // Sizes past the rank are zero.
  friend bool operator==(const Shape& a, const Shape& b) = default;

  /// "[2, 3]"
  [[nodiscard]] std::string text() const;

 private:
  std::array<std::int64_t, max_rank> sizes_{};
  std::size_t rank_ = 0;
  std::int64_t count_ = 1;
};

/// The common shape of two operands (sizes aligned at the last axis; 1 stretches). Throws Error{shape} naming
/// `what`.
Shape broadcast_shapes(const Shape& a, const Shape& b, const char* what);

}  // namespace moonstill
