// conv_weight: products of planes summed over positions and samples. Sums run over groups of a fixed number
// of tiles, and the groups are added in order, so the result does not depend on the thread count.
#include <algorithm>
#include <vector>

#include "engine/tensor/block_table.hpp"
#include "engine/tensor/conv_plane.hpp"
#include "engine/tensor/convolution.hpp"
#include "engine/tensor/share_tiles.hpp"

namespace moonstill {
namespace {

constexpr std::int64_t group_samples = 4 * tile_lanes;
// Of y, read again for every row of every kernel: what stays in the first-level cache.
constexpr std::int64_t chunk_bytes = 16 << 10;

// The largest block of sums that stands in registers, beside a row of it and one more vector.
constexpr int block_outputs = 4;
constexpr int block_columns = vector_accumulators / block_outputs;

struct WeightProblem {
  PlaneSpread x;
  PlaneSpread y;
  std::int64_t kernel_height = 0, kernel_width = 0;
  std::int64_t stride = 1;
};

// How the planes of tiles of one width lie, and the vectors of their rows: columns of a whole tile, or 16
// neighbouring numbers of a narrow one's row.
struct TilePlan {
  PlanePitch x, y;
  std::int64_t step = 0;     // numbers from one vector of x to the next
  std::int64_t vectors = 0;  // full ones of a row of y
  std::int64_t rest = 0;     // numbers of one more
};

TilePlan plan_tile(const WeightProblem& p, std::int64_t lanes) {
  const std::int64_t column = stays_narrow(p.stride) ? lanes : tile_lanes;
  const std::int64_t row = p.y.width * column;
  return {.x = pitch_of(p.x, column),
          .y = pitch_of(p.y, column),
          .step = p.stride * tile_lanes,
          .vectors = row / tile_lanes,
          .rest = row % tile_lanes};
}

// Adds to sum[o][l] the products of y's rows with x's, moved by kernel column l. Both pointers stand at their
// first element; `sum` holds sixteen partial sums a weight, `sum_stride` of them from one output channel to
// the next.
template <class T, int Outputs, int Columns>
void add_products(const TilePlan& p, std::int64_t stride, std::int64_t rows, const T* x, const T* y, T* sum,
                  std::int64_t sum_stride) {
  constexpr std::int64_t lanes = tile_lanes;
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
    const int rest = std::clamp(static_cast<int>(p.rest - part), 0, vector_lanes<T>);
    for (std::int64_t i = 0; i < rows; ++i) {
      const T* x_row = x + i * stride * p.x.row;
      const T* y_row = y + i * p.y.row;
      const auto add = [&](std::int64_t j, auto load) __attribute__((always_inline)) {
        Vector<T> value[Columns];
#pragma GCC unroll 32
        for (int l = 0; l < Columns; ++l) value[l] = load(x_row + j * p.step + l * p.x.column);
#pragma GCC unroll 32
        for (int o = 0; o < Outputs; ++o) {
          const Vector<T> factor = load(y_row + j * lanes + o * p.y.plane);
#pragma GCC unroll 32
          for (int l = 0; l < Columns; ++l) acc[o][l] += factor * value[l];
        }
      };
      for (std::int64_t j = 0; j < p.vectors; ++j) add(j, load_once<T>);
      // Behind a row of y lie zeros, but in x what other weights meet, which may be infinite.
      if (rest > 0)
        add(
            p.vectors, [rest](const T* from) __attribute__((always_inline)) {
              return kept(load_first<T, vector_lanes<T>>(from, rest));
            });
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

// Weights of a block of output channels that have a kernel row and an input channel in common, counted
// [block][input channel][kernel row].
struct WeightRows {
  std::int64_t first = 0, end = 0;
};

// One tile's part of some rows of the weights of `outputs` channels, those of y.
template <class T>
void add_tile(const WeightProblem& p, const TilePlan& plan, const T* x, const T* y, int outputs,
              const WeightRows& weights, T* sum) {
  static constexpr auto table =
      block_table<block_outputs, block_columns>([]<int O, int C>() { return &add_products<T, O, C>; });
  const auto& functions = table[static_cast<std::size_t>(outputs - 1)];
  const std::int64_t row_bytes = plan.y.row * outputs * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t chunk = std::clamp<std::int64_t>(chunk_bytes / std::max<std::int64_t>(1, row_bytes), 1,
                                                      std::max<std::int64_t>(1, p.y.height));
  const std::int64_t blocks = (p.kernel_width + block_columns - 1) / block_columns;
  const std::int64_t sum_stride = p.x.channels * p.kernel_height * p.kernel_width;
  for (std::int64_t i = 0; i < p.y.height; i += chunk) {
    const std::int64_t rows = std::min(chunk, p.y.height - i);
    for (std::int64_t r = weights.first; r < weights.end; ++r) {
      const std::int64_t channel = r / p.kernel_height;
      const T* x_rows = x + channel * plan.x.plane + (i * p.stride + r % p.kernel_height) * plan.x.row;
      for (std::int64_t b = 0; b < blocks; ++b) {
        const std::int64_t l = p.kernel_width * b / blocks;
        const std::int64_t end = p.kernel_width * (b + 1) / blocks;
        functions[static_cast<std::size_t>(end - l - 1)](
            plan, p.stride, rows, x_rows + l * plan.x.column, y + i * plan.y.row,
            sum + (r * p.kernel_width + l) * tile_lanes, sum_stride);
      }
    }
  }
}

// What a thread sums with.
template <class T>
struct GroupSums {
  const WeightProblem& p;
  const Tensor& batch;
  EachWidth<TilePlan> plans;
  SpreadTile<T> x, y;
  std::vector<T> sum;

  GroupSums(const WeightProblem& problem, const Tensor& inputs, const Tensor& outputs,
            const Selection* selection)
      : p(problem),
        batch(inputs),
        plans(inputs.size(0), [&](std::int64_t lanes) { return plan_tile(p, lanes); }),
        x(inputs, p.x, nullptr, stays_narrow(p.stride)),
        y(outputs, p.y, selection, stays_narrow(p.stride)),
        sum(static_cast<std::size_t>(block_outputs * p.x.channels * p.kernel_height * p.kernel_width *
                                     tile_lanes)) {}

  // Over a group of tiles, some rows of the weights of output channels [first, first + outputs), to `out`.
  void add(std::int64_t group, std::int64_t first, int outputs, const WeightRows& weights, T* out) {
    std::ranges::fill(sum, T{0});
    const std::int64_t begin = group * (group_samples / tile_lanes);
    const std::int64_t end = std::min(batch.tiles(), begin + group_samples / tile_lanes);
    for (std::int64_t t = begin; t < end; ++t) {
      poll_interrupt();
      add_tile(p, plans.of(batch.lanes_in(t)), x.at(t), y.at(t, first, outputs), outputs, weights,
               sum.data());
    }
    const std::int64_t channel = p.x.channels * p.kernel_height * p.kernel_width;
    for (int o = 0; o < outputs; ++o) {
      for (std::int64_t i = weights.first * p.kernel_width; i < weights.end * p.kernel_width; ++i)
        out[o * channel + i] = horizontal_sum<tile_lanes>(sum.data() + (o * channel + i) * tile_lanes);
    }
  }
};

template <class T>
void conv_weight_of(const WeightProblem& p, const Tensor& x, const Tensor& y, const Selection* selection,
                    Tensor& out) {
  const std::int64_t outputs = y.size(1);
  const std::int64_t weights = out.count();
  const std::int64_t blocks = (outputs + block_outputs - 1) / block_outputs;
  const std::int64_t rows = p.x.channels * p.kernel_height;
  const std::int64_t groups = (x.size(0) + group_samples - 1) / group_samples;
  std::vector<T> partial(static_cast<std::size_t>(groups * weights));
  const TileParts parts{x.size(0), blocks * rows, group_samples};
  const std::int64_t products = p.y.height * p.y.width * weights / parts.parts;
  share_parts(parts, products, serial_products, [&](std::int64_t begin, std::int64_t end) {
    GroupSums<T> sums(p, x, y, selection);
    parts.each(begin, end, [&](std::int64_t group, std::int64_t first, std::int64_t last) {
      for (std::int64_t b = first / rows; b * rows < last; ++b) {
        const std::int64_t output = outputs * b / blocks;
        const auto count = static_cast<int>(outputs * (b + 1) / blocks - output);
        sums.add(group, output, count,
                 {std::max<std::int64_t>(0, first - b * rows), std::min(rows, last - b * rows)},
                 partial.data() + group * weights + output * (weights / outputs));
      }
    });
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
  p.y = {.channels = std::min<std::int64_t>(y.size(1), block_outputs),
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
