#include "engine/quantum/numbers.hpp"

namespace moonstill::quantum {
namespace {

GateMatrix<Jet> lift(const GateMatrix<double>& m) {
  GateMatrix<Jet> jet{m.dimension, {}};
  for (int e = 0; e < m.dimension * m.dimension; ++e) jet.entries[e] = {m.entries[e].re, m.entries[e].im};
  return jet;
}

template <class T>
GateMatrix<double> factor_value(const LoweredOperation::Factor& factor,
                                std::span<const AngleSource<T>> sources, int lane) {
  if (factor.gate == nullptr) return factor.constant;
  std::array<double, max_gate_angles> angles{};
  for (std::size_t m = 0; m < factor.angles.size(); ++m) {
    const Angle& angle = factor.angles[m];
    angles[m] = angle.offset;
    if (!angle.is_constant()) {
      angles[m] += angle.scale * sources[static_cast<std::size_t>(angle.input)].value(angle.slot, lane);
    }
  }
  return factor.gate->value(angles.data());
}

template <class T>
GateMatrix<Jet> factor_jet(const LoweredOperation::Factor& factor, std::span<const AngleSource<T>> sources,
                           int lane) {
  if (factor.gate == nullptr) return lift(factor.constant);
  std::array<Jet, max_gate_angles> angles{};
  for (std::size_t m = 0; m < factor.angles.size(); ++m) {
    const Angle& angle = factor.angles[m];
    angles[m].v = angle.offset;
    if (angle.is_constant()) continue;
    const AngleSource<T>& source = sources[static_cast<std::size_t>(angle.input)];
    angles[m].v += angle.scale * source.value(angle.slot, lane);
    angles[m].d = angle.scale * source.along(angle.slot, lane);
    angles[m].g[static_cast<std::size_t>(factor.components[m])] = angle.scale;
  }
  return factor.gate->jet(angles.data());
}

// The product of the factors, the last one leftmost.
template <class Function>
auto product(const LoweredOperation& operation, Function&& matrix_of) {
  auto result = matrix_of(operation.factors[0]);
  for (std::size_t f = 1; f < operation.factors.size(); ++f)
    result = matrix_of(operation.factors[f]) * result;
  return result;
}

}  // namespace

template <class T>
void evaluate(const LoweredOperation& operation, std::span<const AngleSource<T>> sources, int lanes,
              Orders orders, OperationNumbers<T>& out) {
  const int d = operation.dimension();
  const auto entries = static_cast<std::size_t>(d) * static_cast<std::size_t>(d);
  const auto stride = static_cast<std::size_t>(lanes);
  const std::size_t angles = operation.parameters.size();
  out.lanes = lanes;
  out.matrix.resize(entries * 2 * stride);
  if (orders == Orders::value) {
    for (int lane = 0; lane < lanes; ++lane) {
      const GateMatrix<double> m =
          product(operation, [&](const auto& factor) { return factor_value(factor, sources, lane); });
      for (std::size_t e = 0; e < entries; ++e) {
        T* at = out.matrix.data() + e * 2 * stride + static_cast<std::size_t>(lane);
        at[0] = static_cast<T>(m.entries[e].re);
        at[stride] = static_cast<T>(m.entries[e].im);
      }
    }
    return;
  }
  out.tangent.resize(out.matrix.size());
  out.derivatives.resize(angles * out.matrix.size());
  out.derivative_tangents.resize(out.derivatives.size());
  for (int lane = 0; lane < lanes; ++lane) {
    const GateMatrix<Jet> jet =
        product(operation, [&](const auto& factor) { return factor_jet(factor, sources, lane); });
    for (std::size_t e = 0; e < entries; ++e) {
      for (std::size_t part = 0; part < 2; ++part) {
        const Jet& number = part == 0 ? jet.entries[e].re : jet.entries[e].im;
        const std::size_t at = (e * 2 + part) * stride + static_cast<std::size_t>(lane);
        out.matrix[at] = static_cast<T>(number.v);
        out.tangent[at] = static_cast<T>(number.d);
        for (std::size_t m = 0; m < angles; ++m) {
          out.derivatives[m * out.matrix.size() + at] = number.g[m];
          out.derivative_tangents[m * out.matrix.size() + at] = number.gd[m];
        }
      }
    }
  }
}

template <class T>
void evaluate_constant(const ComplexMatrix& matrix, OperationNumbers<T>& out) {
  out.lanes = 1;
  out.matrix.clear();
  for (const auto& entry : matrix.entries) {
    out.matrix.push_back(static_cast<T>(entry.real()));
    out.matrix.push_back(static_cast<T>(entry.imag()));
  }
}

template void evaluate<float>(const LoweredOperation&, std::span<const AngleSource<float>>, int, Orders,
                              OperationNumbers<float>&);
template void evaluate<double>(const LoweredOperation&, std::span<const AngleSource<double>>, int, Orders,
                               OperationNumbers<double>&);
template void evaluate_constant<float>(const ComplexMatrix&, OperationNumbers<float>&);
template void evaluate_constant<double>(const ComplexMatrix&, OperationNumbers<double>&);

}  // namespace moonstill::quantum
