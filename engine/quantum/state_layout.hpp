// How a framed state lies in memory: [vectors][re, im][lanes].
#pragma once

#include <algorithm>
#include <cstddef>

#include "engine/core/memory.hpp"
#include "engine/quantum/frame.hpp"
#include "engine/quantum/kernels.hpp"

namespace moonstill::quantum {

template <class T>
inline constexpr std::size_t lanes_of = static_cast<std::size_t>(vector_lanes<T>);
/// Numbers of one vector of amplitudes.
template <class T>
inline constexpr std::size_t vector_numbers = 2 * lanes_of<T>;
/// Keeps states that are worked on together out of one another's cache sets.
template <class T>
inline constexpr std::size_t state_padding = 3 * memory_alignment / sizeof(T);
/// Amplitudes worth a thread of their own.
inline constexpr std::size_t parallel_amplitudes = 1 << 14;

/// Numbers of a state; small ones are padded to one vector.
template <class T>
[[nodiscard]] std::size_t state_numbers(int qubits) {
  return std::max(std::size_t{1} << qubits, lanes_of<T>) * 2;
}

/// Where the real part of a place lies; the imaginary part is lanes_of<T> further on.
template <class T>
[[nodiscard]] std::size_t address(Bits place) {
  return place / lanes_of<T> * vector_numbers<T> + place % lanes_of<T>;
}

}  // namespace moonstill::quantum
