// The tasks of kernels.hpp for matrices of any size. Gates with angles have at most 4 rows, so that none of
// the tasks that carry a tangent through a gate is needed here.
#pragma once

#include <algorithm>
#include <cassert>
#include <vector>

#include "engine/core/scratch.hpp"
#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"

namespace moonstill::quantum {

template <class T>
class WideKernel {
  static constexpr int W = vector_lanes<T>;
  using Vector = Lanes<T, W>;
  struct Amplitudes {
    std::pmr::vector<Vector> re, im;
    Amplitudes(std::size_t dimension, std::pmr::memory_resource* memory)
        : re(dimension, memory), im(dimension, memory) {}
  };

 public:
  static void run(MatrixTask task, const MatrixStep<T>& step) {
    each_vector<W>(step.samples, [&](int lane) { WideKernel(step, lane).run(task); });
  }

 private:
  WideKernel(const MatrixStep<T>& step, int lane)
      : step_(step),
        lane_(lane),
        dimension_(static_cast<std::size_t>(step.groups->dimension())),
        rows_(dimension_, scratch_.memory()) {}

  void run(MatrixTask task) {
    switch (task) {
      case MatrixTask::apply:
        return apply<false>();
      case MatrixTask::apply_adjoint:
        return apply<true>();
      case MatrixTask::gather:
        return gather(false);
      case MatrixTask::gather_tangent:
        return gather(true);
      case MatrixTask::accumulate:
        return accumulate(false);
      case MatrixTask::accumulate_tangent:
        return accumulate(true);
      default:
        assert(false && "a task for small matrices");
    }
  }

  template <class Body>
  void each_group(Body&& body) {
    for (std::size_t g = 0; g < step_.groups->count(); ++g) {
      for (std::size_t p = 0; p < dimension_; ++p)
        rows_[p] = static_cast<std::size_t>(step_.groups->rows(g)[p] * tile_lanes + lane_);
      body();
    }
  }

  Amplitudes amplitudes() { return {dimension_, scratch_.memory()}; }

  void load(const Planes<T>& x, Amplitudes& v) const {
    for (std::size_t p = 0; p < dimension_; ++p) {
      v.re[p] = load_lanes<T, W>(x.re + rows_[p]);
      v.im[p] = load_lanes<T, W>(x.im + rows_[p]);
    }
  }

  void store(const Planes<T>& x, const Amplitudes& v) const {
    for (std::size_t p = 0; p < dimension_; ++p) {
      store_lanes<T, W>(x.re + rows_[p], v.re[p]);
      store_lanes<T, W>(x.im + rows_[p], v.im[p]);
    }
  }

  Vector entry(const T* numbers, std::size_t index) const {
    if (step_.matrix_lanes == 1) return Vector{} + numbers[index];
    return load_lanes<T, W>(numbers + index * static_cast<std::size_t>(step_.matrix_lanes) + lane_);
  }

  template <bool adjoint>
  void multiply(const T* numbers, const Amplitudes& x, Amplitudes& y) const {
    for (std::size_t i = 0; i < dimension_; ++i) {
      for (std::size_t j = 0; j < dimension_; ++j) {
        const std::size_t e = (adjoint ? j * dimension_ + i : i * dimension_ + j) * 2;
        const Vector re = entry(numbers, e);
        const Vector im = adjoint ? -entry(numbers, e + 1) : entry(numbers, e + 1);
        y.re[i] += re * x.re[j] - im * x.im[j];
        y.im[i] += re * x.im[j] + im * x.re[j];
      }
    }
  }

  void environment(const Amplitudes& a, const Amplitudes& s, T* e) const {
    constexpr auto pitch = static_cast<std::size_t>(tile_lanes);
    for (std::size_t i = 0; i < dimension_; ++i) {
      for (std::size_t j = 0; j < dimension_; ++j) {
        T* re = e + (i * dimension_ + j) * 2 * pitch + lane_;
        store_lanes<T, W>(re, load_lanes<T, W>(re) + a.re[i] * s.re[j] + a.im[i] * s.im[j]);
        store_lanes<T, W>(re + pitch, load_lanes<T, W>(re + pitch) + a.re[i] * s.im[j] - a.im[i] * s.re[j]);
      }
    }
  }

  template <bool adjoint>
  void apply() {
    Amplitudes x = amplitudes();
    Amplitudes y = amplitudes();
    each_group([&] {
      load(step_.s, x);
      std::ranges::fill(y.re, Vector{});
      std::ranges::fill(y.im, Vector{});
      multiply<adjoint>(step_.matrix, x, y);
      store(step_.s, y);
    });
  }

  void gather(bool tangent) {
    Amplitudes s = amplitudes();
    Amplitudes sdot = amplitudes();
    each_group([&] {
      load(step_.s, s);
      environment(s, s, step_.environment);
      if (!tangent) return;
      load(step_.sdot, sdot);
      environment(sdot, s, step_.environment_tangent);
      environment(s, sdot, step_.environment_tangent);
    });
  }

  void accumulate(bool tangent) {
    Amplitudes s = amplitudes();
    Amplitudes x = amplitudes();
    Amplitudes y = amplitudes();
    each_group([&] {
      load(step_.s, s);
      if (tangent) {
        load(step_.sdot, x);
        load(step_.adot, y);
        multiply<false>(step_.matrix, x, y);
        multiply<false>(step_.tangent, s, y);
        store(step_.adot, y);
      }
      load(step_.a, y);
      multiply<false>(step_.matrix, s, y);
      store(step_.a, y);
    });
  }

  const MatrixStep<T>& step_;
  int lane_;
  std::size_t dimension_;
  Scratch<1 << 14> scratch_;  // enough for 5 qubits
  std::pmr::vector<std::size_t> rows_;
};

}  // namespace moonstill::quantum
