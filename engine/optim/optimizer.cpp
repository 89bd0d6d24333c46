#include "engine/optim/optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/error.hpp"
#include "engine/core/threads.hpp"
#include "engine/tensor/elementwise.hpp"
#include "engine/tensor/reduce.hpp"

namespace moonstill::optim {
namespace {

constexpr std::size_t grain = 1 << 14;

template <class T>
struct Slices {
  std::span<const T> weight;
  std::span<const T> gradient;
  std::span<T> result;
};

// Each moment is read from the old tensor and written to a fresh one, since somebody may hold the old.
template <class T>
void sgd_step(const Slices<T>& s, const Settings& o, double rate, bool first, std::span<const T> old,
              std::span<T> velocity) {
  parallel_for(s.weight.size(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const T g = s.gradient[i] + static_cast<T>(o.weight_decay) * s.weight[i];
      velocity[i] = first ? g : static_cast<T>(o.momentum) * old[i] + g;
      const T direction = o.nesterov ? g + static_cast<T>(o.momentum) * velocity[i] : velocity[i];
      s.result[i] = s.weight[i] - static_cast<T>(rate) * direction;
    }
  });
}

template <class T>
void adam_step(const Slices<T>& s, const Settings& o, double rate, std::int64_t t,
               std::span<const T> old_mean, std::span<T> mean, std::span<const T> old_square,
               std::span<T> square) {
  const auto steps = static_cast<double>(t);
  const T scale = static_cast<T>(rate / (1.0 - std::pow(o.beta1, steps)));
  const T correction = static_cast<T>(1.0 / std::sqrt(1.0 - std::pow(o.beta2, steps)));
  const T b1 = static_cast<T>(o.beta1);
  const T b2 = static_cast<T>(o.beta2);
  const T epsilon = static_cast<T>(o.epsilon);
  const T added = static_cast<T>(o.decoupled ? 0.0 : o.weight_decay);
  const T kept = static_cast<T>(o.decoupled ? 1.0 - rate * o.weight_decay : 1.0);
  parallel_for(s.weight.size(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const T g = s.gradient[i] + added * s.weight[i];
      mean[i] = b1 * old_mean[i] + (1 - b1) * g;
      square[i] = b2 * old_square[i] + (1 - b2) * g * g;
      s.result[i] = kept * s.weight[i] - scale * mean[i] / (std::sqrt(square[i]) * correction + epsilon);
    }
  });
}

std::size_t moments_of(Rule rule) { return rule == Rule::adam ? 2 : 1; }

void check_alike(std::size_t k, const char* what, const Tensor& weight, const Tensor& other) {
  if (other.shape() == weight.shape() && other.dtype() == weight.dtype()) return;
  fail(ErrorKind::shape, "optimizer: tensor {}: expected a {} {} {} like the weight, got {} {}", k + 1, what,
       dtype_name(weight.dtype()), weight.shape().text(), dtype_name(other.dtype()), other.shape().text());
}

}  // namespace

void Optimizer::start(std::span<const Tensor> weights) {
  for (std::size_t m = 0; m < moments_of(settings_.rule); ++m) {
    for (const Tensor& w : weights) moments_.push_back(Tensor::zeros(w.shape(), w.dtype()));
  }
}

std::vector<Tensor> Optimizer::step(std::span<const Tensor> weights, std::span<const Tensor> gradients) {
  if (moments_.empty()) start(weights);
  const std::size_t n = weights.size();
  if (gradients.size() != n || moments_.size() != n * moments_of(settings_.rule)) {
    fail(ErrorKind::shape, "optimizer: expected {} gradients for {} weights, got {}",
         moments_.size() / moments_of(settings_.rule), n, gradients.size());
  }
  for (std::size_t k = 0; k < n; ++k) {
    check_alike(k, "gradient", weights[k], gradients[k]);
    for (std::size_t at = k; at < moments_.size(); at += n)
      check_alike(k, "moment", weights[k], moments_[at]);
    if (!all_finite(gradients[k])) {
      fail(ErrorKind::numeric, "step: update {}: the gradient of tensor {} holds NaN or infinity", steps_ + 1,
           k + 1);
    }
  }
  const double rate_now = rate();
  std::vector<Tensor> results;
  std::vector<Tensor> moments(moments_.size());
  for (std::size_t k = 0; k < n; ++k) {
    const Tensor weight = weights[k].row_major();
    const Tensor gradient = gradients[k].row_major();
    Tensor result = Tensor::empty(weight.shape(), weight.dtype());
    dispatch_floating(weight.dtype(), "optimizer", [&](auto element) {
      using T = decltype(element);
      const Slices<T> slices{weight.data<T>(), gradient.data<T>(), result.write<T>()};
      const auto fresh = [&](std::size_t m) {
        return moments[m] = Tensor::empty(weight.shape(), weight.dtype()), moments[m].write<T>();
      };
      if (settings_.rule == Rule::sgd) {
        sgd_step<T>(slices, settings_, rate_now, steps_ == 0, moments_[k].data<T>(), fresh(k));
      } else {
        const auto mean = fresh(k);
        adam_step<T>(slices, settings_, rate_now, steps_ + 1, moments_[k].data<T>(), mean,
                     moments_[n + k].data<T>(), fresh(n + k));
      }
    });
    results.push_back(std::move(result));
  }
  moments_ = std::move(moments);
  ++steps_;
  return results;
}

void Optimizer::restore(std::int64_t steps, std::vector<Tensor> moments) {
  for (std::size_t i = 0; i < moments.size(); ++i) {
    if (is_floating(moments[i].dtype())) continue;
    fail(ErrorKind::argument, "moment {}: expected an f32 or f64 tensor, got {}", i + 1,
         dtype_name(moments[i].dtype()));
  }
  steps_ = steps;
  moments_ = std::move(moments);
}

double global_norm(std::span<const Tensor> tensors) {
  double squares = 0;
  for (const Tensor& t : tensors) {
    const Tensor wide = t.cast(DType::f64);
    squares +=
        reduce(Reduction::sum, binary(Binary::mul, wide, wide), (AxisSet{1} << t.rank()) - 1, false).at(0);
  }
  return std::sqrt(squares);
}

std::vector<Tensor> clip_by_norm(std::span<const Tensor> tensors, double limit) {
  const double norm = global_norm(tensors);
  std::vector<Tensor> out(tensors.begin(), tensors.end());
  // A norm that is not a number must reach the optimiser, which refuses it.
  if (norm <= limit) return out;
  for (Tensor& t : out) t = binary(Binary::mul, t, Tensor::scalar(limit / norm, t.dtype()));
  return out;
}

}  // namespace moonstill::optim
