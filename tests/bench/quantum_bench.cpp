// The paper's quantum layer: n qubits, real amplitudes, 3 strongly entangling layers, a Hermitian on each
// qubit; forward, with all gradients (amplitudes, angles, Hermitians), and Hessian-vector products. Then
// single states. per_sample is what compares with other simulators.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/core/random.hpp"
#include "engine/core/threads.hpp"
#include "engine/quantum/expectation.hpp"
#include "engine/quantum/qubits.hpp"

namespace moonstill::quantum {
namespace {

// A circuit, its readout and a point at which to evaluate them.
struct Layer {
  std::shared_ptr<const Measurement> measurement;
  Values point;  // amplitudes, angles, Hermitians
  std::int64_t samples;

  [[nodiscard]] Values outputs(std::span<const Value> at) const {
    return {expectation(measurement, at.first(2), at.subspan(2))};
  }
  [[nodiscard]] Value loss(std::span<const Value> at) const { return ops::sum(outputs(at)[0]); }
};

Value random_value(const Shape& shape, DType dtype, std::uint64_t seed, Layout layout = Layout::row_major) {
  std::vector<double> numbers(static_cast<std::size_t>(shape.count()));
  Generator(seed).fill_normal(numbers);
  return Tensor::from(numbers, shape, dtype).with_layout(layout);
}

// A batch of one is a single state, without a batch axis.
Layer make_layer(int n, std::int64_t batch, std::int64_t layers, DType dtype, RouteChoice choice = {}) {
  Circuit circuit(n);
  const std::int64_t size = circuit.amplitude_count();
  const int x = circuit.add_input("x", {size});
  const int w = circuit.add_input("w", {layers, n, 3});
  circuit.amplitudes(x).strongly_entangling(w);
  Readout readout;
  std::vector<std::vector<int>> qubits;
  for (int q = 0; q < n; ++q) qubits.push_back({q});
  readout.add_hermitian_input(qubits);
  const Value amplitudes =
      batch == 1 ? random_value({size}, dtype, 1) : random_value({batch, size}, dtype, 1, Layout::tiled);
  return {std::make_shared<const Measurement>(Measurement{std::move(circuit), std::move(readout), choice}),
          {amplitudes, random_value({layers, n, 3}, dtype, 2), random_value({n, 2, 2, 2}, dtype, 3)},
          batch};
}

Layer layer_of(const benchmark::State& state, DType dtype) {
  return make_layer(static_cast<int>(state.range(0)), state.range(1), state.range(2), dtype);
}

void report(benchmark::State& state, std::int64_t samples) {
  state.counters["per_sample"] =
      benchmark::Counter(static_cast<double>(samples),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void forward(benchmark::State& state, DType dtype) {
  const Layer layer = layer_of(state, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(layer.outputs(layer.point));
  report(state, layer.samples);
}

void gradient(benchmark::State& state, DType dtype) {
  const Layer layer = layer_of(state, dtype);
  const Function f = [&](std::span<const Value> at) { return Values{layer.loss(at)}; };
  for (auto _ : state) benchmark::DoNotOptimize(value_and_grad(f, layer.point));
  report(state, layer.samples);
}

void hessian_vector(benchmark::State& state, DType dtype) {
  const Layer layer = layer_of(state, dtype);
  const Function f = [&](std::span<const Value> at) { return Values{layer.loss(at)}; };
  for (auto _ : state) benchmark::DoNotOptimize(hvp(f, layer.point, layer.point));
  report(state, layer.samples);
}

// The routes side by side, for the tables in route.cpp.
void route_gradient(benchmark::State& state, RouteChoice choice, DType dtype) {
  const Layer layer = make_layer(static_cast<int>(state.range(0)), state.range(1), 3, dtype, choice);
  const Function f = [&](std::span<const Value> at) { return Values{layer.loss(at)}; };
  for (auto _ : state) benchmark::DoNotOptimize(value_and_grad(f, layer.point));
  report(state, layer.samples);
}

// RY on every qubit, then a ring of CNOTs, on one state: read once, or given in the order of basis states.
void rotations_and_ring(benchmark::State& state, bool readable, DType dtype) {
  const int n = static_cast<int>(state.range(0));
  Circuit circuit(n);
  const int w = circuit.add_input("w", {n});
  circuit.angles(gate("ry"), w);
  for (int q = 0; q < n; ++q) circuit.add(gate("cnot"), {q, (q + 1) % n});
  const Values angles{random_value({n}, dtype, 2)};
  if (readable) {
    for (auto _ : state) benchmark::DoNotOptimize(quantum::state(circuit, angles));
    return;
  }
  Readout readout{PauliSum{{pauli_word("Z", std::vector<int>{0})}}};
  const auto measurement = std::make_shared<const Measurement>(Measurement{circuit, readout});
  for (auto _ : state) benchmark::DoNotOptimize(expectation(measurement, angles));
}

void rows(benchmark::internal::Benchmark* b) {
  b->ArgNames({"n", "batch", "layers"});
  for (const auto& [n, batch] : {std::pair{6, 1024}, {6, 10}, {6, 1}, {10, 64}, {16, 16}, {20, 1}})
    b->Args({n, batch, 3});
  b->Unit(benchmark::kMicrosecond)->UseRealTime();
}

BENCHMARK_CAPTURE(forward, f32, DType::f32)->Apply(rows);
BENCHMARK_CAPTURE(gradient, f32, DType::f32)->Apply(rows);
BENCHMARK_CAPTURE(hessian_vector, f32, DType::f32)->Apply(rows);
BENCHMARK_CAPTURE(forward, f64, DType::f64)->Apply(rows);
BENCHMARK_CAPTURE(gradient, f64, DType::f64)->Apply(rows);
BENCHMARK_CAPTURE(hessian_vector, f64, DType::f64)->Apply(rows);

// For worth_of_tile: whole tiles, and as many samples one after the other.
void tile_rows(benchmark::internal::Benchmark* b) {
  b->ArgNames({"n", "batch"})->ArgsProduct({benchmark::CreateDenseRange(2, 11, 1), {64}});
  b->Unit(benchmark::kMicrosecond)->UseRealTime();
}

// With one thread for most_packed, some samples behind whole tiles; with two for most_packed_behind_pairs.
void pack_rows(benchmark::internal::Benchmark* b) {
  b->ArgNames({"n", "batch"})->ArgsProduct({benchmark::CreateDenseRange(5, 11, 1), {64 + 12, 16}});
  b->Unit(benchmark::kMicrosecond)->UseRealTime();
}

// For contraction_pays: many more samples than amplitudes.
void contract_rows(benchmark::internal::Benchmark* b) {
  b->ArgNames({"n", "batch"})->ArgsProduct({{2, 4, 6}, {4096}});
  b->Unit(benchmark::kMicrosecond)->UseRealTime();
}

constexpr RouteChoice tiles{Route::tiles, {}, false};
constexpr RouteChoice packs{Route::tiles, {}, true};
constexpr RouteChoice contract{Route::contract};
constexpr RouteChoice states{Route::state};
BENCHMARK_CAPTURE(route_gradient, tiles_f32, tiles, DType::f32)->Apply(tile_rows);
BENCHMARK_CAPTURE(route_gradient, state_f32, states, DType::f32)->Apply(tile_rows);
BENCHMARK_CAPTURE(route_gradient, tiles_f64, tiles, DType::f64)->Apply(tile_rows);
BENCHMARK_CAPTURE(route_gradient, state_f64, states, DType::f64)->Apply(tile_rows);
BENCHMARK_CAPTURE(route_gradient, tiles_f32, tiles, DType::f32)->Apply(pack_rows);
BENCHMARK_CAPTURE(route_gradient, packs_f32, packs, DType::f32)->Apply(pack_rows);
BENCHMARK_CAPTURE(route_gradient, tiles_f32, tiles, DType::f32)->Apply(contract_rows);
BENCHMARK_CAPTURE(route_gradient, contract_f32, contract, DType::f32)->Apply(contract_rows);

void large_rows(benchmark::internal::Benchmark* b) {
  b->Arg(22)->Arg(24)->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK_CAPTURE(rotations_and_ring, one_readout_f32, false, DType::f32)->Apply(large_rows);
BENCHMARK_CAPTURE(rotations_and_ring, state_f32, true, DType::f32)->Apply(large_rows);
BENCHMARK_CAPTURE(rotations_and_ring, one_readout_f64, false, DType::f64)->Apply(large_rows);
BENCHMARK_CAPTURE(rotations_and_ring, state_f64, true, DType::f64)->Apply(large_rows);

}  // namespace
}  // namespace moonstill::quantum
