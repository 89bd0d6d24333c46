#include "engine/tensor/normalise.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>

#include "engine/tensor/work.hpp"

namespace moonstill {
namespace {

// One row for each of L lanes: elements are L apart. Gives the number of zero rows among the first `valid`.
template <class T, std::int64_t L>
std::int64_t normalise(const T* from, T* to, T* norms, std::int64_t size, std::int64_t valid) {
  std::array<T, L> largest{};
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t l = 0; l < L; ++l) {
      const T magnitude = std::abs(from[i * L + l]);
      largest[l] = magnitude > largest[l] ? magnitude : largest[l];
    }
  }
  // Scaled within bounds whose inverses are normal numbers; beyond them squares are safe all the same.
  constexpr T most = 1 / (4 * std::numeric_limits<T>::min());
  constexpr T least = 4 * std::numeric_limits<T>::min();
  std::array<T, L> scale;
  for (std::int64_t l = 0; l < L; ++l) scale[l] = 1 / std::clamp(largest[l], least, most);
  std::array<T, L> sums{};
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t l = 0; l < L; ++l) {
      const T scaled = from[i * L + l] * scale[l];
      to[i * L + l] = scaled;
      sums[l] += scaled * scaled;
    }
  }
  std::array<T, L> inverse;
  std::int64_t zero_rows = 0;
  for (std::int64_t l = 0; l < L; ++l) {
    const bool zero = sums[l] == 0;
    const T length = std::sqrt(sums[l]);
    norms[l] = zero ? std::numeric_limits<T>::infinity() : length / scale[l];
    inverse[l] = zero ? T{1} : 1 / length;
    if (zero) to[l] = 1;
    zero_rows += zero && l < valid ? 1 : 0;
  }
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t l = 0; l < L; ++l) to[i * L + l] *= inverse[l];
  }
  return zero_rows;
}

template <class T, std::int64_t L>
std::int64_t normalise_all(const Tensor& x, Tensor& rows, Tensor& norms) {
  const std::int64_t size = x.size(x.rank() - 1);
  if (size == 0) return 0;
  const std::int64_t groups = x.storage_count() / (size * L);
  const std::int64_t groups_of_tile = x.tiled() ? x.features() / size : 1;
  const T* from = x.data<T>().data();
  T* to = rows.write<T>().data();
  T* to_norms = norms.write<T>().data();
  std::atomic<std::int64_t> zero_rows{0};
  share_ranges(groups, 3 * size * L, serial_moves, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t zeros = 0;
    for (std::int64_t g = begin; g < end; ++g) {
      const std::int64_t valid = x.tiled() ? x.lanes_in(g / groups_of_tile) : 1;
      zeros += normalise<T, L>(from + g * size * L, to + g * size * L, to_norms + g * L, size, valid);
    }
    zero_rows += zeros;
  });
  return zero_rows;
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

}  // namespace moonstill
