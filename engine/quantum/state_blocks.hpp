// Blocks of a state, copied to where a pass works on them and back. Blocks that lie in one piece stay where
// they are.
#pragma once

#include "engine/quantum/state_layout.hpp"
#include "engine/quantum/state_plan.hpp"

namespace moonstill::quantum {

[[nodiscard]] inline bool in_place(const Pass& pass) { return pass.run == pass.vectors(); }

/// Numbers from one state's block to the next one's, where they are copied.
template <class T>
[[nodiscard]] std::size_t block_stride(const Pass& pass) {
  return pass.vectors() * vector_numbers<T> + state_padding<T>;
}

template <class T>
void take_block(const Pass& pass, Bits base, const T* state, T* block) {
  if (in_place(pass)) return;
  for (std::size_t v = 0; v < pass.vectors(); v += pass.run) {
    std::copy_n(state + address<T>(base ^ pass.numbers[v]), pass.run * vector_numbers<T>,
                block + v * vector_numbers<T>);
  }
}

/// The same of a state of which only the first block of pass `first` is there, all else being zero.
template <class T>
void take_sparse_block(const Pass& pass, const Pass& first, Bits base, const T* state, T* block) {
  const std::size_t run = std::min(pass.run, first.run);
  for (std::size_t v = 0; v < pass.vectors(); v += run) {
    const Bits place = base ^ pass.numbers[v];
    T* to = block + v * vector_numbers<T>;
    if (!first.block.contains(place))
      std::fill_n(to, run * vector_numbers<T>, T{0});
    else if (!in_place(pass))
      std::copy_n(state + address<T>(place), run * vector_numbers<T>, to);
  }
}

template <class T>
void give_block(const Pass& pass, Bits base, const T* block, T* state) {
  if (in_place(pass)) return;
  for (std::size_t v = 0; v < pass.vectors(); v += pass.run) {
    std::copy_n(block + v * vector_numbers<T>, pass.run * vector_numbers<T>,
                state + address<T>(base ^ pass.numbers[v]));
  }
}

}  // namespace moonstill::quantum
