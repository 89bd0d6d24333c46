// conv_weight: products of planes summed over positions and samples. Sums run over groups of a fixed number
// of tiles, and the groups are added in order, so the result does not depend on the thread count.
#include <algorithm>
#include <vector>

#include "engine/tensor/block_table.hpp"
#include "engine/tensor/conv_plane.hpp"
#include "engine/tensor/convolution.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

constexpr std::int64_t group_tiles = 4;
// Of y, read again for every row of every kernel: what stays in the first-level cache.
constexpr std::int64_t chunk_bytes = 16 << 10;

// The largest block of sums that stands in registers, beside a row of it and one more vector.
constexpr int most_outputs = 4;
constexpr int most_columns = vector_accumulators / most_outputs;

struct WeightProblem {
  PlaneSpread x;
  PlaneSpread y;
  std::int64_t kernel_height = 0, kernel_width = 0;
  std::int64_t stride = 1;
};

// Adds to sum[o][l] the products of y's rows with x's, moved by kernel column l. Both pointers stand at their
// first element; `sum` holds sixteen partial sums a weight, `sum_stride` of them from one output channel to
// the next.
template <class T, int Outputs, int Columns>
void add_products(const WeightProblem& p, std::int64_t rows, const T* x, const T* y, T* sum,
                  std::int64_t sum_stride) {
  constexpr std::int64_t lanes = tile_lanes;
  const std::int64_t y_plane = p.y.height * p.y.width * lanes;
  for (std::int64_t part = 0; part < lanes;
       part += vector_lanes<T>, x += vector_lanes<T>, y += vector_lanes<T>) {
    Vector<T> acc[Outputs][Columns];
#pragma GCC unroll 32
    for (int o = 0; o < Outputs; ++o) {
#pragma GCC unroll 32
      for (int l = 0; l < Columns; ++l) {
        acc[o][l] = load_lanes<T, vector_lanes<T>>(sum + (o * sum_stride + l) * lanes + part);
      }
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      const T* x_row = x + i * p.stride * p.x.width * lanes;
      const T* y_row = y + i * p.y.width * lanes;
      for (std::int64_t j = 0; j < p.y.width; ++j) {
        Vector<T> value[Columns];
#pragma GCC unroll 32
        for (int l = 0; l < Columns; ++l) value[l] = load_once(x_row + (j * p.stride + l) * lanes);
#pragma GCC unroll 32
        for (int o = 0; o < Outputs; ++o) {
          const Vector<T> factor = load_once(y_row + j * lanes + o * y_plane);
#pragma GCC unroll 32
          for (int l = 0; l < Columns; ++l) acc[o][l] += factor * value[l];
        }
      }
    }
#pragma GCC unroll 32
    for (int o = 0; o < Outputs; ++o) {
#pragma GCC unroll 32
      for (int l = 0; l < Columns; ++l) {
        store_lanes<T, vector_lanes<T>>(sum + (o * sum_stride + l) * lanes + part, acc[o][l]);
      }
    }
  }
}

// One tile's part of the weights of `outputs` channels, those of y.
template <class T>
void add_tile(const WeightProblem& p, const T* x, const T* y, int outputs, T* sum) {
  static constexpr auto table =
      block_table<most_outputs, most_columns>([]<int O, int C>() { return &add_products<T, O, C>; });
  const auto& functions = table[static_cast<std::size_t>(outputs - 1)];
  const std::int64_t row_bytes = p.y.width * outputs * tile_lanes * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t chunk = std::clamp<std::int64_t>(chunk_bytes / std::max<std::int64_t>(1, row_bytes), 1,
                                                      std::max<std::int64_t>(1, p.y.height));
  const std::int64_t blocks = (p.kernel_width + most_columns - 1) / most_columns;
  const std::int64_t sum_stride = p.x.channels * p.kernel_height * p.kernel_width;
  for (std::int64_t i = 0; i < p.y.height; i += chunk) {
    const std::int64_t rows = std::min(chunk, p.y.height - i);
    const T* y_rows = y + i * p.y.width * tile_lanes;
    for (std::int64_t c = 0; c < p.x.channels; ++c) {
      for (std::int64_t k = 0; k < p.kernel_height; ++k) {
        const T* x_rows = x + (c * p.x.height + i * p.stride + k) * p.x.width * tile_lanes;
        for (std::int64_t b = 0; b < blocks; ++b) {
          const std::int64_t l = p.kernel_width * b / blocks;
          const std::int64_t end = p.kernel_width * (b + 1) / blocks;
          functions[static_cast<std::size_t>(end - l - 1)](
              p, rows, x_rows + l * tile_lanes, y_rows,
              sum + ((c * p.kernel_height + k) * p.kernel_width + l) * tile_lanes, sum_stride);
        }
      }
    }
  }
}

// Sums over a group of tiles of the weights of a block of output channels.
template <class T>
void sum_group(const WeightProblem& p, SpreadTile<T>& x, SpreadTile<T>& y, std::int64_t first_tile,
               std::int64_t end_tile, int outputs, std::int64_t first, T* out) {
  const std::int64_t weights = outputs * p.x.channels * p.kernel_height * p.kernel_width;
  std::vector<T> sum(static_cast<std::size_t>(weights * tile_lanes), T{0});
  for (std::int64_t t = first_tile; t < end_tile; ++t) {
    poll_interrupt();
    add_tile(p, x.at(t), y.at(t, first, outputs), outputs, sum.data());
  }
  for (std::int64_t i = 0; i < weights; ++i) out[i] = horizontal_sum<tile_lanes>(sum.data() + i * tile_lanes);
}

template <class T>
void conv_weight_of(const WeightProblem& p, const Tensor& x, const Tensor& y, const Selection* selection,
                    Tensor& out) {
  const std::int64_t outputs = y.size(1);
  const std::int64_t weights = out.count();
  const std::int64_t blocks = (outputs + most_outputs - 1) / most_outputs;
  const std::int64_t groups = (x.tiles() + group_tiles - 1) / group_tiles;
  std::vector<T> partial(static_cast<std::size_t>(groups * weights));
  const std::int64_t products = group_tiles * tile_lanes * p.y.height * p.y.width * weights / blocks;
  share_ranges(groups * blocks, products, serial_products, [&](std::int64_t begin, std::int64_t end) {
    SpreadTile<T> x_tile(x, p.x, nullptr, true);
    SpreadTile<T> y_tile(y, p.y, selection, true);
    for (std::int64_t item = begin; item < end; ++item) {
      const std::int64_t group = item / blocks;
      const std::int64_t first = outputs * (item % blocks) / blocks;
      const std::int64_t last = outputs * (item % blocks + 1) / blocks;
      sum_group<T>(p, x_tile, y_tile, group * group_tiles, std::min(x.tiles(), (group + 1) * group_tiles),
                   static_cast<int>(last - first), first,
                   partial.data() + group * weights + first * (weights / outputs));
    }
  });
  T* to = out.write<T>().data();
  for (std::int64_t i = 0; i < weights; ++i) {
    double total = 0;
    for (std::int64_t group = 0; group < groups; ++group) {
      total += static_cast<double>(partial[static_cast<std::size_t>(group * weights + i)]);
    }
    to[i] = static_cast<T>(total);
  }
}

}  // namespace

Tensor conv_weight(const Tensor& x, const Tensor& y, ConvGeometry g, const Shape& weight_shape,
                   const Selection* selection) {
  assert(x.rank() == 4 && y.rank() == 4 && x.size(0) == y.size(0) && x.dtype() == y.dtype());
  const std::int64_t height = conv_output_size(x.size(2), weight_shape[2], g);
  const std::int64_t width = conv_output_size(x.size(3), weight_shape[3], g);
  WeightProblem p;
  p.x = padded(x.shape(), g);
  // A block of output channels at a time.
  p.y = {.channels = std::min<std::int64_t>(y.size(1), most_outputs),
         .from_height = height,
         .from_width = width,
         .height = height,
         .width = width};
  p.kernel_height = weight_shape[2];
  p.kernel_width = weight_shape[3];
  p.stride = g.stride;
  Tensor out = Tensor::empty(weight_shape, x.dtype());
  if (out.count() == 0) return out;
  const TiledSelection chosen(selection);
  dispatch_floating(x.dtype(), "conv_weight", [&](auto element) {
    conv_weight_of<decltype(element)>(p, x.as_tiled(), y.as_tiled(), chosen.get(), out);
  });
  return out;
}

}  // namespace moonstill
