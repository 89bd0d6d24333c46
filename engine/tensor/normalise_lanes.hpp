// Rows divided by their norms, `period` of them side by side: a vector has L / period elements of each, and a
// row is `size` vectors long. What is one number for each row is repeated in all of its lanes. `to` may be
// what is read.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "engine/tensor/lanes.hpp"

namespace moonstill {
namespace detail {

// Rows whose largest element lies between 1 / safe and safe have squares that neither overflow nor vanish.
template <class T>
inline constexpr T safe = sizeof(T) == sizeof(float) ? T(1e15) : T(1e150);

// Sums that do not wait for one another.
inline constexpr std::int64_t chains = 4;

// Calls body(i, chain) for 0 <= i < size, in turn for each chain.
template <class Body>
[[gnu::always_inline]] inline void in_chains(std::int64_t size, Body&& body) {
  std::int64_t i = 0;
  for (; i + chains <= size; i += chains)
    unrolled<chains>([&](auto k) __attribute__((always_inline)) { body(i + k, k); });
  for (; i < size; ++i) body(i, std::integral_constant<int, 0>{});
}

template <class T, std::int64_t L>
[[gnu::always_inline]] inline Lanes<T, L> sum_of(const std::array<Lanes<T, L>, chains>& parts, int period) {
  return sum_lanes<T, L>((parts[0] + parts[1]) + (parts[2] + parts[3]), period);
}

// What a row is multiplied by before it is squared: 1 where that is safe. Else the inverse of its largest
// magnitude, bounded so that it is a normal number: squares of what is beyond are safe all the same. Each
// row decides for itself: none depends on its neighbours.
template <class T, std::int64_t L>
std::array<T, L> scales_of(const T* from, std::int64_t size, const std::array<T, L>& largest_squares,
                           int period) {
  constexpr T most_square = safe<T> * safe<T>;
  constexpr T most = 1 / (4 * std::numeric_limits<T>::min());
  constexpr T least = 4 * std::numeric_limits<T>::min();
  std::array<T, L> scales;
  scales.fill(1);
  for (std::int64_t l = 0; l < L; ++l) {
    if (largest_squares[l] >= 1 / most_square && largest_squares[l] <= most_square) continue;
    T largest = 0;
    for (std::int64_t i = l % period; i < size * L; i += period)
      largest = std::max(largest, std::abs(from[i]));
    scales[l] = 1 / std::clamp(largest, least, most);
  }
  return scales;
}

template <class T, std::int64_t L>
Lanes<T, L> sum_of_squares(const T* from, std::int64_t size, const Lanes<T, L>& scale, int period) {
  std::array<Lanes<T, L>, chains> parts{};
  in_chains(
      size, [&](std::int64_t i, auto k) __attribute__((always_inline)) {
        const Lanes<T, L> x = load_lanes<T, L>(from + i * L) * scale;
        parts[k] += x * x;
      });
  return sum_of<T, L>(parts, period);
}

// 1 / sqrt(norm): a number times it, twice, is divided by the norm. The inverse itself would be below the
// smallest normal number where the norm is near the largest.
template <class T, std::int64_t L>
[[gnu::always_inline]] inline Lanes<T, L> inverse_root(const T* norms) {
  std::array<T, L> roots;
  for (std::int64_t l = 0; l < L; ++l) roots[l] = 1 / std::sqrt(norms[l]);
  return load_lanes<T, L>(roots.data());
}

}  // namespace detail

/// `to` = from / |from|, a zero row's being the first basis vector; |from|, at least the smallest normal
/// number, infinity for a zero row, to `norms`. Gives the number of zero rows among the first `valid`.
template <class T, std::int64_t L>
std::int64_t normalise_lanes(const T* from, T* to, T* norms, std::int64_t size, std::int64_t valid,
                             int period = L) {
  using Vector = Lanes<T, L>;
  std::array<Vector, detail::chains> tops{};
  std::array<Vector, detail::chains> parts{};
  detail::in_chains(
      size, [&](std::int64_t i, auto k) __attribute__((always_inline)) {
        const Vector x = load_lanes<T, L>(from + i * L);
        const Vector square = x * x;
        tops[k] = square > tops[k] ? square : tops[k];
        parts[k] += square;
      });
  const auto larger = [](const Vector& a, const Vector& b) { return a > b ? a : b; };
  for (std::size_t k = 1; k < tops.size(); ++k) tops[0] = larger(tops[k], tops[0]);
  std::array<T, L> scales;
  store_lanes<T, L>(scales.data(), fold_lanes<T, L>(tops[0], period, larger));
  scales = detail::scales_of<T, L>(from, size, scales, period);
  Vector squares = detail::sum_of<T, L>(parts, period);
  if (!std::ranges::all_of(scales, [](T scale) { return scale == 1; })) {
    const Vector scale = load_lanes<T, L>(scales.data());
    squares = scale == 1 ? squares : detail::sum_of_squares<T, L>(from, size, scale, period);
  }
  std::array<T, L> sums;
  store_lanes<T, L>(sums.data(), squares);
  std::array<T, L> inverses;
  std::int64_t zero_rows = 0;
  for (std::int64_t l = 0; l < L; ++l) {
    const bool zero = sums[l] == 0;
    const T length = std::sqrt(sums[l]);
    norms[l] = zero ? std::numeric_limits<T>::infinity()
                    : std::max(length / scales[l], std::numeric_limits<T>::min());
    inverses[l] = zero ? T{1} : 1 / length;
    zero_rows += zero && l < valid ? 1 : 0;
  }
  const Vector scale = load_lanes<T, L>(scales.data());
  const Vector inverse = load_lanes<T, L>(inverses.data());
  for (std::int64_t i = 0; i < size; ++i)
    store_lanes<T, L>(to + i * L, load_lanes<T, L>(from + i * L) * scale * inverse);
  for (std::int64_t l = 0; l < period; ++l) {
    if (sums[l] == 0) to[l] = 1;
  }
  return zero_rows;
}

/// factor (g - y (y . g)) / norm: how normalised rows y change along g, and the transpose of that. y . g goes
/// to `along` unless it is null.
template <class T, std::int64_t L>
void across_lanes(const T* y, const T* g, const T* norms, T factor, T* to, std::int64_t size,
                  T* along = nullptr, int period = L) {
  using Vector = Lanes<T, L>;
  std::array<Vector, detail::chains> parts{};
  detail::in_chains(
      size, [&](std::int64_t i, auto k) __attribute__((always_inline)) {
        parts[k] += load_lanes<T, L>(y + i * L) * load_lanes<T, L>(g + i * L);
      });
  const Vector product = detail::sum_of<T, L>(parts, period);
  if (along != nullptr) store_lanes<T, L>(along, product);
  const Vector root = detail::inverse_root<T, L>(norms);
  const Vector scale = factor * root;
  for (std::int64_t i = 0; i < size; ++i) {
    const Vector rest = load_lanes<T, L>(g + i * L) - load_lanes<T, L>(y + i * L) * product;
    store_lanes<T, L>(to + i * L, rest * scale * root);
  }
}

/// The change of that where y, g and the norms change by ydot, gdot and `changes`.
template <class T, std::int64_t L>
void across_tangent_lanes(const T* y, const T* ydot, const T* g, const T* gdot, const T* norms,
                          const T* changes, T factor, T* to, std::int64_t size, int period = L) {
  using Vector = Lanes<T, L>;
  std::array<Vector, detail::chains> products{};
  std::array<Vector, detail::chains> product_changes{};
  detail::in_chains(
      size, [&](std::int64_t i, auto k) __attribute__((always_inline)) {
        const Vector unit = load_lanes<T, L>(y + i * L);
        const Vector slope = load_lanes<T, L>(g + i * L);
        products[k] += unit * slope;
        product_changes[k] += load_lanes<T, L>(ydot + i * L) * slope + unit * load_lanes<T, L>(gdot + i * L);
      });
  const Vector product = detail::sum_of<T, L>(products, period);
  const Vector product_change = detail::sum_of<T, L>(product_changes, period);
  const Vector root = detail::inverse_root<T, L>(norms);
  const Vector growth = load_lanes<T, L>(changes) * root * root;
  const Vector scale = factor * root;
  for (std::int64_t i = 0; i < size; ++i) {
    const Vector unit = load_lanes<T, L>(y + i * L);
    const Vector rest = load_lanes<T, L>(g + i * L) - unit * product;
    const Vector change = load_lanes<T, L>(gdot + i * L) - load_lanes<T, L>(ydot + i * L) * product -
                          unit * product_change - rest * growth;
    store_lanes<T, L>(to + i * L, change * scale * root);
  }
}

}  // namespace moonstill
