// Sums, extrema and broadcasts.
#include <array>
#include <atomic>
#include <limits>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/rules.hpp"
#include "engine/core/error.hpp"
#include "engine/tensor/elementwise.hpp"
#include "engine/tensor/normalise.hpp"

namespace moonstill {
namespace {

using rules::sample;

struct Axes {
  AxisSet axes;
  bool keep;
};

AxisSet all_axes(const Value& x) { return (AxisSet{1} << x.rank()) - 1; }

Shape kept_shape(const Shape& shape, AxisSet axes) {
  Shape kept = shape;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if ((axes >> axis & 1) != 0) kept = kept.with(axis, 1);
  }
  return kept;
}

// A reduced value's cotangent, spread over what was reduced.
Value spread(const Value& reduced, const Value& like, AxisSet axes) {
  return ops::broadcast_to(ops::reshape(reduced, kept_shape(like.shape(), axes)), like.shape(),
                           like.tensor().layout());
}

template <Reduction op>
std::vector<Tensor> evaluate_reduce(const Attributes& a, std::span<const Tensor> in) {
  const auto& [axes, keep] = std::any_cast<const Axes&>(a);
  return {reduce(op, in[0], axes, keep)};
}

std::vector<Value> vjp_sum(const Call& call, std::span<const Value> ct) {
  return {spread(ct[0], call.inputs[0], call.attribute<Axes>().axes)};
}

std::vector<Value> vjp_extremum(const Call& call, std::span<const Value> ct) {
  const AxisSet axes = call.attribute<Axes>().axes;
  const Value& x = call.inputs[0];
  const Value hit = ops::equal(x, spread(call.outputs[0], x, axes));
  const Value share = ops::div(hit, ops::sum(hit, axes, true));
  return {ops::mul(spread(ct[0], x, axes), share)};
}

std::vector<Sample> reduce_samples() {
  return {{Axes{0b111, false}, {sample({2, 3, 2}, -1.0, 1.0)}},
          {Axes{0b010, true}, {sample({2, 3, 2}, -1.0, 1.0)}},
          {Axes{0b001, false}, {sample({3, 4}, -1.0, 1.0).as_tiled()}},
          {Axes{0b010, false}, {sample({3, 4}, -1.0, 1.0).as_tiled()}}};
}

constexpr Primitive sum_row{"sum", "Sum over some axes.", evaluate_reduce<Reduction::sum>, vjp_sum,
                            -1,    reduce_samples};
constexpr Primitive max_row{"max",
                            "Largest element over some axes; ties share the derivative.",
                            evaluate_reduce<Reduction::max>,
                            vjp_extremum,
                            -1,
                            reduce_samples};
constexpr Primitive min_row{"min",
                            "Smallest element over some axes; ties share the derivative.",
                            evaluate_reduce<Reduction::min>,
                            vjp_extremum,
                            -1,
                            reduce_samples};

struct Target {
  Shape shape;
  Layout layout;
};

std::vector<Tensor> evaluate_broadcast(const Attributes& a, std::span<const Tensor> in) {
  const auto& [shape, layout] = std::any_cast<const Target&>(a);
  return {broadcast_to(in[0], shape, layout)};
}
std::vector<Value> vjp_broadcast(const Call& call, std::span<const Value> ct) {
  return {ops::sum_to(ct[0], call.inputs[0].shape())};
}
constexpr Primitive broadcast_row{
    "broadcast_to", "Repeats a tensor to a larger shape.", evaluate_broadcast, vjp_broadcast, -1, [] {
      return std::vector<Sample>{{Target{{4, 2, 3}, Layout::row_major}, {sample({2, 1}, -1.0, 1.0)}},
                                 {Target{{3, 2}, Layout::tiled}, {sample({2}, -1.0, 1.0)}}};
    }};

std::vector<Tensor> evaluate_sum_to(const Attributes& a, std::span<const Tensor> in) {
  return {sum_to(in[0], std::any_cast<const Shape&>(a))};
}
std::vector<Value> vjp_sum_to(const Call& call, std::span<const Value> ct) {
  return {ops::broadcast_to(ct[0], call.inputs[0].shape(), call.inputs[0].tensor().layout())};
}
constexpr Primitive sum_to_row{"sum_to",
                               "Sums a tensor down to a shape that broadcasts to its own.",
                               evaluate_sum_to,
                               vjp_sum_to,
                               -1,
                               [] {
                                 return std::vector<Sample>{
                                     {Shape{2, 1}, {sample({4, 2, 3}, -1.0, 1.0)}},
                                     {Shape{2}, {sample({3, 2}, -1.0, 1.0).as_tiled()}}};
                               }};

// Rows that unit() could not normalise; counted over the process, since a warning is wanted once, not for
// each call.
std::atomic<std::uint64_t>& zero_row_counter() {
  static std::atomic<std::uint64_t> count{0};
  return count;
}

std::vector<Tensor> evaluate_unit(const Attributes&, std::span<const Tensor> in) {
  NormalisedRows result = normalise_rows(in[0]);
  ops::see_zero_rows(result.zero_rows);
  return {std::move(result.rows), std::move(result.norms)};
}

Value dot_rows(const Value& a, const Value& b) {
  return ops::sum(ops::mul(a, b), AxisSet{1} << (a.rank() - 1), true);
}

std::vector<Tensor> evaluate_across(const Attributes&, std::span<const Tensor> in) {
  return {across_rows(in[0], in[1], in[2])};
}

// Of p = (g - y (y . g)) / r: in y -(ct (y . g) + g (y . ct)) / r, in g the same map of ct, in r -p . ct / r.
std::vector<Value> vjp_across(const Call& call, std::span<const Value> ct) {
  const Value& y = call.inputs[0];
  const Value& g = call.inputs[1];
  const Value& r = call.inputs[2];
  std::vector<Value> out(3);
  if (call.needs[0]) {
    const Value turned = ops::mul(ct[0], ops::div(dot_rows(y, g), r));
    out[0] = ops::neg(ops::add(turned, ops::mul(g, ops::div(dot_rows(y, ct[0]), r))));
  }
  if (call.needs[1]) out[1] = apply_one(call.primitive, {}, std::array{y, ct[0], r});
  if (call.needs[2]) out[2] = ops::neg(ops::div(dot_rows(call.outputs[0], ct[0]), r));
  return out;
}

constexpr Primitive across_row{
    "across_rows",
    "Rows without their parts along unit rows, divided by norms: the derivative of unit.",
    evaluate_across,
    vjp_across,
    -1,
    [] {
      const Tensor tiled = sample({3, 2, 4}, -1.0, 1.0).as_tiled();
      return std::vector<Sample>{
          {{}, {sample({2, 4}, -1.0, 1.0), sample({2, 4}, 0.5, 2.0), sample({2, 1}, 0.5, 2.0)}},
          {{}, {tiled, sample({3, 2, 4}, 0.5, 2.0).as_tiled(), sample({3, 2, 1}, 0.5, 2.0).as_tiled()}}};
    }};

// The norm infinity of a zero row makes its derivative 0. The derivative of |x| is y.
std::vector<Value> vjp_unit(const Call& call, std::span<const Value> ct) {
  const Value& y = call.outputs[0];
  Value slope;
  if (ct[0]) slope = apply_one(across_row, {}, std::array{y, ct[0], call.outputs[1]});
  if (!ct[1]) return {slope};
  const Value radial = ops::mul(y, ct[1]);
  return {slope ? ops::add(slope, radial) : radial};
}

constexpr Primitive unit_row{
    "unit", "Rows divided by their 2-norms, and the norms.", evaluate_unit, vjp_unit, -1, [] {
      return std::vector<Sample>{{{}, {sample({2, 4}, 0.5, 2.0)}},
                                 {{}, {sample({3, 2, 4}, -2.0, -0.5).as_tiled()}}};
    }};

Value apply_reduce(const Primitive& row, const Value& x, AxisSet axes, bool keep) {
  if (!is_floating(x.dtype())) detail::fail_not_floating(x.dtype(), row.name.data());
  if (axes > all_axes(x)) fail(ErrorKind::range, "{}: an axis is outside 1..{}", row.name, x.rank());
  return axes == 0 ? x : apply_one(row, Axes{axes, keep}, {&x, 1});
}

Value apply_mean(const Value& x, AxisSet axes, bool keep) {
  const Value total = ops::sum(x, axes, keep);
  return ops::scale(total,
                    static_cast<double>(total.shape().count()) / static_cast<double>(x.shape().count()));
}

}  // namespace

rules::Rows rules::reductions() {
  static constexpr std::array rows{&sum_row,    &max_row,  &min_row,   &broadcast_row,
                                   &sum_to_row, &unit_row, &across_row};
  return rows;
}

namespace ops {

Value sum(const Value& x, AxisSet axes, bool keep_axes) { return apply_reduce(sum_row, x, axes, keep_axes); }
Value sum(const Value& x) { return sum(x, all_axes(x)); }
Value mean(const Value& x, AxisSet axes, bool keep_axes) { return apply_mean(x, axes, keep_axes); }
Value mean(const Value& x) { return mean(x, all_axes(x)); }
Value max(const Value& x, AxisSet axes, bool keep_axes) { return apply_reduce(max_row, x, axes, keep_axes); }
Value min(const Value& x, AxisSet axes, bool keep_axes) { return apply_reduce(min_row, x, axes, keep_axes); }
Value argmax(const Value& x, std::size_t axis) {
  if (axis >= x.rank()) fail(ErrorKind::range, "argmax: axis {} is outside 1..{}", axis + 1, x.rank());
  return moonstill::argmax(x.tensor(), axis);
}

Value logsumexp(const Value& x, std::size_t axis, bool keep_axes) {
  if (axis >= x.rank()) fail(ErrorKind::range, "logsumexp: axis {} is outside 1..{}", axis + 1, x.rank());
  const AxisSet axes = AxisSet{1} << axis;
  const Value largest = reduce(Reduction::max, x.tensor(), axes, true);
  const Value total = log(sum(exp(sub(x, largest)), axes, true));
  const Value result = add(total, largest);
  return keep_axes ? result : reshape(result, x.shape().without(axis));
}

Value broadcast_to(const Value& x, const Shape& shape, Layout layout) {
  if (broadcast_shapes(x.shape(), shape, "broadcast_to") != shape) {
    fail(ErrorKind::shape, "broadcast_to: {} does not stretch to {}", x.shape().text(), shape.text());
  }
  if (x.shape() == shape) return x;
  return apply_one(broadcast_row, Target{shape, layout}, {&x, 1});
}

Value sum_to(const Value& x, const Shape& shape) {
  if (!x || x.shape() == shape) return x;
  return apply_one(sum_to_row, shape, {&x, 1});
}

Value unit(const Value& x) {
  if (x.rank() == 0) fail(ErrorKind::shape, "unit: expected at least one axis, got a number");
  if (!is_floating(x.dtype())) detail::fail_not_floating(x.dtype(), "unit");
  return std::move(apply(unit_row, {}, {&x, 1}).front());
}

void see_zero_rows(std::int64_t count) { zero_row_counter() += static_cast<std::uint64_t>(count); }

std::uint64_t zero_rows_seen() { return zero_row_counter(); }

}  // namespace ops
}  // namespace moonstill
