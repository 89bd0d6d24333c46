#include "engine/quantum/qubits.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.hpp"
#include "engine/core/memory.hpp"
#include "engine/core/pieces.hpp"
#include "engine/quantum/state_eager.hpp"
#include "engine/quantum/state_layout.hpp"
#include "engine/quantum/state_readout.hpp"

namespace moonstill::quantum {
namespace {

// Log2 of the amplitudes that a gate goes through at a time.
constexpr int block_bits = 13;
// Below it an amplitude prints as 0.
constexpr double tiny = 5e-5;
// Numbers between looks at Ctrl-C.
constexpr std::size_t piece_numbers = std::size_t{1} << 18;

std::string bits(std::size_t index, int count) {
  std::string text;
  for (int bit = count - 1; bit >= 0; --bit) text += ((index >> bit) & 1) != 0 ? '1' : '0';
  return text;
}

std::string number_text(std::complex<double> z) {
  if (std::abs(z.imag()) < tiny) return fmt::format("{: .4f}", z.real());
  if (std::abs(z.real()) < tiny) return fmt::format("{: .4f}i", z.imag());
  return fmt::format("{: .4f}{:+.4f}i", z.real(), z.imag());
}

// Even random numbers in [0, bound), ascending.
Tensor sorted_draws(std::int64_t count, double bound, Generator& random) {
  Tensor draws = Tensor::empty({count}, DType::f64);
  const std::span<double> numbers = draws.write<double>();
  in_pieces(numbers.size(), piece_numbers, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) numbers[i] = random.uniform() * bound;
  });
  std::size_t compared = 0;
  std::ranges::sort(numbers, [&](double a, double b) {
    if (++compared % piece_numbers == 0) poll_interrupt();
    return a < b;
  });
  return draws;
}

// The first place, from a given one on, of a number above x among ascending ones; their last place where none
// is. Places near the given one are found soonest.
std::size_t first_above(std::span<const double> ascending, std::size_t from, double x) {
  std::size_t step = 1;
  for (; from + step < ascending.size() && ascending[from + step - 1] <= x; step *= 2) from += step;
  const auto part = ascending.subspan(from, std::min(step, ascending.size() - 1 - from));
  return from + static_cast<std::size_t>(std::ranges::upper_bound(part, x) - part.begin());
}

}  // namespace

Qubits::Qubits(int n, DType dtype, int first_number)
    : count_(n), dtype_(dtype), first_number_(first_number), frame_(std::clamp(n, 1, max_qubits)) {
  const Circuit valid(n, first_number);
  dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    memory_ = allocate_memory(state_numbers<T>(count_) * sizeof(T));
  });
  reset();
}

template <class T>
T* Qubits::numbers() const {
  return reinterpret_cast<T*>(memory_.get());
}

Qubits& Qubits::reset() {
  frame_ = Frame(count_);
  dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    std::fill_n(numbers<T>(), state_numbers<T>(count_), T{0});
    numbers<T>()[0] = 1;
  });
  return *this;
}

void Qubits::apply_circuit(const Circuit& circuit) {
  dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    const StatePlan plan(circuit, {}, vector_bits<T>, block_bits, frame_);
    // What takes long may be interrupted, and must leave the state as it was: it works on a copy.
    const bool wide = std::ranges::any_of(plan.operations(),
                                          [](const StateOperation& o) { return o.site.flips().size() > 2; });
    const auto memory = wide ? copied_memory() : memory_;
    apply_plan(plan, reinterpret_cast<T*>(memory.get()));
    memory_ = memory;
    frame_ = plan.frame();
  });
}

std::shared_ptr<std::byte> Qubits::copied_memory() const {
  return dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    const std::size_t count = state_numbers<T>(count_);
    auto memory = allocate_memory(count * sizeof(T));
    in_pieces(count, piece_numbers, [&](std::size_t begin, std::size_t end) {
      std::copy(numbers<T>() + begin, numbers<T>() + end, reinterpret_cast<T*>(memory.get()) + begin);
    });
    return memory;
  });
}

Qubits& Qubits::apply(const Gate& gate, std::vector<int> qubits, std::span<const double> angles,
                      std::vector<int> controls) {
  std::vector<Angle> constants;
  for (const double angle : angles) constants.push_back(Angle::constant(angle));
  apply_circuit(
      Circuit(count_, first_number_).add(gate, std::move(qubits), std::move(constants), std::move(controls)));
  return *this;
}

Qubits& Qubits::apply(ComplexMatrix matrix, std::vector<int> qubits, std::vector<int> controls) {
  apply_circuit(
      Circuit(count_, first_number_).unitary(std::move(matrix), std::move(qubits), std::move(controls)));
  return *this;
}

std::complex<double> Qubits::amplitude(std::size_t index) const {
  if (index >= amplitude_count()) {
    fail(ErrorKind::range, "qubits: basis state {} is outside 0..{}", index, amplitude_count() - 1);
  }
  return dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    const T* at = numbers<T>() + address<T>(frame_.place(static_cast<Bits>(index)));
    return std::complex<double>(at[0], at[vector_lanes<T>]);
  });
}

Tensor Qubits::amplitudes() const {
  const auto size = static_cast<std::int64_t>(amplitude_count());
  Tensor out = Tensor::empty({size, 2}, dtype_);
  dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    copy_amplitudes(frame_, numbers<T>(), out.write<T>().data());
  });
  return out;
}

Qubits& Qubits::set_amplitudes(std::span<const std::complex<double>> amplitudes) {
  if (amplitudes.size() != amplitude_count()) {
    fail(ErrorKind::shape, "qubits: expected {} amplitudes, got {}", amplitude_count(), amplitudes.size());
  }
  double square = 0;
  for (const auto& z : amplitudes) square += std::norm(z);
  if (!(square > 0) || !std::isfinite(square)) {
    fail(ErrorKind::numeric, "qubits: amplitudes of 2-norm {} cannot be normalised", std::sqrt(square));
  }
  frame_ = Frame(count_);
  dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    for (std::size_t r = 0; r < amplitudes.size(); ++r) {
      T* at = numbers<T>() + address<T>(static_cast<Bits>(r));
      at[0] = static_cast<T>(amplitudes[r].real() / std::sqrt(square));
      at[vector_lanes<T>] = static_cast<T>(amplitudes[r].imag() / std::sqrt(square));
    }
  });
  return *this;
}

Tensor Qubits::probabilities(std::vector<int> qubits) const {
  if (qubits.empty()) {
    qubits.resize(static_cast<std::size_t>(count_));
    std::iota(qubits.begin(), qubits.end(), 0);
  }
  Readout{Probabilities{qubits}}.check(count_, first_number_);
  std::vector<Parity> parities;
  for (const int q : qubits) parities.push_back(frame_.row(count_ - 1 - q));
  const StateProbabilities item(parities, count_, 0);
  Tensor out = Tensor::full({static_cast<std::int64_t>(item.patterns)}, 0, DType::f64);
  dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    read_probabilities(item, numbers<T>(), numbers<T>(), 1, out.write<double>().data());
  });
  return out;
}

std::vector<Qubits::Outcome> Qubits::sample(std::int64_t shots, Generator& random) const {
  if (shots < 0) fail(ErrorKind::range, "sample: expected 0 shots or more, got {}", shots);
  Tensor sums = probabilities();
  const std::span<double> cumulative = sums.write<double>();
  in_pieces(cumulative.size(), piece_numbers, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = std::max<std::size_t>(begin, 1); r < end; ++r) cumulative[r] += cumulative[r - 1];
  });
  const Tensor draws = sorted_draws(shots, cumulative.back(), random);
  std::vector<Outcome> out;
  std::size_t state = 0;
  in_pieces(static_cast<std::size_t>(shots), piece_numbers, [&](std::size_t begin, std::size_t end) {
    for (const double draw : draws.data<double>().subspan(begin, end - begin)) {
      state = first_above(cumulative, state, draw);
      if (out.empty() || out.back().state != state) out.push_back({state, 0});
      ++out.back().count;
    }
  });
  return out;
}

std::vector<double> Qubits::expectation(const Observable& observable) const {
  const Circuit circuit(count_, first_number_);
  const Readout readout{observable};
  readout.check(count_, first_number_);
  return dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    const StatePlan plan(circuit, readout, vector_bits<T>, block_bits, frame_);
    return read_plan(plan, numbers<T>());
  });
}

std::string Qubits::text(std::size_t most_lines) const {
  const std::vector<std::size_t> shown = dispatch_floating(dtype_, "qubits", [&](auto element) {
    using T = decltype(element);
    return largest_amplitudes(frame_, numbers<T>(), tiny, most_lines);
  });
  std::string out;
  for (const std::size_t r : shown)
    out += fmt::format("|{}⟩ {}\n", bits(r, count_), number_text(amplitude(r)));
  if (shown.size() == most_lines && most_lines < amplitude_count()) out += "...\n";
  return out + fmt::format("[Qubits {} {}]", count_, dtype_name(dtype_));
}

}  // namespace moonstill::quantum
