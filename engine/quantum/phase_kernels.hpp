// What a phase for each row does to states of 16 samples side by side.
#pragma once

#include <algorithm>

#include "engine/quantum/kernels.hpp"
#include "engine/quantum/lane_sums.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

template <class T, int W>
class PhaseKernel {
  using Vector = Lanes<T, W>;
  struct Amplitude {
    Vector re, im;
  };

 public:
  static void run(MatrixTask task, const PhaseStep<T>& step) {
    switch (task) {
      case MatrixTask::apply:
        return each(step, [s = step.s](const Row& row) { store(s, row.at, row.turn(load(s, row.at))); });
      case MatrixTask::apply_adjoint:
        return each(step, [s = step.s](const Row& row) { store(s, row.at, row.turn_back(load(s, row.at))); });
      case MatrixTask::forward_tangent:
        return each(step, [s = step.s, sdot = step.sdot](const Row& row) {
          const Amplitude after = row.turn(load(s, row.at));
          store(s, row.at, after);
          store(sdot, row.at, row.add_rate(row.turn(load(sdot, row.at)), after, row.rate));
        });
      case MatrixTask::backward:
        return each_slope(step, [s = step.s, a = step.a](const Row& row) {
          const Amplitude x = load(s, row.at);
          const Amplitude y = load(a, row.at);
          store(s, row.at, row.turn_back(x));
          store(a, row.at, row.turn_back(y));
          return product(y, x);
        });
      case MatrixTask::backward_tangent:
        return each_slope(step, [s = step.s, sdot = step.sdot, a = step.a, adot = step.adot](const Row& row) {
          const Amplitude x = load(s, row.at);
          const Amplitude xdot = load(sdot, row.at);
          const Amplitude y = load(a, row.at);
          const Amplitude ydot = load(adot, row.at);
          store(s, row.at, row.turn_back(x));
          store(sdot, row.at, row.turn_back(row.add_rate(xdot, x, -row.rate)));
          store(a, row.at, row.turn_back(y));
          store(adot, row.at, row.turn_back(row.add_rate(ydot, y, -row.rate)));
          return product(ydot, x) + product(y, xdot);
        });
      default:
        break;
    }
  }

 private:
  static Amplitude load(const Planes<T>& x, std::size_t at) {
    return {load_lanes<T, W>(x.re + at), load_lanes<T, W>(x.im + at)};
  }

  static void store(const Planes<T>& x, std::size_t at, const Amplitude& v) {
    store_lanes<T, W>(x.re + at, v.re);
    store_lanes<T, W>(x.im + at, v.im);
  }

  // Im conj(a) s.
  static Vector product(const Amplitude& a, const Amplitude& s) { return a.re * s.im - a.im * s.re; }

  struct Row {
    T re, im, rate;
    std::size_t at;

    [[nodiscard]] Amplitude turn(const Amplitude& v) const {
      return {v.re * re - v.im * im, v.re * im + v.im * re};
    }
    [[nodiscard]] Amplitude turn_back(const Amplitude& v) const {
      return {v.re * re + v.im * im, v.im * re - v.re * im};
    }
    // v + i rate s
    [[nodiscard]] static Amplitude add_rate(const Amplitude& v, const Amplitude& s, T rate) {
      return {v.re - rate * s.im, v.im + rate * s.re};
    }
  };

  static Row row(const PhaseStep<T>& step, std::size_t r, int lane) {
    return {step.phases[2 * r], step.phases[2 * r + 1], step.rates[r],
            r * tile_lanes + static_cast<std::size_t>(lane)};
  }

  template <class Body>
  [[gnu::always_inline]] static void each(const PhaseStep<T>& step, Body&& body) {
    const PhaseStep<T> local = step;  // which no store changes
    for (std::size_t r = 0; r < local.rows; ++r)
      each_vector<W>(local.samples, [&](int lane) { body(row(local, r, lane)); });
  }

  // The same with a body that gives Im conj(a) s.
  template <class Body>
  [[gnu::always_inline]] static void each_slope(const PhaseStep<T>& step, Body&& body) {
    const PhaseStep<T> local = step;
    const auto slopes_of = [&](std::size_t r) __attribute__((always_inline)) {
      Vector sum{};
      each_vector<W>(
          local.samples, [&](int lane) __attribute__((always_inline)) {
            sum += first_lanes<T, W>(body(row(local, r, lane)), local.samples - lane);
          });
      return sum;
    };
    constexpr auto together = static_cast<std::size_t>(W);
    for (std::size_t r = 0; r < local.rows; r += together) {
      const Vector sums = sum_rows<T, W>(slopes_of, r, local.rows);
      for (std::size_t i = 0; i < std::min(together, local.rows - r); ++i)
        local.slopes[r + i] -= 2 * static_cast<double>(sums[i]);
    }
  }
};

}  // namespace moonstill::quantum
