#include "engine/quantum/state_results.hpp"

#include "engine/quantum/state_layout.hpp"
#include "engine/quantum/state_products.hpp"

namespace moonstill::quantum {

template <class T>
bool StateResults<T>::hermitian_gradient(std::size_t h) const {
  const int input = plan_.hermitians()[h].input;
  return input >= 0 && static_cast<std::size_t>(input) < c_.hermitian_gradients.size() &&
         c_.hermitian_gradients[static_cast<std::size_t>(input)].wanted;
}

template <class T>
double StateResults<T>::weight(const Source<T>& source, int output) const {
  return source.values == nullptr ? 0.0 : static_cast<double>(source.tile(sample_, 1)[output]);
}

// f_k and fdot_k, and the Hermitians' gradients, which need no adjoint state.
template <class T>
void StateResults<T>::add_hermitian(std::size_t h, const double* e, const double* edot) {
  const StateHermitian& item = plan_.hermitians()[h];
  const auto entries =
      static_cast<std::size_t>(item.dimension()) * static_cast<std::size_t>(item.dimension());
  const auto& m = c_.hermitians[h];
  const auto& mdot = c_.hermitian_directions[h];
  if (c_.request.values) {
    double& value = values_[static_cast<std::size_t>(item.output)];
    value += real_product(m.data(), tangents_ ? edot : e, entries);
    if (tangents_ && !mdot.empty()) value += real_product(mdot.data(), e, entries);
  }
  if (!hermitian_gradient(h)) return;
  double* to = partial_ + c_.hermitian_gradients[static_cast<std::size_t>(item.input)].partial +
               static_cast<std::int64_t>(2 * entries) * item.block;
  const double weight_here = weight(c_.weights, item.output);
  const double weight_dot = tangents_ ? weight(c_.weight_direction, item.output) : 0;
  for (std::size_t part = 0; part < 2 * entries; ++part) {
    const double sum = tangents_ ? weight_here * edot[part] + weight_dot * e[part] : weight_here * e[part];
    to[part] += part % 2 == 0 ? sum : -sum;
  }
}

// With a and s after the operation, K_m = D_m V^H and K_m's tangent: g_m = 2 Re sum K_m E, and with a tangent
// 2 Re sum (K_m Edot + (D_m Vdot^H + sum_j dtheta_j D_mj V^H) E). K_m and its tangent are anti-Hermitian.
template <class T>
void StateResults<T>::add_angles(std::size_t o, const OperationNumbers<T>& n, const double* e,
                                 const double* edot) {
  const std::size_t entries = n.matrix.size() / 2;
  const auto d = static_cast<std::size_t>(plan_.operations()[o].dimension());
  const auto& parameters = plan_.operations()[o].parameters;
  for (std::size_t m = 0; m < parameters.size(); ++m) {
    const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(parameters[m].input)];
    if (!to.wanted) continue;
    const double* derivative = n.derivatives.data() + m * 2 * entries;
    double g = slope_product<T>(derivative, n.matrix, tangents_ ? edot : e, d);
    if (tangents_) {
      const double* derivative_tangent = n.derivative_tangents.data() + m * 2 * entries;
      g += slope_product<T>(derivative, n.tangent, e, d) +
           slope_product<T>(derivative_tangent, n.matrix, e, d);
    }
    if (to.partial >= 0)
      partial_[to.partial + parameters[m].slot] += 2 * g;
    else
      to.samples[sample_ * to.count() + parameters[m].slot] += static_cast<T>(2 * g);
  }
}

// dF/dphase of a place is -2 Im conj(a) s.
template <class T>
void StateResults<T>::add_phases(std::size_t o, std::span<T> slopes) {
  const std::vector<ParityTerm>& terms = plan_.operations()[o].phases;
  const std::vector<double> sums = parity_sums(terms, slopes);
  for (std::size_t t = 0; t < terms.size(); ++t) {
    for (const auto& [angle, coefficient] : terms[t].shares) {
      if (angle.is_constant()) continue;
      const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(angle.input)];
      if (to.wanted) partial_[to.partial + angle.slot] -= 2 * coefficient * angle.scale * sums[t];
    }
  }
}

template <class T>
void StateResults<T>::add_amplitudes(const T* from) {
  const Destination<T>& to = c_.amplitude_gradient;
  const std::int64_t size = plan_.amplitudes();
  if (to.partial >= 0) {
    for (std::int64_t r = 0; r < size; ++r)
      partial_[to.partial + r] += 2 * static_cast<double>(from[address<T>(static_cast<Bits>(r))]);
    return;
  }
  const auto count = std::min(lanes_of<T>, static_cast<std::size_t>(size));
  T* at = to.samples + sample_ * size;
  for (std::size_t v = 0; v < plan_.vectors(); ++v) {
    for (std::size_t lane = 0; lane < count; ++lane)
      at[v * count + lane] = 2 * from[v * vector_numbers<T> + lane];
  }
}

template <class T>
void StateResults<T>::write_values() {
  T* to = c_.values.samples + sample_ * plan_.outputs();
  for (std::size_t e = 0; e < values_.size(); ++e) to[e] = static_cast<T>(values_[e]);
}

template class StateResults<float>;
template class StateResults<double>;

}  // namespace moonstill::quantum
