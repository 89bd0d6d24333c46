// Matrix products: the tiled ones here, dense ones in dense_product.cpp.
#include "engine/tensor/linalg.hpp"

#include <algorithm>
#include <vector>

#include "engine/core/memory.hpp"
#include "engine/tensor/block_table.hpp"
#include "engine/tensor/dense_product.hpp"
#include "engine/tensor/samples.hpp"
#include "engine/tensor/share_tiles.hpp"
#include "engine/tensor/tiling.hpp"

namespace moonstill {
namespace {

// Batches of fewer samples go to the dense product: copying a transposed b would cost more than the products.
constexpr std::int64_t fewest_in_tiles = 4;

// Columns of the result that stand in registers through the contraction.
template <class T>
constexpr std::int64_t panel_columns = std::min<std::int64_t>(Samples<T>::accumulators, tile_lanes);

// op(b) as panels of neighbouring columns, each of rows `stride` numbers apart. A transposed b is copied into
// that order.
template <class T>
class Panels {
 public:
  Panels(const T* b, std::int64_t inner, std::int64_t columns, bool transposed)
      : from_(b),
        inner_(inner),
        columns_(columns),
        count_((columns + panel_columns<T> - 1) / panel_columns<T>) {
    if (transposed) pack(b);
  }

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] std::int64_t begin(std::int64_t panel) const { return columns_ * panel / count_; }
  [[nodiscard]] std::int64_t width(std::int64_t panel) const { return begin(panel + 1) - begin(panel); }
  [[nodiscard]] std::int64_t stride(std::int64_t panel) const { return packed_ ? width(panel) : columns_; }
  [[nodiscard]] const T* at(std::int64_t panel) const {
    return packed_ ? packed() + begin(panel) * inner_ : from_ + begin(panel);
  }

 private:
  [[nodiscard]] T* packed() const { return reinterpret_cast<T*>(packed_.get()); }

  // Rows of b as tiles, of which a panel is one.
  void pack(const T* b) {
    const auto numbers = static_cast<std::size_t>(inner_ * columns_);
    packed_ = allocate_memory(std::max<std::size_t>(1, numbers * sizeof(T)));
    for (std::int64_t panel = 0; panel < count(); ++panel) {
      const std::int64_t first = begin(panel) * inner_;
      tile_rows(b + first, packed() + first, inner_, width(panel));
    }
  }

  const T* from_;
  std::int64_t inner_, columns_, count_;
  std::shared_ptr<std::byte> packed_;
};

// A whole tile times one panel.
template <class T, int Columns>
void multiply_panel(const T* a, const T* b, std::int64_t stride, std::int64_t inner, T* out) {
  Samples<T> sum[Columns];
#pragma GCC unroll 32
  for (int m = 0; m < Columns; ++m) sum[m] = Samples<T>::zero();
  for (std::int64_t k = 0; k < inner; ++k, b += stride) {
    const Samples<T> value = Samples<T>::load_once(a + k * tile_lanes);
#pragma GCC unroll 32
    for (int m = 0; m < Columns; ++m) sum[m].add_product(b[m], value);
  }
#pragma GCC unroll 32
  for (int m = 0; m < Columns; ++m) sum[m].store(out + m * tile_lanes);
}

// A narrow tile times one panel whose columns fill a register at most: here they stand side by side.
template <class T, int Lanes>
void multiply_narrow(const T* a, const T* b, std::int64_t stride, std::int64_t inner, std::int64_t columns,
                     T* out) {
  Samples<T> sum[Lanes];
#pragma GCC unroll 32
  for (int l = 0; l < Lanes; ++l) sum[l] = Samples<T>::zero();
  for (std::int64_t k = 0; k < inner; ++k, a += Lanes, b += stride) {
    const Samples<T> row = Samples<T>::load_once(b, columns);
#pragma GCC unroll 32
    for (int l = 0; l < Lanes; ++l) sum[l].add_product(a[l], row);
  }
  std::array<T, Lanes * tile_lanes> rows;
#pragma GCC unroll 32
  for (int l = 0; l < Lanes; ++l) sum[l].store(rows.data() + l * tile_lanes);
  for (std::int64_t m = 0; m < columns; ++m) {
    for (int l = 0; l < Lanes; ++l) out[m * Lanes + l] = rows[static_cast<std::size_t>(l * tile_lanes + m)];
  }
}

// Panels [first, last) of the product of one tile, of `lanes` samples.
template <class T>
void multiply_tile(const T* a, std::int64_t lanes, const Panels<T>& panels, std::int64_t inner,
                   std::int64_t first, std::int64_t last, T* out) {
  static constexpr auto whole =
      block_table<1, panel_columns<T>>([]<int, int Columns>() { return &multiply_panel<T, Columns>; });
  for (std::int64_t panel = first; panel < last; ++panel) {
    const std::int64_t columns = panels.width(panel);
    T* const to = out + panels.begin(panel) * lanes;
    if constexpr (Samples<T>::parts == 1) {
      static constexpr auto narrow =
          block_table<1, tile_lanes - 1>([]<int, int Lanes>() { return &multiply_narrow<T, Lanes>; });
      if (lanes < tile_lanes) {
        narrow[0][static_cast<std::size_t>(lanes - 1)](a, panels.at(panel), panels.stride(panel), inner,
                                                       columns, to);
        continue;
      }
    }
    whole[0][static_cast<std::size_t>(columns - 1)](a, panels.at(panel), panels.stride(panel), inner, to);
  }
}

// The same of a narrow tile where a panel fills no register: as a whole tile.
template <class T>
void multiply_widened(const T* a, std::int64_t lanes, const Panels<T>& panels, std::int64_t inner,
                      std::int64_t first, std::int64_t last, T* out) {
  const std::int64_t begin = panels.begin(first);
  const std::int64_t end = panels.begin(last);
  const auto memory = allocate_memory(static_cast<std::size_t>((inner + end) * tile_lanes) * sizeof(T));
  T* const wide = reinterpret_cast<T*>(memory.get());
  T* const result = wide + inner * tile_lanes;
  widen(a, wide, inner, lanes);
  multiply_tile(wide, tile_lanes, panels, inner, first, last, result);
  narrow(result + begin * tile_lanes, out + begin * lanes, end - begin, lanes);
}

// [N, K] tiled times [K, M] -> [N, M] tiled.
template <class T>
void multiply_tiles(const Tensor& a, const Tensor& b, bool transpose_b, Tensor& out) {
  const std::int64_t inner = a.size(1);
  const Panels<T> panels(b.data<T>().data(), inner, out.size(1), transpose_b);
  const T* from = a.data<T>().data();
  T* to = out.write<T>().data();
  // Parts are panels, so that a single tile still has work for several threads.
  const TileParts parts{a.size(0), panels.count()};
  share_parts(parts, inner * panel_columns<T>, serial_products, [&](std::int64_t begin, std::int64_t end) {
    parts.each(begin, end, [&](std::int64_t tile, std::int64_t first, std::int64_t last) {
      const std::int64_t lanes = a.lanes_in(tile);
      const bool widens = lanes < tile_lanes && Samples<T>::parts > 1;
      (widens ? multiply_widened<T> : multiply_tile<T>)(from + a.tile_begin(tile), lanes, panels, inner,
                                                        first, last, to + out.tile_begin(tile));
    });
  });
}

template <class T>
void multiply_dense(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b, Tensor& out) {
  const Tensor left = a.row_major();
  const Tensor right = b.row_major();
  multiply(DenseProduct<T>{.a = left.data<T>().data(),
                           .b = right.data<T>().data(),
                           .out = out.write<T>().data(),
                           .rows = out.size(0),
                           .inner = transpose_a ? a.size(0) : a.size(1),
                           .columns = out.size(1),
                           .transpose_a = transpose_a,
                           .transpose_b = transpose_b});
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  assert(a.rank() == 2 && b.rank() == 2 && a.dtype() == b.dtype());
  assert(a.size(transpose_a ? 0 : 1) == b.size(transpose_b ? 1 : 0));
  const Shape shape{a.size(transpose_a ? 1 : 0), b.size(transpose_b ? 0 : 1)};
  const bool tiled = a.tiled() && !transpose_a;
  const bool by_tiles = tiled && (a.size(0) >= fewest_in_tiles || !transpose_b);
  Tensor out = Tensor::empty(shape, a.dtype(), by_tiles ? Layout::tiled : Layout::row_major);
  dispatch_floating(a.dtype(), "matmul", [&](auto element) {
    using T = decltype(element);
    if (by_tiles) {
      multiply_tiles<T>(a, b.row_major(), transpose_b, out);
    } else {
      multiply_dense<T>(a, b, transpose_a, transpose_b, out);
    }
  });
  return tiled ? out.as_tiled() : out;
}

}  // namespace moonstill
