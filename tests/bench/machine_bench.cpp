// What the machine can do at most: fused multiply-adds, streaming memory, and a matrix product; and what a
// plain loop takes for the quantum layer on one sample. The other benchmarks are read as fractions of these.
#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <complex>
#include <vector>

#include "engine/core/memory.hpp"
#include "engine/core/threads.hpp"
#include "engine/tensor/lanes.hpp"
#include "engine/tensor/linalg.hpp"

namespace moonstill {
namespace {

template <class T>
using Vector = Lanes<T, vector_bytes / static_cast<int>(sizeof(T))>;

// Independent chains, enough to fill the pipelines.
template <class T>
T multiply_add(std::int64_t rounds) {
  constexpr std::size_t chains = 12;
  std::array<Vector<T>, chains> x{};
  for (std::size_t c = 0; c < chains; ++c) x[c] += static_cast<T>(c);
  const Vector<T> factor = Vector<T>{} + static_cast<T>(0.999);
  const Vector<T> term = Vector<T>{} + static_cast<T>(1e-3);
  for (std::int64_t i = 0; i < rounds; ++i) {
    for (Vector<T>& v : x) v = v * factor + term;
  }
  Vector<T> sum{};
  for (const Vector<T>& v : x) sum += v;
  return sum[0];
}

// On every thread of the team.
template <class T>
void peak(benchmark::State& state) {
  constexpr std::int64_t rounds = 200000;
  const std::size_t threads = thread_count();
  for (auto _ : state) {
    parallel_for(threads, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) benchmark::DoNotOptimize(multiply_add<T>(rounds));
    });
  }
  const double lanes = vector_bytes / sizeof(T);
  state.counters["flop"] = benchmark::Counter(2.0 * 12 * lanes * rounds * static_cast<double>(threads),
                                              benchmark::Counter::kIsIterationInvariantRate);
}

// Scales an array in place, which is what an in-place gate on a large state does to memory.
void scale(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0)) * 1024 * 1024 / sizeof(float);
  std::vector<float> numbers(count, 1.0F);
  for (auto _ : state) {
    parallel_for(count, 1 << 16, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) numbers[i] *= 1.0000001F;
    });
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(2 * count * sizeof(float)));
}

// Reads one array and writes another.
void copy(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0)) * 1024 * 1024 / sizeof(float);
  const std::vector<float> from(count, 1.0F);
  std::vector<float> to(count);
  for (auto _ : state) {
    parallel_for(count, 1 << 16, [&](std::size_t begin, std::size_t end) {
      std::copy_n(from.data() + begin, end - begin, to.data() + begin);
    });
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(2 * count * sizeof(float)));
}

template <class T>
void product(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor a = Tensor::full({n, n}, 0.5, dtype_of<T>());
  for (auto _ : state) benchmark::DoNotOptimize(matmul(a, a, false, false));
  const auto size = static_cast<double>(n);
  state.counters["flop"] =
      benchmark::Counter(2 * size * size * size, benchmark::Counter::kIsIterationInvariantRate);
}

// A statevector as one would write it by hand for one sample: real and imaginary parts apart, plain loops
// over runs of neighbouring amplitudes. A qubit is named by its bit.
struct PlainState {
  std::size_t size;
  std::vector<float> real = std::vector<float>(size), imaginary = std::vector<float>(size);

  void embed(const std::vector<float>& amplitudes) {
    float squares = 0;
    for (const float x : amplitudes) squares += x * x;
    for (std::size_t i = 0; i < size; ++i) real[i] = amplitudes[i] / std::sqrt(squares);
    std::fill(imaginary.begin(), imaginary.end(), 0.0F);
  }

  // RZ(omega) RY(theta) RZ(phi)
  void rotate(std::size_t bit, float phi, float theta, float omega) {
    const float cosine = std::cos(theta / 2), sine = std::sin(theta / 2);
    const std::complex<float> sum = std::polar(1.0F, (phi + omega) / 2);
    const std::complex<float> difference = std::polar(1.0F, (phi - omega) / 2);
    const std::complex<float> a = cosine * std::conj(sum), b = -sine * difference;
    for (std::size_t run = 0; run < size; run += 2 * bit) {
      float* const xr = real.data() + run;
      float* const xi = imaginary.data() + run;
      rotate_run(bit, a, b, xr, xi, xr + bit, xi + bit);
    }
  }

  static void rotate_run(std::size_t count, std::complex<float> a, std::complex<float> b,
                         float* __restrict__ xr, float* __restrict__ xi, float* __restrict__ yr,
                         float* __restrict__ yi) {
    for (std::size_t i = 0; i < count; ++i) {
      const float pr = xr[i], pi = xi[i], qr = yr[i], qi = yi[i];
      xr[i] = a.real() * pr - a.imag() * pi + b.real() * qr - b.imag() * qi;
      xi[i] = a.real() * pi + a.imag() * pr + b.real() * qi + b.imag() * qr;
      yr[i] = -b.real() * pr - b.imag() * pi + a.real() * qr + a.imag() * qi;
      yi[i] = -b.real() * pi + b.imag() * pr + a.real() * qi - a.imag() * qr;
    }
  }

  void cnot(std::size_t control, std::size_t target) {
    for (std::size_t run = control; run < size; run += 2 * control) {
      for (std::size_t i = run; i < run + control; ++i) {
        if ((i & target) != 0) continue;
        std::swap(real[i], real[i | target]);
        std::swap(imaginary[i], imaginary[i | target]);
      }
    }
  }

  // Of a Hermitian {first, off; conj(off), second}.
  [[nodiscard]] float expectation(std::size_t bit, float first, std::complex<float> off, float second) const {
    float sum = 0;
    for (std::size_t run = 0; run < size; run += 2 * bit) {
      for (std::size_t i = run; i < run + bit; ++i) {
        const float pr = real[i], pi = imaginary[i], qr = real[i + bit], qi = imaginary[i + bit];
        sum += first * (pr * pr + pi * pi) + second * (qr * qr + qi * qi) +
               2 * (off.real() * (pr * qr + pi * qi) - off.imag() * (pr * qi - pi * qr));
      }
    }
    return sum;
  }
};

// The paper's layer, its value: n qubits, 3 layers of Rot and CNOT, a Hermitian on each qubit.
void plain_layer(benchmark::State& state) {
  constexpr std::size_t layers = 3;
  const auto n = static_cast<std::size_t>(state.range(0));
  PlainState psi{std::size_t{1} << n};
  const auto bit = [&](std::size_t qubit) { return psi.size >> (qubit + 1); };
  std::vector<float> amplitudes(psi.size, 0.3F), angles(layers * n * 3, 0.7F), readout(n);
  benchmark::DoNotOptimize(angles.data());
  for (auto _ : state) {
    psi.embed(amplitudes);
    for (std::size_t layer = 0; layer < layers; ++layer) {
      for (std::size_t q = 0; q < n; ++q) {
        const float* w = &angles[(layer * n + q) * 3];
        psi.rotate(bit(q), w[0], w[1], w[2]);
      }
      for (std::size_t q = 0; q < n; ++q) psi.cnot(bit(q), bit((q + layer + 1) % n));
    }
    for (std::size_t q = 0; q < n; ++q) readout[q] = psi.expectation(bit(q), 0.5F, {0.2F, 0.1F}, -0.4F);
    benchmark::DoNotOptimize(readout.data());
    benchmark::ClobberMemory();
  }
}

BENCHMARK(plain_layer)->Arg(6)->Arg(9)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(peak, float)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_TEMPLATE(peak, double)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(scale)->Arg(512)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(copy)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_TEMPLATE(product, float)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_TEMPLATE(product, double)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace moonstill
