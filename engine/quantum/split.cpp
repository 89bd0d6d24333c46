#include "engine/quantum/split.hpp"

#include <algorithm>

#include "engine/tensor/elementwise.hpp"

namespace moonstill::quantum {
namespace {

// Weights of the outputs have one axis, amplitudes too, angles those that the circuit declares.
bool has_samples(const Tensor& tensor, std::size_t rank_of_one = 1) {
  return tensor && tensor.rank() == rank_of_one + 1;
}

std::size_t input_rank(const Circuit& circuit, std::size_t input) {
  return circuit.inputs()[input].shape.rank();
}

Tensor cut(const Tensor& x, std::int64_t begin, std::int64_t count) {
  Tensor out = Tensor::empty(x.shape().with(0, count), x.dtype(), x.layout());
  const std::int64_t features = x.features();
  dispatch_any(x.dtype(), [&](auto element) {
    using T = decltype(element);
    std::copy_n(x.data<T>().data() + begin * features, out.storage_count(), out.write<T>().data());
  });
  return out;
}

Tensor join(const Tensor& first, const Tensor& second) {
  const Tensor head = first.as_tiled();
  const Tensor tail = second.as_tiled();
  Tensor out = Tensor::empty(head.shape().with(0, head.size(0) + tail.size(0)), head.dtype(), Layout::tiled);
  dispatch_any(out.dtype(), [&](auto element) {
    using T = decltype(element);
    T* to = std::copy_n(head.data<T>().data(), head.storage_count(), out.write<T>().data());
    std::copy_n(tail.data<T>().data(), tail.storage_count(), to);
  });
  return out;
}

Tensor join_or_add(const Tensor& first, const Tensor& second, bool samples) {
  if (!first) return first;
  return samples ? join(first, second) : binary(Binary::add, first, second);
}

}  // namespace

SweepPoint samples_of(const Circuit& circuit, const SweepPoint& point, std::int64_t begin,
                      std::int64_t count) {
  const auto part = [&](const Tensor& tensor, std::size_t rank_of_one = 1) {
    return has_samples(tensor, rank_of_one) ? cut(tensor, begin, count) : tensor;
  };
  SweepPoint out = point;
  for (std::size_t i = 0; i < out.angles.size(); ++i)
    out.angles[i] = part(point.angles[i], input_rank(circuit, i));
  out.amplitudes = part(point.amplitudes);
  out.weights = part(point.weights);
  return out;
}

SweepResult joined(const Circuit& circuit, const SweepPoint& point, SweepResult&& first,
                   SweepResult&& second) {
  SweepResult out = std::move(first);
  out.values = join_or_add(out.values, second.values, true);
  SweepPoint& sums = out.gradients;
  const SweepPoint& others = second.gradients;
  for (std::size_t i = 0; i < sums.angles.size(); ++i) {
    sums.angles[i] =
        join_or_add(sums.angles[i], others.angles[i], has_samples(point.angles[i], input_rank(circuit, i)));
  }
  sums.amplitudes = join_or_add(sums.amplitudes, others.amplitudes, has_samples(point.amplitudes));
  for (std::size_t i = 0; i < sums.hermitians.size(); ++i)
    sums.hermitians[i] = join_or_add(sums.hermitians[i], others.hermitians[i], false);
  return out;
}

}  // namespace moonstill::quantum
