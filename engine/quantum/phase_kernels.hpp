// What a phase for each row does to states of 16 samples side by side.
#pragma once

#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

template <class T>
class PhaseKernel {
  static constexpr int W = vector_lanes<T>;
  using Vector = Lanes<T, W>;
  struct Amplitude {
    Vector re, im;
  };

 public:
  static void run(MatrixTask task, const PhaseStep<T> step) {
    switch (task) {
      case MatrixTask::apply:
        return each(step, [&](Row& row) { row.turn(step.s, false); });
      case MatrixTask::apply_adjoint:
        return each(step, [&](Row& row) { row.turn(step.s, true); });
      case MatrixTask::forward_tangent:
        return each(step, [&](Row& row) {
          const Amplitude s = row.turn(step.s, false);
          row.turn(step.sdot, false);
          row.add_rate(step.sdot, s);
        });
      case MatrixTask::backward:
        return each(step, [&](Row& row) {
          store_lanes<T, W>(step.slopes + row.at, -2 * product(load(step.a, row.at), load(step.s, row.at)));
          row.turn(step.s, true);
          row.turn(step.a, true);
        });
      case MatrixTask::backward_tangent:
        return each(step, [&](Row& row) {
          const Amplitude s = load(step.s, row.at);
          const Amplitude a = load(step.a, row.at);
          const Vector sum = product(load(step.adot, row.at), s) + product(a, load(step.sdot, row.at));
          store_lanes<T, W>(step.slopes + row.at, -2 * sum);
          row.rate = -row.rate;
          row.add_rate(step.sdot, s);
          row.add_rate(step.adot, a);
          for (const Planes<T>& x : {step.s, step.sdot, step.a, step.adot}) row.turn(x, true);
        });
      default:
        break;
    }
  }

 private:
  static Amplitude load(const Planes<T>& x, std::size_t at) {
    return {load_lanes<T, W>(x.re + at), load_lanes<T, W>(x.im + at)};
  }

  // Im conj(a) s.
  static Vector product(const Amplitude& a, const Amplitude& s) { return a.re * s.im - a.im * s.re; }

  struct Row {
    T re, im, rate;
    std::size_t at;

    [[gnu::always_inline]] Amplitude turn(const Planes<T>& x, bool back) const {
      const Amplitude v = load(x, at);
      const T y = back ? -im : im;
      const Amplitude turned{v.re * re - v.im * y, v.re * y + v.im * re};
      store_lanes<T, W>(x.re + at, turned.re);
      store_lanes<T, W>(x.im + at, turned.im);
      return turned;
    }

    // x += i rate s
    [[gnu::always_inline]] void add_rate(const Planes<T>& x, const Amplitude& s) const {
      const Amplitude v = load(x, at);
      store_lanes<T, W>(x.re + at, v.re - rate * s.im);
      store_lanes<T, W>(x.im + at, v.im + rate * s.re);
    }
  };

  template <class Body>
  [[gnu::always_inline]] static void each(const PhaseStep<T>& step, Body&& body) {
    for (std::size_t r = 0; r < step.rows; ++r) {
      for (int lane = 0; lane < tile_lanes; lane += W) {
        Row row{step.phases[2 * r], step.phases[2 * r + 1], step.rates[r],
                r * tile_lanes + static_cast<std::size_t>(lane)};
        body(row);
      }
    }
  }
};

}  // namespace moonstill::quantum
