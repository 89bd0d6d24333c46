// Matrix products: the tiled ones here, dense ones in dense_product.cpp.
#include "engine/tensor/linalg.hpp"

#include <algorithm>
#include <vector>

#include "engine/core/interrupt.hpp"
#include "engine/core/threads.hpp"
#include "engine/tensor/block_table.hpp"
#include "engine/tensor/dense_product.hpp"
#include "engine/tensor/samples.hpp"

namespace moonstill {
namespace {

// Multiplications below which a second thread is not worth waking.
constexpr std::int64_t serial_products = 1 << 16;

// Contractions over fewer samples go to the dense product: adding up the lanes would cost more than the
// products.
constexpr std::int64_t fewest_contracted = 256;

// Columns of the result that stand in registers through the contraction.
template <class T>
constexpr int panel_columns = Samples<T>::accumulators;

// op(b) as panels of neighbouring columns: [inner][columns of the panel].
template <class T>
struct Panels {
  std::int64_t inner = 0, columns = 0, count = 0;
  std::vector<T> values;

  [[nodiscard]] std::int64_t begin(std::int64_t panel) const { return columns * panel / count; }
  [[nodiscard]] const T* at(std::int64_t panel) const { return values.data() + begin(panel) * inner; }
};

template <class T>
Panels<T> pack(const T* b, std::int64_t inner, std::int64_t columns, bool transposed) {
  Panels<T> panels{inner, columns, (columns + panel_columns<T> - 1) / panel_columns<T>, {}};
  panels.values.resize(static_cast<std::size_t>(inner * columns));
  T* to = panels.values.data();
  for (std::int64_t panel = 0; panel < panels.count; ++panel) {
    const std::int64_t first = panels.begin(panel);
    const std::int64_t end = panels.begin(panel + 1);
    for (std::int64_t k = 0; k < inner; ++k) {
      for (std::int64_t m = first; m < end; ++m) *to++ = transposed ? b[m * inner + k] : b[k * columns + m];
    }
  }
  return panels;
}

template <class T, int Columns>
void multiply_panel(const T* a, const T* b, std::int64_t inner, T* out) {
  Samples<T> sum[Columns];
  for (auto& s : sum) s = Samples<T>::zero();
  for (std::int64_t k = 0; k < inner; ++k) {
    const Samples<T> value = Samples<T>::load_once(a + k * tile_lanes);
#pragma GCC unroll 32
    for (int m = 0; m < Columns; ++m) sum[m].add_product(b[k * Columns + m], value);
  }
  for (int m = 0; m < Columns; ++m) sum[m].store(out + m * tile_lanes);
}

// [N, K] tiled times [K, M] -> [N, M] tiled.
template <class T>
void multiply_tiles(const Tensor& a, const Tensor& b, bool transpose_b, Tensor& out) {
  static constexpr auto table =
      block_table<1, panel_columns<T>>([]<int, int Columns>() { return &multiply_panel<T, Columns>; });
  const std::int64_t inner = a.size(1);
  const std::int64_t columns = out.size(1);
  const Panels<T> panels = pack(b.data<T>().data(), inner, columns, transpose_b);
  const T* from = a.data<T>().data();
  T* to = out.write<T>().data();
  // Items are (tile, panel), so that a single tile still has work for several threads.
  const std::int64_t products = std::max<std::int64_t>(1, tile_lanes * inner * panel_columns<T>);
  const auto grain = static_cast<std::size_t>(std::max<std::int64_t>(1, serial_products / products));
  parallel_for(
      static_cast<std::size_t>(out.tiles() * panels.count), grain, [&](std::size_t begin, std::size_t end) {
        poll_interrupt();
        for (auto item = static_cast<std::int64_t>(begin); item < static_cast<std::int64_t>(end); ++item) {
          const std::int64_t tile = item / panels.count;
          const std::int64_t panel = item % panels.count;
          const std::int64_t first = panels.begin(panel);
          const auto width = static_cast<std::size_t>(panels.begin(panel + 1) - first);
          table[0][width - 1](from + tile * inner * tile_lanes, panels.at(panel), inner,
                              to + (tile * columns + first) * tile_lanes);
        }
      });
}

template <class T>
constexpr int contraction_rows = Samples<T>::accumulators >= 20   ? 4
                                 : Samples<T>::accumulators >= 10 ? 3
                                                                  : 2;
template <class T>
constexpr int contraction_columns = std::max(1, Samples<T>::accumulators / contraction_rows<T>);

// Two tiled matrices contracted over their samples; the lanes of the last tile past N are zero.
template <class T>
struct Contraction {
  const T* a = nullptr;
  const T* b = nullptr;
  const T* a_last = nullptr;
  const T* b_last = nullptr;
  std::int64_t tiles = 0, rows = 0, columns = 0;
};

template <class T, int Rows, int Columns>
void contract_block(const Contraction<T>& c, std::int64_t row, std::int64_t column, T* out) {
  Samples<T> sum[Rows][Columns];
  for (auto& line : sum) {
    for (auto& s : line) s = Samples<T>::zero();
  }
  for (std::int64_t t = 0; t < c.tiles; ++t) {
    const bool last = t + 1 == c.tiles;
    const T* a = (last ? c.a_last : c.a + t * c.rows * tile_lanes) + row * tile_lanes;
    const T* b = (last ? c.b_last : c.b + t * c.columns * tile_lanes) + column * tile_lanes;
    Samples<T> factor[Rows];
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) factor[i] = Samples<T>::load(a + i * tile_lanes);
#pragma GCC unroll 16
    for (int j = 0; j < Columns; ++j) {
      const Samples<T> value = Samples<T>::load_once(b + j * tile_lanes);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) sum[i][j].add_product(factor[i], value);
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int j = 0; j < Columns; ++j) out[(row + i) * c.columns + column + j] = sum[i][j].total();
  }
}

// transpose([N, K]) times [N, M], both tiled -> [K, M] row-major.
template <class T>
void contract_tiles(const Tensor& a, const Tensor& b, Tensor& out) {
  static constexpr auto table = block_table<contraction_rows<T>, contraction_columns<T>>(
      []<int Rows, int Columns>() { return &contract_block<T, Rows, Columns>; });
  Contraction<T> c{.a = a.data<T>().data(),
                   .b = b.data<T>().data(),
                   .tiles = a.tiles(),
                   .rows = a.size(1),
                   .columns = b.size(1)};
  const std::int64_t last = c.tiles - 1;
  std::vector<T> a_last(static_cast<std::size_t>(c.rows * tile_lanes));
  std::vector<T> b_last(static_cast<std::size_t>(c.columns * tile_lanes));
  copy_masked(c.a + last * c.rows * tile_lanes, a_last.data(), c.rows, a.lanes_in(last));
  copy_masked(c.b + last * c.columns * tile_lanes, b_last.data(), c.columns, a.lanes_in(last));
  c.a_last = a_last.data();
  c.b_last = b_last.data();
  T* to = out.write<T>().data();
  const std::int64_t row_blocks = (c.rows + contraction_rows<T> - 1) / contraction_rows<T>;
  const std::int64_t column_blocks = (c.columns + contraction_columns<T> - 1) / contraction_columns<T>;
  const std::int64_t products = std::max<std::int64_t>(1, a.size(0) * contraction_rows<T> * c.columns);
  const auto grain = static_cast<std::size_t>(std::max<std::int64_t>(1, serial_products / products));
  parallel_for(static_cast<std::size_t>(row_blocks), grain, [&](std::size_t begin, std::size_t end) {
    for (auto i = static_cast<std::int64_t>(begin); i < static_cast<std::int64_t>(end); ++i) {
      poll_interrupt();
      const std::int64_t row = c.rows * i / row_blocks;
      const auto& functions = table[static_cast<std::size_t>(c.rows * (i + 1) / row_blocks - row - 1)];
      for (std::int64_t j = 0; j < column_blocks; ++j) {
        const std::int64_t column = c.columns * j / column_blocks;
        functions[static_cast<std::size_t>(c.columns * (j + 1) / column_blocks - column - 1)](c, row, column,
                                                                                              to);
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
