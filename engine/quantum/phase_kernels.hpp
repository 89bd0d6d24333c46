// What a phase for each row does to states of 16 samples side by side.
#pragma once

#include "engine/quantum/kernels.hpp"
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
        return each(step, [s = step.s, a = step.a, slopes = step.slopes](const Row& row) {
          const Amplitude x = load(s, row.at);
          const Amplitude y = load(a, row.at);
          store_lanes<T, W>(slopes + row.at, -2 * product(y, x));
          store(s, row.at, row.turn_back(x));
          store(a, row.at, row.turn_back(y));
        });
      case MatrixTask::backward_tangent:
        return each(step, [s = step.s, sdot = step.sdot, a = step.a, adot = step.adot,
                           slopes = step.slopes](const Row& row) {
          const Amplitude x = load(s, row.at);
          const Amplitude xdot = load(sdot, row.at);
          const Amplitude y = load(a, row.at);
          const Amplitude ydot = load(adot, row.at);
          store_lanes<T, W>(slopes + row.at, -2 * (product(ydot, x) + product(y, xdot)));
          store(s, row.at, row.turn_back(x));
          store(sdot, row.at, row.turn_back(row.add_rate(xdot, x, -row.rate)));
          store(a, row.at, row.turn_back(y));
          store(adot, row.at, row.turn_back(row.add_rate(ydot, y, -row.rate)));
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

  template <class Body>
  [[gnu::always_inline]] static void each(const PhaseStep<T>& step, Body&& body) {
    const T* const phases = step.phases;
    const T* const rates = step.rates;
    const int samples = step.samples;
    for (std::size_t r = 0, rows = step.rows; r < rows; ++r) {
      each_vector<W>(samples, [&](int lane) {
        body(
            Row{phases[2 * r], phases[2 * r + 1], rates[r], r * tile_lanes + static_cast<std::size_t>(lane)});
      });
    }
  }
};

}  // namespace moonstill::quantum
