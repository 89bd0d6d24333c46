#include "engine/tensor/normalise.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/tensor/elementwise.hpp"
#include "engine/tensor/lanes.hpp"
#include "engine/tensor/reduce.hpp"
#include "engine/tensor/tiling.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Rows whose largest element lies between 1 / safe and safe have squares that neither overflow nor vanish.
template <class T>
constexpr T safe = sizeof(T) == sizeof(float) ? T(1e15) : T(1e150);

// Sums that do not wait for one another.
constexpr std::int64_t chains = 4;

// Calls body(i, chain) for 0 <= i < size, in turn for each chain.
template <class Body>
[[gnu::always_inline]] inline void in_chains(std::int64_t size, Body&& body) {
  std::int64_t i = 0;
  for (; i + chains <= size; i += chains)
    unrolled<chains>([&](auto k) __attribute__((always_inline)) { body(i + k, k); });
  for (; i < size; ++i) body(i, std::integral_constant<int, 0>{});
}

template <class Vector>
[[gnu::always_inline]] inline Vector sum_of(const std::array<Vector, chains>& parts) {
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

// What a row is multiplied by before it is squared: 1 where that is safe. Else the inverse of its largest
// magnitude, bounded so that it is a normal number: squares of what is beyond are safe all the same. Each
// lane decides for itself: no row depends on its neighbours, nor on padding.
template <class T, std::int64_t L>
std::array<T, L> scales_of(const T* from, std::int64_t size, const std::array<T, L>& largest_squares) {
  constexpr T most_square = safe<T> * safe<T>;
  constexpr T most = 1 / (4 * std::numeric_limits<T>::min());
  constexpr T least = 4 * std::numeric_limits<T>::min();
  std::array<T, L> scales;
  scales.fill(1);
  for (std::int64_t l = 0; l < L; ++l) {
    if (largest_squares[l] >= 1 / most_square && largest_squares[l] <= most_square) continue;
    T largest = 0;
    for (std::int64_t i = 0; i < size; ++i) largest = std::max(largest, std::abs(from[i * L + l]));
    scales[l] = 1 / std::clamp(largest, least, most);
  }
  return scales;
}

template <class T, std::int64_t L>
Lanes<T, L> sum_of_squares(const T* from, std::int64_t size, const Lanes<T, L>& scale) {
  std::array<Lanes<T, L>, chains> parts{};
  in_chains(
      size, [&](std::int64_t i, auto k) __attribute__((always_inline)) {
        const Lanes<T, L> x = load_lanes<T, L>(from + i * L) * scale;
        parts[k] += x * x;
      });
  return sum_of(parts);
}

// One row for each of L lanes: elements are L apart. Gives the number of zero rows among the first `valid`.
template <class T, std::int64_t L>
std::int64_t normalise(const T* from, T* to, T* norms, std::int64_t size, std::int64_t valid) {
  using Vector = Lanes<T, L>;
  std::array<Vector, chains> tops{};
  std::array<Vector, chains> parts{};
  in_chains(
      size, [&](std::int64_t i, auto k) __attribute__((always_inline)) {
        const Vector x = load_lanes<T, L>(from + i * L);
        const Vector square = x * x;
        tops[k] = square > tops[k] ? square : tops[k];
        parts[k] += square;
      });
  for (std::size_t k = 1; k < tops.size(); ++k) tops[0] = tops[k] > tops[0] ? tops[k] : tops[0];
  std::array<T, L> scales;
  store_lanes<T, L>(scales.data(), tops[0]);
  scales = scales_of<T, L>(from, size, scales);
  Vector squares = sum_of(parts);
  if (!std::ranges::all_of(scales, [](T scale) { return scale == 1; })) {
    const Vector scale = load_lanes<T, L>(scales.data());
    squares = scale == 1 ? squares : sum_of_squares<T, L>(from, size, scale);
  }
  std::array<T, L> sums;
  store_lanes<T, L>(sums.data(), squares);
  std::array<T, L> inverses;
  std::int64_t zero_rows = 0;
  for (std::int64_t l = 0; l < L; ++l) {
    const bool zero = sums[l] == 0;
    const T length = std::sqrt(sums[l]);
    norms[l] = zero ? std::numeric_limits<T>::infinity() : length / scales[l];
    inverses[l] = zero ? T{1} : 1 / length;
    zero_rows += zero && l < valid ? 1 : 0;
  }
  const Vector scale = load_lanes<T, L>(scales.data());
  const Vector inverse = load_lanes<T, L>(inverses.data());
  for (std::int64_t i = 0; i < size; ++i)
    store_lanes<T, L>(to + i * L, load_lanes<T, L>(from + i * L) * scale * inverse);
  for (std::int64_t l = 0; l < L; ++l) {
    if (sums[l] == 0) to[l] = 1;
  }
  return zero_rows;
}

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
  if (!(most >= 1 / safe<T> && most <= safe<T>)) return false;
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
      zero_rows += normalise<T, 1>(row, to + r * size, norms + r, size, 1);
  });
  return zero_rows;
}

// Rows of 16 samples side by side; of a row-major tensor a tile becomes one first, while it is in the cache.
template <class T>
std::int64_t normalise_tiles(const Tensor& x, T* to, T* norms) {
  const std::int64_t size = x.size(x.rank() - 1);
  const std::int64_t tile = x.features() * tile_lanes;
  const std::int64_t group = size * tile_lanes;
  const T* from = x.data<T>().data();
  std::atomic<std::int64_t> zero_rows{0};
  share_items(x.tiles(), 2 * tile, serial_moves, [&](std::int64_t t) {
    const std::int64_t valid = x.lanes_in(t);
    T* rows = to + t * tile;
    if (!x.tiled()) tile_rows(from + t * tile, rows, x.features(), valid);
    const T* tiled = x.tiled() ? from + t * tile : rows;
    for (std::int64_t at = 0; at < tile; at += group)
      zero_rows +=
          normalise<T, tile_lanes>(tiled + at, rows + at, norms + (t * tile + at) / size, size, valid);
  });
  return zero_rows;
}

// (g - y (y . g)) / norm in each of L lanes.
template <class T, std::int64_t L>
void across(const T* y, const T* g, const T* norm, T* to, std::int64_t size) {
  using Vector = Lanes<T, L>;
  std::array<Vector, chains> parts{};
  in_chains(
      size, [&](std::int64_t i, auto k) __attribute__((always_inline)) {
        parts[k] += load_lanes<T, L>(y + i * L) * load_lanes<T, L>(g + i * L);
      });
  const Vector along = sum_of(parts);
  const Vector factor = 1 / load_lanes<T, L>(norm);
  for (std::int64_t i = 0; i < size; ++i) {
    const Vector rest = load_lanes<T, L>(g + i * L) - load_lanes<T, L>(y + i * L) * along;
    store_lanes<T, L>(to + i * L, rest * factor);
  }
}

// The same of rows one by one.
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
    const std::int64_t row = y.size(y.rank() - 1) * tile_lanes;
    if (row == 0) return;
    const T* from = y.data<T>().data();
    const T* direction = g.data<T>().data();
    const T* lengths = norms.data<T>().data();
    share_items(y.storage_count() / row, 2 * row, serial_moves, [&](std::int64_t r) {
      across<T, tile_lanes>(from + r * row, direction + r * row, lengths + r * tile_lanes, to + r * row,
                            row / tile_lanes);
    });
  });
  return out;
}

}  // namespace moonstill
