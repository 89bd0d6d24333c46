// The tasks of kernels.hpp for matrices of 2 and 4 rows, everything in registers.
#pragma once

#include <array>
#include <cstddef>

#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

template <class T, int W, int D, bool diagonal>
class SmallKernel {
  using Vector = Lanes<T, W>;
  static constexpr int pitch = static_cast<int>(tile_lanes);  // numbers from one row to the next

  struct Amplitudes {
    Vector re[D];
    Vector im[D];
  };
  struct Matrix {
    Vector re[D][D];
    Vector im[D][D];
  };
  using Rows = std::array<std::size_t, D>;

 public:
  [[gnu::always_inline]] static void run(MatrixTask task, const MatrixStep<T>& step) {
    for (int lane = 0; lane < pitch; lane += W) run_lanes(task, step, lane);
  }

 private:
  static void run_lanes(MatrixTask task, const MatrixStep<T>& step, int lane) {
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
      case MatrixTask::gather:
        return gather<false>(step, lane);
      case MatrixTask::gather_tangent:
        return gather<true>(step, lane);
      case MatrixTask::accumulate:
        return accumulate(step, lane);
      case MatrixTask::accumulate_tangent:
        return accumulate_tangent(step, lane);
    }
  }

  // Calls body(rows) for each group.
  template <class Body>
  [[gnu::always_inline]] static void each_group(const MatrixStep<T>& step, Body&& body) {
    const Groups& groups = *step.groups;
    const std::size_t count = groups.count();
    for (std::size_t g = 0; g < count; ++g) {
      Rows rows;
      groups.rows(g, rows.data(), D);
      for (int p = 0; p < D; ++p) rows[p] *= static_cast<std::size_t>(pitch);
      body(rows);
    }
  }

  [[gnu::always_inline]] static Amplitudes load(const Planes<T>& x, const Rows& rows, int lane) {
    Amplitudes v;
    for (int p = 0; p < D; ++p) {
      v.re[p] = load_lanes<T, W>(x.re + rows[p] + lane);
      v.im[p] = load_lanes<T, W>(x.im + rows[p] + lane);
    }
    return v;
  }

  [[gnu::always_inline]] static void store(const Planes<T>& x, const Rows& rows, int lane, Amplitudes v) {
    for (int p = 0; p < D; ++p) {
      store_lanes<T, W>(x.re + rows[p] + lane, v.re[p]);
      store_lanes<T, W>(x.im + rows[p] + lane, v.im[p]);
    }
  }

  [[gnu::always_inline]] static constexpr bool zero(int i, int j) { return diagonal && i != j; }

  static Vector entry(const T* numbers, int index, int matrix_lanes, int lane) {
    if (matrix_lanes == 1) return Vector{} + numbers[index];
    return load_lanes<T, W>(numbers + index * matrix_lanes + lane);
  }

  static Matrix load_matrix(const T* numbers, int matrix_lanes, int lane) {
    Matrix m;
    for (int i = 0; i < D; ++i) {
      for (int j = 0; j < D; ++j) {
        m.re[i][j] = entry(numbers, (i * D + j) * 2, matrix_lanes, lane);
        m.im[i][j] = entry(numbers, (i * D + j) * 2 + 1, matrix_lanes, lane);
      }
    }
    return m;
  }

  static void add_to(T* numbers, const Matrix& m, int lane) {
    for (int i = 0; i < D; ++i) {
      for (int j = 0; j < D; ++j) {
        T* re = numbers + (i * D + j) * 2 * pitch + lane;
        store_lanes<T, W>(re, load_lanes<T, W>(re) + m.re[i][j]);
        store_lanes<T, W>(re + pitch, load_lanes<T, W>(re + pitch) + m.im[i][j]);
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

  // e_ij += conj(a_i) s_j
  [[gnu::always_inline]] static void environment(const Amplitudes& a, const Amplitudes& s, Matrix& e) {
    for (int i = 0; i < D; ++i) {
      for (int j = 0; j < D; ++j) {
        if (zero(i, j)) continue;
        e.re[i][j] += a.re[i] * s.re[j];
        e.im[i][j] += a.re[i] * s.im[j];
        e.re[i][j] += a.im[i] * s.im[j];
        e.im[i][j] -= a.im[i] * s.re[j];
      }
    }
  }

  template <bool adjoint>
  static void apply(const MatrixStep<T> step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    each_group(step, [&](const Rows& rows) {
      Amplitudes y = product<adjoint>(m, load(step.s, rows, lane));
      store(step.s, rows, lane, y);
    });
  }

  static void forward_tangent(const MatrixStep<T> step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, lane);
    each_group(step, [&](const Rows& rows) {
      const Amplitudes s = load(step.s, rows, lane);
      Amplitudes y = product<false>(m, load(step.sdot, rows, lane));
      multiply_add<false>(mdot, s, y);
      store(step.sdot, rows, lane, y);
      Amplitudes z = product<false>(m, s);
      store(step.s, rows, lane, z);
    });
  }

  static void backward(const MatrixStep<T> step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    Matrix e{};
    each_group(step, [&](const Rows& rows) {
      Amplitudes s = product<true>(m, load(step.s, rows, lane));
      store(step.s, rows, lane, s);
      const Amplitudes a = load(step.a, rows, lane);
      environment(a, s, e);
      Amplitudes b = product<true>(m, a);
      store(step.a, rows, lane, b);
    });
    add_to(step.environment, e, lane);
  }

  static void backward_tangent(const MatrixStep<T> step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, lane);
    Matrix e{};
    Matrix edot{};
    each_group(step, [&](const Rows& rows) {
      const Amplitudes s_after = load(step.s, rows, lane);
      Amplitudes sdot = product<true>(m, load(step.sdot, rows, lane));
      multiply_add<true>(mdot, s_after, sdot);
      store(step.sdot, rows, lane, sdot);
      Amplitudes s = product<true>(m, s_after);
      store(step.s, rows, lane, s);
      const Amplitudes a = load(step.a, rows, lane);
      const Amplitudes adot = load(step.adot, rows, lane);
      environment(a, s, e);
      environment(adot, s, edot);
      environment(a, sdot, edot);
      Amplitudes bdot = product<true>(m, adot);
      multiply_add<true>(mdot, a, bdot);
      store(step.adot, rows, lane, bdot);
      Amplitudes b = product<true>(m, a);
      store(step.a, rows, lane, b);
    });
    add_to(step.environment, e, lane);
    add_to(step.environment_tangent, edot, lane);
  }

  template <bool tangent>
  static void gather(const MatrixStep<T> step, int lane) {
    Matrix e{};
    Matrix edot{};
    each_group(step, [&](const Rows& rows) {
      const Amplitudes s = load(step.s, rows, lane);
      environment(s, s, e);
      if constexpr (tangent) {
        const Amplitudes sdot = load(step.sdot, rows, lane);
        environment(sdot, s, edot);
        environment(s, sdot, edot);
      }
    });
    add_to(step.environment, e, lane);
    if constexpr (tangent) add_to(step.environment_tangent, edot, lane);
  }

  static void accumulate(const MatrixStep<T> step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    each_group(step, [&](const Rows& rows) {
      Amplitudes a = load(step.a, rows, lane);
      multiply_add<false>(m, load(step.s, rows, lane), a);
      store(step.a, rows, lane, a);
    });
  }

  static void accumulate_tangent(const MatrixStep<T> step, int lane) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, lane);
    each_group(step, [&](const Rows& rows) {
      const Amplitudes s = load(step.s, rows, lane);
      Amplitudes adot = load(step.adot, rows, lane);
      multiply_add<false>(m, load(step.sdot, rows, lane), adot);
      multiply_add<false>(mdot, s, adot);
      store(step.adot, rows, lane, adot);
      Amplitudes a = load(step.a, rows, lane);
      multiply_add<false>(m, s, a);
      store(step.a, rows, lane, a);
    });
  }
};

}  // namespace moonstill::quantum
