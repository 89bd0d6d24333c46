#include "engine/quantum/state_readout.hpp"

#include <algorithm>

#include "engine/core/interrupt.hpp"
#include "engine/core/threads.hpp"
#include "engine/quantum/state_layout.hpp"

namespace moonstill::quantum {
namespace {

// Runs of places between looks at Ctrl-C.
constexpr std::size_t between_polls = 1024;

// Calls body(pattern, address) for the amplitudes of each pattern in turn, patterns shared among threads.
template <class T, class Body>
void each_amplitude(const StateProbabilities& item, Body&& body) {
  parallel_for(item.patterns, std::max<std::size_t>(1, parallel_amplitudes / item.kernel.size()),
               [&](std::size_t begin, std::size_t end) {
                 std::size_t runs = 0;
                 for (std::size_t pattern = begin; pattern < end; ++pattern) {
                   const Bits first = item.first(pattern);
                   for (const Bits outer : item.kernel.outer) {
                     if (++runs % between_polls == 0) poll_interrupt();
                     for (const Bits inner : item.kernel.inner) {
                       body(pattern, address<T>(first ^ outer ^ inner));
                     }
                   }
                 }
               });
}

std::vector<Bits> flips_of(const Frame& frame) {
  std::vector<Bits> flips;
  for (int b = 0; b < frame.bits(); ++b) flips.push_back(frame.flip(b));
  return flips;
}

}  // namespace

template <class T>
void read_probabilities(const StateProbabilities& item, const T* x, const T* y, double factor, double* to) {
  constexpr std::size_t im = lanes_of<T>;
  each_amplitude<T>(item, [&](std::size_t pattern, std::size_t at) {
    to[pattern] += factor * static_cast<double>(x[at] * y[at] + x[at + im] * y[at + im]);
  });
}

template <class T>
void seed_probabilities(const StateProbabilities& item, const T* weights, const T* from, T* to) {
  constexpr std::size_t im = lanes_of<T>;
  each_amplitude<T>(item, [&](std::size_t pattern, std::size_t at) {
    to[at] += weights[pattern] * from[at];
    to[at + im] += weights[pattern] * from[at + im];
  });
}

template <class T>
std::vector<std::size_t> largest_amplitudes(const Frame& frame, const T* state, double least,
                                            std::size_t most) {
  struct Large {
    double square;
    std::size_t index;
  };
  const auto larger = [](const Large& a, const Large& b) {
    return a.square != b.square ? a.square > b.square : a.index < b.index;
  };
  std::vector<Large> heap;  // the least large on top
  const Bits first = frame.place(0);
  const Span places(flips_of(frame));
  for (std::size_t outer = 0; outer < places.outer.size(); ++outer) {
    if (outer % between_polls == 0) poll_interrupt();
    for (std::size_t inner = 0; inner < places.inner.size(); ++inner) {
      const std::size_t at = address<T>(first ^ places.outer[outer] ^ places.inner[inner]);
      const auto re = static_cast<double>(state[at]);
      const auto im = static_cast<double>(state[at + lanes_of<T>]);
      const Large here{re * re + im * im, outer * places.inner.size() + inner};
      if (here.square < least * least) continue;
      if (heap.size() == most) {
        if (!larger(here, heap.front())) continue;
        std::ranges::pop_heap(heap, larger);
        heap.pop_back();
      }
      heap.push_back(here);
      std::ranges::push_heap(heap, larger);
    }
  }
  std::vector<std::size_t> indices;
  for (const Large& one : heap) indices.push_back(one.index);
  std::ranges::sort(indices);
  return indices;
}

// Groups of basis states whose amplitudes fill lines of memory on both sides.
template <class T>
void copy_amplitudes(const Frame& frame, const T* state, T* to) {
  constexpr int line_bits = 4;
  const int bits = frame.bits();
  const std::vector<Bits> places = flips_of(frame);
  const std::size_t line = std::size_t{1} << std::min(bits, line_bits);
  const Bits first = frame.place(0);
  const std::span<const Bits> all(places);
  const auto split = static_cast<std::size_t>(std::min(bits, line_bits));
  const Span inner(all.first(split));
  const Span outer(all.subspan(split));
  const std::size_t count = outer.size();
  parallel_for(count, parallel_amplitudes / line, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (i % between_polls == 0) poll_interrupt();
      const Bits base = first ^ outer[i];
      T* at = to + i * line * 2;
      for (std::size_t k = 0; k < line; ++k) {
        const std::size_t from = address<T>(base ^ inner.inner[k]);
        at[2 * k] = state[from];
        at[2 * k + 1] = state[from + lanes_of<T>];
      }
    }
  });
}

template void read_probabilities<float>(const StateProbabilities&, const float*, const float*, double,
                                        double*);
template void seed_probabilities<float>(const StateProbabilities&, const float*, const float*, float*);
template void copy_amplitudes<float>(const Frame&, const float*, float*);
template std::vector<std::size_t> largest_amplitudes<float>(const Frame&, const float*, double, std::size_t);
template void read_probabilities<double>(const StateProbabilities&, const double*, const double*, double,
                                         double*);
template void seed_probabilities<double>(const StateProbabilities&, const double*, const double*, double*);
template void copy_amplitudes<double>(const Frame&, const double*, double*);
template std::vector<std::size_t> largest_amplitudes<double>(const Frame&, const double*, double,
                                                             std::size_t);

}  // namespace moonstill::quantum
