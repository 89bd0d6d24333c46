// Pooling: largest elements by constant places, sums over windows.
#include <array>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/rules.hpp"
#include "engine/core/error.hpp"

namespace moonstill {
namespace {

using rules::sample;

// What a selection or a sum was taken of.
struct Window {
  Selection selection;  // sums have a geometry alone
  Shape input;          // [N, C, H, W]
};

Value window_take_of(const Value& x, const Window& window);
Value window_put_of(const Value& y, const Window& window);
Value window_sum_of(const Value& x, const Window& window);
Value window_spread_of(const Value& y, const Window& window);

std::vector<Tensor> evaluate_max(const Attributes& a, std::span<const Tensor> in) {
  WindowMax largest = window_max(in[0], std::any_cast<const PoolGeometry&>(a));
  return {std::move(largest.values), std::move(largest.places)};
}
std::vector<Value> vjp_max(const Call& call, std::span<const Value> ct) {
  const Selection selection{call.attribute<PoolGeometry>(), call.outputs[1].tensor()};
  return {window_put_of(ct[0], {selection, call.inputs[0].shape()})};
}
std::vector<Tensor> evaluate_take(const Attributes& a, std::span<const Tensor> in) {
  return {window_take(in[0], std::any_cast<const Window&>(a).selection)};
}
std::vector<Tensor> evaluate_put(const Attributes& a, std::span<const Tensor> in) {
  const auto& window = std::any_cast<const Window&>(a);
  return {window_put(in[0], window.selection, window.input)};
}
std::vector<Tensor> evaluate_sum(const Attributes& a, std::span<const Tensor> in) {
  return {window_sum(in[0], std::any_cast<const Window&>(a).selection.geometry)};
}
std::vector<Tensor> evaluate_spread(const Attributes& a, std::span<const Tensor> in) {
  const auto& window = std::any_cast<const Window&>(a);
  return {window_spread(in[0], window.selection.geometry, window.input)};
}

template <Value (*adjoint)(const Value&, const Window&)>
std::vector<Value> vjp_by(const Call& call, std::span<const Value> ct) {
  return {adjoint(ct[0], call.attribute<Window>())};
}

constexpr PoolGeometry sample_geometry{2, 2};
Window sample_window() {
  const Tensor x = sample({2, 1, 4, 5}, -1.0, 1.0, 9);
  return {{sample_geometry, window_max(x, sample_geometry).places}, x.shape()};
}
std::vector<Sample> down_samples() { return {{sample_window(), {sample({2, 1, 4, 5}, -1.0, 1.0)}}}; }
std::vector<Sample> up_samples() { return {{sample_window(), {sample({2, 1, 2, 2}, -1.0, 1.0)}}}; }

constexpr Primitive max_row{
    "max_pool",   "Each pooling window's largest element, and (a constant) its place.",
    evaluate_max, vjp_max,
    -1,           [] {
      return std::vector<Sample>{{sample_geometry, {sample({2, 1, 4, 5}, -1.0, 1.0)}}}; }};
constexpr Primitive take_row{"window_take",
                             "One element of each pooling window, at constant places.",
                             evaluate_take,
                             vjp_by<window_put_of>,
                             -1,
                             down_samples};
constexpr Primitive put_row{
    "window_put", "The adjoint of window_take.", evaluate_put, vjp_by<window_take_of>, -1, up_samples};
constexpr Primitive sum_row{
    "window_sum", "Sum over each pooling window.", evaluate_sum, vjp_by<window_spread_of>, -1, down_samples};
constexpr Primitive spread_row{
    "window_spread", "The adjoint of window_sum.", evaluate_spread, vjp_by<window_sum_of>, -1, up_samples};

Value window_take_of(const Value& x, const Window& window) { return apply_one(take_row, window, {&x, 1}); }
Value window_put_of(const Value& y, const Window& window) { return apply_one(put_row, window, {&y, 1}); }
Value window_sum_of(const Value& x, const Window& window) { return apply_one(sum_row, window, {&x, 1}); }
Value window_spread_of(const Value& y, const Window& window) {
  return apply_one(spread_row, window, {&y, 1});
}

}  // namespace

void rules::check_pool(const char* name, const Shape& x, PoolGeometry g) {
  if (x.rank() != 4) fail(ErrorKind::shape, "{}: expected [N, C, H, W], got {}", name, x.text());
  if (g.window < 1 || g.window > most_window || g.stride < 1) {
    fail(ErrorKind::range,
         "{}: window {} and stride {}: expected a window in 1..{} and a stride of at least 1", name, g.window,
         g.stride, most_window);
  }
  if (x[2] < g.window || x[3] < g.window) {
    fail(ErrorKind::shape, "{}: a window of {} does not fit into {}", name, g.window, x.text());
  }
}

rules::Rows rules::pooling() {
  static constexpr std::array rows{&max_row, &take_row, &put_row, &sum_row, &spread_row};
  return rows;
}

namespace ops {

Value max_pool(const Value& x, PoolGeometry g) {
  if (!is_floating(x.dtype())) detail::fail_not_floating(x.dtype(), "max_pool");
  rules::check_pool("max_pool", x.shape(), g);
  return apply_one(max_row, g, {&x, 1});
}

Value average_pool(const Value& x, PoolGeometry g) {
  if (!is_floating(x.dtype())) detail::fail_not_floating(x.dtype(), "average_pool");
  rules::check_pool("average_pool", x.shape(), g);
  return scale(window_sum_of(x, {{g, {}}, x.shape()}), 1.0 / static_cast<double>(g.window * g.window));
}

}  // namespace ops
}  // namespace moonstill
