// Smooth max pooling: the derivatives of the first and second order in one pass each.
#include <array>
#include <cmath>
#include <memory>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/rules.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/core/error.hpp"

namespace moonstill {
namespace {

using rules::sample;

// `windows`: what the evaluation of the mean leaves for those of its derivatives, which have the same x.
struct Pooling {
  SmoothPooling pooling;
  std::shared_ptr<SmoothWindows> windows{};
};

Value spread_of(const Pooling& pooling, const Value& x, const Value& y);
Value change_of(const Pooling& pooling, const Value& x, const Value& t);
Value bend_of(const Pooling& pooling, const Value& x, const Value& y, const Value& t);

SmoothWindows windows_at(const Attributes& a, const Tensor& x) {
  const auto& p = std::any_cast<const Pooling&>(a);
  return p.windows ? *p.windows : smooth_max(x, p.pooling).windows;
}

std::vector<Tensor> evaluate_mean(const Attributes& a, std::span<const Tensor> in) {
  const auto& p = std::any_cast<const Pooling&>(a);
  SmoothMax mean = smooth_max(in[0], p.pooling);
  if (p.windows) *p.windows = std::move(mean.windows);
  return {std::move(mean.values)};
}
std::vector<Value> vjp_mean(const Call& call, std::span<const Value> ct) {
  return {spread_of(call.attribute<Pooling>(), call.inputs[0], ct[0])};
}

std::vector<Tensor> evaluate_spread(const Attributes& a, std::span<const Tensor> in) {
  return {smooth_max_spread(in[1], windows_at(a, in[0]), in[0].shape())};
}
std::vector<Value> vjp_spread(const Call& call, std::span<const Value> ct) {
  const auto& pooling = call.attribute<Pooling>();
  const Value& x = call.inputs[0];
  return {call.needs[0] ? bend_of(pooling, x, call.inputs[1], ct[0]) : Value(),
          call.needs[1] ? change_of(pooling, x, ct[0]) : Value()};
}

std::vector<Tensor> evaluate_change(const Attributes& a, std::span<const Tensor> in) {
  return {smooth_max_change(in[1], windows_at(a, in[0]))};
}
std::vector<Value> vjp_change(const Call& call, std::span<const Value> ct) {
  const auto& pooling = call.attribute<Pooling>();
  const Value& x = call.inputs[0];
  return {call.needs[0] ? bend_of(pooling, x, ct[0], call.inputs[1]) : Value(),
          call.needs[1] ? spread_of(pooling, x, ct[0]) : Value()};
}

Tensor every(std::int64_t stride, std::int64_t begin, std::int64_t count) {
  Tensor indices = Tensor::empty({count}, DType::i32);
  for (std::int32_t& index : indices.write<std::int32_t>()) {
    index = static_cast<std::int32_t>(begin);
    begin += stride;
  }
  return indices;
}

// The mean again, in operations on one place of all windows after another.
Value composed_mean(const Value& x, const SmoothPooling& pooling) {
  const auto [window, stride] = pooling.geometry;
  const Value top = ops::stop_gradient(ops::max_pool(x, pooling.geometry));
  Value total = ops::scale(top, 0.0);
  Value weighted = total;
  for (std::int64_t row = 0; row < window; ++row) {
    const Value rows = ops::take(x, 2, every(stride, row, top.size(2)));
    for (std::int64_t column = 0; column < window; ++column) {
      const Value element = ops::take(rows, 3, every(stride, column, top.size(3)));
      const Value weight = ops::exp(ops::scale(ops::sub(element, top), pooling.sharpness));
      total = ops::add(total, weight);
      weighted = ops::add(weighted, ops::mul(weight, element));
    }
  }
  return ops::div(weighted, total);
}

std::vector<Tensor> evaluate_bend(const Attributes& a, std::span<const Tensor> in) {
  return {smooth_max_bend(in[1], in[2], windows_at(a, in[0]))};
}
// The third derivative and those beyond, which hardly anyone asks for.
std::vector<Value> vjp_bend(const Call& call, std::span<const Value> ct) {
  const SmoothPooling& pooling = call.attribute<Pooling>().pooling;
  const Function mean = [&](std::span<const Value> x) { return Values{composed_mean(x[0], pooling)}; };
  const Function bend = [&](std::span<const Value> in) {
    const Function spread = [&](std::span<const Value> x) { return vjp(mean, x).pullback(in.subspan(1, 1)); };
    return vjp(spread, in.first(1)).pullback(in.subspan(2, 1));
  };
  return vjp(bend, call.inputs).pullback(ct);
}

constexpr SmoothPooling sampled{{2, 2}, 3.0};
constexpr SmoothPooling overlapping{{3, 2}, 2.0};
Tensor sample_x() { return sample({2, 1, 5, 5}, -1.0, 1.0, 9); }
Tensor sample_y() { return sample({2, 1, 2, 2}, -1.0, 1.0, 2); }
Tensor sample_t() { return sample({2, 1, 5, 5}, -1.0, 1.0, 3); }

template <Tensor (*... others)()>
std::vector<Sample> samples() {
  return {{Pooling{sampled}, {sample_x(), others()...}}, {Pooling{overlapping}, {sample_x(), others()...}}};
}

constexpr Primitive mean_row{"smooth_max_pool",
                             "Each pooling window's mean, its elements weighted by exp(sharpness * x).",
                             evaluate_mean,
                             vjp_mean,
                             -1,
                             samples<>};
constexpr Primitive spread_row{"smooth_max_spread",
                               "A cotangent of smooth_max_pool's input, from x and that of its output.",
                               evaluate_spread,
                               vjp_spread,
                               -1,
                               samples<sample_y>};
constexpr Primitive change_row{"smooth_max_change",
                               "The adjoint of smooth_max_spread: from x and a tangent, the output's.",
                               evaluate_change,
                               vjp_change,
                               -1,
                               samples<sample_t>};
constexpr Primitive bend_row{"smooth_max_bend",
                             "smooth_max_pool's Hessian at x, for a cotangent, applied to a tangent.",
                             evaluate_bend,
                             vjp_bend,
                             -1,
                             samples<sample_y, sample_t>};

Value spread_of(const Pooling& pooling, const Value& x, const Value& y) {
  return apply_one(spread_row, pooling, std::array{x, y});
}
Value change_of(const Pooling& pooling, const Value& x, const Value& t) {
  return apply_one(change_row, pooling, std::array{x, t});
}
Value bend_of(const Pooling& pooling, const Value& x, const Value& y, const Value& t) {
  return apply_one(bend_row, pooling, std::array{x, y, t});
}

}  // namespace

rules::Rows rules::smooth_pooling() {
  static constexpr std::array rows{&mean_row, &spread_row, &change_row, &bend_row};
  return rows;
}

Value ops::smooth_max_pool(const Value& x, SmoothPooling pooling) {
  if (!is_floating(x.dtype())) detail::fail_not_floating(x.dtype(), "smooth_max_pool");
  rules::check_pool("smooth_max_pool", x.shape(), pooling.geometry);
  if (!(pooling.sharpness > 0 && std::isfinite(pooling.sharpness))) {
    fail(ErrorKind::range, "smooth_max_pool: expected a sharpness that is finite and above 0, got {}",
         pooling.sharpness);
  }
  return apply_one(mean_row, Pooling{pooling, std::make_shared<SmoothWindows>()}, {&x, 1});
}

}  // namespace moonstill
