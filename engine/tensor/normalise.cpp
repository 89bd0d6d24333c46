#include "engine/tensor/normalise.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/core/memory.hpp"
#include "engine/tensor/elementwise.hpp"
#include "engine/tensor/lanes.hpp"
#include "engine/tensor/normalise_lanes.hpp"
#include "engine/tensor/reduce.hpp"
#include "engine/tensor/tiling.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Rows from here on are worked on one at a time, in blocks of one size that threads may share: sums do not
// depend on their number. No tile of states is so long.
constexpr std::int64_t least_long = 1 << 12;
constexpr std::int64_t block = 1 << 14;

[[nodiscard]] std::int64_t blocks_of(std::int64_t size) { return (size + block - 1) / block; }

// Calls body(block's number, first, last) for each block of a long row.
template <class Body>
void each_block(std::int64_t size, Body&& body) {
  share_items(blocks_of(size), block, serial_moves, [&](std::int64_t b) {
    body(static_cast<std::size_t>(b), b * block, std::min(size, (b + 1) * block));
  });
}

// A long row. False, with nothing done, when it has to be scaled first.
template <class T>
bool normalise_long(const T* from, T* to, T* norm, std::int64_t size) {
  constexpr int lanes = 16;
  std::vector<T> largest(static_cast<std::size_t>(blocks_of(size)));
  std::vector<double> squares(largest.size());
  each_block(size, [&](std::size_t b, std::int64_t i, std::int64_t end) {
    Lanes<T, lanes> top{};
    Lanes<T, lanes> sum{};
    for (; i + lanes <= end; i += lanes) {
      const Lanes<T, lanes> x = load_lanes<T, lanes>(from + i);
      const Lanes<T, lanes> magnitude = x < 0 ? -x : x;
      top = magnitude > top ? magnitude : top;
      sum += x * x;
    }
    for (int l = 0; l < lanes; ++l) {
      largest[b] = std::max(largest[b], top[l]);
      squares[b] += static_cast<double>(sum[l]);
    }
    for (; i < end; ++i) {
      largest[b] = std::max(largest[b], std::abs(from[i]));
      squares[b] += static_cast<double>(from[i]) * static_cast<double>(from[i]);
    }
  });
  const T most = *std::ranges::max_element(largest);
  if (!(most >= 1 / detail::safe<T> && most <= detail::safe<T>)) return false;
  const double sum = std::accumulate(squares.begin(), squares.end(), 0.0);
  *norm = static_cast<T>(std::sqrt(sum));
  const T inverse = static_cast<T>(1 / std::sqrt(sum));
  each_block(size, [&](std::size_t, std::int64_t i, std::int64_t end) {
    for (; i < end; ++i) to[i] = from[i] * inverse;
  });
  return true;
}

// Rows one by one.
template <class T>
std::int64_t normalise_each(const Tensor& x, T* to, T* norms) {
  const std::int64_t size = x.size(x.rank() - 1);
  const T* from = x.data<T>().data();
  std::atomic<std::int64_t> zero_rows{0};
  share_items(x.count() / size, 2 * size, serial_moves, [&](std::int64_t r) {
    const T* row = from + r * size;
    if (size < least_long || !normalise_long(row, to + r * size, norms + r, size))
      zero_rows += normalise_lanes<T, 1>(row, to + r * size, norms + r, size, 1);
  });
  return zero_rows;
}

// Rows of 16 samples side by side; of a row-major tensor a tile becomes one first, while it is in the cache.
// A narrow tile is widened, and narrowed again.
template <class T>
std::int64_t normalise_tiles(const Tensor& x, T* to, T* norms) {
  const std::int64_t size = x.size(x.rank() - 1);
  const std::int64_t features = x.features();
  const std::int64_t tile = features * tile_lanes;
  const T* from = x.data<T>().data();
  const auto normalise = [&](const T* tiled, T* rows, T* lengths, std::int64_t valid) {
    std::int64_t zeros = 0;
    for (std::int64_t row = 0; row < features / size; ++row) {
      const std::int64_t at = row * size * tile_lanes;
      zeros += normalise_lanes<T, tile_lanes>(tiled + at, rows + at, lengths + row * tile_lanes, size, valid);
    }
    return zeros;
  };
  std::atomic<std::int64_t> zero_rows{0};
  share_items(x.size(0) / tile_lanes, 2 * tile, serial_moves, [&](std::int64_t t) {
    T* rows = to + t * tile;
    if (!x.tiled()) tile_rows(from + t * tile, rows, features, tile_lanes);
    zero_rows += normalise(x.tiled() ? from + t * tile : rows, rows, norms + t * tile / size, tile_lanes);
  });
  const auto [last, tiles, lanes] = tile_runs(x.size(0))[1];
  if (tiles == 0) return zero_rows;
  T* const rows = to + last * tile;
  if (!x.tiled()) tile_rows(from + last * tile, rows, features, lanes);
  const auto memory = allocate_memory(static_cast<std::size_t>(tile + tile / size) * sizeof(T));
  T* const wide = reinterpret_cast<T*>(memory.get());
  T* const lengths = wide + tile;
  widen(x.tiled() ? from + last * tile : rows, wide, features, lanes);
  zero_rows += normalise(wide, wide, lengths, lanes);
  narrow(wide, rows, features, lanes);
  narrow(lengths, norms + last * tile / size, features / size, lanes);
  return zero_rows;
}

// across_rows of whole tiles, whose rows' numbers lie side by side, and of a narrow one, which is widened.
template <class T>
void across_tiles(const Tensor& y, const Tensor& g, const Tensor& norms, T* to) {
  const std::int64_t size = y.size(y.rank() - 1);
  const std::int64_t row = size * tile_lanes;
  const std::int64_t whole = y.size(0) / tile_lanes * y.features() / size;
  const T* from = y.data<T>().data();
  const T* direction = g.data<T>().data();
  const T* lengths = norms.data<T>().data();
  share_items(whole, 2 * row, serial_moves, [&](std::int64_t r) {
    across_lanes<T, tile_lanes>(from + r * row, direction + r * row, lengths + r * tile_lanes, T{1},
                                to + r * row, size);
  });
  const auto [last, tiles, lanes] = tile_runs(y.size(0))[1];
  if (tiles == 0) return;
  const auto memory = allocate_memory(2 * static_cast<std::size_t>(row) * sizeof(T));
  T* const wide_row = reinterpret_cast<T*>(memory.get());
  T* const wide_direction = wide_row + row;
  std::array<T, tile_lanes> wide_lengths;
  for (std::int64_t r = 0; r < y.features() / size; ++r) {
    const std::int64_t at = y.tile_begin(last) + r * size * lanes;
    widen(from + at, wide_row, size, lanes);
    widen(direction + at, wide_direction, size, lanes);
    widen(lengths + norms.tile_begin(last) + r * lanes, wide_lengths.data(), 1, lanes);
    across_lanes<T, tile_lanes>(wide_row, wide_direction, wide_lengths.data(), T{1}, wide_row, size);
    narrow(wide_row, to + at, size, lanes);
  }
}

// across_rows of rows one by one.
template <class T>
void across_each(const Tensor& y, const Tensor& g, const Tensor& norms, T* to) {
  constexpr int lanes = 16;
  const std::int64_t size = y.size(y.rank() - 1);
  const T* const from = y.data<T>().data();
  const T* const direction = g.data<T>().data();
  const T* const lengths = norms.data<T>().data();
  share_items(y.count() / size, 2 * size, serial_moves, [&](std::int64_t r) {
    const T* row = from + r * size;
    const T* along_row = direction + r * size;
    std::vector<double> sums(static_cast<std::size_t>(blocks_of(size)));
    each_block(size, [&](std::size_t b, std::int64_t i, std::int64_t end) {
      Lanes<T, lanes> sum{};
      for (; i + lanes <= end; i += lanes)
        sum += load_lanes<T, lanes>(row + i) * load_lanes<T, lanes>(along_row + i);
      for (int l = 0; l < lanes; ++l) sums[b] += static_cast<double>(sum[l]);
      for (; i < end; ++i) sums[b] += static_cast<double>(row[i]) * static_cast<double>(along_row[i]);
    });
    const T along = static_cast<T>(std::accumulate(sums.begin(), sums.end(), 0.0));
    const T factor = 1 / lengths[r];
    each_block(size, [&](std::size_t, std::int64_t i, std::int64_t end) {
      for (; i < end; ++i) to[r * size + i] = (along_row[i] - row[i] * along) * factor;
    });
  });
}

}  // namespace

NormalisedRows normalise_rows(const Tensor& x) {
  const std::size_t last = x.rank() - 1;
  const std::int64_t size = x.size(last);
  // A tiled vector holds one element of each sample: its row is the batch.
  if (x.tiled() && x.rank() == 1) return normalise_rows(x.row_major());
  // Many short rows are normalised side by side.
  const bool many = x.rank() > 1 && x.size(0) >= tile_lanes && size < least_long;
  const Layout layout = many ? Layout::tiled : x.layout();
  NormalisedRows result{Tensor::empty(x.shape(), x.dtype(), layout),
                        Tensor::empty(x.shape().with(last, 1), x.dtype(), layout), 0};
  if (size == 0) return result;
  dispatch_floating(x.dtype(), "unit", [&](auto element) {
    using T = decltype(element);
    T* rows = result.rows.write<T>().data();
    T* norms = result.norms.write<T>().data();
    result.zero_rows =
        layout == Layout::tiled ? normalise_tiles<T>(x, rows, norms) : normalise_each<T>(x, rows, norms);
  });
  return result;
}

Tensor across_rows(const Tensor& y, const Tensor& g, const Tensor& norms) {
  const bool tiled = y.tiled() && g.tiled() && norms.tiled() && y.rank() > 1;
  const bool each = !y.tiled() && !g.tiled() && !norms.tiled() && y.size(y.rank() - 1) >= least_long;
  if (!tiled && !each) {
    const AxisSet last = AxisSet{1} << (y.rank() - 1);
    const Tensor along = reduce(Reduction::sum, binary(Binary::mul, y, g), last, true);
    return binary(Binary::div, binary(Binary::sub, g, binary(Binary::mul, y, along)), norms);
  }
  Tensor out = Tensor::empty(g.shape(), g.dtype(), g.layout());
  dispatch_floating(g.dtype(), "unit", [&](auto element) {
    using T = decltype(element);
    T* to = out.write<T>().data();
    if (each) return across_each<T>(y, g, norms, to);
    if (out.count() > 0) across_tiles<T>(y, g, norms, to);
  });
  return out;
}

}  // namespace moonstill
