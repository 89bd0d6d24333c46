#include "engine/quantum/rotations.hpp"

#include <algorithm>

namespace moonstill::quantum {
namespace {

std::optional<Angle> constant_angle(const ComplexMatrix& m) {
  const auto angle = rotation_angle(m);
  if (!angle) return std::nullopt;
  return Angle::constant(*angle);
}

std::optional<Angle> factor_angle(const LoweredOperation::Factor& factor) {
  if (factor.gate == nullptr) return constant_angle(ComplexMatrix(factor.constant));
  if (!structure(*factor.gate).rotation) return std::nullopt;
  return factor.angles[0];
}

}  // namespace

std::optional<std::vector<Angle>> rotation_angles(const LoweredOperation& operation) {
  if (operation.form != Form::dense || operation.targets.size() != 1 || !operation.controls.empty())
    return std::nullopt;
  std::vector<Angle> angles;
  if (operation.factors.empty()) {
    const auto angle = constant_angle(operation.constant);
    if (!angle) return std::nullopt;
    angles.push_back(*angle);
  }
  for (const auto& factor : operation.factors) {
    const auto angle = factor_angle(factor);
    if (!angle) return std::nullopt;
    angles.push_back(*angle);
  }
  return angles;
}

void Rotations::add(int qubit, const std::vector<Angle>& angles) {
  for (const Angle& angle : angles) shares_.push_back({angle, qubits_.size()});
  qubits_.push_back(qubit);
}

bool Rotations::turns(int qubit) const { return std::ranges::find(qubits_, qubit) != qubits_.end(); }

std::vector<Parameter> Rotations::parameters() const {
  std::vector<Parameter> out;
  each_parameter([&](const Parameter& parameter, std::size_t, double) { out.push_back(parameter); });
  return out;
}

template <class T>
void Rotations::evaluate(std::span<const AngleSource<T>> sources, int lanes, OperationNumbers<T>& out) const {
  const auto stride = static_cast<std::size_t>(lanes);
  out.lanes = lanes;
  out.matrix.resize(qubits_.size() * 2 * stride);
  out.tangent.resize(qubits_.size() * stride);
  for (int lane = 0; lane < lanes; ++lane) {
    std::array<double, most_joint_qubits> angles{};
    std::array<double, most_joint_qubits> rates{};
    for (const auto& [angle, position] : shares_) {
      angles[position] += angle.offset;
      if (angle.is_constant()) continue;
      const AngleSource<T>& source = sources[static_cast<std::size_t>(angle.input)];
      angles[position] += angle.scale * source.value(angle.slot, lane);
      rates[position] += angle.scale * source.along(angle.slot, lane);
    }
    for (std::size_t q = 0; q < qubits_.size(); ++q) {
      T* at = out.matrix.data() + 2 * q * stride + static_cast<std::size_t>(lane);
      const auto [s, c] = sine_cosine(angles[q] / 2);
      at[0] = static_cast<T>(c);
      at[stride] = static_cast<T>(s);
      out.tangent[q * stride + static_cast<std::size_t>(lane)] = static_cast<T>(rates[q] / 2);
    }
  }
}

template void Rotations::evaluate<float>(std::span<const AngleSource<float>>, int,
                                         OperationNumbers<float>&) const;
template void Rotations::evaluate<double>(std::span<const AngleSource<double>>, int,
                                          OperationNumbers<double>&) const;

}  // namespace moonstill::quantum
