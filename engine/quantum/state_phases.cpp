#include "engine/quantum/state_phases.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/core/memory.hpp"
#include "engine/quantum/kernels.hpp"
#include "engine/tensor/lanes.hpp"
#include "engine/tensor/work.hpp"

namespace moonstill::quantum {
namespace {

template <class T>
constexpr int W = vector_lanes<T>;
template <class T>
using Vector = Lanes<T, W<T>>;

template <class T>
Bits high(Bits mask) {
  return mask / static_cast<Bits>(W<T>);
}

// +1 or -1 for each lane: the part of a parity that differs among them, and its offset.
template <class T>
Vector<T> lane_signs(const Parity& parity) {
  Vector<T> signs{};
  for (int lane = 0; lane < W<T>; ++lane) {
    const bool negative = odd(parity.mask & static_cast<Bits>(lane) & static_cast<Bits>(W<T> - 1));
    signs[lane] = negative != parity.offset ? T{-1} : T{1};
  }
  return signs;
}

template <class T>
struct Amplitude {
  Vector<T> re, im;

  static Amplitude load(const T* at) { return {load_lanes<T, W<T>>(at), load_lanes<T, W<T>>(at + W<T>)}; }
  void store(T* at) const {
    store_lanes<T, W<T>>(at, re);
    store_lanes<T, W<T>>(at + W<T>, im);
  }
  friend Amplitude operator*(const Amplitude& a, const Amplitude& b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  [[nodiscard]] Amplitude conjugate() const { return {re, -im}; }
  // this + i rate x
  [[nodiscard]] Amplitude plus_rate(const Vector<T>& rate, const Amplitude& x) const {
    return {re - rate * x.im, im + rate * x.re};
  }
};

// What a term multiplies rows by, those of even parity; the others by the conjugate. And its phase's change.
template <class T>
struct TermTurn {
  Bits mask;
  Amplitude<T> even;
  Vector<T> change;
};

template <class T>
std::vector<TermTurn<T>> term_turns(const std::vector<ParityTerm>& terms,
                                    std::span<const AngleSource<T>> sources) {
  std::vector<TermTurn<T>> turns;
  turns.reserve(terms.size());
  for (const ParityTerm& term : terms) {
    double angle = 0;
    double rate = 0;
    for (const auto& [of, coefficient] : term.shares) {
      angle += coefficient * of.offset;
      if (of.is_constant()) continue;
      const AngleSource<T>& source = sources[static_cast<std::size_t>(of.input)];
      angle += coefficient * of.scale * source.value(of.slot, 0);
      rate += coefficient * of.scale * source.along(of.slot, 0);
    }
    const Vector<T> signs = lane_signs<T>(term.parity);
    turns.push_back({high<T>(term.parity.mask),
                     {Vector<T>{} + static_cast<T>(std::cos(angle)), signs * static_cast<T>(std::sin(angle))},
                     signs * static_cast<T>(rate)});
  }
  return turns;
}

// The product of all terms' turns, and the sum of their changes, for vectors [first, last).
template <class T>
void multiply_turns(const std::vector<TermTurn<T>>& terms, std::size_t first, std::size_t last, T* turns,
                    T* rates) {
  constexpr auto lanes = static_cast<std::size_t>(W<T>);
  for (std::size_t v = first; v < last; ++v) {
    Amplitude<T> turn{Vector<T>{} + T{1}, {}};
    Vector<T> rate{};
    for (const TermTurn<T>& term : terms) {
      const bool negative = odd(term.mask & static_cast<Bits>(v));
      turn = turn * (negative ? term.even.conjugate() : term.even);
      rate = negative ? rate - term.change : rate + term.change;
    }
    turn.store(turns + 2 * v * lanes);
    store_lanes<T, W<T>>(rates + v * lanes, rate);
  }
}

// Im conj(a) s.
template <class T>
Vector<T> slope(const Amplitude<T>& a, const Amplitude<T>& s) {
  return a.re * s.im - a.im * s.re;
}

}  // namespace

template <class T>
PhaseTable<T> phase_table(const std::vector<ParityTerm>& terms, std::size_t vectors,
                          std::span<const AngleSource<T>> sources) {
  constexpr auto lanes = static_cast<std::size_t>(W<T>);
  PhaseTable<T> table;
  table.memory = allocate_memory(3 * vectors * lanes * sizeof(T));
  T* turns = reinterpret_cast<T*>(table.memory.get());
  T* rates = turns + 2 * vectors * lanes;
  const std::vector<TermTurn<T>> found = term_turns(terms, sources);
  // A few vectors, which stay in the first-level cache, through all terms.
  constexpr std::size_t block = 64;
  const auto work = static_cast<std::int64_t>(block * lanes * (found.size() + 1));
  share_items(static_cast<std::int64_t>((vectors + block - 1) / block), work, serial_moves,
              [&](std::int64_t b) {
                const std::size_t first = static_cast<std::size_t>(b) * block;
                multiply_turns<T>(found, first, std::min(vectors, first + block), turns, rates);
              });
  table.turns = turns;
  table.rates = rates;
  return table;
}

template <class T>
void turn_phases(const StatePhaseStep<T>& step) {
  constexpr auto lanes = static_cast<std::size_t>(W<T>);
  for (std::size_t v = 0; v < step.vectors; ++v) {
    const std::size_t at = 2 * v * lanes;
    const auto turn = Amplitude<T>::load(step.turns + at);
    const Amplitude<T> s = turn * Amplitude<T>::load(step.s + at);
    s.store(step.s + at);
    if (step.sdot == nullptr) continue;
    const Amplitude<T> sdot = turn * Amplitude<T>::load(step.sdot + at);
    sdot.plus_rate(load_lanes<T, W<T>>(step.rates + v * lanes), s).store(step.sdot + at);
  }
}

template <class T>
void undo_phases(const StatePhaseStep<T>& step) {
  constexpr auto lanes = static_cast<std::size_t>(W<T>);
  for (std::size_t v = 0; v < step.vectors; ++v) {
    const std::size_t at = 2 * v * lanes;
    const auto back = Amplitude<T>::load(step.turns + at).conjugate();
    const auto s = Amplitude<T>::load(step.s + at);
    const auto a = Amplitude<T>::load(step.a + at);
    (back * s).store(step.s + at);
    (back * a).store(step.a + at);
    Vector<T> sum;
    if (step.sdot == nullptr) {
      sum = slope(a, s);
    } else {
      const Vector<T> rate = -load_lanes<T, W<T>>(step.rates + v * lanes);
      const auto sdot = Amplitude<T>::load(step.sdot + at);
      const auto adot = Amplitude<T>::load(step.adot + at);
      sum = slope(adot, s) + slope(a, sdot);
      (back * sdot.plus_rate(rate, s)).store(step.sdot + at);
      (back * adot.plus_rate(rate, a)).store(step.adot + at);
    }
    if (step.slopes == nullptr) continue;
    T* slopes = step.slopes + v * lanes;
    store_lanes<T, W<T>>(slopes, load_lanes<T, W<T>>(slopes) + sum);
  }
}

// A Walsh-Hadamard transform over the vectors, then each term's signs among its lanes.
template <class T>
std::vector<double> parity_sums(const std::vector<ParityTerm>& terms, std::span<T> slopes) {
  constexpr auto lanes = static_cast<std::size_t>(W<T>);
  for (std::size_t half = lanes; half < slopes.size(); half *= 2) {
    for (std::size_t first = 0; first < slopes.size(); first += 2 * half) {
      T* low = slopes.data() + first;
      for (std::size_t i = 0; i < half; i += lanes) {
        const Vector<T> x = load_lanes<T, W<T>>(low + i);
        const Vector<T> y = load_lanes<T, W<T>>(low + half + i);
        store_lanes<T, W<T>>(low + i, x + y);
        store_lanes<T, W<T>>(low + half + i, x - y);
      }
    }
  }
  std::vector<double> sums;
  for (const ParityTerm& term : terms) {
    const T* at = slopes.data() + high<T>(term.parity.mask) * lanes;
    const Vector<T> signed_lanes = lane_signs<T>(term.parity) * load_lanes<T, W<T>>(at);
    double sum = 0;
    for (int lane = 0; lane < W<T>; ++lane) sum += static_cast<double>(signed_lanes[lane]);
    sums.push_back(sum);
  }
  return sums;
}

template PhaseTable<float> phase_table<float>(const std::vector<ParityTerm>&, std::size_t,
                                              std::span<const AngleSource<float>>);
template void turn_phases<float>(const StatePhaseStep<float>&);
template void undo_phases<float>(const StatePhaseStep<float>&);
template std::vector<double> parity_sums<float>(const std::vector<ParityTerm>&, std::span<float>);
template PhaseTable<double> phase_table<double>(const std::vector<ParityTerm>&, std::size_t,
                                                std::span<const AngleSource<double>>);
template void turn_phases<double>(const StatePhaseStep<double>&);
template void undo_phases<double>(const StatePhaseStep<double>&);
template std::vector<double> parity_sums<double>(const std::vector<ParityTerm>&, std::span<double>);

}  // namespace moonstill::quantum
