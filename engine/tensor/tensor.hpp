// Dense tensors: immutable values over shared memory. Arithmetic is elsewhere (the kernel headers of this
// folder).
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "engine/tensor/shape.hpp"

namespace moonstill {

enum class DType : std::uint8_t { f32, f64, i32, u8 };

[[nodiscard]] std::size_t dtype_size(DType dtype);
[[nodiscard]] std::string_view dtype_name(DType dtype);
[[nodiscard]] constexpr bool is_floating(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>)
    return DType::f32;
  else if constexpr (std::is_same_v<T, double>)
    return DType::f64;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return DType::i32;
  else {
    static_assert(std::is_same_v<T, std::uint8_t>);
    return DType::u8;
  }
}

/// Samples of a whole tile: the innermost size of the batch-tiled layout; a narrow last tile has fewer.
inline constexpr std::int64_t tile_lanes = 16;

/// How the elements of a shape lie in memory.
///   row_major: the last axis varies fastest.
///   tiled:     axis 0 is a batch of N samples; memory is [ceil(N / 16)][features, row-major][lanes], the
///              samples of a tile innermost: 16 of them, and in the last tile as many as are left. Tile t
///              begins at element t * features * 16.
enum class Layout : std::uint8_t { row_major, tiled };

/// Samples of a batch's tile.
[[nodiscard]] constexpr std::int64_t lanes_of(std::int64_t samples, std::int64_t tile) {
  const std::int64_t rest = samples - tile * tile_lanes;
  return rest < tile_lanes ? rest : tile_lanes;
}

/// Neighbouring tiles of one width.
struct TileRun {
  std::int64_t first = 0, tiles = 0, lanes = 0;
};

/// Those that hold a batch: the whole tiles, and the last one where it is narrower. Runs may be empty.
[[nodiscard]] constexpr std::array<TileRun, 2> tile_runs(std::int64_t samples) {
  const std::int64_t whole = samples / tile_lanes;
  const std::int64_t rest = samples % tile_lanes;
  return {{{0, whole, tile_lanes}, {whole, rest > 0 ? 1 : 0, rest}}};
}

/// An immutable array. Copies share memory. A kernel makes one with `empty`, writes it through `write`, and
/// from then on nobody changes it.
class Tensor {
 public:
  Tensor() = default;  // no tensor at all

  /// Uninitialised. A tiled tensor needs at least one axis.
  static Tensor empty(const Shape& shape, DType dtype, Layout layout = Layout::row_major);
  static Tensor zeros(const Shape& shape, DType dtype, Layout layout = Layout::row_major);
  static Tensor full(const Shape& shape, double value, DType dtype, Layout layout = Layout::row_major);
  static Tensor scalar(double value, DType dtype) { return full({}, value, dtype); }
  /// Row-major, converted from double. `values.size()` must be the shape's count. A whole type refuses
  /// fractions and what it cannot hold with Error{argument}, here and in full.
  static Tensor from(std::span<const double> values, const Shape& shape, DType dtype);

  [[nodiscard]] explicit operator bool() const { return memory_ != nullptr; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::size_t rank() const { return shape_.rank(); }
  [[nodiscard]] std::int64_t size(std::size_t axis) const { return shape_[axis]; }
  [[nodiscard]] std::int64_t count() const { return shape_.count(); }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] Layout layout() const { return layout_; }
  [[nodiscard]] bool tiled() const { return layout_ == Layout::tiled; }

  /// Tiled tensors: tiles, elements of one sample, and samples in tile t.
  [[nodiscard]] std::int64_t tiles() const { return (shape_[0] + tile_lanes - 1) / tile_lanes; }
  [[nodiscard]] std::int64_t features() const;
  [[nodiscard]] std::int64_t lanes_in(std::int64_t tile) const { return lanes_of(shape_[0], tile); }

  /// Where tile t begins, in elements.
  [[nodiscard]] std::int64_t tile_begin(std::int64_t tile) const { return tile * features() * tile_lanes; }

  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(count()) * dtype_size(dtype_); }

  /// All elements in memory order.
  template <class T>
  [[nodiscard]] std::span<const T> data() const {
    assert(dtype_ == dtype_of<T>());
    return {reinterpret_cast<const T*>(memory_.get()), static_cast<std::size_t>(count())};
  }

  /// For the kernel that made the tensor, before anybody else has it.
  template <class T>
  [[nodiscard]] std::span<T> write() {
    assert(dtype_ == dtype_of<T>() && unique());
    return {reinterpret_cast<T*>(memory_.get()), static_cast<std::size_t>(count())};
  }

  /// True when no other tensor shares the memory, so that a kernel may reuse it.
  [[nodiscard]] bool unique() const { return memory_.use_count() == 1; }

  /// The same memory under another shape of the same count. A tiled tensor keeps its axis 0.
  [[nodiscard]] Tensor reshaped(const Shape& shape) const;

  /// Row-major: shape.count() elements from `begin` on, sharing this tensor's memory, all of which it keeps.
  [[nodiscard]] Tensor view(std::int64_t begin, const Shape& shape) const;

  /// The same elements in the other layout (this tensor itself where nothing is to be done).
  [[nodiscard]] Tensor row_major() const;
  [[nodiscard]] Tensor as_tiled() const;
  [[nodiscard]] Tensor with_layout(Layout layout) const {
    return layout == Layout::tiled ? as_tiled() : row_major();
  }

  /// Cuts fractions off for a whole type, which refuses what it cannot hold with Error{argument}.
  [[nodiscard]] Tensor cast(DType dtype) const;

  /// One element, by its row-major index.
  [[nodiscard]] double at(std::int64_t index) const;

 private:
  std::shared_ptr<std::byte> memory_;
  Shape shape_;
  DType dtype_ = DType::f32;
  Layout layout_ = Layout::row_major;
};

/// Calls body(run) for the tiles of each width that a tensor has. Rows of a row-major one are as many tiles
/// of one lane.
template <class Body>
void each_tile_run(const Tensor& x, Body&& body) {
  if (!x.tiled()) return body(TileRun{0, x.rank() == 0 ? 1 : x.size(0), 1});
  for (const TileRun& run : tile_runs(x.size(0))) {
    if (run.tiles > 0) body(run);
  }
}

/// Calls function(T{}) with T = float or double. Throws Error{argument} naming `what` for other types.
template <class Function>
decltype(auto) dispatch_floating(DType dtype, const char* what, Function&& function);

namespace detail {
[[noreturn]] void fail_not_floating(DType dtype, const char* what);
}

template <class Function>
decltype(auto) dispatch_floating(DType dtype, const char* what, Function&& function) {
  if (dtype == DType::f32) return function(float{});
  if (dtype == DType::f64) return function(double{});
  detail::fail_not_floating(dtype, what);
}

/// The same for all four element types.
template <class Function>
decltype(auto) dispatch_any(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::f32:
      return function(float{});
    case DType::f64:
      return function(double{});
    case DType::i32:
      return function(std::int32_t{});
    case DType::u8:
      break;
  }
  return function(std::uint8_t{});
}

}  // namespace moonstill
