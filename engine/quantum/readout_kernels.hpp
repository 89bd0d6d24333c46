// Pauli words and basis probabilities: reading them from a state and seeding the adjoint with them.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/plan.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

/// A Pauli word over states [rows][tile_lanes]; row r lies at places[r] unless places is empty.
template <class T>
class WordKernel {
  static constexpr int W = vector_lanes<T>;
  using Vector = Lanes<T, W>;
  struct Amplitude {
    Vector re, im;
  };

 public:
  WordKernel(const LoweredWord& word, std::span<const std::uint32_t> places) : word_(word), places_(places) {}

  /// sums[lane] += Re sum conj(x) P y, which is symmetric in x and y.
  void read(const Planes<T>& x, const Planes<T>& y, std::size_t rows, T* sums) const {
    for (std::size_t lane = 0; lane < pitch; lane += W) {
      Vector sum{};
      for (std::size_t r = 0; r < rows; ++r) {
        const Amplitude p = turned(load(y, place(r) + lane));
        const Amplitude q = load(x, place(r ^ word_.flips) + lane);
        const Vector term = q.re * p.re + q.im * p.im;
        sum = negative(r) ? sum - term : sum + term;
      }
      store_lanes<T, W>(sums + lane, load_lanes<T, W>(sums + lane) + sum);
    }
  }

  /// a += weight P s, a weight for each lane.
  void seed(const T* weights, const Planes<T>& s, const Planes<T>& a, std::size_t rows) const {
    for (std::size_t lane = 0; lane < pitch; lane += W) {
      const Vector weight = load_lanes<T, W>(weights + lane);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t from = r ^ word_.flips;
        const Amplitude p = turned(load(s, place(from) + lane));
        const std::size_t at = place(r) + lane;
        const Vector w = negative(from) ? -weight : weight;
        store_lanes<T, W>(a.re + at, load_lanes<T, W>(a.re + at) + w * p.re);
        store_lanes<T, W>(a.im + at, load_lanes<T, W>(a.im + at) + w * p.im);
      }
    }
  }

 private:
  static constexpr auto pitch = static_cast<std::size_t>(tile_lanes);

  [[nodiscard]] std::size_t place(std::size_t row) const {
    return (places_.empty() ? row : places_[row]) * pitch;
  }
  [[nodiscard]] bool negative(std::size_t row) const {
    return ((std::popcount(row & word_.signs) + (word_.quarter_turns >> 1)) & 1) != 0;
  }
  [[nodiscard]] Amplitude turned(const Amplitude& x) const {
    return (word_.quarter_turns & 1) != 0 ? Amplitude{-x.im, x.re} : x;
  }
  static Amplitude load(const Planes<T>& x, std::size_t at) {
    return {load_lanes<T, W>(x.re + at), load_lanes<T, W>(x.im + at)};
  }

  const LoweredWord& word_;
  std::span<const std::uint32_t> places_;
};

/// sums[p][lane] += Re conj(x_r) y_r over the rows r of pattern p.
template <class T>
void read_probabilities(const Groups& groups, const Planes<T>& x, const Planes<T>& y, double* sums) {
  constexpr auto stride = static_cast<std::size_t>(tile_lanes);
  const auto dimension = static_cast<std::size_t>(groups.dimension());
  for (std::size_t g = 0; g < groups.count(); ++g) {
    const std::uint32_t* rows = groups.rows(g);
    for (std::size_t p = 0; p < dimension; ++p) {
      for (std::size_t lane = 0; lane < stride; ++lane) {
        const std::size_t at = rows[p] * stride + lane;
        sums[p * stride + lane] += static_cast<double>(x.re[at] * y.re[at] + x.im[at] * y.im[at]);
      }
    }
  }
}

/// a_r += weights[p][lane] s_r over the rows r of pattern p.
template <class T>
void seed_probabilities(const Groups& groups, const T* weights, const Planes<T>& s, const Planes<T>& a) {
  constexpr auto stride = static_cast<std::size_t>(tile_lanes);
  const auto dimension = static_cast<std::size_t>(groups.dimension());
  for (std::size_t g = 0; g < groups.count(); ++g) {
    const std::uint32_t* rows = groups.rows(g);
    for (std::size_t p = 0; p < dimension; ++p) {
      for (std::size_t lane = 0; lane < stride; ++lane) {
        const std::size_t at = rows[p] * stride + lane;
        a.re[at] += weights[p * stride + lane] * s.re[at];
        a.im[at] += weights[p * stride + lane] * s.im[at];
      }
    }
  }
}

}  // namespace moonstill::quantum
