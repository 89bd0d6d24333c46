// What operations on small tensors cost beside their arithmetic, and a LeNet's gradient as the engine sees
// it; f32 and f64.
#include <benchmark/benchmark.h>

#include <vector>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/core/random.hpp"

namespace moonstill {
namespace {

Tensor random_tensor(const Shape& shape, DType dtype, double deviation = 1.0) {
  std::vector<double> numbers(static_cast<std::size_t>(shape.count()));
  Generator(1).fill_normal(numbers, 0.0, deviation);
  return Tensor::from(numbers, shape, dtype);
}

using BinaryOperation = Value (*)(const Value&, const Value&);

void small_binary(benchmark::State& state, BinaryOperation op, DType dtype) {
  const Value a = random_tensor({state.range(0)}, dtype);
  const Value b = random_tensor({state.range(0)}, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(op(a, b));
}

void small_bias(benchmark::State& state) {
  const Value x = random_tensor({4, state.range(0)}, DType::f32);
  const Value b = random_tensor({state.range(0)}, DType::f32);
  for (auto _ : state) benchmark::DoNotOptimize(ops::add(x, b));
}

void small_sum(benchmark::State& state) {
  const Value x = random_tensor({state.range(0)}, DType::f32);
  for (auto _ : state) benchmark::DoNotOptimize(ops::sum(x));
}

// Forward and backward of a chain; time is for each of its recorded operations.
void recorded_chain(benchmark::State& state, DType dtype) {
  const Value x = random_tensor({state.range(0)}, dtype);
  const Value b = random_tensor({state.range(0)}, dtype);
  constexpr int length = 100;
  const Function chain = [&](std::span<const Value> in) -> Values {
    Value y = in[0];
    for (int i = 0; i < length / 2; ++i) y = ops::mul(ops::add(y, b), b);
    return {ops::sum(y)};
  };
  for (auto _ : state) benchmark::DoNotOptimize(value_and_grad(chain, {&x, 1}));
  state.SetItemsProcessed(state.iterations() * length);
}

// The classical LeNet's cross entropy with one-hot targets.
Value lenet_loss(std::span<const Value> w, const Value& x, const Value& targets) {
  const auto convolved = [](const Value& in, const Value& kernel, const Value& bias, ConvGeometry g) {
    const Value pooled = ops::conv_max_pool(in, kernel, g, {});
    return ops::relu(ops::add(pooled, ops::reshape(bias, {bias.size(0), 1, 1})));
  };
  const auto dense = [](const Value& in, const Value& weight, const Value& bias) {
    return ops::add(ops::matmul(in, weight, false, true), bias);
  };
  Value y = convolved(x, w[0], w[1], {1, 2});
  y = convolved(y, w[2], w[3], {});
  y = ops::reshape(y, {x.size(0), 400});
  y = ops::relu(dense(y, w[4], w[5]));
  y = ops::relu(dense(y, w[6], w[7]));
  y = dense(y, w[8], w[9]);
  return ops::mean(ops::sub(ops::logsumexp(y, 1), ops::sum(ops::mul(y, targets), 0b10)));
}

void lenet_gradient(benchmark::State& state, DType dtype) {
  Values w;
  for (const Shape& shape : std::vector<Shape>{
           {6, 1, 5, 5}, {6}, {16, 6, 5, 5}, {16}, {120, 400}, {120}, {84, 120}, {84}, {10, 84}, {10}}) {
    w.emplace_back(random_tensor(shape, dtype, 0.1));
  }
  const Value x = random_tensor({state.range(0), 1, 28, 28}, dtype).as_tiled();
  const Value targets = Tensor::full({state.range(0), 10}, 0.1, dtype, Layout::tiled);
  const Function loss = [&](std::span<const Value> in) -> Values { return {lenet_loss(in, x, targets)}; };
  for (auto _ : state) benchmark::DoNotOptimize(value_and_grad(loss, w));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* b) { b->Arg(32)->Arg(1024)->Unit(benchmark::kNanosecond); }

void lenet_sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1)->Arg(10)->Arg(1024)->Unit(benchmark::kMicrosecond)->MeasureProcessCPUTime()->UseRealTime();
}

BENCHMARK_CAPTURE(small_binary, add_f32, static_cast<BinaryOperation>(ops::add), DType::f32)->Apply(sizes);
BENCHMARK_CAPTURE(small_binary, add_f64, static_cast<BinaryOperation>(ops::add), DType::f64)->Apply(sizes);
BENCHMARK_CAPTURE(small_binary, multiply_f32, static_cast<BinaryOperation>(ops::mul), DType::f32)
    ->Apply(sizes);
BENCHMARK(small_bias)->Apply(sizes);
BENCHMARK(small_sum)->Apply(sizes);
BENCHMARK_CAPTURE(recorded_chain, f32, DType::f32)->Apply(sizes);
BENCHMARK_CAPTURE(recorded_chain, f64, DType::f64)->Apply(sizes);
BENCHMARK_CAPTURE(lenet_gradient, f32, DType::f32)->Apply(lenet_sizes);
BENCHMARK_CAPTURE(lenet_gradient, f64, DType::f64)->Apply(lenet_sizes);

}  // namespace
}  // namespace moonstill
