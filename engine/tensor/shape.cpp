#include "engine/tensor/shape.hpp"

#include <algorithm>

#include "engine/core/error.hpp"

namespace moonstill {

Shape::Shape(std::span<const std::int64_t> sizes) : rank_(sizes.size()) {
  if (rank_ > max_rank) fail(ErrorKind::shape, "a tensor has at most {} axes, got {}", max_rank, rank_);
  for (std::size_t i = 0; i < rank_; ++i) {
    if (sizes[i] < 0) fail(ErrorKind::shape, "a size cannot be negative, got {}", sizes[i]);
    if (__builtin_mul_overflow(count_, sizes[i], &count_) || count_ > (std::int64_t{1} << 62)) {
      fail(ErrorKind::shape, "a shape with too many elements");
    }
    sizes_[i] = sizes[i];
  }
}

Shape Shape::with(std::size_t axis, std::int64_t size) const {
  auto sizes = sizes_;
  sizes[axis] = size;
  return Shape(std::span(sizes).first(rank_));
}

Shape Shape::without(std::size_t axis) const {
  auto sizes = sizes_;
  const auto at = sizes.begin() + static_cast<std::ptrdiff_t>(axis);
  std::copy(at + 1, sizes.end(), at);
  return Shape(std::span(sizes).first(rank_ - 1));
}

Shape Shape::inserted(std::size_t axis, std::int64_t size) const {
  if (rank_ == max_rank) fail(ErrorKind::shape, "a tensor has at most {} axes", max_rank);
  auto sizes = sizes_;
  const auto at = sizes.begin() + static_cast<std::ptrdiff_t>(axis);
  std::copy_backward(at, sizes.end() - 1, sizes.end());
  *at = size;
  return Shape(std::span(sizes).first(rank_ + 1));
}

std::string Shape::text() const {
  std::string out = "[";
  for (std::size_t i = 0; i < rank_; ++i) out += fmt::format("{}{}", i == 0 ? "" : ", ", sizes_[i]);
  return out + "]";
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const char* what) {
  if (a == b) return a;
  Shape out = a.rank() >= b.rank() ? a : b;
  const Shape& other = a.rank() >= b.rank() ? b : a;
  const std::size_t offset = out.rank() - other.rank();
  for (std::size_t i = 0; i < other.rank(); ++i) {
    const std::int64_t here = out[offset + i];
    if (here == other[i] || other[i] == 1) continue;
    if (here != 1)
      fail(ErrorKind::shape, "{}: shapes {} and {} do not fit together", what, a.text(), b.text());
    out = out.with(offset + i, other[i]);
  }
  return out;
}

}  // namespace moonstill
