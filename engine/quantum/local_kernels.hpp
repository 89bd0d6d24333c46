// Observables of one qubit each, of several qubits in one pass over the states: the qubits' reduced density
// matrices, and the seeds of the adjoint.
#pragma once

#include "engine/quantum/group_rows.hpp"

namespace moonstill::quantum {

/// Qubits K, W samples together.
template <class T, int W, int K, class AnyGroups = Groups, class State = StateOf<T, AnyGroups>>
class LocalKernel {
  static constexpr int D = 1 << K;
  using Vector = Lanes<T, W>;
  using Amplitudes = GroupAmplitudes<T, W, D>;

  // What groups of rows add up: |s_p|^2 of each row, conj(s_low) s_high of each qubit's pairs.
  struct Sums {
    Vector rows[D];
    Vector re[K];
    Vector im[K];
  };

 public:
  static void read(const LocalRead<T, AnyGroups>& step) {
    each_vector<W>(step.samples, [&](int lane) {
      const State s = State::of(*step.groups, step.s, lane);
      Sums sums{};
      each_group<D>(*step.groups, [&, s](const std::size_t(&at)[D]) { add(load<W>(s, at), sums); });
      store_sums(sums, step.densities + lane);
      if (step.changes == nullptr) return;
      const State sdot = State::of(*step.groups, step.sdot, lane);
      sums = {};
      each_group<D>(*step.groups,
                    [&, s, sdot](const std::size_t(&at)[D]) { add_change(load<W>(s, at), sdot, at, sums); });
      store_sums(sums, step.changes + lane);
    });
  }

  static void seed(const LocalSeed<T, AnyGroups>& step) {
    each_vector<W>(step.samples, [&](int lane) {
      const Matrices matrices = load_matrices(step.matrices + lane);
      const State s = State::of(*step.groups, step.s, lane);
      const State a = State::of(*step.groups, step.a, lane);
      if (step.sets)
        each_group<D>(*step.groups,
                      [&, s, a](const std::size_t(&at)[D]) { multiply<true>(matrices, s, at, a); });
      else
        each_group<D>(*step.groups,
                      [&, s, a](const std::size_t(&at)[D]) { multiply<false>(matrices, s, at, a); });
    });
  }

 private:
  struct Matrices {
    Vector rows[D];  // the sum of the diagonal entries that a row meets
    Vector re[K];    // entry (0, 1) of each
    Vector im[K];
  };

  static constexpr std::size_t place(int q, LocalPart part) {
    return (static_cast<std::size_t>(q) * local_parts + static_cast<std::size_t>(part)) * tile_lanes;
  }

  static constexpr int bit(int q) { return bit_of<K>(q); }

  [[gnu::always_inline]] static void add(const Amplitudes& x, Sums& sums) {
    unrolled<D>([&](auto p) __attribute__((always_inline)) {
      sums.rows[p] += x.re[p] * x.re[p];
      sums.rows[p] += x.im[p] * x.im[p];
    });
    each_pair<K>([&](auto q, auto low, auto high) __attribute__((always_inline)) {
      sums.re[q] += x.re[low] * x.re[high];
      sums.re[q] += x.im[low] * x.im[high];
      sums.im[q] += x.re[low] * x.im[high];
      sums.im[q] -= x.im[low] * x.re[high];
    });
  }

  // d |s|^2 = 2 Re conj(sdot) s; d conj(s_low) s_high likewise, with one row of sdot at a time in registers.
  [[gnu::always_inline]] static void add_change(const Amplitudes& x, const State& sdot,
                                                const std::size_t (&at)[D], Sums& sums) {
    unrolled<D>([&](auto p) __attribute__((always_inline)) {
      const Vector re = sdot.template get<W>(sdot.re + at[p], p);
      const Vector im = sdot.template get<W>(sdot.im + at[p], p);
      sums.rows[p] += (re + re) * x.re[p];
      sums.rows[p] += (im + im) * x.im[p];
      unrolled<K>([&](auto q) __attribute__((always_inline)) {
        constexpr int other = p ^ bit(q);
        sums.re[q] += re * x.re[other];
        sums.re[q] += im * x.im[other];
        if constexpr ((p & bit(q)) == 0) {
          sums.im[q] += re * x.im[other];
          sums.im[q] -= im * x.re[other];
        } else {
          sums.im[q] += im * x.re[other];
          sums.im[q] -= re * x.im[other];
        }
      });
    });
  }

  static void store_sums(const Sums& sums, T* to) {
    const auto put = [&](int q, LocalPart part, const Vector& v) {
      store_lanes<T, W>(to + place(q, part), v);
    };
    for (int q = 0; q < K; ++q) {
      Vector low{};
      Vector high{};
      for (int p = 0; p < D; ++p) ((p & bit(q)) == 0 ? low : high) += sums.rows[p];
      put(q, LocalPart::population_0, low);
      put(q, LocalPart::population_1, high);
      put(q, LocalPart::coherence_re, sums.re[q]);
      put(q, LocalPart::coherence_im, sums.im[q]);
    }
  }

  static Matrices load_matrices(const T* from) {
    const auto get = [&](int q, LocalPart part) { return load_lanes<T, W>(from + place(q, part)); };
    Matrices m{};
    for (int q = 0; q < K; ++q) {
      for (int p = 0; p < D; ++p)
        m.rows[p] += get(q, (p & bit(q)) == 0 ? LocalPart::population_0 : LocalPart::population_1);
      m.re[q] = get(q, LocalPart::coherence_re);
      m.im[q] = get(q, LocalPart::coherence_im);
    }
    return m;
  }

  // a = (or +=) sum_q M_q s, a row at a time.
  template <bool sets>
  [[gnu::always_inline]] static void multiply(const Matrices& m, const State& s, const std::size_t (&at)[D],
                                              const State& a) {
    const Amplitudes x = load<W>(s, at);
    unrolled<D>([&](auto p) __attribute__((always_inline)) {
      Vector re = m.rows[p] * x.re[p];
      Vector im = m.rows[p] * x.im[p];
      if constexpr (!sets) {
        re += a.template get<W>(a.re + at[p], p);
        im += a.template get<W>(a.im + at[p], p);
      }
      unrolled<K>([&](auto q) __attribute__((always_inline)) {
        constexpr int other = p ^ bit(q);
        re += m.re[q] * x.re[other];
        im += m.re[q] * x.im[other];
        if constexpr ((p & bit(q)) == 0) {
          re -= m.im[q] * x.im[other];
          im += m.im[q] * x.re[other];
        } else {
          re += m.im[q] * x.im[other];
          im -= m.im[q] * x.re[other];
        }
      });
      a.template put<W>(a.re + at[p], p, re);
      a.template put<W>(a.im + at[p], p, im);
    });
  }
};

}  // namespace moonstill::quantum
