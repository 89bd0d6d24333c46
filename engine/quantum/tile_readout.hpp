// What a tile's states give: expectation values, the Hermitians' gradients, and the seeds of the adjoint
// states.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/quantum/circuit_walk.hpp"
#include "engine/quantum/readout_kernels.hpp"

namespace moonstill::quantum {

/// The parts (LocalPart) of a matrix [2 * 2][re, im]; zeros of an empty one.
template <class Matrix>
[[nodiscard]] std::array<double, local_parts> local_matrix(const Matrix& m) {
  if (m.empty()) return {};
  return {m[0], m[6], m[2], m[3]};
}

/// dF/dM_ij += conj of the sums in parts, for a matrix [2 * 2][re, im].
inline void add_local_gradient(const std::array<double, local_parts>& sums, double* to) {
  to[0] += sums[0];
  to[2] += sums[2];
  to[3] -= sums[3];
  to[4] += sums[2];
  to[5] += sums[3];
  to[6] += sums[1];
}

template <class T>
[[nodiscard]] bool has_gradient(const TileContext<T>& c, const LoweredHermitian& item) {
  return item.input >= 0 && c.hermitian_gradients[static_cast<std::size_t>(item.input)].wanted;
}

/// Whether anything is wanted of it but the seeds of the adjoint.
template <class T>
[[nodiscard]] bool is_read(const TileContext<T>& c, const LocalHermitians& local) {
  const auto with_gradient = [&](std::size_t h) { return has_gradient(c, c.plan.hermitians()[h]); };
  return c.request.values || std::ranges::any_of(local.members, with_gradient);
}

/// Where the sums of a Hermitian's gradient begin.
template <class T>
[[nodiscard]] double* gradient_of(const TileContext<T>& c, const LoweredHermitian& item, double* partial) {
  const std::int64_t parts = std::int64_t{2} * item.dimension() * item.dimension();
  return partial + c.hermitian_gradients[static_cast<std::size_t>(item.input)].partial + parts * item.block;
}

template <class T>
class TileReadout {
  static constexpr auto lanes = static_cast<int>(tile_lanes);
  static constexpr auto stride = static_cast<std::size_t>(tile_lanes);
  using Vector = Lanes<T, lanes>;
  using LocalNumbers = std::array<T, most_joint_qubits * local_parts * stride>;  // [qubit][part][lanes]

 public:
  explicit TileReadout(const TileContext<T>& context)
      : c_(context), plan_(context.plan), tangents_(context.request.tangents) {}

  /// Of the first `valid_lanes` samples: values, where they are wanted, and the Hermitians' gradients, which
  /// need no adjoint state, added to `partial`.
  void read(const TileStates<T>& states, std::int64_t tile, int valid_lanes, double* partial) {
    states_ = states;
    tile_ = tile;
    valid_lanes_ = valid_lanes;
    partial_ = partial;
    read_outputs();
    if (c_.request.values) write_values();
  }

  /// Of the states that were read: a = sum_k c_k O_k s and its tangent.
  void seed() {
    // Kernels leave out lanes without samples.
    if (plan_.local_hermitians().empty() || valid_lanes_ < lanes) {
      clear(states_.a);
      if (tangents_) clear(states_.adot);
    }
    bool sets = true;
    for (const LocalHermitians& local : plan_.local_hermitians())
      seed_local(local, std::exchange(sets, false));
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) {
      if (plan_.hermitians()[h].dimension() > 2) seed_hermitian(h);
    }
    for (const LoweredWord& word : plan_.words()) {
      seed_word(word, c_.weights, states_.s, states_.a);
      if (!tangents_) continue;
      seed_word(word, c_.weights, states_.sdot, states_.adot);
      if (c_.weight_direction.values != nullptr)
        seed_word(word, c_.weight_direction, states_.s, states_.adot);
    }
    for (const LoweredProbabilities& item : plan_.probabilities()) {
      const auto weights = [&](const Source<T>& source) {
        return source.tile(tile_, lanes) + item.output * lanes;
      };
      seed_probabilities(item.groups, weights(c_.weights), states_.s, states_.a);
      if (!tangents_) continue;
      seed_probabilities(item.groups, weights(c_.weights), states_.sdot, states_.adot);
      if (c_.weight_direction.values != nullptr) {
        seed_probabilities(item.groups, weights(c_.weight_direction), states_.s, states_.adot);
      }
    }
  }

 private:
  void read_outputs() {
    const auto outputs = static_cast<std::size_t>(plan_.outputs());
    values_.assign(outputs * stride, 0.0);
    for (const LocalHermitians& local : plan_.local_hermitians()) {
      if (is_read(c_, local)) read_local(local);
    }
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) {
      if (plan_.hermitians()[h].dimension() > 2) read_hermitian(h);
    }
    if (!c_.request.values) return;
    const Planes<T>& other = tangents_ ? states_.sdot : states_.s;
    const double factor = tangents_ ? 2 : 1;
    for (const LoweredWord& word : plan_.words()) {
      std::array<T, stride> sums{};
      WordKernel<T>(word, plan_.places()).read(states_.s, other, rows(), sums.data());
      for (int lane = 0; lane < lanes; ++lane)
        value(word.output, lane) +=
            factor * word.coefficient * static_cast<double>(sums[static_cast<std::size_t>(lane)]);
    }
    for (const LoweredProbabilities& item : plan_.probabilities()) {
      const std::size_t count = static_cast<std::size_t>(item.groups.dimension()) * stride;
      sums_.assign(count, 0.0);
      read_probabilities(item.groups, states_.s, other, sums_.data());
      for (std::size_t e = 0; e < count; ++e) {
        values_[static_cast<std::size_t>(item.output) * stride + e] += factor * sums_[e];
      }
    }
  }

  void write_values() {
    T* to = c_.values.samples + tile_ * plan_.outputs() * lanes;
    const auto number = [](double value) { return static_cast<T>(value); };
    if (valid_lanes_ == lanes) {
      std::ranges::transform(values_, to, number);
      return;
    }
    for (auto row = values_.begin(); row != values_.end(); row += lanes)
      to = std::transform(row, row + valid_lanes_, to, number);
  }

  double& value(int output, int lane) {
    return values_[static_cast<std::size_t>(output) * stride + static_cast<std::size_t>(lane)];
  }

  void read_local(const LocalHermitians& local) {
    quantum::run(LocalRead<T>{&local.groups, states_.s, states_.sdot, densities_.data(),
                              tangents_ ? changes_.data() : nullptr, valid_lanes_});
    if (c_.request.values) {
      for (std::size_t q = 0; q < local.members.size(); ++q) add_local_value(local.members[q], q);
    }
    const auto with_gradient = [&](std::size_t h) { return has_gradient(c_, plan_.hermitians()[h]); };
    if (std::ranges::any_of(local.members, with_gradient)) add_local_gradients(local);
  }

  // One of local_parts vectors of the q-th qubit's.
  [[nodiscard]] static Vector part(const LocalNumbers& numbers, std::size_t q, std::size_t part) {
    return load_lanes<T, lanes>(numbers.data() + (q * local_parts + part) * stride);
  }

  // Re sum_ij M_ij E_ij, and its change.
  void add_local_value(std::size_t h, std::size_t q) {
    const auto product = [&](const auto& matrix, const LocalNumbers& densities) {
      const std::array<double, local_parts> m = local_matrix(matrix);
      const auto term = [&](std::size_t p, double factor) {
        return part(densities, q, p) * static_cast<T>(factor * m[p]);
      };
      return term(0, 1) + term(1, 1) + term(2, 2) + term(3, -2);
    };
    Vector sum = product(c_.hermitians[h], tangents_ ? changes_ : densities_);
    if (const auto& mdot = c_.hermitian_directions[h]; tangents_ && !mdot.empty())
      sum += product(mdot, densities_);
    for (int lane = 0; lane < lanes; ++lane)
      value(plan_.hermitians()[h].output, lane) += static_cast<double>(sum[lane]);
  }

  // dF/dM_ij = sum c conj(E_ij) over the samples, and its change.
  void add_local_gradients(const LocalHermitians& local) {
    const auto weighted = [&](std::size_t row) __attribute__((always_inline)) {
      const std::size_t q = row / local_parts;
      const int output = plan_.hermitians()[local.members[q]].output;
      const Vector c = weights(c_.weights, output);
      Vector sum = c * part(tangents_ ? changes_ : densities_, q, row % local_parts);
      if (tangents_) sum += weights(c_.weight_direction, output) * part(densities_, q, row % local_parts);
      return first_lanes<T, lanes>(sum, valid_lanes_);
    };
    const Vector sums = sum_rows<T, lanes>(weighted, 0, local.members.size() * local_parts);
    for (std::size_t q = 0; q < local.members.size(); ++q) {
      const LoweredHermitian& item = plan_.hermitians()[local.members[q]];
      if (!has_gradient(c_, item)) continue;
      const auto at = [&](std::size_t p) { return static_cast<double>(sums[q * local_parts + p]); };
      add_local_gradient({at(0), at(1), at(2), at(3)}, gradient_of(c_, item, partial_));
    }
  }

  // a = (or +=) sum_q c_q M_q s, and its change.
  void seed_local(const LocalHermitians& local, bool sets) {
    LocalNumbers matrices;
    LocalNumbers rates;
    for (std::size_t q = 0; q < local.members.size(); ++q) {
      const std::size_t h = local.members[q];
      const auto m = local_matrix(c_.hermitians[h]);
      const auto mdot = local_matrix(c_.hermitian_directions[h]);
      const Vector c = weights(c_.weights, plan_.hermitians()[h].output);
      const Vector cdot = weights(c_.weight_direction, plan_.hermitians()[h].output);
      for (std::size_t p = 0; p < local_parts; ++p) {
        T* to = matrices.data() + (q * local_parts + p) * stride;
        store_lanes<T, lanes>(to, c * static_cast<T>(m[p]));
        if (!tangents_) continue;
        to = rates.data() + (q * local_parts + p) * stride;
        store_lanes<T, lanes>(to, cdot * static_cast<T>(m[p]) + c * static_cast<T>(mdot[p]));
      }
    }
    const auto seed = [&](const LocalNumbers& numbers, const Planes<T>& s, const Planes<T>& a, bool set) {
      quantum::run(LocalSeed<T>{&local.groups, numbers.data(), s, a, set, valid_lanes_});
    };
    seed(matrices, states_.s, states_.a, sets);
    if (!tangents_) return;
    seed(matrices, states_.sdot, states_.adot, sets);
    seed(rates, states_.s, states_.adot, false);
  }

  void read_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const bool gradient = has_gradient(c_, item);
    if (!gradient && !c_.request.values) return;
    MatrixStep<T> step{&item.groups};
    step.samples = valid_lanes_;
    step.s = states_.s;
    step.sdot = states_.sdot;
    environments_.reset(step, item.dimension(), tangents_);
    quantum::run(tangents_ ? MatrixTask::gather_tangent : MatrixTask::gather, Structure::hermitian, step);
    if (c_.request.values) {
      const auto& mdot = c_.hermitian_directions[h];
      double* f = &value(item.output, 0);
      (tangents_ ? environments_.tangent : environments_.value).add_real_product(c_.hermitians[h].data(), f);
      if (tangents_ && !mdot.empty()) environments_.value.add_real_product(mdot.data(), f);
    }
    if (gradient) add_hermitian_gradient(item);
  }

  void add_hermitian_gradient(const LoweredHermitian& item) {
    const std::size_t parts = environments_.value.parts();
    double* to = gradient_of(c_, item, partial_);
    for (int lane = 0; lane < valid_lanes_; ++lane) {
      const double c = weight(c_.weights, item.output, lane);
      const double cdot = tangents_ ? weight(c_.weight_direction, item.output, lane) : 0;
      for (std::size_t part = 0; part < parts; ++part) {
        const double sum =
            tangents_ ? c * environments_.tangent.at(part, lane) + cdot * environments_.value.at(part, lane)
                      : c * environments_.value.at(part, lane);
        to[part] += part % 2 == 0 ? sum : -sum;
      }
    }
  }

  double weight(const Source<T>& source, int output, int lane) const {
    return source.values == nullptr ? 0.0
                                    : static_cast<double>(source.tile(tile_, lanes)[output * lanes + lane]);
  }

  // Of an output, in all lanes.
  Vector weights(const Source<T>& source, int output) const {
    return source.values == nullptr ? Vector{}
                                    : load_lanes<T, lanes>(source.tile(tile_, lanes) + output * lanes);
  }

  void seed_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const auto& m = c_.hermitians[h];
    const auto& mdot = c_.hermitian_directions[h];
    weighted_.resize(m.size() * stride);
    weighted_dot_.resize(tangents_ ? weighted_.size() : 0);
    const Vector c = weights(c_.weights, item.output);
    const Vector cdot = weights(c_.weight_direction, item.output);
    for (std::size_t e = 0; e < m.size(); ++e) {
      const T number = static_cast<T>(m[e]);
      store_lanes<T, lanes>(weighted_.data() + e * stride, c * number);
      if (!tangents_) continue;
      const T change = mdot.empty() ? T{0} : static_cast<T>(mdot[e]);
      store_lanes<T, lanes>(weighted_dot_.data() + e * stride, cdot * number + c * change);
    }
    MatrixStep<T> step{&item.groups};
    step.samples = valid_lanes_;
    step.matrix = weighted_.data();
    step.tangent = weighted_dot_.data();
    step.matrix_lanes = lanes;
    step.s = states_.s;
    step.sdot = states_.sdot;
    step.a = states_.a;
    step.adot = states_.adot;
    quantum::run(tangents_ ? MatrixTask::accumulate_tangent : MatrixTask::accumulate, Structure::hermitian,
                 step);
  }

  void seed_word(const LoweredWord& word, const Source<T>& source, const Planes<T>& from,
                 const Planes<T>& to) {
    std::array<T, stride> weights;
    for (int lane = 0; lane < lanes; ++lane)
      weights[static_cast<std::size_t>(lane)] =
          static_cast<T>(word.coefficient * weight(source, word.output, lane));
    WordKernel<T>(word, plan_.places()).seed(weights.data(), from, to, rows());
  }

  [[nodiscard]] std::size_t rows() const { return static_cast<std::size_t>(plan_.amplitudes()); }

  void clear(const Planes<T>& state) const {
    std::fill_n(state.re, rows() * stride, T{0});
    std::fill_n(state.im, rows() * stride, T{0});
  }

  const TileContext<T>& c_;
  const Plan& plan_;
  bool tangents_;
  TileStates<T> states_{};
  std::int64_t tile_ = 0;
  int valid_lanes_ = 1;
  double* partial_ = nullptr;
  std::vector<double> values_;  // [outputs][lanes]
  std::vector<double> sums_;    // of probabilities, likewise
  // A Hermitian's matrix by the weights: [d * d][re, im][lanes].
  std::vector<T> weighted_, weighted_dot_;
  Environments<T> environments_;
  LocalNumbers densities_{}, changes_{};
};

}  // namespace moonstill::quantum
