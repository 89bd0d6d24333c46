// The tasks of kernels.hpp for matrices of 2 and 4 rows, everything in registers.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

/// `folded`: the target is a bit of the lane (Reach::lane_bit). Two rows are then sorted by that bit when
/// loaded and mixed again when stored; all else is the same.
template <class T, int W, int D, Structure structure, bool folded = false>
class SmallKernel {
  static constexpr bool diagonal = structure == Structure::diagonal;
  static constexpr bool real = structure == Structure::real;
  using Vector = Lanes<T, W>;

  struct Amplitudes {
    Vector re[D];
    Vector im[D];
  };
  struct Matrix {
    Vector re[D][D];
    Vector im[D][D];
  };
  using Rows = std::array<std::size_t, D>;
  using Index = Lanes<std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>, W>;

  // The first lane of this pass over the rows, and for folded ones where each lane goes.
  struct Place {
    int lane;
    Index low{}, high{};      // lanes of two rows whose bit is 0, and 1
    Index first{}, second{};  // where lanes of the first and second row lie among those

    Place(int first_lane, int bit) : lane(first_lane) {
      if constexpr (folded) {
        std::array<int, 2> seen{};
        for (int l = 0; l < 2 * W; ++l) {
          const int side = (l >> bit) & 1;
          const int rank = seen[static_cast<std::size_t>(side)]++;
          (side == 0 ? low : high)[rank] = l;
          (l < W ? first : second)[l % W] = side * W + rank;
        }
      }
    }
  };

 public:
  [[gnu::always_inline]] static void run(MatrixTask task, const MatrixStep<T>& step) {
    for (int lane = 0; lane < step.pitch; lane += W) run_lanes(task, step, Place(lane, step.lane_bit));
  }

 private:
  static void run_lanes(MatrixTask task, const MatrixStep<T>& step, const Place& at) {
    switch (task) {
      case MatrixTask::apply:
        return apply<false>(step, at);
      case MatrixTask::apply_adjoint:
        return apply<true>(step, at);
      case MatrixTask::permute:
        return permute<false>(step, at);
      case MatrixTask::permute_back:
        return permute<true>(step, at);
      case MatrixTask::forward_tangent:
        return forward_tangent(step, at);
      case MatrixTask::backward:
        return backward(step, at);
      case MatrixTask::backward_tangent:
        return backward_tangent(step, at);
      case MatrixTask::gather:
        return gather<false>(step, at);
      case MatrixTask::gather_tangent:
        return gather<true>(step, at);
      case MatrixTask::accumulate:
        return accumulate(step, at);
      case MatrixTask::accumulate_tangent:
        return accumulate_tangent(step, at);
    }
  }

  // Calls body(rows) for each group.
  template <class Body>
  [[gnu::always_inline]] static void each_group(const MatrixStep<T>& step, Body&& body) {
    const Groups& groups = *step.groups;
    const auto pitch = static_cast<std::size_t>(step.pitch);
    const std::size_t end = step.end;
    for (std::size_t g = step.begin; g < end; ++g) {
      Rows rows;
      groups.rows(g, rows.data(), D);
      for (int p = 0; p < D; ++p) rows[p] *= pitch;
      body(rows);
    }
  }

  [[gnu::always_inline]] static void sort(Vector (&rows)[D], const Place& at) {
    const Vector both[2] = {rows[0], rows[1]};
    rows[0] = __builtin_shuffle(both[0], both[1], at.low);
    rows[1] = __builtin_shuffle(both[0], both[1], at.high);
  }

  [[gnu::always_inline]] static void mix(Vector (&rows)[D], const Place& at) {
    const Vector both[2] = {rows[0], rows[1]};
    rows[0] = __builtin_shuffle(both[0], both[1], at.first);
    rows[1] = __builtin_shuffle(both[0], both[1], at.second);
  }

  [[gnu::always_inline]] static Amplitudes load(const Planes<T>& x, const Rows& rows, const Place& at) {
    Amplitudes v;
    for (int p = 0; p < D; ++p) {
      v.re[p] = load_lanes<T, W>(x.re + rows[p] + at.lane);
      v.im[p] = load_lanes<T, W>(x.im + rows[p] + at.lane);
    }
    if constexpr (folded) {
      sort(v.re, at);
      sort(v.im, at);
    }
    return v;
  }

  [[gnu::always_inline]] static void store(const Planes<T>& x, const Rows& rows, const Place& at,
                                           Amplitudes v) {
    if constexpr (folded) {
      mix(v.re, at);
      mix(v.im, at);
    }
    for (int p = 0; p < D; ++p) {
      store_lanes<T, W>(x.re + rows[p] + at.lane, v.re[p]);
      store_lanes<T, W>(x.im + rows[p] + at.lane, v.im[p]);
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

  static void add_to(T* numbers, const Matrix& m, int pitch, int lane) {
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
    if constexpr (real) return;
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
        e.re[i][j] += a.im[i] * s.im[j];
        if constexpr (real) continue;
        e.im[i][j] += a.re[i] * s.im[j];
        e.im[i][j] -= a.im[i] * s.re[j];
      }
    }
  }

  template <bool adjoint>
  static void apply(const MatrixStep<T> step, const Place& at) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, at.lane);
    each_group(step, [&](const Rows& rows) {
      Amplitudes y = product<adjoint>(m, load(step.s, rows, at));
      store(step.s, rows, at, y);
    });
  }

  template <bool back>
  static void permute(const MatrixStep<T> step, const Place& at) {
    std::array<int, D> source{};
    for (int i = 0; i < D; ++i) {
      for (int j = 0; j < D; ++j) {
        if (step.matrix[(i * D + j) * 2] == T{1}) source[back ? j : i] = back ? i : j;
      }
    }
    each_group(step, [&](const Rows& rows) {
      const Amplitudes x = load(step.s, rows, at);
      Amplitudes y;
      for (int p = 0; p < D; ++p) {
        y.re[p] = x.re[source[p]];
        y.im[p] = x.im[source[p]];
      }
      store(step.s, rows, at, y);
    });
  }

  static void forward_tangent(const MatrixStep<T> step, const Place& at) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, at.lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, at.lane);
    each_group(step, [&](const Rows& rows) {
      const Amplitudes s = load(step.s, rows, at);
      Amplitudes y = product<false>(m, load(step.sdot, rows, at));
      multiply_add<false>(mdot, s, y);
      store(step.sdot, rows, at, y);
      Amplitudes z = product<false>(m, s);
      store(step.s, rows, at, z);
    });
  }

  static void backward(const MatrixStep<T> step, const Place& at) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, at.lane);
    Matrix e{};
    each_group(step, [&](const Rows& rows) {
      Amplitudes s = product<true>(m, load(step.s, rows, at));
      store(step.s, rows, at, s);
      const Amplitudes a = load(step.a, rows, at);
      environment(a, s, e);
      Amplitudes b = product<true>(m, a);
      store(step.a, rows, at, b);
    });
    add_to(step.environment, e, step.pitch, at.lane);
  }

  static void backward_tangent(const MatrixStep<T> step, const Place& at) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, at.lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, at.lane);
    Matrix e{};
    Matrix edot{};
    each_group(step, [&](const Rows& rows) {
      const Amplitudes s_after = load(step.s, rows, at);
      Amplitudes sdot = product<true>(m, load(step.sdot, rows, at));
      multiply_add<true>(mdot, s_after, sdot);
      store(step.sdot, rows, at, sdot);
      Amplitudes s = product<true>(m, s_after);
      store(step.s, rows, at, s);
      const Amplitudes a = load(step.a, rows, at);
      const Amplitudes adot = load(step.adot, rows, at);
      environment(a, s, e);
      environment(adot, s, edot);
      environment(a, sdot, edot);
      Amplitudes bdot = product<true>(m, adot);
      multiply_add<true>(mdot, a, bdot);
      store(step.adot, rows, at, bdot);
      Amplitudes b = product<true>(m, a);
      store(step.a, rows, at, b);
    });
    add_to(step.environment, e, step.pitch, at.lane);
    add_to(step.environment_tangent, edot, step.pitch, at.lane);
  }

  template <bool tangent>
  static void gather(const MatrixStep<T> step, const Place& at) {
    Matrix e{};
    Matrix edot{};
    each_group(step, [&](const Rows& rows) {
      const Amplitudes s = load(step.s, rows, at);
      environment(s, s, e);
      if constexpr (tangent) {
        const Amplitudes sdot = load(step.sdot, rows, at);
        environment(sdot, s, edot);
        environment(s, sdot, edot);
      }
    });
    add_to(step.environment, e, step.pitch, at.lane);
    if constexpr (tangent) add_to(step.environment_tangent, edot, step.pitch, at.lane);
  }

  static void accumulate(const MatrixStep<T> step, const Place& at) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, at.lane);
    each_group(step, [&](const Rows& rows) {
      Amplitudes a = load(step.a, rows, at);
      multiply_add<false>(m, load(step.s, rows, at), a);
      store(step.a, rows, at, a);
    });
  }

  static void accumulate_tangent(const MatrixStep<T> step, const Place& at) {
    const Matrix m = load_matrix(step.matrix, step.matrix_lanes, at.lane);
    const Matrix mdot = load_matrix(step.tangent, step.matrix_lanes, at.lane);
    each_group(step, [&](const Rows& rows) {
      const Amplitudes s = load(step.s, rows, at);
      Amplitudes adot = load(step.adot, rows, at);
      multiply_add<false>(m, load(step.sdot, rows, at), adot);
      multiply_add<false>(mdot, s, adot);
      store(step.adot, rows, at, adot);
      Amplitudes a = load(step.a, rows, at);
      multiply_add<false>(m, s, a);
      store(step.a, rows, at, a);
    });
  }
};

}  // namespace moonstill::quantum
