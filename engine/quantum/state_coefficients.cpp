#include "engine/quantum/state_coefficients.hpp"

#include "engine/quantum/coefficients.hpp"

namespace moonstill::quantum {

template <class T>
OperationCoefficients<T> operation_coefficients(const StateOperation& operation,
                                                const OperationNumbers<T>& numbers, bool tangents,
                                                bool gradients) {
  OperationCoefficients<T> out;
  if (operation.dimension() > 4) {
    wide_matrix(operation.dimension(), numbers.matrix.data(), false, out.matrix);
    if (gradients) wide_matrix(operation.dimension(), numbers.matrix.data(), true, out.adjoint);
    return out;
  }
  const bool varies = tangents && !operation.parameters.empty();
  coefficients(operation.site, numbers.matrix.data(), false, T{1}, out.matrix);
  if (varies) coefficients(operation.site, numbers.tangent.data(), false, T{0}, out.tangent);
  if (!gradients) return out;
  coefficients(operation.site, numbers.matrix.data(), true, T{1}, out.adjoint);
  if (varies) coefficients(operation.site, numbers.tangent.data(), true, T{0}, out.adjoint_tangent);
  return out;
}

template <class T>
SharedCoefficients<T>::SharedCoefficients(const StateContext<T>& context)
    : operations(context.plan.operations().size()),
      phases(context.plan.operations().size()),
      hermitians(context.plan.hermitians().size()),
      hermitian_directions(hermitians.size()) {
  const SweepRequest& request = context.request;
  std::vector<AngleSource<T>> sources;
  for (std::size_t i = 0; i < context.angles.size(); ++i)
    sources.push_back({context.angles[i].values, context.angle_directions[i].values, 1});
  for (std::size_t o = 0; o < operations.size(); ++o) {
    if (context.varies[o]) continue;
    if (const StateOperation& operation = context.plan.operations()[o]; operation.form == Form::phases) {
      phases[o] = phase_table(operation.phases, context.plan.vectors(), sources);
      continue;
    }
    operations[o] = operation_coefficients(context.plan.operations()[o], context.shared_numbers[o],
                                           request.tangents, request.gradients());
  }
  if (!request.gradients()) return;
  for (std::size_t h = 0; h < hermitians.size(); ++h) {
    const StateHermitian& item = context.plan.hermitians()[h];
    const auto fill = [&](const std::vector<double>& matrix, std::vector<T>& out) {
      if (matrix.empty()) return;
      if (item.dimension() > 4)
        wide_matrix(item.dimension(), matrix.data(), false, out);
      else
        coefficients(item.site, matrix.data(), false, T{0}, out);
    };
    fill(context.hermitians[h], hermitians[h]);
    fill(context.hermitian_directions[h], hermitian_directions[h]);
  }
}

template OperationCoefficients<float> operation_coefficients<float>(const StateOperation&,
                                                                    const OperationNumbers<float>&, bool,
                                                                    bool);
template OperationCoefficients<double> operation_coefficients<double>(const StateOperation&,
                                                                      const OperationNumbers<double>&, bool,
                                                                      bool);
template struct SharedCoefficients<float>;
template struct SharedCoefficients<double>;

}  // namespace moonstill::quantum
