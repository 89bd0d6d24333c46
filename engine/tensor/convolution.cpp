// conv and conv_input: both correlate padded planes with packed weights, a block of output channels by a
// block of output columns at a time, all of it standing in registers.
#include "engine/tensor/convolution.hpp"

#include <algorithm>
#include <vector>

#include "engine/tensor/block_table.hpp"
#include "engine/tensor/conv_plane.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Columns and output channels of the largest register block.
template <class T>
constexpr int most_columns = std::max(1, Samples<T>::accumulators / 4);
// Of their sums, as many as leave registers for one vector of either factor.
template <class T>
constexpr int most_sums = Samples<T>::accumulators * 5 / 4;
template <class T>
constexpr int most_outputs = Samples<T>::accumulators >= 6 ? 6 : std::max(1, Samples<T>::accumulators);

// A correlation of spread planes: out[o][i][j] = sum w[o][c][k][l] x[c][stride i + k][stride j + l].
struct Correlation {
  PlaneSpread planes;
  std::int64_t outputs = 0, out_height = 0, out_width = 0;
  std::int64_t kernel_height = 0, kernel_width = 0;
  std::int64_t stride = 1;

  /// Numbers of a row and of a plane of the result.
  [[nodiscard]] std::int64_t out_row() const { return out_width * tile_lanes; }
  [[nodiscard]] std::int64_t out_plane() const { return out_height * out_row(); }
  /// Products that an element of the result adds up.
  [[nodiscard]] std::int64_t terms() const { return planes.channels * kernel_height * kernel_width; }
};

// Weights of one block of output channels: [kernel row][channel][kernel column][outputs of the block].
template <class T>
struct OutputBlock {
  std::int64_t first = 0;
  int outputs = 0;
  std::vector<T> weights;
};

// Neighbouring columns of the result, and which kernel columns meet anything but zeros there.
struct ColumnBlock {
  std::int64_t first = 0;
  int columns = 0;
  std::int64_t tap_begin = 0, tap_end = 0;
};

// The blocks of the result that stand in registers.
template <class T>
struct Blocks {
  std::vector<OutputBlock<T>> outputs;
  std::vector<ColumnBlock> columns;
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

// The kernel columns that meet column j's part of a plane; all of them where elements are spread.
ColumnBlock taps_of(const Correlation& corr, std::int64_t j) {
  if (corr.planes.step > 1) return {j, 1, 0, corr.kernel_width};
  const std::int64_t left = corr.planes.left - j * corr.stride;
  const std::int64_t begin = std::clamp<std::int64_t>(left, 0, corr.kernel_width);
  return {j, 1, begin, std::clamp(left + corr.planes.from_width, begin, corr.kernel_width)};
}

// Columns within reach of an edge stand alone, to meet no zeros, unless there are too few outputs to keep the
// processor busy; the others go in blocks as large as can be.
template <class T>
std::vector<ColumnBlock> column_blocks(const Correlation& corr) {
  const auto whole = [&](const ColumnBlock& b) { return b.tap_end - b.tap_begin == corr.kernel_width; };
  const int outputs = static_cast<int>(std::clamp<std::int64_t>(corr.outputs, 1, most_outputs<T>));
  const int at_edges = std::max(1, most_columns<T> / outputs);
  const int within = std::clamp(most_sums<T> / outputs, 1, most_columns<T>);
  std::vector<ColumnBlock> blocks;
  std::int64_t end = 0;
  for (std::int64_t first = 0; first < corr.out_width; first = end) {
    const bool inside = whole(taps_of(corr, first));
    for (end = first; end < corr.out_width && whole(taps_of(corr, end)) == inside;) ++end;
    const int most = inside ? within : at_edges;
    const std::int64_t count = (end - first + most - 1) / most;
    for (std::int64_t b = 0; b < count; ++b) {
      ColumnBlock block = taps_of(corr, first + (end - first) * b / count);
      const std::int64_t next = first + (end - first) * (b + 1) / count;
      const ColumnBlock last = taps_of(corr, next - 1);
      block.columns = static_cast<int>(next - block.first);
      block.tap_begin = std::min(block.tap_begin, last.tap_begin);
      block.tap_end = std::max(block.tap_end, last.tap_end);
      blocks.push_back(block);
    }
  }
  return blocks;
}

// One block's place: `x` is channel 0's row under kernel row 0, at the block's first column; `out` the
// block's first element, its output channels `out_stride` numbers apart.
template <class T>
struct BlockPlace {
  std::int64_t row = 0;
  const T* x = nullptr;
  const T* weights = nullptr;
  std::int64_t tap_begin = 0, tap_end = 0;
  T* out = nullptr;
  std::int64_t out_stride = 0;
};

template <class T, int Outputs, int Columns>
void correlate_block(const Correlation& corr, const BlockPlace<T>& at) {
  constexpr std::int64_t lanes = tile_lanes;
  Samples<T> sum[Outputs][Columns];
#pragma GCC unroll 32
  for (int o = 0; o < Outputs; ++o) {
#pragma GCC unroll 32
    for (int j = 0; j < Columns; ++j) sum[o][j] = Samples<T>::zero();
  }
  const std::int64_t plane = corr.planes.plane();
  const std::int64_t step = corr.stride * lanes;
  const std::int64_t weight_row = corr.kernel_width * Outputs;
  for (std::int64_t k = 0; k < corr.kernel_height; ++k) {
    if (!corr.planes.filled(at.row + k)) continue;
    const T* weights = at.weights + k * corr.planes.channels * weight_row;
    const T* from = at.x + k * corr.planes.width * lanes;
    for (std::int64_t c = 0; c < corr.planes.channels; ++c, from += plane, weights += weight_row) {
      const T* w = weights + at.tap_begin * Outputs;
      for (std::int64_t l = at.tap_begin; l < at.tap_end; ++l, w += Outputs) {
#pragma GCC unroll 32
        for (int j = 0; j < Columns; ++j) {
          const Samples<T> value = Samples<T>::load_once(from + l * lanes + j * step);
#pragma GCC unroll 32
          for (int o = 0; o < Outputs; ++o) sum[o][j].add_product(w[o], value);
        }
      }
    }
  }
#pragma GCC unroll 32
  for (int o = 0; o < Outputs; ++o) {
#pragma GCC unroll 32
    for (int j = 0; j < Columns; ++j) sum[o][j].store(at.out + o * at.out_stride + j * lanes);
  }
}

// Row i of the result, of one block of output channels of one tile.
template <class T>
void correlate_row(const Correlation& corr, const T* x, const OutputBlock<T>& outputs,
                   const std::vector<ColumnBlock>& columns, std::int64_t i, T* out, std::int64_t out_stride) {
  static constexpr auto table =
      block_table<most_outputs<T>, most_columns<T>>([]<int O, int C>() { return &correlate_block<T, O, C>; });
  const auto& functions = table[static_cast<std::size_t>(outputs.outputs - 1)];
  const std::int64_t row = i * corr.stride;
  for (const ColumnBlock& block : columns) {
    const T* from = x + (row * corr.planes.width + block.first * corr.stride) * tile_lanes;
    functions[static_cast<std::size_t>(block.columns - 1)](
        corr, {row, from, outputs.weights.data(), block.tap_begin, block.tap_end,
               out + block.first * tile_lanes, out_stride});
  }
}

// Part of one tile's result: some rows of one block of output channels.
struct Band {
  std::int64_t tile = 0;
  std::int64_t first_row = 0, end_row = 0;
};

// Calls body(spread planes, block of output channels, band) for all of the result. `rows` of it are counted
// in what the body computes together.
template <class T, class Body>
void for_each_band(const Correlation& corr, const Tensor& x, const Selection* x_selection,
                   const std::vector<OutputBlock<T>>& outputs, std::int64_t rows, Body&& body) {
  // Enough of them that a single tile, too, has work for several threads.
  constexpr std::int64_t most_bands = 8;
  const auto blocks = static_cast<std::int64_t>(outputs.size());
  const std::int64_t pairs = std::max<std::int64_t>(1, x.tiles() * blocks);
  const std::int64_t bands = std::clamp<std::int64_t>(most_bands / pairs, 1, std::max<std::int64_t>(1, rows));
  const std::int64_t items = x.tiles() * blocks * bands;
  const std::int64_t products =
      corr.outputs * corr.out_plane() * corr.terms() / std::max<std::int64_t>(1, blocks * bands);
  share_ranges(items, products, serial_products, [&](std::int64_t begin, std::int64_t end) {
    SpreadTile<T> planes(x, corr.planes, x_selection, false);
    for (std::int64_t item = begin; item < end; ++item) {
      poll_interrupt();
      const std::int64_t band = item % bands;
      const std::int64_t t = item / bands / blocks;
      body(planes.at(t), outputs[static_cast<std::size_t>(item / bands % blocks)],
           Band{t, rows * band / bands, rows * (band + 1) / bands});
    }
  });
}

template <class T>
void correlate(const Correlation& corr, const Tensor& x, const Selection* x_selection,
               const Blocks<T>& blocks, Tensor& out) {
  T* to = out.write<T>().data();
  for_each_band(corr, x, x_selection, blocks.outputs, corr.out_height,
                [&](const T* planes, const OutputBlock<T>& outputs, const Band& band) {
                  T* first = to + (band.tile * corr.outputs + outputs.first) * corr.out_plane();
                  for (std::int64_t i = band.first_row; i < band.end_row; ++i) {
                    correlate_row(corr, planes, outputs, blocks.columns, i, first + i * corr.out_row(),
                                  corr.out_plane());
                  }
                });
}

// Keeps one element of each window of the result, a row of windows at a time: read(first element of the
// window, offsets of its places, where the kept one goes).
template <class T, class Read>
void correlate_windows(const Correlation& corr, const Tensor& x, const Blocks<T>& blocks, PoolGeometry g,
                       Read&& read) {
  const std::int64_t height = windows_along(corr.out_height, g);
  const std::int64_t width = windows_along(corr.out_width, g);
  const std::vector<std::int64_t> offsets = window_offsets(g, corr.out_width);
  const std::int64_t channel = g.window * corr.out_row();
  const auto body = [&](const T* planes, const OutputBlock<T>& outputs, const Band& band) {
    const auto memory = allocate_memory(static_cast<std::size_t>(outputs.outputs * channel) * sizeof(T));
    T* rows = reinterpret_cast<T*>(memory.get());
    for (std::int64_t i = band.first_row; i < band.end_row; ++i) {
      for (std::int64_t k = 0; k < g.window; ++k) {
        correlate_row(corr, planes, outputs, blocks.columns, i * g.stride + k, rows + k * corr.out_row(),
                      channel);
      }
      for (std::int64_t o = 0; o < outputs.outputs; ++o) {
        const std::int64_t plane = band.tile * corr.outputs + outputs.first + o;
        const std::int64_t to = (plane * height + i) * width * tile_lanes;
        for (std::int64_t j = 0; j < width; ++j) {
          read(rows + o * channel + j * g.stride * tile_lanes, offsets, to + j * tile_lanes);
        }
      }
    }
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
Blocks<T> forward_blocks(const Correlation& corr, const Tensor& w) {
  const T* from = w.data<T>().data();
  const auto weight = [&](std::int64_t o, std::int64_t c, std::int64_t k, std::int64_t l) {
    return from[((o * w.size(1) + c) * w.size(2) + k) * w.size(3) + l];
  };
  return {pack<T>(corr, weight), column_blocks<T>(corr)};
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
  correlate_windows(corr, x, blocks, s.geometry,
                    [&](const T* first, const std::vector<std::int64_t>& offsets, std::int64_t to) {
                      element_at<T>(first, offsets, load_places<T>(places + to)).store(values + to);
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
    const auto blocks = forward_blocks<T>(corr, w.row_major());
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
    correlate_windows(corr, tiles, forward_blocks<T>(corr, w.row_major()), pool,
                      [&](const T* first, const std::vector<std::int64_t>& offsets, std::int64_t to) {
                        Places<T> place;
                        largest_of<T>(first, offsets, place).store(values + to);
                        store_places<T>(places + to, place);
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
    correlate<T>(corr, tiles, chosen.get(), {pack<T>(corr, weight), column_blocks<T>(corr)}, out);
  });
  return out;
}

}  // namespace moonstill
