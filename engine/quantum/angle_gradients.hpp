// From what an operation's way back leaves, slopes and environments of samples side by side, to the gradients
// of its angles.
#pragma once

#include <vector>

#include "engine/quantum/circuit_walk.hpp"

namespace moonstill::quantum {

template <class T>
class AngleGradients {
 public:
  explicit AngleGradients(const TileContext<T>& context)
      : c_(context), plan_(context.plan), tangents_(context.request.tangents) {}

  /// Where what follows is added: to `partial` when shared, else to the samples of a tile.
  void start(std::int64_t tile, double* partial) {
    tile_ = tile;
    samples_ = c_.samples_of(tile);
    partial_ = partial;
  }

  /// From slopes [qubit][tile_lanes] of rotations, the first `valid` of which count.
  void add_rotations(std::size_t o, const OperationNumbers<T>& n, const T* slopes, int valid) {
    plan_.operations()[o].rotations.each_parameter(
        [&](const Parameter& parameter, std::size_t position, double scale) {
          const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(parameter.input)];
          if (!to.wanted) return;
          const T* slope = slopes + position * static_cast<std::size_t>(tile_lanes);
          if (n.lanes == 1) {
            add(to, parameter.slot, 0, scale * tree_sum(slope, valid));
            return;
          }
          for (int lane = 0; lane < valid; ++lane) add(to, parameter.slot, lane, scale * slope[lane]);
        });
  }

  /// g_m = 2 Re sum D_m E; with a tangent 2 Re sum (D_m Edot + sum_j dtheta_j D_mj E). Shared angles need the
  /// sum over lanes only.
  void add_matrix(std::size_t o, const OperationNumbers<T>& n, const Environments<T>& environments,
                  int valid) {
    const bool shared = n.lanes == 1;
    if (shared) {
      environments.value.sum_samples(valid, sums_);
      if (tangents_) environments.tangent.sum_samples(valid, tangent_sums_);
    }
    const auto& parameters = plan_.operations()[o].parameters;
    for (std::size_t m = 0; m < parameters.size(); ++m) {
      const Destination<T>& to = c_.angle_gradients[static_cast<std::size_t>(parameters[m].input)];
      if (!to.wanted) continue;
      const double* slope = n.derivatives.data() + m * n.matrix.size();
      const double* slope_dot = n.derivative_tangents.data() + m * n.matrix.size();
      if (shared) {
        double g = real_product(slope, tangents_ ? tangent_sums_ : sums_);
        if (tangents_) g += real_product(slope_dot, sums_);
        add(to, parameters[m].slot, 0, 2 * g);
        continue;
      }
      for (int lane = 0; lane < valid; ++lane) {
        double g = (tangents_ ? environments.tangent : environments.value).real_product(slope, lane);
        if (tangents_) g += environments.value.real_product(slope_dot, lane);
        add(to, parameters[m].slot, lane, 2 * g);
      }
    }
  }

 private:
  void add(const Destination<T>& to, std::int64_t slot, int lane, double g) {
    if (to.partial >= 0)
      partial_[to.partial + slot] += g;
    else
      to.samples[tile_ * to.count() * tile_lanes + slot * samples_ + lane] += static_cast<T>(g);
  }

  const TileContext<T>& c_;
  const Plan& plan_;
  bool tangents_;
  std::int64_t tile_ = 0;
  int samples_ = 0;  // of the tile
  double* partial_ = nullptr;
  std::vector<double> sums_, tangent_sums_;  // of environments, over the lanes
};

}  // namespace moonstill::quantum
