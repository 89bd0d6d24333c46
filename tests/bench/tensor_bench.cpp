// Tensor kernels at the sizes of LeNet on a batch of 1,024 images (and of 10, as in distillation): f32, and
// the convolutions of a training step in f64 too.
#include <benchmark/benchmark.h>

#include <vector>

#include "engine/core/random.hpp"
#include "engine/tensor/convolution.hpp"
#include "engine/tensor/elementwise.hpp"
#include "engine/tensor/linalg.hpp"
#include "engine/tensor/pooling.hpp"
#include "engine/tensor/reduce.hpp"

namespace moonstill {
namespace {

Tensor random_tensor(const Shape& shape, Layout layout, DType dtype) {
  std::vector<double> numbers(static_cast<std::size_t>(shape.count()));
  Generator(1).fill_normal(numbers);
  return Tensor::from(numbers, shape, dtype).with_layout(layout);
}

Tensor batch(const Shape& shape, DType dtype = DType::f32) {
  return random_tensor(shape, Layout::tiled, dtype);
}
Tensor weights(const Shape& shape, DType dtype = DType::f32) {
  return random_tensor(shape, Layout::row_major, dtype);
}

// One convolution of LeNet.
struct Layer {
  Shape image, kernel, result;
  ConvGeometry g;
};

Layer first_layer(std::int64_t n) { return {{n, 1, 28, 28}, {6, 1, 5, 5}, {n, 6, 28, 28}, {1, 2}}; }
Layer second_layer(std::int64_t n) { return {{n, 6, 14, 14}, {16, 6, 5, 5}, {n, 16, 10, 10}, {1, 0}}; }

using LayerOf = Layer (*)(std::int64_t);

void convolve(benchmark::State& state, LayerOf layer_of, DType dtype) {
  const Layer layer = layer_of(state.range(0));
  const Tensor x = batch(layer.image, dtype);
  const Tensor w = weights(layer.kernel, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(conv(x, w, layer.g));
}

void convolve_input(benchmark::State& state, LayerOf layer_of, DType dtype) {
  const Layer layer = layer_of(state.range(0));
  const Tensor y = batch(layer.result, dtype);
  const Tensor w = weights(layer.kernel, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(conv_input(y, w, layer.g, layer.image));
}

void convolve_weight(benchmark::State& state, LayerOf layer_of, DType dtype) {
  const Layer layer = layer_of(state.range(0));
  const Tensor x = batch(layer.image, dtype);
  const Tensor y = batch(layer.result, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(conv_weight(x, y, layer.g, layer.kernel));
}

void convolve_max(benchmark::State& state, LayerOf layer_of) {
  const Layer layer = layer_of(state.range(0));
  const Tensor x = batch(layer.image);
  const Tensor w = weights(layer.kernel);
  for (auto _ : state) benchmark::DoNotOptimize(conv_max(x, w, layer.g, {}));
}

// The adjoints of pooled convolutions, from gradients of what pooling kept.
void pooled_input(benchmark::State& state, LayerOf layer_of) {
  const Layer layer = layer_of(state.range(0));
  const Tensor w = weights(layer.kernel);
  const auto [y, places] = conv_max(batch(layer.image), w, layer.g, {});
  const Selection kept{{}, places};
  for (auto _ : state) benchmark::DoNotOptimize(conv_input(y, w, layer.g, layer.image, &kept));
}

void pooled_weight(benchmark::State& state, LayerOf layer_of) {
  const Layer layer = layer_of(state.range(0));
  const Tensor x = batch(layer.image);
  const auto [y, places] = conv_max(x, weights(layer.kernel), layer.g, {});
  const Selection kept{{}, places};
  for (auto _ : state) benchmark::DoNotOptimize(conv_weight(x, y, layer.g, layer.kernel, &kept));
}

void linear(benchmark::State& state) {
  const Tensor x = batch({state.range(0), 400});
  const Tensor w = weights({400, 120});
  for (auto _ : state) benchmark::DoNotOptimize(matmul(x, w, false, false));
}

void linear_input(benchmark::State& state) {
  const Tensor y = batch({state.range(0), 120});
  const Tensor w = weights({400, 120});
  for (auto _ : state) benchmark::DoNotOptimize(matmul(y, w, false, true));
}

void linear_weight(benchmark::State& state) {
  const Tensor x = batch({state.range(0), 400});
  const Tensor y = batch({state.range(0), 120});
  for (auto _ : state) benchmark::DoNotOptimize(matmul(x, y, true, false));
}

void dense_square(benchmark::State& state) {
  const Tensor a = weights({state.range(0), state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(matmul(a, a, false, false));
}

void pool(benchmark::State& state) {
  const Tensor x = batch({state.range(0), 6, 28, 28});
  for (auto _ : state) benchmark::DoNotOptimize(window_max(x, {}));
}

void pool_gradient(benchmark::State& state) {
  const Shape shape{state.range(0), 6, 28, 28};
  const Selection chosen{{}, window_max(batch(shape), {}).places};
  const Tensor y = batch({state.range(0), 6, 14, 14});
  for (auto _ : state) benchmark::DoNotOptimize(window_put(y, chosen, shape));
}

void map(benchmark::State& state, Unary op) {
  const Tensor x = batch({state.range(0), 6, 28, 28});
  for (auto _ : state) benchmark::DoNotOptimize(unary(op, x));
}

void relu(benchmark::State& state) {
  const Tensor x = batch({state.range(0), 6, 28, 28});
  for (auto _ : state) benchmark::DoNotOptimize(binary(Binary::positive_part, x, x));
}

void tile(benchmark::State& state) {
  const Tensor x = weights({state.range(0), 1, 28, 28});
  for (auto _ : state) benchmark::DoNotOptimize(x.as_tiled());
}

void untile(benchmark::State& state) {
  const Tensor x = batch({state.range(0), 1, 28, 28});
  for (auto _ : state) benchmark::DoNotOptimize(x.row_major());
}

void add_bias(benchmark::State& state) {
  const Tensor x = batch({state.range(0), 6, 28, 28});
  const Tensor b = weights({6, 1, 1});
  for (auto _ : state) benchmark::DoNotOptimize(binary(Binary::add, x, b));
}

void sum_bias(benchmark::State& state) {
  const Tensor x = batch({state.range(0), 6, 28, 28});
  for (auto _ : state) benchmark::DoNotOptimize(sum_to(x, {6, 1, 1}));
}

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1024)->Arg(10)->Unit(benchmark::kMicrosecond)->MeasureProcessCPUTime()->UseRealTime();
}

BENCHMARK_CAPTURE(convolve, first_f32, first_layer, DType::f32)->Apply(sizes);
BENCHMARK_CAPTURE(convolve, second_f32, second_layer, DType::f32)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_input, second_f32, second_layer, DType::f32)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_weight, first_f32, first_layer, DType::f32)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_weight, second_f32, second_layer, DType::f32)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_input, first_f32, first_layer, DType::f32)->Apply(sizes);
BENCHMARK_CAPTURE(convolve, first_f64, first_layer, DType::f64)->Apply(sizes);
BENCHMARK_CAPTURE(convolve, second_f64, second_layer, DType::f64)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_input, second_f64, second_layer, DType::f64)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_weight, first_f64, first_layer, DType::f64)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_weight, second_f64, second_layer, DType::f64)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_max, first, first_layer)->Apply(sizes);
BENCHMARK_CAPTURE(convolve_max, second, second_layer)->Apply(sizes);
BENCHMARK_CAPTURE(pooled_input, second, second_layer)->Apply(sizes);
BENCHMARK_CAPTURE(pooled_weight, first, first_layer)->Apply(sizes);
BENCHMARK_CAPTURE(pooled_weight, second, second_layer)->Apply(sizes);
BENCHMARK(linear)->Apply(sizes);
BENCHMARK(linear_input)->Apply(sizes);
BENCHMARK(linear_weight)->Apply(sizes);
BENCHMARK(dense_square)
    ->Arg(64)
    ->Arg(512)
    ->Unit(benchmark::kMicrosecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(pool)->Apply(sizes);
BENCHMARK(pool_gradient)->Apply(sizes);
BENCHMARK(relu)->Apply(sizes);
BENCHMARK(tile)->Apply(sizes);
BENCHMARK(untile)->Apply(sizes);
BENCHMARK(add_bias)->Apply(sizes);
BENCHMARK(sum_bias)->Apply(sizes);
BENCHMARK_CAPTURE(map, exp, Unary::exp)->Apply(sizes);
BENCHMARK_CAPTURE(map, tanh, Unary::tanh)->Apply(sizes);
BENCHMARK_CAPTURE(map, sigmoid, Unary::sigmoid)->Apply(sizes);

}  // namespace
}  // namespace moonstill
