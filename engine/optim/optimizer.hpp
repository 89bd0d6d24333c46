// Optimisers: from weights and gradients to new weights. Weights are values and never change in place.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/optim/schedule.hpp"
#include "engine/tensor/tensor.hpp"

namespace moonstill::optim {

enum class Rule { sgd, adam };

struct Settings {
  Rule rule = Rule::adam;
  Schedule schedule;
  double momentum = 0.0;      // sgd
  bool nesterov = false;      // sgd
  double beta1 = 0.9;         // adam
  double beta2 = 0.999;       // adam
  double epsilon = 1e-8;      // adam
  double weight_decay = 0.0;  // added to the gradient, times the weight
  bool decoupled = false;     // adam: the decay shrinks the weight instead, times the rate
};

/// SGD with momentum (as PyTorch defines it) or Adam (Kingma and Ba, 2015; decoupled decay: Loshchilov and
/// Hutter, 2019), over a fixed list of tensors.
class Optimizer {
 public:
  explicit Optimizer(const Settings& settings) : settings_(settings) {}

  /// New weights after one step. Throws Error{shape} when gradients or earlier calls' shapes do not match,
  /// and Error{numeric}, changing nothing, when a gradient is not finite.
  std::vector<Tensor> step(std::span<const Tensor> weights, std::span<const Tensor> gradients);

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] double rate() const { return settings_.schedule.at(steps_); }
  void set_schedule(const Schedule& schedule) { settings_.schedule = schedule; }

  /// First and second moments of each tensor (sgd: velocities only), for a checkpoint.
  [[nodiscard]] const std::vector<Tensor>& moments() const { return moments_; }
  /// Puts them back. Throws Error{argument} for one that is not floating; step checks them against weights.
  void restore(std::int64_t steps, std::vector<Tensor> moments);

 private:
  void start(std::span<const Tensor> weights);

  Settings settings_;
  std::int64_t steps_ = 0;
  std::vector<Tensor> moments_;
};

/// The 2-norm over all tensors.
[[nodiscard]] double global_norm(std::span<const Tensor> tensors);

/// All tensors times min(1, limit / norm).
std::vector<Tensor> clip_by_norm(std::span<const Tensor> tensors, double limit);

}  // namespace moonstill::optim
