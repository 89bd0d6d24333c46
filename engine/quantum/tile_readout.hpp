// What a tile's states give: expectation values, the Hermitians' gradients, and the seeds of the adjoint
// states.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "engine/quantum/environment.hpp"
#include "engine/quantum/plan.hpp"
#include "engine/quantum/readout_kernels.hpp"
#include "engine/quantum/sweep_context.hpp"

namespace moonstill::quantum {

template <class T>
using TileContext = SweepContext<T, Plan>;

/// A tile's states, and those that a request does not need absent.
template <class T>
struct TileStates {
  Planes<T> s, sdot, a, adot;
};

/// What a matrix finds in a tile's states: an environment, and its change along the direction.
template <class T>
struct Environments {
  Environment<T> value, tangent;

  /// Zeros for a matrix of `dimension` rows, for the step to add to.
  void reset(MatrixStep<T>& step, int dimension, bool tangents) {
    value.reset(dimension);
    step.environment = value.data();
    if (!tangents) return;
    tangent.reset(dimension);
    step.environment_tangent = tangent.data();
  }
};

template <class T>
class TileReadout {
  static constexpr auto lanes = static_cast<int>(tile_lanes);
  static constexpr auto stride = static_cast<std::size_t>(tile_lanes);
  using Vector = Lanes<T, lanes>;

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
    clear(states_.a);
    if (tangents_) clear(states_.adot);
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) seed_hermitian(h);
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
    for (std::size_t h = 0; h < plan_.hermitians().size(); ++h) read_hermitian(h);
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
    for (std::size_t e = 0; e < values_.size(); ++e) to[e] = static_cast<T>(values_[e]);
  }

  double& value(int output, int lane) { return values_[static_cast<std::size_t>(output * lanes + lane)]; }

  void read_hermitian(std::size_t h) {
    const LoweredHermitian& item = plan_.hermitians()[h];
    const bool gradient =
        item.input >= 0 && c_.hermitian_gradients[static_cast<std::size_t>(item.input)].wanted;
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
    double* to = partial_ + c_.hermitian_gradients[static_cast<std::size_t>(item.input)].partial +
                 static_cast<std::int64_t>(parts) * item.block;
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
};

}  // namespace moonstill::quantum
