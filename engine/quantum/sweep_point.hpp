// Where a circuit and its readout are evaluated, and whether everything there fits.
#pragma once

#include <string_view>
#include <vector>

#include "engine/quantum/circuit.hpp"
#include "engine/quantum/route.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::quantum {

/// Numbers that the sweep depends on, or a direction in them; all of one type, f32 or f64. A tensor with one
/// axis more than it was declared with holds one value for each sample.
struct SweepPoint {
  // One for each input of the circuit; absent: not an angle input, or zero direction.
  std::vector<Tensor> angles;
  // psi, of 2-norm 1 unless the sweep embeds it (SweepRequest); absent: |0...0>, or zero direction.
  Tensor amplitudes;
  // One for each Hermitian input of the readout.
  std::vector<Tensor> hermitians;
  // c, one for each output: for gradients.
  Tensor weights;
};

/// The tensor at `index`, or an absent one beyond the end.
[[nodiscard]] const Tensor& tensor_at(const std::vector<Tensor>& tensors, std::size_t index);

/// The samples of a point. Throws Error{shape} where sizes do not fit the circuit, the readout or one
/// another.
Batch check_point(const Circuit& circuit, const Readout& readout, const SweepPoint& point);

/// Whether a tensor of shape `got` has one axis more than `shape`, that of an input. Throws Error{shape} when
/// it is neither.
[[nodiscard]] bool per_sample(const Shape& got, const Shape& shape, std::string_view name);

/// The type of the point's numbers, or `otherwise` where it holds none.
[[nodiscard]] DType dtype_of_point(const SweepPoint& point, DType otherwise);

/// For each input of the circuit whether all samples share its angles.
[[nodiscard]] std::vector<bool> shared_inputs(const Circuit& circuit, const SweepPoint& point);

/// Of one sample's amplitudes.
[[nodiscard]] Shape amplitude_shape(const Circuit& circuit);

}  // namespace moonstill::quantum
