#include "engine/quantum/state_readout.hpp"

#include "engine/core/interrupt.hpp"
#include "engine/core/threads.hpp"
#include "engine/quantum/state_layout.hpp"

namespace moonstill::quantum {
namespace {

// Calls body(pattern, address) for the amplitudes of each pattern in turn, patterns shared among threads.
template <class T, class Body>
void each_amplitude(const StateProbabilities& item, Body&& body) {
  parallel_for(item.patterns, std::max<std::size_t>(1, parallel_amplitudes / item.kernel.size()),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t pattern = begin; pattern < end; ++pattern) {
                   const Bits first = item.first(pattern);
                   for (const Bits outer : item.kernel.outer) {
                     for (const Bits inner : item.kernel.inner) {
                       body(pattern, address<T>(first ^ outer ^ inner));
                     }
                   }
                 }
               });
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

// Groups of basis states whose amplitudes fill lines of memory on both sides.
template <class T>
void copy_amplitudes(const Frame& frame, const T* state, T* to) {
  constexpr int line_bits = 4;
  const int bits = frame.bits();
  std::vector<Bits> places;  // of the basis states with one bit
  for (int b = 0; b < bits; ++b) places.push_back(frame.flip(b));
  const std::size_t line = std::size_t{1} << std::min(bits, line_bits);
  const Bits first = frame.place(0);
  const std::span<const Bits> all(places);
  const auto split = static_cast<std::size_t>(std::min(bits, line_bits));
  const Span inner(all.first(split));
  const Span outer(all.subspan(split));
  const std::size_t count = outer.size();
  parallel_for(count, parallel_amplitudes / line, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (i % 1024 == 0) poll_interrupt();
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
template void read_probabilities<double>(const StateProbabilities&, const double*, const double*, double,
                                         double*);
template void seed_probabilities<double>(const StateProbabilities&, const double*, const double*, double*);
template void copy_amplitudes<double>(const Frame&, const double*, double*);

}  // namespace moonstill::quantum
