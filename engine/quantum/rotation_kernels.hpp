// What rotations RY of a few qubits do to states of samples side by side. All but the last of a group's
// rotations leave a factor cos out, which takes half of their arithmetic: (x - t y, y + t x) with t = tan;
// the last one makes up for all.
#pragma once

#include "engine/quantum/group_rows.hpp"

namespace moonstill::quantum {

template <class T, int W, int K, class AnyGroups = Groups, class State = StateOf<T, AnyGroups>>
class RotationKernel {
  static constexpr int D = 1 << K;
  using Vector = Lanes<T, W>;
  using Step = RotationStep<T, AnyGroups>;
  using Amplitudes = GroupAmplitudes<T, W, D>;

  // What each rotation's slope sums up from real and from imaginary parts.
  struct Slopes {
    Vector re[K];
    Vector im[K];
  };
  struct Turns {
    Vector tangents[K];   // of all but the last rotation
    Vector cosine, sine;  // of the last one, times the others' cosines
    Vector rates[K];
  };

 public:
  static void run(MatrixTask task, const Step& step) {
    each_vector<W>(step.samples, [&](int lane) { run_lanes(task, step, lane); });
  }

 private:
  static void run_lanes(MatrixTask task, const Step& step, int lane) {
    switch (task) {
      case MatrixTask::apply:
        return apply<false>(step, lane);
      case MatrixTask::apply_adjoint:
        return apply<true>(step, lane);
      case MatrixTask::forward_tangent:
        return forward_tangent(step, lane);
      case MatrixTask::backward:
        return backward(step, lane);
      case MatrixTask::backward_tangent:
        return backward_tangent(step, lane);
      default:
        return;
    }
  }

  // A cosine of nothing would leave no tangent. This small, it changes no digit of the result, and the
  // product of K of them is no underflow.
  static constexpr T least_cosine = sizeof(T) == 4 ? T(1e-12) : T(1e-30);

  static Turns load_turns(const Step& step, int lane) {
    const auto number = [&](const T* numbers, int index) {
      if (step.lanes == 1) return Vector{} + numbers[index];
      return load_lanes<T, W>(numbers + index * step.lanes + lane);
    };
    Turns turns;
    Vector factor = Vector{} + T{1};
    for (int q = 0; q < K; ++q) {
      Vector c = number(step.turns, 2 * q);
      const Vector s = number(step.turns, 2 * q + 1);
      turns.rates[q] = number(step.rates, q);
      if (q == K - 1) {
        turns.cosine = c * factor;
        turns.sine = s * factor;
        continue;
      }
      const Vector least = Vector{} + least_cosine;
      c = ((c < least) & (c > -least)) ? least : c;
      turns.tangents[q] = s / c;
      factor *= c;
    }
    return turns;
  }

  static constexpr int bit(int q) { return bit_of<K>(q); }

  template <bool back>
  [[gnu::always_inline]] static void turn(const Turns& turns, Vector (&x)[D]) {
    each_pair<K>([&](auto q, auto low, auto high) __attribute__((always_inline)) {
      const Vector before = x[low];
      const Vector other = x[high];
      const Vector turn = q < K - 1 ? turns.tangents[q] : turns.sine;
      const Vector t = back ? -turn : turn;
      if constexpr (q < K - 1) {
        x[low] = before - t * other;
        x[high] = other + t * before;
      } else {
        x[low] = turns.cosine * before - t * other;
        x[high] = turns.cosine * other + t * before;
      }
    });
  }

  template <bool back>
  [[gnu::always_inline]] static void turn(const Turns& turns, Amplitudes& x) {
    turn<back>(turns, x.re);
    turn<back>(turns, x.im);
  }

  // y += (or -=) sum_q rate_q J_q x, with one row of x at a time in registers.
  template <bool back>
  [[gnu::always_inline]] static void add_rates(const Turns& turns, const State& x, const std::size_t (&at)[D],
                                               Amplitudes& y) {
    unrolled<D>([&](auto p) __attribute__((always_inline)) {
      const Vector re = x.template get<W>(x.re + at[p], p);
      const Vector im = x.template get<W>(x.im + at[p], p);
      unrolled<K>([&](auto q) __attribute__((always_inline)) {
        constexpr int other = p ^ bit(q);
        if constexpr (((p & bit(q)) == 0) != back) {
          y.re[other] += turns.rates[q] * re;
          y.im[other] += turns.rates[q] * im;
        } else {
          y.re[other] -= turns.rates[q] * re;
          y.im[other] -= turns.rates[q] * im;
        }
      });
    });
  }

  // slope_q += Re <a, J_q s>, with one row of `a` at a time in registers.
  [[gnu::always_inline]] static void add_slopes(const State& a, const std::size_t (&at)[D],
                                                const Amplitudes& s, Slopes& slopes) {
    unrolled<D>([&](auto p) __attribute__((always_inline)) {
      const Vector re = a.template get<W>(a.re + at[p], p);
      const Vector im = a.template get<W>(a.im + at[p], p);
      unrolled<K>([&](auto q) __attribute__((always_inline)) {
        if constexpr ((p & bit(q)) != 0) {
          slopes.re[q] += re * s.re[p ^ bit(q)];
          slopes.im[q] += im * s.im[p ^ bit(q)];
        } else {
          slopes.re[q] -= re * s.re[p ^ bit(q)];
          slopes.im[q] -= im * s.im[p ^ bit(q)];
        }
      });
    });
  }

  static void store_slopes(const Step& step, const Slopes& slopes, int lane) {
    for (int q = 0; q < K; ++q)
      store_lanes<T, W>(step.slopes + q * tile_lanes + lane, slopes.re[q] + slopes.im[q]);
  }

  template <bool back>
  static void apply(const Step& step, int lane) {
    const Turns turns = load_turns(step, lane);
    const State s = State::of(*step.groups, step.s, lane);
    each_group<D>(*step.groups, [&, s](const std::size_t(&at)[D]) { turn_rows<back>(turns, s, at); });
  }

  template <bool back>
  [[gnu::always_inline]] static void turn_rows(const Turns& turns, const State& s,
                                               const std::size_t (&at)[D]) {
    Amplitudes x = load<W>(s, at);
    turn<back>(turns, x);
    store(s, at, x);
  }

  static void forward_tangent(const Step& step, int lane) {
    const Turns turns = load_turns(step, lane);
    const State s = State::of(*step.groups, step.s, lane);
    const State sdot = State::of(*step.groups, step.sdot, lane);
    each_group<D>(*step.groups, [&, s, sdot](const std::size_t(&at)[D]) {
      turn_rows<false>(turns, s, at);
      Amplitudes xdot = load<W>(sdot, at);
      turn<false>(turns, xdot);
      add_rates<false>(turns, s, at, xdot);
      store(sdot, at, xdot);
    });
  }

  static void backward(const Step& step, int lane) {
    const Turns turns = load_turns(step, lane);
    const State s = State::of(*step.groups, step.s, lane);
    const State a = State::of(*step.groups, step.a, lane);
    Slopes slopes{};
    each_group<D>(*step.groups, [&, s, a](const std::size_t(&at)[D]) {
      Amplitudes x = load<W>(s, at);
      add_slopes(a, at, x, slopes);
      turn<true>(turns, x);
      store(s, at, x);
      turn_rows<true>(turns, a, at);
    });
    store_slopes(step, slopes, lane);
  }

  // The change of the slopes: Re <adot, J_q s> + Re <a, J_q sdot>.
  static void backward_tangent(const Step& step, int lane) {
    const Turns turns = load_turns(step, lane);
    const State s = State::of(*step.groups, step.s, lane);
    const State sdot = State::of(*step.groups, step.sdot, lane);
    const State a = State::of(*step.groups, step.a, lane);
    const State adot = State::of(*step.groups, step.adot, lane);
    Slopes slopes{};
    each_group<D>(*step.groups, [&, s, sdot, a, adot](const std::size_t(&at)[D]) {
      Amplitudes x = load<W>(s, at);
      add_slopes(adot, at, x, slopes);
      turn<true>(turns, x);
      store(s, at, x);
      x = load<W>(sdot, at);
      add_slopes(a, at, x, slopes);
      turn<true>(turns, x);
      add_rates<true>(turns, s, at, x);
      store(sdot, at, x);
      turn_rows<true>(turns, a, at);
      x = load<W>(adot, at);
      turn<true>(turns, x);
      add_rates<true>(turns, a, at, x);
      store(adot, at, x);
    });
    store_slopes(step, slopes, lane);
  }
};

}  // namespace moonstill::quantum
