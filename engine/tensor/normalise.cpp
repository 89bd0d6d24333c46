#include "engine/tensor/normalise.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/tensor/elementwise.hpp"
#include "engine/tensor/lanes.hpp"
#include "engine/tensor/reduce.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// Rows whose largest element lies between 1 / safe and safe have squares that neither overflow nor vanish.
template <class T>
constexpr T safe = sizeof(T) == sizeof(float) ? T(1e15) : T(1e150);

// One row for each of L lanes: elements are L apart. Gives the number of zero rows among the first `valid`.
template <class T, std::int64_t L>
std::int64_t normalise(const T* from, T* to, T* norms, std::int64_t size, std::int64_t valid) {
  using Vector = Lanes<T, L>;
  Vector largest{};
  Vector squares{};
  for (std::int64_t i = 0; i < size; ++i) {
    const Vector x = load_lanes<T, L>(from + i * L);
    const Vector magnitude = x < 0 ? -x : x;
    largest = magnitude > largest ? magnitude : largest;
    squares += x * x;
  }
  std::array<T, L> scales;
  store_lanes<T, L>(scales.data(), largest);
  const auto is_safe = [](T x) { return x >= 1 / safe<T> && x <= safe<T>; };
  if (std::ranges::all_of(scales, is_safe)) {
    scales.fill(1);
  } else {
    // Within bounds whose inverses are normal numbers; beyond them squares are safe all the same.
    constexpr T most = 1 / (4 * std::numeric_limits<T>::min());
    constexpr T least = 4 * std::numeric_limits<T>::min();
    for (T& scale : scales) scale = 1 / std::clamp(scale, least, most);
    const Vector scale = load_lanes<T, L>(scales.data());
    squares = Vector{};
    for (std::int64_t i = 0; i < size; ++i) {
      const Vector x = load_lanes<T, L>(from + i * L) * scale;
      squares += x * x;
    }
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

// A single row, long enough for threads: in blocks of one size, so that its sum does not depend on their
// number. False, with nothing done, when it has to be scaled first.
template <class T>
bool normalise_long(const T* from, T* to, T* norm, std::int64_t size) {
  constexpr std::int64_t block = 1 << 14;
  constexpr int lanes = 16;
  const std::int64_t blocks = (size + block - 1) / block;
  std::vector<T> largest(static_cast<std::size_t>(blocks));
  std::vector<double> squares(largest.size());
  share_items(blocks, block, serial_moves, [&](std::int64_t b) {
    Lanes<T, lanes> top{};
    Lanes<T, lanes> sum{};
    std::int64_t i = b * block;
    const std::int64_t end = std::min(size, i + block);
    for (; i + lanes <= end; i += lanes) {
      const Lanes<T, lanes> x = load_lanes<T, lanes>(from + i);
      const Lanes<T, lanes> magnitude = x < 0 ? -x : x;
      top = magnitude > top ? magnitude : top;
      sum += x * x;
    }
    T& most = largest[static_cast<std::size_t>(b)];
    double& total = squares[static_cast<std::size_t>(b)];
    for (int l = 0; l < lanes; ++l) {
      most = std::max(most, top[l]);
      total += static_cast<double>(sum[l]);
    }
    for (; i < end; ++i) {
      most = std::max(most, std::abs(from[i]));
      total += static_cast<double>(from[i]) * static_cast<double>(from[i]);
    }
  });
  const T most = *std::ranges::max_element(largest);
  if (!(most >= 1 / safe<T> && most <= safe<T>)) return false;
  double sum = 0;
  for (const double square : squares) sum += square;
  *norm = static_cast<T>(std::sqrt(sum));
  const T inverse = static_cast<T>(1 / std::sqrt(sum));
  share_ranges(size, 1, serial_moves, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = from[i] * inverse;
  });
  return true;
}

// From here on a row is worth several threads.
constexpr std::int64_t least_long = 1 << 15;

template <class T, std::int64_t L>
std::int64_t normalise_all(const Tensor& x, Tensor& rows, Tensor& norms) {
  const std::int64_t size = x.size(x.rank() - 1);
  if (size == 0) return 0;
  const std::int64_t groups = x.storage_count() / (size * L);
  const std::int64_t groups_of_tile = x.tiled() ? x.features() / size : 1;
  const T* from = x.data<T>().data();
  T* to = rows.write<T>().data();
  T* to_norms = norms.write<T>().data();
  if (L == 1 && groups == 1 && size >= least_long && normalise_long(from, to, to_norms, size)) return 0;
  std::atomic<std::int64_t> zero_rows{0};
  share_ranges(groups, 2 * size * L, serial_moves, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t zeros = 0;
    for (std::int64_t g = begin; g < end; ++g) {
      const std::int64_t valid = x.tiled() ? x.lanes_in(g / groups_of_tile) : 1;
      zeros += normalise<T, L>(from + g * size * L, to + g * size * L, to_norms + g * L, size, valid);
    }
    zero_rows += zeros;
  });
  return zero_rows;
}

// (g - y (y . g)) / norm in each of L lanes.
template <class T, std::int64_t L>
void across(const T* y, const T* g, const T* norm, T* to, std::int64_t size) {
  using Vector = Lanes<T, L>;
  Vector along{};
  for (std::int64_t i = 0; i < size; ++i) along += load_lanes<T, L>(y + i * L) * load_lanes<T, L>(g + i * L);
  const Vector factor = 1 / load_lanes<T, L>(norm);
  for (std::int64_t i = 0; i < size; ++i) {
    const Vector rest = load_lanes<T, L>(g + i * L) - load_lanes<T, L>(y + i * L) * along;
    store_lanes<T, L>(to + i * L, rest * factor);
  }
}

}  // namespace

NormalisedRows normalise_rows(const Tensor& x) {
  const std::size_t last = x.rank() - 1;
  // A tiled vector holds one element of each sample: its row is the batch.
  if (x.tiled() && x.rank() == 1) return normalise_rows(x.row_major());
  // Many rows are normalised side by side.
  if (!x.tiled() && x.rank() > 1 && x.size(0) >= tile_lanes) return normalise_rows(x.as_tiled());
  NormalisedRows result{Tensor::empty(x.shape(), x.dtype(), x.layout()),
                        Tensor::empty(x.shape().with(last, 1), x.dtype(), x.layout()), 0};
  dispatch_floating(x.dtype(), "unit", [&](auto element) {
    using T = decltype(element);
    result.zero_rows = x.tiled() ? normalise_all<T, tile_lanes>(x, result.rows, result.norms)
                                 : normalise_all<T, 1>(x, result.rows, result.norms);
  });
  return result;
}

Tensor across_rows(const Tensor& y, const Tensor& g, const Tensor& norms) {
  if (!y.tiled() || !g.tiled() || !norms.tiled() || y.rank() == 1) {
    const AxisSet last = AxisSet{1} << (y.rank() - 1);
    const Tensor along = reduce(Reduction::sum, binary(Binary::mul, y, g), last, true);
    return binary(Binary::div, binary(Binary::sub, g, binary(Binary::mul, y, along)), norms);
  }
  Tensor out = Tensor::empty(g.shape(), g.dtype(), Layout::tiled);
  dispatch_floating(g.dtype(), "unit", [&](auto element) {
    using T = decltype(element);
    const std::int64_t row = y.size(y.rank() - 1) * tile_lanes;
    if (row == 0) return;
    const T* from = y.data<T>().data();
    const T* direction = g.data<T>().data();
    const T* lengths = norms.data<T>().data();
    T* to = out.write<T>().data();
    share_items(y.storage_count() / row, 2 * row, serial_moves, [&](std::int64_t r) {
      across<T, tile_lanes>(from + r * row, direction + r * row, lengths + r * tile_lanes, to + r * row,
                            row / tile_lanes);
    });
  });
  return out;
}

}  // namespace moonstill
