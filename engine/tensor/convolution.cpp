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

  [[nodiscard]] std::int64_t out_plane() const { return out_height * out_width; }
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

// `x` is channel 0's row under kernel row 0, at the block's first column; `out` the block's first element.
template <class T, int Outputs, int Columns>
void correlate_block(const Correlation& corr, std::int64_t row, const T* x, const T* weights, T* out) {
  constexpr std::int64_t lanes = tile_lanes;
  Samples<T> sum[Outputs][Columns];
#pragma GCC unroll 32
  for (int o = 0; o < Outputs; ++o) {
#pragma GCC unroll 32
    for (int j = 0; j < Columns; ++j) sum[o][j] = Samples<T>::zero();
  }
  const std::int64_t plane = corr.planes.height * corr.planes.width * lanes;
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
    for (int j = 0; j < Columns; ++j) sum[o][j].store(out + (o * corr.out_plane() + j) * lanes);
  }
}

// One block of output channels of one tile.
template <class T>
void correlate_planes(const Correlation& corr, const T* x, const PackedBlock<T>& block, T* out) {
  static constexpr auto table =
      block_table<most_outputs<T>, most_columns<T>>([]<int O, int C>() { return &correlate_block<T, O, C>; });
  const auto& functions = table[static_cast<std::size_t>(block.outputs - 1)];
  const std::int64_t blocks = (corr.out_width + most_columns<T> - 1) / most_columns<T>;
  for (std::int64_t i = 0; i < corr.out_height; ++i) {
    const std::int64_t row = i * corr.stride;
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t first = corr.out_width * b / blocks;
      const std::int64_t end = corr.out_width * (b + 1) / blocks;
      functions[static_cast<std::size_t>(end - first - 1)](
          corr, row, x + (row * corr.planes.width + first * corr.stride) * tile_lanes, block.weights.data(),
          out + (block.first * corr.out_plane() + i * corr.out_width + first) * tile_lanes);
    }
  }
}

template <class T>
void correlate(const Correlation& corr, const Tensor& x, const std::vector<PackedBlock<T>>& blocks,
               Tensor& out) {
  T* to = out.write<T>().data();
  // Items are (tile, block), so that a single tile still has work for several threads.
  const auto count = static_cast<std::int64_t>(blocks.size());
  const std::int64_t products = out.features() * tile_lanes * corr.terms() / std::max<std::int64_t>(1, count);
  share_ranges(out.tiles() * count, products, serial_products, [&](std::int64_t begin, std::int64_t end) {
    SpreadTile<T> planes(x, corr.planes, false);
    for (std::int64_t item = begin; item < end; ++item) {
      poll_interrupt();
      const std::int64_t t = item / count;
      correlate_planes(corr, planes.at(t), blocks[static_cast<std::size_t>(item % count)],
                       to + t * corr.outputs * corr.out_plane() * tile_lanes);
    }
  });
}

}  // namespace

std::int64_t conv_output_size(std::int64_t input, std::int64_t kernel, ConvGeometry g) {
  const std::int64_t room = input + 2 * g.padding - kernel;
  return room < 0 ? 0 : room / g.stride + 1;
}

Tensor conv(const Tensor& x, const Tensor& w, ConvGeometry g) {
  assert(x.rank() == 4 && w.rank() == 4 && x.size(1) == w.size(1) && x.dtype() == w.dtype());
  const Tensor tiles = x.as_tiled();
  const Tensor kernels = w.row_major();
  Correlation corr;
  corr.planes = {.channels = x.size(1),
                 .from_height = x.size(2),
                 .from_width = x.size(3),
                 .height = x.size(2) + 2 * g.padding,
                 .width = x.size(3) + 2 * g.padding,
                 .step = 1,
                 .top = g.padding,
                 .left = g.padding};
  corr.outputs = w.size(0);
  corr.kernel_height = w.size(2);
  corr.kernel_width = w.size(3);
  corr.stride = g.stride;
  corr.out_height = conv_output_size(x.size(2), w.size(2), g);
  corr.out_width = conv_output_size(x.size(3), w.size(3), g);
  Tensor out =
      Tensor::empty({x.size(0), corr.outputs, corr.out_height, corr.out_width}, x.dtype(), Layout::tiled);
  dispatch_floating(x.dtype(), "conv", [&](auto element) {
    using T = decltype(element);
    const T* from = kernels.data<T>().data();
    const auto weight = [&](std::int64_t o, std::int64_t c, std::int64_t k, std::int64_t l) {
      return from[((o * w.size(1) + c) * w.size(2) + k) * w.size(3) + l];
    };
    correlate<T>(corr, tiles, pack<T>(corr, weight), out);
  });
  return out;
}

// The adjoint correlates y, spread by the stride, with the kernels turned round and their channels exchanged.
Tensor conv_input(const Tensor& y, const Tensor& w, ConvGeometry g, const Shape& input_shape) {
  assert(y.rank() == 4 && w.rank() == 4 && y.size(1) == w.size(0) && y.dtype() == w.dtype());
  const Tensor tiles = y.as_tiled();
  const Tensor kernels = w.row_major();
  Correlation corr;
  corr.planes = {.channels = w.size(0),
                 .from_height = y.size(2),
                 .from_width = y.size(3),
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
    correlate<T>(corr, tiles, pack<T>(corr, weight), out);
  });
  return out;
}

}  // namespace moonstill
