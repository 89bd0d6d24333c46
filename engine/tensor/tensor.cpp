#include "engine/tensor/tensor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "engine/core/error.hpp"
#include "engine/core/memory.hpp"
#include "engine/core/pieces.hpp"
#include "engine/core/threads.hpp"
#include "engine/tensor/tiling.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Elements below which a conversion is not worth a second thread.
constexpr std::size_t serial_elements = 1 << 15;

std::size_t tile_grain(std::int64_t features) {
  return std::max<std::size_t>(
      1, serial_elements / static_cast<std::size_t>(std::max<std::int64_t>(1, features * tile_lanes)));
}

enum class Fractions { refused, cut };

constexpr std::size_t piece_numbers = std::size_t{1} << 18;  // converted between looks at Ctrl-C

// Element by element. A whole type refuses what it cannot hold, for that conversion is undefined in C++.
template <class From, class To>
void convert(std::span<const From> from, std::span<To> to, Fractions fractions) {
  if constexpr (std::is_floating_point_v<To>) {
    in_pieces(from.size(), piece_numbers, [&](std::size_t begin, std::size_t end) {
      std::transform(from.data() + begin, from.data() + end, to.data() + begin,
                     [](From v) { return static_cast<To>(v); });
    });
  } else {
    constexpr double least = std::numeric_limits<To>::min();
    constexpr double most = std::numeric_limits<To>::max();
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto value = static_cast<double>(from[i]);
      const double whole = std::trunc(value);
      if (!(whole >= least && whole <= most) || (fractions == Fractions::refused && whole != value)) {
        fail(ErrorKind::argument, "element {}: expected a {} in {}..{}, got {}", i + 1,
             fractions == Fractions::refused ? "whole number" : "number", least, most, value);
      }
      to[i] = static_cast<To>(whole);
    }
  }
}

}  // namespace

std::size_t dtype_size(DType dtype) {
  return dispatch_any(dtype, [](auto element) { return sizeof element; });
}

std::string_view dtype_name(DType dtype) {
  constexpr std::array<std::string_view, 4> names{"f32", "f64", "i32", "u8"};
  return names[static_cast<std::size_t>(dtype)];
}

void detail::fail_not_floating(DType dtype, const char* what) {
  fail(ErrorKind::argument, "{}: expected an f32 or f64 tensor, got {}", what, dtype_name(dtype));
}

Tensor Tensor::empty(const Shape& shape, DType dtype, Layout layout) {
  assert(layout == Layout::row_major || shape.rank() >= 1);
  Tensor t;
  t.shape_ = shape;
  t.dtype_ = dtype;
  t.layout_ = layout;
  t.memory_ = allocate_memory(std::max<std::size_t>(1, t.bytes()));
  return t;
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Layout layout) {
  return full(shape, 0.0, dtype, layout);
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Layout layout) {
  Tensor t = empty(shape, dtype, layout);
  dispatch_any(dtype, [&](auto element) {
    using T = decltype(element);
    T converted{};
    convert(std::span<const double>(&value, 1), std::span(&converted, 1), Fractions::refused);
    const std::span<T> out = t.write<T>();
    share_ranges(static_cast<std::int64_t>(out.size()), 1, serial_moves,
                 [&](std::int64_t begin, std::int64_t end) {
                   std::fill(out.data() + begin, out.data() + end, converted);
                 });
  });
  return t;
}

Tensor Tensor::from(std::span<const double> values, const Shape& shape, DType dtype) {
  assert(static_cast<std::int64_t>(values.size()) == shape.count());
  Tensor t = empty(shape, dtype);
  dispatch_any(dtype,
               [&](auto element) { convert(values, t.write<decltype(element)>(), Fractions::refused); });
  return t;
}

std::int64_t Tensor::features() const {
  std::int64_t n = 1;
  for (std::size_t axis = 1; axis < rank(); ++axis) n *= shape_[axis];
  return n;
}

Tensor Tensor::reshaped(const Shape& shape) const {
  assert(shape.count() == count());
  if (tiled() && (shape.rank() == 0 || shape[0] != shape_[0])) return row_major().reshaped(shape);
  Tensor t = *this;
  t.shape_ = shape;
  return t;
}

Tensor Tensor::view(std::int64_t begin, const Shape& shape) const {
  assert(!tiled() && begin >= 0 && begin + shape.count() <= count());
  Tensor t = *this;
  t.memory_ = {memory_, memory_.get() + static_cast<std::size_t>(begin) * dtype_size(dtype_)};
  t.shape_ = shape;
  return t;
}

Tensor Tensor::row_major() const {
  if (!tiled()) return *this;
  Tensor out = empty(shape_, dtype_);
  dispatch_any(dtype_, [&](auto element) {
    using T = decltype(element);
    const T* from = data<T>().data();
    T* to = out.write<T>().data();
    const std::int64_t f = features();
    parallel_for(static_cast<std::size_t>(tiles()), tile_grain(f), [&](std::size_t begin, std::size_t end) {
      for (auto t = static_cast<std::int64_t>(begin); t < static_cast<std::int64_t>(end); ++t) {
        untile(from + t * f * tile_lanes, to + t * f * tile_lanes, f, lanes_in(t));
      }
    });
  });
  return out;
}

Tensor Tensor::as_tiled() const {
  if (tiled()) return *this;
  assert(rank() >= 1);
  Tensor out = empty(shape_, dtype_, Layout::tiled);
  dispatch_any(dtype_, [&](auto element) {
    using T = decltype(element);
    const T* from = data<T>().data();
    T* to = out.write<T>().data();
    const std::int64_t f = features();
    parallel_for(static_cast<std::size_t>(out.tiles()), tile_grain(f),
                 [&](std::size_t begin, std::size_t end) {
                   for (auto t = static_cast<std::int64_t>(begin); t < static_cast<std::int64_t>(end); ++t) {
                     tile_rows(from + t * f * tile_lanes, to + t * f * tile_lanes, f, out.lanes_in(t));
                   }
                 });
  });
  return out;
}

Tensor Tensor::cast(DType dtype) const {
  if (dtype == dtype_) return *this;
  // A whole type names the element that it refuses, by its place among rows.
  if (tiled() && !is_floating(dtype)) return row_major().cast(dtype).as_tiled();
  Tensor out = empty(shape_, dtype, layout_);
  dispatch_any(dtype_, [&](auto from) {
    dispatch_any(
        dtype, [&](auto to) { convert(data<decltype(from)>(), out.write<decltype(to)>(), Fractions::cut); });
  });
  return out;
}

double Tensor::at(std::int64_t index) const {
  assert(index >= 0 && index < count());
  std::int64_t place = index;
  if (tiled()) {
    const std::int64_t sample = index / features();
    const std::int64_t feature = index % features();
    const std::int64_t tile = sample / tile_lanes;
    place = tile_begin(tile) + feature * lanes_in(tile) + sample % tile_lanes;
  }
  return dispatch_any(dtype_, [&](auto element) {
    return static_cast<double>(data<decltype(element)>()[static_cast<std::size_t>(place)]);
  });
}

}  // namespace moonstill
