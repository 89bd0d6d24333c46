#include "engine/quantum/qubits.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "engine/core/error.hpp"
#include "engine/core/memory.hpp"
#include "engine/quantum/state_eager.hpp"
#include "engine/quantum/state_layout.hpp"
#include "engine/quantum/state_readout.hpp"

namespace moonstill::quantum {
namespace {

// Log2 of the amplitudes that a gate goes through at a time.
constexpr int block_bits = 13;

std::string bits(std::size_t index, int count) {
  std::string text;
  for (int bit = count - 1; bit >= 0; --bit) text += ((index >> bit) & 1) != 0 ? '1' : '0';
  return text;
}

std::string number_text(std::complex<double> z) {
  const double tiny = 5e-5;
  if (std::abs(z.imag()) < tiny) return fmt::format("{: .4f}", z.real());
  if (std::abs(z.real()) < tiny) return fmt::format("{: .4f}i", z.imag());
  return fmt::format("{: .4f}{:+.4f}i", z.real(), z.imag());
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
    apply_plan(plan, numbers<T>());
    frame_ = plan.frame();
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

std::vector<double> Qubits::probabilities(std::vector<int> qubits) const {
  if (qubits.empty()) {
    qubits.resize(static_cast<std::size_t>(count_));
    std::iota(qubits.begin(), qubits.end(), 0);
  }
  return expectation(Probabilities{std::move(qubits)});
}

std::vector<Qubits::Outcome> Qubits::sample(std::int64_t shots, Generator& random) const {
  if (shots < 0) fail(ErrorKind::range, "sample: expected 0 shots or more, got {}", shots);
  std::vector<double> cumulative = probabilities();
  std::partial_sum(cumulative.begin(), cumulative.end(), cumulative.begin());
  std::map<std::uint64_t, std::int64_t> counts;
  for (std::int64_t shot = 0; shot < shots; ++shot) {
    // The sum differs from 1 by rounding; a draw below it always finds a state of non-zero probability.
    const double draw = random.uniform() * cumulative.back();
    const auto found = std::ranges::upper_bound(cumulative, draw);
    ++counts[static_cast<std::uint64_t>(std::min<std::ptrdiff_t>(
        found - cumulative.begin(), static_cast<std::ptrdiff_t>(cumulative.size()) - 1))];
  }
  std::vector<Outcome> out;
  for (const auto& [state, count] : counts) out.push_back({state, count});
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
  std::vector<std::size_t> order;
  for (std::size_t r = 0; r < amplitude_count(); ++r) {
    if (std::abs(amplitude(r)) >= 5e-5) order.push_back(r);
  }
  const std::size_t shown = std::min(order.size(), most_lines);
  const auto larger = [&](std::size_t a, std::size_t b) {
    const double pa = std::norm(amplitude(a));
    const double pb = std::norm(amplitude(b));
    return pa != pb ? pa > pb : a < b;
  };
  if (shown < order.size())
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(shown), larger);
  order.resize(shown);
  std::ranges::sort(order);
  std::string out;
  for (const std::size_t r : order)
    out += fmt::format("|{}⟩ {}\n", bits(r, count_), number_text(amplitude(r)));
  if (shown == most_lines && shown < amplitude_count()) out += "...\n";
  return out + fmt::format("[Qubits {} {}]", count_, dtype_name(dtype_));
}

}  // namespace moonstill::quantum
