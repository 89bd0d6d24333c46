// conv and conv_input: both correlate padded planes with packed weights, a block of output channels by a
// block of vectors of an output row at a time, all of it standing in registers.
#include "engine/tensor/convolution.hpp"

#include <algorithm>
#include <vector>

#include "engine/tensor/block_table.hpp"
#include "engine/tensor/conv_rows.hpp"
#include "engine/tensor/share_tiles.hpp"

namespace moonstill {
namespace {

// Weights of one block of output channels: [kernel row][channel][kernel column][outputs of the block].
template <class T>
struct OutputBlock {
  std::int64_t first = 0;
  int outputs = 0;
  std::vector<T> weights;
};

// weight(o, c, k, l) names an element.
template <class T, class Weight>
std::vector<OutputBlock<T>> pack(const Correlation& corr, Weight weight) {
  const std::int64_t blocks = (corr.outputs + most_outputs<T> - 1) / most_outputs<T>;
  std::vector<OutputBlock<T>> packed;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t first = corr.outputs * b / blocks;
    const std::int64_t end = corr.outputs * (b + 1) / blocks;
    OutputBlock<T> block{first, static_cast<int>(end - first), {}};
    block.weights.reserve(static_cast<std::size_t>(corr.terms() * (end - first)));
    for (std::int64_t k = 0; k < corr.kernel_height; ++k) {
      for (std::int64_t c = 0; c < corr.planes.channels; ++c) {
        for (std::int64_t l = 0; l < corr.kernel_width; ++l) {
          for (std::int64_t o = first; o < end; ++o) block.weights.push_back(weight(o, c, k, l));
        }
      }
    }
    packed.push_back(std::move(block));
  }
  return packed;
}

// The blocks of the result that stand in registers.
template <class T>
struct Blocks {
  std::vector<OutputBlock<T>> outputs;
  EachWidth<RowPlan> rows;
};

template <class T, class Weight>
Blocks<T> blocks_of(const Correlation& corr, std::int64_t samples, Weight weight) {
  return {pack<T>(corr, weight), {samples, [&](std::int64_t lanes) { return plan_rows<T>(corr, lanes); }}};
}

// One block's place: `x` is channel 0's row under kernel row 0, at the block's first factor; `out` the
// block's first element, its output channels `out_stride` numbers apart.
template <class T>
struct BlockPlace {
  std::int64_t row = 0;
  const T* x = nullptr;
  const T* weights = nullptr;
  T* out = nullptr;
  std::int64_t out_stride = 0;
};

template <class T, int Outputs, int Vectors>
void correlate_block(const Correlation& corr, const RowPlan& plan, const VectorBlock& block,
                     const BlockPlace<T>& at) {
  Samples<T> sum[Outputs][Vectors];
#pragma GCC unroll 32
  for (int o = 0; o < Outputs; ++o) {
#pragma GCC unroll 32
    for (int j = 0; j < Vectors; ++j) sum[o][j] = Samples<T>::zero();
  }
  const std::int64_t plane = plan.planes.plane;
  const std::int64_t column = plan.planes.column;
  const std::int64_t step = plan.step;
  const std::int64_t weight_row = corr.kernel_width * Outputs;
  for (std::int64_t k = 0; k < corr.kernel_height; ++k) {
    if (!corr.planes.filled(at.row + k)) continue;
    const T* weights = at.weights + k * corr.planes.channels * weight_row;
    const T* from = at.x + k * plan.planes.row;
    for (std::int64_t c = 0; c < corr.planes.channels; ++c, from += plane, weights += weight_row) {
      const T* w = weights + block.tap_begin * Outputs;
      for (std::int64_t l = block.tap_begin; l < block.tap_end; ++l, w += Outputs) {
#pragma GCC unroll 32
        for (int j = 0; j < Vectors; ++j) {
          const Samples<T> value = Samples<T>::load_once(from + l * column + j * step);
#pragma GCC unroll 32
          for (int o = 0; o < Outputs; ++o) sum[o][j].add_product(w[o], value);
        }
      }
    }
  }
#pragma GCC unroll 32
  for (int o = 0; o < Outputs; ++o) {
    T* const to = at.out + o * at.out_stride;
#pragma GCC unroll 32
    for (int j = 0; j < Vectors - 1; ++j) sum[o][j].store(to + j * tile_lanes);
    T* const last = to + (Vectors - 1) * tile_lanes;
    if (block.last == tile_lanes)
      sum[o][Vectors - 1].store(last);
    else
      sum[o][Vectors - 1].store(last, block.last);
  }
}

// Row i of the result, of one block of output channels of one tile.
template <class T>
void correlate_row(const Correlation& corr, const RowPlan& plan, const T* x, const OutputBlock<T>& outputs,
                   std::int64_t i, T* out, std::int64_t out_stride) {
  static constexpr auto table =
      block_table<most_outputs<T>, most_vectors<T>>([]<int O, int V>() { return &correlate_block<T, O, V>; });
  const auto& functions = table[static_cast<std::size_t>(outputs.outputs - 1)];
  const std::int64_t row = i * corr.stride;
  for (const VectorBlock& block : plan.blocks) {
    const T* from = x + row * plan.planes.row + block.from;
    functions[static_cast<std::size_t>(block.vectors - 1)](
        corr, plan, block, {row, from, outputs.weights.data(), out + block.to, out_stride});
  }
}

// Part of one tile's result: some rows of one block of output channels.
struct Band {
  std::int64_t tile = 0;
  std::int64_t first_row = 0, end_row = 0;
};

// Calls body(spread planes, block of output channels, band) for all of the result, `rows` of which are
// computed on their own.
template <class T, class Body>
void for_each_band(const Correlation& corr, const Tensor& x, const Selection* x_selection,
                   const std::vector<OutputBlock<T>>& outputs, std::int64_t rows, Body&& body) {
  const auto blocks = static_cast<std::int64_t>(outputs.size());
  const TileParts parts{x.size(0), blocks * rows};
  const std::int64_t products = corr.outputs * corr.out_plane() * corr.terms();
  share_parts(
      parts, products / std::max<std::int64_t>(1, parts.parts), serial_products,
      [&](std::int64_t begin, std::int64_t end) {
        SpreadTile<T> planes(x, corr.planes, x_selection, stays_narrow(corr.stride));
        parts.each(begin, end, [&](std::int64_t tile, std::int64_t first, std::int64_t last) {
          poll_interrupt();
          const T* from = planes.at(tile);
          for (std::int64_t b = first / rows; b * rows < last; ++b)
            body(from, outputs[static_cast<std::size_t>(b)],
                 Band{tile, std::max<std::int64_t>(0, first - b * rows), std::min(rows, last - b * rows)});
        });
      });
}

template <class T>
void correlate(const Correlation& corr, const Tensor& x, const Selection* x_selection,
               const Blocks<T>& blocks, Tensor& out) {
  T* to = out.write<T>().data();
  for_each_band(corr, x, x_selection, blocks.outputs, corr.out_height,
                [&](const T* planes, const OutputBlock<T>& outputs, const Band& band) {
                  const RowPlan& plan = blocks.rows.of(x.lanes_in(band.tile));
                  const std::int64_t row = corr.out_width * plan.lanes;
                  const std::int64_t plane = corr.out_plane() * plan.lanes;
                  T* first = to + out.tile_begin(band.tile) + outputs.first * plane;
                  for (std::int64_t i = band.first_row; i < band.end_row; ++i)
                    correlate_row(corr, plan, planes, outputs, i, first + i * row, plane);
                });
}

// Keeps one element of each window of the result, a row of windows at a time: read(window, where in `out` the
// kept one goes).
template <class T, class Read>
void correlate_windows(const Correlation& corr, const Tensor& x, const Blocks<T>& blocks, PoolGeometry g,
                       const Tensor& out, Read&& read) {
  const std::int64_t height = out.size(2);
  const std::int64_t width = out.size(3);
  const EachWidth<std::vector<std::int64_t>> offsets(
      x.size(0), [&](std::int64_t lanes) { return window_offsets(g, corr.out_width, lanes); });
  const auto body = [&](const T* planes, const OutputBlock<T>& outputs, const Band& band) {
    with_lanes(x.lanes_in(band.tile), [&](auto lanes) {
      const RowPlan& plan = blocks.rows.of(lanes);
      const std::int64_t row = corr.out_width * lanes;
      const std::int64_t channel = g.window * row;
      const auto memory = allocate_memory(static_cast<std::size_t>(outputs.outputs * channel) * sizeof(T));
      T* rows = reinterpret_cast<T*>(memory.get());
      Window<T, decltype(lanes)> window{rows, offsets.of(lanes), lanes};
      for (std::int64_t i = band.first_row; i < band.end_row; ++i) {
        for (std::int64_t k = 0; k < g.window; ++k)
          correlate_row(corr, plan, planes, outputs, i * g.stride + k, rows + k * row, channel);
        for (std::int64_t o = 0; o < outputs.outputs; ++o) {
          const std::int64_t to =
              out.tile_begin(band.tile) + ((outputs.first + o) * height + i) * width * lanes;
          for (std::int64_t j = 0; j < width; ++j) {
            window.first = rows + o * channel + j * g.stride * lanes;
            read(window, to + j * lanes);
          }
        }
      }
    });
  };
  for_each_band(corr, x, nullptr, blocks.outputs, height, body);
}

// The correlation that conv is.
Correlation forward(const Tensor& x, const Tensor& w, ConvGeometry g) {
  assert(x.rank() == 4 && w.rank() == 4 && x.size(1) == w.size(1) && x.dtype() == w.dtype());
  return {.planes = padded(x.shape(), g),
          .outputs = w.size(0),
          .out_height = conv_output_size(x.size(2), w.size(2), g),
          .out_width = conv_output_size(x.size(3), w.size(3), g),
          .kernel_height = w.size(2),
          .kernel_width = w.size(3),
          .stride = g.stride};
}

template <class T>
Blocks<T> forward_blocks(const Correlation& corr, const Tensor& w, std::int64_t samples) {
  const T* from = w.data<T>().data();
  return blocks_of<T>(corr, samples, [&](std::int64_t o, std::int64_t c, std::int64_t k, std::int64_t l) {
    return from[((o * w.size(1) + c) * w.size(2) + k) * w.size(3) + l];
  });
}

Shape result_shape(const Tensor& x, const Correlation& corr) {
  return {x.size(0), corr.outputs, corr.out_height, corr.out_width};
}

Shape window_shape(const Tensor& x, const Correlation& corr, PoolGeometry g) {
  return {x.size(0), corr.outputs, windows_along(corr.out_height, g), windows_along(corr.out_width, g)};
}

// The selected elements of a convolution.
template <class T>
Tensor selected(const Correlation& corr, const Tensor& x, const Blocks<T>& blocks, const Selection& s) {
  Tensor out = Tensor::empty(window_shape(x, corr, s.geometry), x.dtype(), Layout::tiled);
  assert(s.places.shape() == out.shape());
  const std::uint8_t* places = s.places.data<std::uint8_t>().data();
  T* values = out.write<T>().data();
  correlate_windows(corr, x, blocks, s.geometry, out, [&](const auto& window, std::int64_t to) {
    element_at(window, load_places<T>(places + to, window.lanes)).store(values + to, window.lanes);
  });
  return out;
}

}  // namespace

std::int64_t conv_output_size(std::int64_t input, std::int64_t kernel, ConvGeometry g) {
  const std::int64_t room = input + 2 * g.padding - kernel;
  return room < 0 ? 0 : room / g.stride + 1;
}

Tensor conv(const Tensor& x, const Tensor& w, ConvGeometry g, const Selection* selection) {
  const Correlation corr = forward(x, w, g);
  const Tensor tiles = x.as_tiled();
  const TiledSelection chosen(selection);
  return dispatch_floating(x.dtype(), "conv", [&](auto element) {
    using T = decltype(element);
    const auto blocks = forward_blocks<T>(corr, w.row_major(), x.size(0));
    if (chosen.get() != nullptr) return selected<T>(corr, tiles, blocks, *chosen.get());
    Tensor out = Tensor::empty(result_shape(x, corr), x.dtype(), Layout::tiled);
    correlate<T>(corr, tiles, nullptr, blocks, out);
    return out;
  });
}

WindowMax conv_max(const Tensor& x, const Tensor& w, ConvGeometry g, PoolGeometry pool) {
  const Correlation corr = forward(x, w, g);
  const Tensor tiles = x.as_tiled();
  const Shape shape = window_shape(x, corr, pool);
  WindowMax out{Tensor::empty(shape, x.dtype(), Layout::tiled),
                Tensor::empty(shape, DType::u8, Layout::tiled)};
  std::uint8_t* places = out.places.write<std::uint8_t>().data();
  dispatch_floating(x.dtype(), "conv_max", [&](auto element) {
    using T = decltype(element);
    T* values = out.values.write<T>().data();
    correlate_windows(corr, tiles, forward_blocks<T>(corr, w.row_major(), x.size(0)), pool, out.values,
                      [&](const auto& window, std::int64_t to) {
                        Places<T, decltype(window.lanes)::size> place;
                        largest_of(window, place).store(values + to, window.lanes);
                        store_places<T>(places + to, place, window.lanes);
                      });
  });
  return out;
}

// The adjoint correlates y, spread by the stride, with the kernels turned round and their channels exchanged.
Tensor conv_input(const Tensor& y, const Tensor& w, ConvGeometry g, const Shape& input_shape,
                  const Selection* selection) {
  assert(y.rank() == 4 && w.rank() == 4 && y.size(1) == w.size(0) && y.dtype() == w.dtype());
  const Tensor tiles = y.as_tiled();
  const Tensor kernels = w.row_major();
  const TiledSelection chosen(selection);
  Correlation corr;
  corr.planes = {.channels = w.size(0),
                 .from_height = conv_output_size(input_shape[2], w.size(2), g),
                 .from_width = conv_output_size(input_shape[3], w.size(3), g),
                 .height = input_shape[2] + w.size(2) - 1,
                 .width = input_shape[3] + w.size(3) - 1,
                 .step = g.stride,
                 .top = w.size(2) - 1 - g.padding,
                 .left = w.size(3) - 1 - g.padding};
  corr.outputs = w.size(1);
  corr.kernel_height = w.size(2);
  corr.kernel_width = w.size(3);
  corr.out_height = input_shape[2];
  corr.out_width = input_shape[3];
  Tensor out = Tensor::empty(input_shape, y.dtype(), Layout::tiled);
  dispatch_floating(y.dtype(), "conv_input", [&](auto element) {
    using T = decltype(element);
    const T* from = kernels.data<T>().data();
    const auto weight = [&](std::int64_t c, std::int64_t o, std::int64_t k, std::int64_t l) {
      return from[((o * w.size(1) + c) * w.size(2) + w.size(2) - 1 - k) * w.size(3) + w.size(3) - 1 - l];
    };
    correlate(corr, tiles, chosen.get(), blocks_of<T>(corr, y.size(0), weight), out);
  });
  return out;
}

}  // namespace moonstill
