// The tasks of state_kernels.hpp for matrices of more than two qubits, amplitude by amplitude.
#pragma once

#include <vector>

#include "engine/core/interrupt.hpp"
#include "engine/core/scratch.hpp"
#include "engine/quantum/state_kernels.hpp"

namespace moonstill::quantum {

template <class T>
class WideBlock {
  // The amplitudes of one group.
  struct Group {
    Group(std::size_t size, std::pmr::memory_resource* memory) : re(size, memory), im(size, memory) {}
    std::pmr::vector<T> re, im;
  };

 public:
  WideBlock(const WideSite& site, std::size_t lanes, const BlockStep<T>& step)
      : site_(site), lanes_(lanes), step_(step), size_(site.rows.size()) {}

  void run(BlockTask task, Bits start) const {
    Scratch<1 << 12> scratch;  // enough for 6 qubits
    Group x(size_, scratch.memory());
    Group y(size_, scratch.memory());
    Group z(size_, scratch.memory());
    for (const Bits outer : site_.kernel.outer) {
      poll_interrupt();
      for (const Bits inner : site_.kernel.inner) {
        const Bits first = start ^ outer ^ inner;
        load(step_.s, first, x);
        switch (task) {
          case BlockTask::accumulate:
            load(step_.a, first, y);
            multiply(x, y);
            store(step_.a, first, y);
            break;
          case BlockTask::overlap:
          case BlockTask::overlap_tangent:
            load(step_.a, first, y);
            add_overlap(y, x, step_.environment);
            if (task == BlockTask::overlap) break;
            load(step_.sdot, first, z);
            add_overlap(y, z, step_.environment_tangent);
            load(step_.adot, first, z);
            add_overlap(z, x, step_.environment_tangent);
            break;
          default:  // constants are applied to one state at a time
            std::fill(y.re.begin(), y.re.end(), T{0});
            std::fill(y.im.begin(), y.im.end(), T{0});
            multiply(x, y);
            store(step_.s, first, y);
        }
      }
    }
  }

 private:
  [[nodiscard]] std::size_t place(Bits first, std::size_t row) const {
    const std::size_t number = first ^ site_.rows[row];
    return number / lanes_ * 2 * lanes_ + number % lanes_;
  }

  void load(const T* state, Bits first, Group& x) const {
    for (std::size_t i = 0; i < size_; ++i) {
      const std::size_t at = place(first, i);
      x.re[i] = state[at];
      x.im[i] = state[at + lanes_];
    }
  }

  void store(T* state, Bits first, const Group& x) const {
    for (std::size_t i = 0; i < size_; ++i) {
      const std::size_t at = place(first, i);
      state[at] = x.re[i];
      state[at + lanes_] = x.im[i];
    }
  }

  // y += M x.
  void multiply(const Group& x, Group& y) const {
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < size_; ++j) {
        const T* m = step_.matrix + (step_.adjoint ? j * size_ + i : i * size_ + j) * 2;
        const T im = step_.adjoint ? -m[1] : m[1];
        y.re[i] += m[0] * x.re[j] - im * x.im[j];
        y.im[i] += m[0] * x.im[j] + im * x.re[j];
      }
    }
  }

  void add_overlap(const Group& a, const Group& s, double* e) const {
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < size_; ++j, e += 2) {
        e[0] += static_cast<double>(a.re[i] * s.re[j] + a.im[i] * s.im[j]);
        e[1] += static_cast<double>(a.re[i] * s.im[j] - a.im[i] * s.re[j]);
      }
    }
  }

  const WideSite& site_;
  std::size_t lanes_;
  BlockStep<T> step_;
  std::size_t size_;
};

}  // namespace moonstill::quantum
