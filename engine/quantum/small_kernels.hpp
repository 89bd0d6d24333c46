// The tasks of kernels.hpp for matrices of 2 and 4 rows, everything in registers.
#pragma once

#include <cassert>

#include "engine/quantum/group_rows.hpp"

namespace moonstill::quantum {

/// What stores of numbers may not change is held in local variables: else it would be read again for each
/// group.
template <class T, int W, int D, Structure structure>
class SmallKernel {
  static constexpr bool diagonal = structure == Structure::diagonal;
  static constexpr bool real = structure == Structure::real;

  using Vector = Lanes<T, W>;
  using State = LaneState<T>;
  using Amplitudes = GroupAmplitudes<T, W, D>;

  struct Matrix {
    Vector re[D][D];
    Vector im[D][D];
  };

 public:
  static void run(MatrixTask task, const MatrixStep<T>& step) {
    each_vector<W>(step.samples, [&](int lane) { run_lanes(task, step, lane); });
  }

 private:
  static void run_lanes(MatrixTask task, const MatrixStep<T>& step, int lane) {
    if constexpr (structure == Structure::hermitian)
      read_lanes(task, step, lane);
    else
      change_lanes(task, step, lane);
  }

  // What gates do.
  static void change_lanes(MatrixTask task, const MatrixStep<T>& step, int lane) {
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
        assert(false);
    }
  }

  // What observables do.
  static void read_lanes(MatrixTask task, const MatrixStep<T>& step, int lane) {
    switch (task) {
      case MatrixTask::gather:
        return gather<false>(step, lane);
      case MatrixTask::gather_tangent:
        return gather<true>(step, lane);
      case MatrixTask::accumulate:
        return accumulate(step, lane);
      case MatrixTask::accumulate_tangent:
        return accumulate_tangent(step, lane);
      default:
        assert(false);
    }
  }

  static constexpr bool zero(int i, int j) { return diagonal && i != j; }
  // Whether the imaginary part of an entry is 0.
  static constexpr bool is_real(int i, int j) {
    return real || (structure == Structure::hermitian && i == j);
  }

  static Matrix load_matrix(const T* numbers, int matrix_lanes, int lane) {
    const auto entry = [&](int index) {
      if (matrix_lanes == 1) return Vector{} + numbers[index];
      return load_lanes<T, W>(numbers + index * matrix_lanes + lane);
    };
    Matrix m;
    for (int i = 0; i < D; ++i) {
      for (int j = 0; j < D; ++j) {
        m.re[i][j] = entry((i * D + j) * 2);
        m.im[i][j] = entry((i * D + j) * 2 + 1);
      }
    }
    return m;
  }

  static void add_to(T* numbers, const Matrix& m, int lane) {
    for (int i = 0; i < D; ++i) {
      for (int j = 0; j < D; ++j) {
        T* re = numbers + (std::int64_t{i} * D + j) * 2 * tile_lanes + lane;
        store_lanes<T, W>(re, load_lanes<T, W>(re) + m.re[i][j]);
        store_lanes<T, W>(re + tile_lanes, load_lanes<T, W>(re + tile_lanes) + m.im[i][j]);
      }
    }
  }

  // y_i += M_ij x_j, or with M^H; `start` sets y_i instead, which saves adding to zero. One product a
  // statement, so that each becomes a fused multiply-add.
  template <bool adjoint, bool start>
  [[gnu::always_inline]] static void add_term(const Matrix& m, int i, int j, const Amplitudes& x,
                                              Amplitudes& y) {
    const Vector& re = adjoint ? m.re[j][i] : m.re[i][j];
    const Vector& im = adjoint ? m.im[j][i] : m.im[i][j];
    if constexpr (start) {
      y.re[i] = re * x.re[j];
      y.im[i] = re * x.im[j];
    } else {
      y.re[i] += re * x.re[j];
      y.im[i] += re * x.im[j];
    }
    if (is_real(i, j)) return;
    if constexpr (adjoint) {
      y.re[i] += im * x.im[j];
      y.im[i] -= im * x.re[j];
    } else {
      y.re[i] -= im * x.im[j];
      y.im[i] += im * x.re[j];
    }
  }

  // y += M x, or M^H x.
  template <bool adjoint>
  [[gnu::always_inline]] static void multiply_add(const Matrix& m, const Amplitudes& x, Amplitudes& y) {
    for (int i = 0; i < D; ++i) {
      for (int j = 0; j < D; ++j) {
        if (!zero(i, j)) add_term<adjoint, false>(m, i, j, x, y);
      }
    }
  }

  // M x, or M^H x.
  template <bool adjoint>
  [[gnu::always_inline]] static Amplitudes product(const Matrix& m, const Amplitudes& x) {
    Amplitudes y;
    for (int i = 0; i < D; ++i) {
      const int first = diagonal ? i : 0;
      add_term<adjoint, true>(m, i, first, x, y);
      for (int j = first + 1; j < D; ++j) {
        if (!zero(i, j)) add_term<adjoint, false>(m, i, j, x, y);
      }
    }
    return y;
  }

  // e_ij += conj(a_i) s_j; of a real matrix only real parts are asked for.
  [[gnu::always_inline]] static void environment(const Amplitudes& a, const Amplitudes& s, Matrix& e) {
    for (int i = 0; i < D; ++i) {
      for (int j = 0; j < D; ++j) {
        if (zero(i, j)) continue;
        e.re[i][j] += a.re[i] * s.re[j];
        e.re[i][j] += a.im[i] * s.im[j];
        if constexpr (real) continue;
        e.im[i][j] += a.re[i] * s.im[j];
        e.im[i][j] -= a.im[i] * s.re[j];
      }
    }
  }

  // The upper half of e_ij += conj(a_i) s_j.
  [[gnu::always_inline]] static void upper_environment(const Amplitudes& a, const Amplitudes& s, Matrix& e) {
    for (int i = 0; i < D; ++i) {
      for (int j = i; j < D; ++j) {
        e.re[i][j] += a.re[i] * s.re[j];
        e.re[i][j] += a.im[i] * s.im[j];
        if (i == j) continue;
        e.im[i][j] += a.re[i] * s.im[j];
        e.im[i][j] -= a.im[i] * s.re[j];
      }
    }
  }

  static void mirror(Matrix& e) {
    for (int i = 0; i < D; ++i) {
      for (int j = i + 1; j < D; ++j) {
        e.re[j][i] = e.re[i][j];
        e.im[j][i] = -e.im[i][j];
      }
    }
  }

  template <bool adjoint>
  static void apply(const MatrixStep<T>& step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const State s = State::of(*step.groups, step.s, lane);
    each_group<D>(*step.groups,
                  [&, s](const std::size_t(&at)[D]) { store(s, at, product<adjoint>(m, load<W>(s, at))); });
  }

  static void forward_tangent(const MatrixStep<T>& step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, lane);
    const State s = State::of(*step.groups, step.s, lane);
    const State sdot = State::of(*step.groups, step.sdot, lane);
    each_group<D>(*step.groups, [&, s, sdot](const std::size_t(&at)[D]) {
      const Amplitudes x = load<W>(s, at);
      Amplitudes y = product<false>(m, load<W>(sdot, at));
      multiply_add<false>(mdot, x, y);
      store(sdot, at, y);
      store(s, at, product<false>(m, x));
    });
  }

  static void backward(const MatrixStep<T>& step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const State s = State::of(*step.groups, step.s, lane);
    const State a = State::of(*step.groups, step.a, lane);
    Matrix e{};
    each_group<D>(*step.groups, [&, s, a](const std::size_t(&at)[D]) {
      const Amplitudes x = product<true>(m, load<W>(s, at));
      store(s, at, x);
      const Amplitudes y = load<W>(a, at);
      environment(y, x, e);
      store(a, at, product<true>(m, y));
    });
    add_to(step.environment, e, lane);
  }

  static void backward_tangent(const MatrixStep<T>& step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, lane);
    const State s = State::of(*step.groups, step.s, lane);
    const State sdot = State::of(*step.groups, step.sdot, lane);
    const State a = State::of(*step.groups, step.a, lane);
    const State adot = State::of(*step.groups, step.adot, lane);
    Matrix e{};
    Matrix edot{};
    each_group<D>(*step.groups, [&, s, sdot, a, adot](const std::size_t(&at)[D]) {
      const Amplitudes after = load<W>(s, at);
      Amplitudes xdot = product<true>(m, load<W>(sdot, at));
      multiply_add<true>(mdot, after, xdot);
      store(sdot, at, xdot);
      const Amplitudes x = product<true>(m, after);
      store(s, at, x);
      const Amplitudes y = load<W>(a, at);
      const Amplitudes ydot = load<W>(adot, at);
      environment(y, x, e);
      environment(ydot, x, edot);
      environment(y, xdot, edot);
      Amplitudes zdot = product<true>(m, ydot);
      multiply_add<true>(mdot, y, zdot);
      store(adot, at, zdot);
      store(a, at, product<true>(m, y));
    });
    add_to(step.environment, e, lane);
    add_to(step.environment_tangent, edot, lane);
  }

  template <bool tangent>
  static void gather(const MatrixStep<T>& step, int lane) {
    const State s = State::of(*step.groups, step.s, lane);
    const State sdot = State::of(*step.groups, step.sdot, lane);
    Matrix e{};
    Matrix edot{};
    each_group<D>(*step.groups, [&, s, sdot](const std::size_t(&at)[D]) {
      const Amplitudes x = load<W>(s, at);
      upper_environment(x, x, e);
      if constexpr (tangent) {
        const Amplitudes xdot = load<W>(sdot, at);
        upper_environment(xdot, x, edot);
        upper_environment(x, xdot, edot);
      }
    });
    mirror(e);
    add_to(step.environment, e, lane);
    if constexpr (tangent) {
      mirror(edot);
      add_to(step.environment_tangent, edot, lane);
    }
  }

  static void accumulate(const MatrixStep<T>& step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const State s = State::of(*step.groups, step.s, lane);
    const State a = State::of(*step.groups, step.a, lane);
    each_group<D>(*step.groups, [&, s, a](const std::size_t(&at)[D]) {
      Amplitudes y = load<W>(a, at);
      multiply_add<false>(m, load<W>(s, at), y);
      store(a, at, y);
    });
  }

  static void accumulate_tangent(const MatrixStep<T>& step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, lane);
    const State s = State::of(*step.groups, step.s, lane);
    const State sdot = State::of(*step.groups, step.sdot, lane);
    const State a = State::of(*step.groups, step.a, lane);
    const State adot = State::of(*step.groups, step.adot, lane);
    each_group<D>(*step.groups, [&, s, sdot, a, adot](const std::size_t(&at)[D]) {
      const Amplitudes x = load<W>(s, at);
      Amplitudes ydot = load<W>(adot, at);
      multiply_add<false>(m, load<W>(sdot, at), ydot);
      multiply_add<false>(mdot, x, ydot);
      store(adot, at, ydot);
      Amplitudes y = load<W>(a, at);
      multiply_add<false>(m, x, y);
      store(a, at, y);
    });
  }
};

}  // namespace moonstill::quantum
