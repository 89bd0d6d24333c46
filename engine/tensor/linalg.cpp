// Matrix products: the tiled ones here, dense ones in dense_product.cpp.
#include "engine/tensor/linalg.hpp"

#include <algorithm>
#include <vector>

#include "engine/core/memory.hpp"
#include "engine/tensor/block_table.hpp"
#include "engine/tensor/dense_product.hpp"
#include "engine/tensor/samples.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Contractions over fewer samples go to the dense product: adding up the lanes would cost more than the
// products.
constexpr std::int64_t fewest_contracted = 256;

// Columns of the result that stand in registers through the contraction.
template <class T>
constexpr int panel_columns = Samples<T>::accumulators;

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

  void pack(const T* b) {
    const auto numbers = static_cast<std::size_t>(inner_ * columns_);
    packed_ = allocate_memory(std::max<std::size_t>(1, numbers * sizeof(T)));
    T* to = packed();
    for (std::int64_t panel = 0; panel < count_; ++panel) {
      for (std::int64_t k = 0; k < inner_; ++k) {
        for (std::int64_t m = begin(panel); m < begin(panel + 1); ++m) *to++ = b[m * inner_ + k];
      }
    }
  }

  const T* from_;
  std::int64_t inner_, columns_, count_;
  std::shared_ptr<std::byte> packed_;
};

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

// [N, K] tiled times [K, M] -> [N, M] tiled.
template <class T>
void multiply_tiles(const Tensor& a, const Tensor& b, bool transpose_b, Tensor& out) {
  static constexpr auto table =
      block_table<1, panel_columns<T>>([]<int, int Columns>() { return &multiply_panel<T, Columns>; });
  const std::int64_t inner = a.size(1);
  const std::int64_t columns = out.size(1);
  const Panels<T> panels(b.data<T>().data(), inner, columns, transpose_b);
  const T* from = a.data<T>().data();
  T* to = out.write<T>().data();
  // Items are (tile, panel), so that a single tile still has work for several threads.
  share_items(out.tiles() * panels.count(), tile_lanes * inner * panel_columns<T>, serial_products,
              [&](std::int64_t item) {
                const std::int64_t tile = item / panels.count();
                const std::int64_t panel = item % panels.count();
                const auto width = static_cast<std::size_t>(panels.width(panel));
                table[0][width - 1](from + tile * inner * tile_lanes, panels.at(panel), panels.stride(panel),
                                    inner, to + (tile * columns + panels.begin(panel)) * tile_lanes);
              });
}

// The largest block of the result that stands in registers, beside a row of it and one more vector.
constexpr int contraction_rows = 4;
constexpr int contraction_columns = vector_accumulators / contraction_rows;

// Neighbouring columns of a tiled matrix as one run of memory, [tiles][columns][16], zero in lanes past N.
template <class T>
void gather_columns(const Tensor& x, std::int64_t first, std::int64_t columns, T* to) {
  const T* from = x.data<T>().data();
  for (std::int64_t t = 0; t < x.tiles(); ++t) {
    copy_masked(from + (t * x.size(1) + first) * tile_lanes, to + t * columns * tile_lanes, columns,
                x.lanes_in(t));
  }
}

// A block of the result, from gathered columns of both operands. `stride` is the result's row length.
template <class T, int Rows, int Columns>
void contract_block(const T* a, const T* b, std::int64_t tiles, T* out, std::int64_t stride) {
  Vector<T> sum[Rows][Columns];
#pragma GCC unroll 32
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 32
    for (int j = 0; j < Columns; ++j) sum[i][j] = Vector<T>{};
  }
  for (std::int64_t t = 0; t < tiles; ++t, a += Rows * tile_lanes, b += Columns * tile_lanes) {
    for (std::int64_t part = 0; part < tile_lanes; part += vector_lanes<T>) {
      Vector<T> value[Columns];
#pragma GCC unroll 32
      for (int j = 0; j < Columns; ++j) value[j] = load_once(b + j * tile_lanes + part);
#pragma GCC unroll 32
      for (int i = 0; i < Rows; ++i) {
        const Vector<T> factor = load_once(a + i * tile_lanes + part);
#pragma GCC unroll 32
        for (int j = 0; j < Columns; ++j) sum[i][j] += factor * value[j];
      }
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 32
    for (int j = 0; j < Columns; ++j) {
      std::array<T, vector_lanes<T>> lanes;
      store_lanes<T, vector_lanes<T>>(lanes.data(), sum[i][j]);
      out[i * stride + j] = horizontal_sum<vector_lanes<T>>(lanes.data());
    }
  }
}

// transpose([N, K]) times [N, M], both tiled -> [K, M] row-major.
template <class T>
void contract_tiles(const Tensor& a, const Tensor& b, Tensor& out) {
  static constexpr auto table = block_table<contraction_rows, contraction_columns>(
      []<int Rows, int Columns>() { return &contract_block<T, Rows, Columns>; });
  const std::int64_t rows = a.size(1);
  const std::int64_t columns = b.size(1);
  const std::int64_t tiles = a.tiles();
  const std::int64_t row_blocks = (rows + contraction_rows - 1) / contraction_rows;
  const std::int64_t column_blocks = (columns + contraction_columns - 1) / contraction_columns;
  const auto first_column = [&](std::int64_t block) { return columns * block / column_blocks; };
  std::vector<T> panels(static_cast<std::size_t>(tiles * columns * tile_lanes));
  const auto panel = [&](std::int64_t block) {
    return panels.data() + first_column(block) * tiles * tile_lanes;
  };
  for (std::int64_t block = 0; block < column_blocks; ++block) {
    gather_columns(b, first_column(block), first_column(block + 1) - first_column(block), panel(block));
  }
  T* to = out.write<T>().data();
  const std::int64_t block_products = a.size(0) * contraction_rows * columns;
  share_ranges(row_blocks, block_products, serial_products, [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> gathered(static_cast<std::size_t>(tiles * contraction_rows * tile_lanes));
    for (std::int64_t i = begin; i < end; ++i) {
      poll_interrupt();
      const std::int64_t row = rows * i / row_blocks;
      const std::int64_t height = rows * (i + 1) / row_blocks - row;
      gather_columns(a, row, height, gathered.data());
      const auto& functions = table[static_cast<std::size_t>(height - 1)];
      for (std::int64_t j = 0; j < column_blocks; ++j) {
        const auto width = static_cast<std::size_t>(first_column(j + 1) - first_column(j));
        functions[width - 1](gathered.data(), panel(j), tiles, to + row * columns + first_column(j), columns);
      }
    }
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
  const bool by_tiles = a.tiled() && !transpose_a;
  const bool over_batch =
      a.tiled() && transpose_a && b.tiled() && !transpose_b && a.size(0) >= fewest_contracted;
  Tensor out = Tensor::empty(shape, a.dtype(), by_tiles ? Layout::tiled : Layout::row_major);
  dispatch_floating(a.dtype(), "matmul", [&](auto element) {
    using T = decltype(element);
    if (by_tiles) {
      multiply_tiles<T>(a, b.row_major(), transpose_b, out);
    } else if (over_batch) {
      contract_tiles<T>(a, b, out);
    } else {
      multiply_dense<T>(a, b, transpose_a, transpose_b, out);
    }
  });
  return out;
}

}  // namespace moonstill
