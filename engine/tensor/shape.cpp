#include "engine/tensor/shape.hpp"

#include <algorithm>

#include "engine/core/error.hpp"

namespace moonstill {

Shape::Shape(std::span<const std::int64_t> sizes) : rank_(sizes.size()) {
  if (rank_ > max_rank) fail(ErrorKind::shape, "a tensor has at most {} axes, got {}", max_rank, rank_);
  std::int64_t count = 1;
  for (std::size_t i = 0; i < rank_; ++i) {
    if (sizes[i] < 0) fail(ErrorKind::shape, "a size cannot be negative, got {}", sizes[i]);
    if (__builtin_mul_overflow(count, sizes[i], &count) || count > (std::int64_t{1} << 62)) {
      fail(ErrorKind::shape, "a shape with too many elements");
    }
    sizes_[i] = sizes[i];
  }
}

std::int64_t Shape::count() const {
  std::int64_t n = 1;
  for (const std::int64_t size : sizes()) n *= size;
  return n;
}

Shape Shape::with(std::size_t axis, std::int64_t size) const {
  Shape s = *this;
  s.sizes_[axis] = size;
  return s;
}

Shape Shape::without(std::size_t axis) const {
  Shape s = *this;
  std::copy(s.sizes_.begin() + static_cast<std::ptrdiff_t>(axis) + 1, s.sizes_.end(),
            s.sizes_.begin() + static_cast<std::ptrdiff_t>(axis));
  s.sizes_[--s.rank_] = 0;
  return s;
}

Shape Shape::inserted(std::size_t axis, std::int64_t size) const {
  if (rank_ == max_rank) fail(ErrorKind::shape, "a tensor has at most {} axes", max_rank);
  Shape s = *this;
  const auto at = s.sizes_.begin() + static_cast<std::ptrdiff_t>(axis);
  std::copy_backward(at, s.sizes_.end() - 1, s.sizes_.end());
  *at = size;
  ++s.rank_;
  return s;
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
