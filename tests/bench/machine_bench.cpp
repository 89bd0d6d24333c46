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

void product(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor a = Tensor::full({n, n}, 0.5, DType::f32);
  for (auto _ : state) benchmark::DoNotOptimize(matmul(a, a, false, false));
  const auto size = static_cast<double>(n);
  state.counters["flop"] =
      benchmark::Counter(2 * size * size * size, benchmark::Counter::kIsIterationInvariantRate);
}

// The paper's layer as one would write it by hand: n qubits, 3 layers of Rot and CNOT, <Z> of each qubit.
void plain_layer(benchmark::State& state) {
  using Amplitude = std::complex<float>;
  const int n = static_cast<int>(state.range(0));
  const std::size_t size = std::size_t{1} << n;
  std::vector<Amplitude> psi(size);
  std::vector<float> readout(static_cast<std::size_t>(n));
  const Amplitude a(0.8F, 0.1F), b(-0.5F, 0.2F), c(0.5F, 0.2F), d(0.8F, -0.1F);
  for (auto _ : state) {
    std::fill(psi.begin(), psi.end(), Amplitude(1 / std::sqrt(static_cast<float>(size)), 0));
    for (int layer = 0; layer < 3; ++layer) {
      for (int q = 0; q < n; ++q) {
        const std::size_t bit = size >> (q + 1);
        for (std::size_t i = 0; i < size; ++i) {
          if ((i & bit) != 0) continue;
          const Amplitude x = psi[i];
          const Amplitude y = psi[i | bit];
          psi[i] = a * x + b * y;
          psi[i | bit] = c * x + d * y;
        }
      }
      for (int q = 0; q < n; ++q) {
        const std::size_t control = size >> (q + 1);
        const std::size_t target = size >> ((q + layer + 1) % n + 1);
        for (std::size_t i = 0; i < size; ++i) {
          if ((i & control) != 0 && (i & target) == 0) std::swap(psi[i], psi[i | target]);
        }
      }
    }
    for (int q = 0; q < n; ++q) {
      float sum = 0;
      for (std::size_t i = 0; i < size; ++i)
        sum += ((i >> (n - 1 - q)) & 1) != 0 ? -std::norm(psi[i]) : std::norm(psi[i]);
      readout[static_cast<std::size_t>(q)] = sum;
    }
    benchmark::DoNotOptimize(readout.data());
    benchmark::ClobberMemory();
  }
}

BENCHMARK(plain_layer)->Arg(6)->Arg(9)->Arg(10)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(peak, float)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_TEMPLATE(peak, double)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(scale)->Arg(512)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(product)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace moonstill
