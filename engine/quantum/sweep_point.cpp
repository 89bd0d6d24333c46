#include "engine/quantum/sweep_point.hpp"

#include "engine/core/error.hpp"

namespace moonstill::quantum {
namespace {

// Adds a batch axis of n samples, or finds that it fits those seen before.
void see_samples(Batch& batch, std::int64_t n, std::string_view name) {
  if (batch.batched && batch.samples != n) {
    fail(ErrorKind::shape, "circuit: '{}' has {} samples, the inputs before it have {}", name, n,
         batch.samples);
  }
  batch = {n, true};
}

void check_hermitian(const Tensor& tensor, const Readout::HermitianInput& input) {
  const Shape& s = tensor.shape();
  const std::size_t r = s.rank();
  const std::int64_t d = input.dimension;
  if (r >= 3 && s[r - 1] == 2 && s[r - 2] == d && s[r - 3] == d && s.count() == input.blocks * d * d * 2)
    return;
  fail(ErrorKind::shape, "circuit: a Hermitian input must have shape [{}, {}, {}, 2], got {}", input.blocks,
       d, d, s.text());
}

}  // namespace

const Tensor& tensor_at(const std::vector<Tensor>& tensors, std::size_t index) {
  static const Tensor absent;
  return index < tensors.size() ? tensors[index] : absent;
}

bool per_sample(const Shape& got, const Shape& shape, std::string_view name) {
  if (got == shape) return false;
  if (got.rank() == shape.rank() + 1 && got.without(0) == shape) return true;
  fail(ErrorKind::shape, "circuit: '{}' must have shape {}, or one axis more for samples; got {}", name,
       shape.text(), got.text());
}

DType dtype_of_point(const SweepPoint& point, DType otherwise) {
  for (const Tensor& t : point.angles) {
    if (t) return t.dtype();
  }
  if (point.amplitudes) return point.amplitudes.dtype();
  if (!point.hermitians.empty()) return point.hermitians[0].dtype();
  return point.weights ? point.weights.dtype() : otherwise;
}

std::vector<bool> shared_inputs(const Circuit& circuit, const SweepPoint& point) {
  std::vector<bool> shared;
  for (std::size_t i = 0; i < circuit.inputs().size(); ++i) {
    const Tensor& angles = tensor_at(point.angles, i);
    shared.push_back(angles && angles.rank() == circuit.inputs()[i].shape.rank());
  }
  return shared;
}

Shape amplitude_shape(const Circuit& circuit) { return Shape{circuit.amplitude_count()}; }

Batch check_point(const Circuit& circuit, const Readout& readout, const SweepPoint& point) {
  readout.check(circuit.qubits(), circuit.first_number());
  Batch batch;
  const auto inputs = circuit.inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (static_cast<int>(i) == circuit.amplitude_input()) continue;
    const Tensor& angles = tensor_at(point.angles, i);
    if (!angles) fail(ErrorKind::argument, "circuit: input '{}' is missing", inputs[i].name);
    if (per_sample(angles.shape(), inputs[i].shape, inputs[i].name))
      see_samples(batch, angles.size(0), inputs[i].name);
  }
  if (point.amplitudes && per_sample(point.amplitudes.shape(), amplitude_shape(circuit), "amplitudes")) {
    see_samples(batch, point.amplitudes.size(0), "amplitudes");
  }
  if (point.hermitians.size() != readout.hermitian_inputs().size()) {
    fail(ErrorKind::argument, "circuit: expected {} Hermitian inputs, got {}",
         readout.hermitian_inputs().size(), point.hermitians.size());
  }
  for (std::size_t i = 0; i < point.hermitians.size(); ++i) {
    check_hermitian(point.hermitians[i], readout.hermitian_inputs()[i]);
  }
  if (batch.samples < 1) fail(ErrorKind::shape, "circuit: expected at least one sample, got 0");
  return batch;
}

}  // namespace moonstill::quantum
