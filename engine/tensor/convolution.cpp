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
struct PackedBlock {
  std::int64_t first = 0;
  int outputs = 0;
  std::vector<T> weights;
};

// weight(o, c, k, l) names an element.
template <class T, class Weight>
std::vector<PackedBlock<T>> pack(const Correlation& corr, Weight weight) {
  const std::int64_t blocks = (corr.outputs + most_outputs<T> - 1) / most_outputs<T>;
  std::vector<PackedBlock<T>> packed;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t first = corr.outputs * b / blocks;
    const std::int64_t end = corr.outputs * (b + 1) / blocks;
    PackedBlock<T> block{first, static_cast<int>(end - first), {}};
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

// `x` is channel 0's row under kernel row 0, at the block's first column; `out` the block's first element,
// its output channels `out_stride` numbers apart.
template <class T, int Outputs, int Columns>
void correlate_block(const Correlation& corr, std::int64_t row, const T* x, const T* weights, T* out,
                     std::int64_t out_stride) {
  constexpr std::int64_t lanes = tile_lanes;
  Samples<T> sum[Outputs][Columns];
#pragma GCC unroll 32
  for (int o = 0; o < Outputs; ++o) {
#pragma GCC unroll 32
    for (int j = 0; j < Columns; ++j) sum[o][j] = Samples<T>::zero();
  }
  const std::int64_t plane = corr.planes.plane();
  const std::int64_t step = corr.stride * lanes;
  for (std::int64_t k = 0; k < corr.kernel_height; ++k) {
    const T* w = weights + k * corr.planes.channels * corr.kernel_width * Outputs;
    if (!corr.planes.filled(row + k)) continue;
    const T* from = x + k * corr.planes.width * lanes;
    for (std::int64_t c = 0; c < corr.planes.channels; ++c, from += plane) {
      for (std::int64_t l = 0; l < corr.kernel_width; ++l, w += Outputs) {
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
    for (int j = 0; j < Columns; ++j) sum[o][j].store(out + o * out_stride + j * lanes);
  }
}

// Row i of the result, of one block of output channels of one tile.
template <class T>
void correlate_row(const Correlation& corr, const T* x, const PackedBlock<T>& block, std::int64_t i, T* out,
                   std::int64_t out_stride) {
  static constexpr auto table =
      block_table<most_outputs<T>, most_columns<T>>([]<int O, int C>() { return &correlate_block<T, O, C>; });
  const auto& functions = table[static_cast<std::size_t>(block.outputs - 1)];
  const std::int64_t blocks = (corr.out_width + most_columns<T> - 1) / most_columns<T>;
  const std::int64_t row = i * corr.stride;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t first = corr.out_width * b / blocks;
    const std::int64_t end = corr.out_width * (b + 1) / blocks;
    functions[static_cast<std::size_t>(end - first - 1)](
        corr, row, x + (row * corr.planes.width + first * corr.stride) * tile_lanes, block.weights.data(),
        out + first * tile_lanes, out_stride);
  }
}

// Calls body(spread planes, block, tile) for every block of output channels of every tile.
template <class T, class Body>
void for_each_block(const Correlation& corr, const Tensor& x, const Selection* x_selection,
                    const std::vector<PackedBlock<T>>& blocks, Body&& body) {
  // Items are (tile, block), so that a single tile still has work for several threads.
  const auto count = static_cast<std::int64_t>(blocks.size());
  const std::int64_t products =
      corr.outputs * corr.out_plane() * corr.terms() / std::max<std::int64_t>(1, count);
  share_ranges(x.tiles() * count, products, serial_products, [&](std::int64_t begin, std::int64_t end) {
    SpreadTile<T> planes(x, corr.planes, x_selection, false);
    for (std::int64_t item = begin; item < end; ++item) {
      poll_interrupt();
      const std::int64_t t = item / count;
      body(planes.at(t), blocks[static_cast<std::size_t>(item % count)], t);
    }
  });
}

template <class T>
void correlate(const Correlation& corr, const Tensor& x, const Selection* x_selection,
               const std::vector<PackedBlock<T>>& blocks, Tensor& out) {
  T* to = out.write<T>().data();
  for_each_block(corr, x, x_selection, blocks,
                 [&](const T* planes, const PackedBlock<T>& block, std::int64_t t) {
                   T* first = to + (t * corr.outputs + block.first) * corr.out_plane();
                   for (std::int64_t i = 0; i < corr.out_height; ++i) {
                     correlate_row(corr, planes, block, i, first + i * corr.out_row(), corr.out_plane());
                   }
                 });
}

// Keeps one element of each window of the result, a row of windows at a time: read(first element of the
// window, offsets of its places, where the kept one goes).
template <class T, class Read>
void correlate_windows(const Correlation& corr, const Tensor& x, const std::vector<PackedBlock<T>>& blocks,
                       PoolGeometry g, Read&& read) {
  const std::int64_t height = windows_along(corr.out_height, g);
  const std::int64_t width = windows_along(corr.out_width, g);
  const std::vector<std::int64_t> offsets = window_offsets(g, corr.out_width);
  const std::int64_t channel = g.window * corr.out_row();
  for_each_block(corr, x, nullptr, blocks, [&](const T* planes, const PackedBlock<T>& block, std::int64_t t) {
    const auto memory = allocate_memory(static_cast<std::size_t>(block.outputs * channel) * sizeof(T));
    T* rows = reinterpret_cast<T*>(memory.get());
    for (std::int64_t i = 0; i < height; ++i) {
      for (std::int64_t k = 0; k < g.window; ++k) {
        correlate_row(corr, planes, block, i * g.stride + k, rows + k * corr.out_row(), channel);
      }
      for (std::int64_t o = 0; o < block.outputs; ++o) {
        const std::int64_t to = ((t * corr.outputs + block.first + o) * height + i) * width * tile_lanes;
        for (std::int64_t j = 0; j < width; ++j) {
          read(rows + o * channel + j * g.stride * tile_lanes, offsets, to + j * tile_lanes);
        }
      }
    }
  });
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
std::vector<PackedBlock<T>> pack_forward(const Correlation& corr, const Tensor& w) {
  const T* from = w.data<T>().data();
  return pack<T>(corr, [&](std::int64_t o, std::int64_t c, std::int64_t k, std::int64_t l) {
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
Tensor selected(const Correlation& corr, const Tensor& x, const std::vector<PackedBlock<T>>& blocks,
                const Selection& s) {
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
    const auto blocks = pack_forward<T>(corr, w.row_major());
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
    correlate_windows(corr, tiles, pack_forward<T>(corr, w.row_major()), pool,
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
    correlate<T>(corr, tiles, chosen.get(), pack<T>(corr, weight), out);
  });
  return out;
}

}  // namespace moonstill
