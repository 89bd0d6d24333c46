#include "engine/tensor/movement.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Storage around one axis: [outer, size, inner].
struct Around {
  std::int64_t outer = 1, inner = 1;
};

Around around(const Tensor& x, std::size_t axis, const TileRun& run) {
  assert(axis < x.rank() && !(x.tiled() && axis == 0));
  Around a;
  a.inner = run.lanes;
  for (std::size_t i = 0; i < axis; ++i) a.outer *= i == 0 ? run.tiles : x.size(i);
  for (std::size_t i = axis + 1; i < x.rank(); ++i) a.inner *= x.size(i);
  return a;
}

// Calls body(storage around the axis, where it begins in `from`, and in `to`) for each width of their tiles;
// both have one batch and one layout.
template <class Body>
void each_around(const Tensor& from, std::size_t axis, const Tensor& to, Body&& body) {
  each_tile_run(from, [&](const TileRun& run) {
    body(around(from, axis, run), from.tile_begin(run.first), to.tile_begin(run.first));
  });
}

Tensor movable_along(const Tensor& x, std::size_t axis) { return axis == 0 ? x.row_major() : x; }

// Copies `count` neighbouring rows along an axis, for every outer index.
void copy_rows(const Tensor& from, std::size_t axis, std::int64_t from_begin, Tensor& to,
               std::int64_t to_begin, std::int64_t count) {
  const std::int64_t from_size = from.size(axis);
  const std::int64_t to_size = to.size(axis);
  dispatch_any(from.dtype(), [&](auto element) {
    using T = decltype(element);
    const T* source = from.data<T>().data();
    T* target = to.write<T>().data();
    each_around(from, axis, to, [&](const Around& a, std::int64_t source_begin, std::int64_t target_begin) {
      share_items(a.outer, count * a.inner, serial_moves, [&](std::int64_t o) {
        std::copy_n(source + source_begin + (o * from_size + from_begin) * a.inner, count * a.inner,
                    target + target_begin + (o * to_size + to_begin) * a.inner);
      });
    });
  });
}

template <class T>
void permute_into(const T* from, std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                  T* to) {
  const std::size_t rank = sizes.size();
  const std::int64_t row = sizes[rank - 1];
  const std::int64_t step = strides[rank - 1];
  std::int64_t rows = 1;
  for (std::size_t axis = 0; axis + 1 < rank; ++axis) rows *= sizes[axis];
  share_items(rows, row, serial_moves, [&](std::int64_t r) {
    std::int64_t offset = 0;
    std::int64_t rest = r;
    for (std::size_t axis = rank - 1; axis-- > 0;) {
      offset += rest % sizes[axis] * strides[axis];
      rest /= sizes[axis];
    }
    for (std::int64_t i = 0; i < row; ++i) to[r * row + i] = from[offset + i * step];
  });
}

template <class T>
void add_rows(const Tensor& x, std::size_t axis, std::span<const std::int32_t> rows, Tensor& out) {
  const std::int64_t size = x.size(axis);
  const std::int64_t out_size = out.size(axis);
  const T* from = x.data<T>().data();
  T* to = out.write<T>().data();
  each_around(x, axis, out, [&](const Around& a, std::int64_t source_begin, std::int64_t target_begin) {
    share_items(a.outer, size * a.inner, serial_moves, [&](std::int64_t o) {
      for (std::int64_t i = 0; i < size; ++i) {
        const T* source = from + source_begin + (o * size + i) * a.inner;
        T* target = to + target_begin + (o * out_size + rows[static_cast<std::size_t>(i)]) * a.inner;
        for (std::int64_t l = 0; l < a.inner; ++l) target[l] += source[l];
      }
    });
  });
}

[[maybe_unused]] bool all_within(std::span<const std::int32_t> indices, std::int64_t size) {
  return std::ranges::all_of(indices, [&](std::int32_t i) { return i >= 0 && i < size; });
}

}  // namespace

Tensor permute(const Tensor& x, std::span<const std::size_t> order) {
  assert(order.size() == x.rank());
  const Tensor rows = x.row_major();
  if (x.rank() == 0) return rows;
  std::array<std::int64_t, Shape::max_rank> own_strides{};
  std::array<std::int64_t, Shape::max_rank> sizes{};
  std::array<std::int64_t, Shape::max_rank> strides{};
  std::int64_t run = 1;
  for (std::size_t axis = x.rank(); axis-- > 0;) {
    own_strides[axis] = run;
    run *= x.size(axis);
  }
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    sizes[axis] = x.size(order[axis]);
    strides[axis] = own_strides[order[axis]];
  }
  Tensor out = Tensor::empty(Shape(std::span(sizes.data(), x.rank())), x.dtype());
  dispatch_any(x.dtype(), [&](auto element) {
    using T = decltype(element);
    permute_into(rows.data<T>().data(), std::span(std::as_const(sizes)).first(x.rank()),
                 std::span(std::as_const(strides)).first(x.rank()), out.write<T>().data());
  });
  return out;
}

Tensor slice(const Tensor& x, std::size_t axis, std::int64_t begin, std::int64_t size) {
  assert(begin >= 0 && size >= 0 && begin + size <= x.size(axis));
  const Tensor from = movable_along(x, axis);
  Tensor out = Tensor::empty(x.shape().with(axis, size), x.dtype(), from.layout());
  copy_rows(from, axis, begin, out, 0, size);
  return out;
}

Tensor pad(const Tensor& x, std::size_t axis, std::int64_t begin, std::int64_t size) {
  assert(begin >= 0 && begin + x.size(axis) <= size);
  const Tensor from = movable_along(x, axis);
  Tensor out = Tensor::zeros(x.shape().with(axis, size), x.dtype(), from.layout());
  copy_rows(from, axis, 0, out, begin, x.size(axis));
  return out;
}

Tensor concat(std::span<const Tensor> parts, std::size_t axis) {
  assert(!parts.empty());
  const bool tiled = axis > 0 && std::ranges::any_of(parts, &Tensor::tiled);
  std::int64_t size = 0;
  for (const Tensor& part : parts) size += part.size(axis);
  Tensor out = Tensor::empty(parts[0].shape().with(axis, size), parts[0].dtype(),
                             tiled ? Layout::tiled : Layout::row_major);
  std::int64_t begin = 0;
  for (const Tensor& part : parts) {
    assert(part.dtype() == out.dtype() && part.shape().with(axis, size) == out.shape());
    copy_rows(part.with_layout(out.layout()), axis, 0, out, begin, part.size(axis));
    begin += part.size(axis);
  }
  return out;
}

Tensor take(const Tensor& x, std::size_t axis, const Tensor& indices) {
  const Tensor from = movable_along(x, axis);
  const Tensor plain = indices.row_major();
  const std::span<const std::int32_t> rows = plain.data<std::int32_t>();
  const std::int64_t size = x.size(axis);
  assert(indices.rank() == 1 && all_within(rows, size));
  const auto count = static_cast<std::int64_t>(rows.size());
  Tensor out = Tensor::empty(x.shape().with(axis, count), x.dtype(), from.layout());
  dispatch_any(x.dtype(), [&](auto element) {
    using T = decltype(element);
    const T* source = from.data<T>().data();
    T* target = out.write<T>().data();
    each_around(from, axis, out, [&](const Around& a, std::int64_t source_begin, std::int64_t target_begin) {
      share_items(a.outer * count, a.inner, serial_moves, [&](std::int64_t item) {
        const std::int64_t row = item / count * size + rows[static_cast<std::size_t>(item % count)];
        std::copy_n(source + source_begin + row * a.inner, a.inner, target + target_begin + item * a.inner);
      });
    });
  });
  return out;
}

Tensor put(const Tensor& x, std::size_t axis, const Tensor& indices, std::int64_t size) {
  const Tensor from = movable_along(x, axis);
  const Tensor plain = indices.row_major();
  const std::span<const std::int32_t> rows = plain.data<std::int32_t>();
  assert(indices.rank() == 1 && indices.size(0) == x.size(axis) && all_within(rows, size));
  Tensor out = Tensor::zeros(x.shape().with(axis, size), x.dtype(), from.layout());
  dispatch_floating(x.dtype(), "put",
                    [&](auto element) { add_rows<decltype(element)>(from, axis, rows, out); });
  return out;
}

Tensor flatten(std::span<const Tensor> parts) {
  assert(!parts.empty());
  std::int64_t count = 0;
  for (const Tensor& part : parts) count += part.count();
  Tensor out = Tensor::empty({count}, parts[0].dtype());
  std::int64_t begin = 0;
  for (const Tensor& part : parts) {
    copy_rows(part.row_major().reshaped({part.count()}), 0, 0, out, begin, part.count());
    begin += part.count();
  }
  return out;
}

std::vector<Tensor> unflatten(const Tensor& flat, std::span<const Shape> shapes) {
  assert(flat.rank() == 1);
  std::vector<Tensor> parts;
  std::int64_t begin = 0;
  for (const Shape& shape : shapes) {
    parts.push_back(flat.view(begin, shape));
    begin += shape.count();
  }
  assert(begin == flat.size(0));
  return parts;
}

}  // namespace moonstill
