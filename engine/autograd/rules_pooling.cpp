// Pooling: largest elements by constant places, sums over windows.
#include <array>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/rules.hpp"
#include "engine/core/error.hpp"

namespace moonstill {
namespace {

using rules::sample;

struct Window {
  PoolGeometry geometry;
  Tensor places;  // which element of each window, for the picking pair
  Shape input;    // [N, C, H, W] of what was pooled
};

Value window_take_of(const Value& x, const Window& window);
Value window_put_of(const Value& y, const Window& window);
Value window_sum_of(const Value& x, const Window& window);
Value window_spread_of(const Value& y, const Window& window);

std::vector<Tensor> evaluate_take(const Attributes& a, std::span<const Tensor> in) {
  const auto& window = std::any_cast<const Window&>(a);
  return {window_take(in[0], window.places, window.geometry)};
}
std::vector<Tensor> evaluate_put(const Attributes& a, std::span<const Tensor> in) {
  const auto& window = std::any_cast<const Window&>(a);
  return {window_put(in[0], window.places, window.geometry, window.input)};
}
std::vector<Tensor> evaluate_sum(const Attributes& a, std::span<const Tensor> in) {
  return {window_sum(in[0], std::any_cast<const Window&>(a).geometry)};
}
std::vector<Tensor> evaluate_spread(const Attributes& a, std::span<const Tensor> in) {
  const auto& window = std::any_cast<const Window&>(a);
  return {window_spread(in[0], window.geometry, window.input)};
}

template <Value (*adjoint)(const Value&, const Window&)>
std::vector<Value> vjp_by(const Call& call, std::span<const Value> ct) {
  return {adjoint(ct[0], call.attribute<Window>())};
}

Window sample_window() {
  const Tensor x = sample({2, 1, 4, 5}, -1.0, 1.0, 9);
  constexpr PoolGeometry g{2, 2};
  return {g, window_argmax(x, g), x.shape()};
}
std::vector<Sample> down_samples() { return {{sample_window(), {sample({2, 1, 4, 5}, -1.0, 1.0)}}}; }
std::vector<Sample> up_samples() { return {{sample_window(), {sample({2, 1, 2, 2}, -1.0, 1.0)}}}; }

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

void check(const char* name, const Value& x, PoolGeometry g) {
  if (!is_floating(x.dtype())) detail::fail_not_floating(x.dtype(), name);
  if (x.rank() != 4) fail(ErrorKind::shape, "{}: expected [N, C, H, W], got {}", name, x.shape().text());
  if (g.window < 1 || g.window > 15 || g.stride < 1) {
    fail(ErrorKind::range,
         "{}: window {} and stride {}: expected a window in 1..15 and a stride of at least 1", name, g.window,
         g.stride);
  }
  if (x.size(2) < g.window || x.size(3) < g.window) {
    fail(ErrorKind::shape, "{}: a window of {} does not fit into {}", name, g.window, x.shape().text());
  }
}

}  // namespace

rules::Rows rules::pooling() {
  static constexpr std::array rows{&take_row, &put_row, &sum_row, &spread_row};
  return rows;
}

namespace ops {

Value max_pool(const Value& x, PoolGeometry g) {
  check("max_pool", x, g);
  return window_take_of(x, Window{g, window_argmax(x.tensor(), g), x.shape()});
}

Value average_pool(const Value& x, PoolGeometry g) {
  check("average_pool", x, g);
  return scale(window_sum_of(x, Window{g, {}, x.shape()}), 1.0 / static_cast<double>(g.window * g.window));
}

}  // namespace ops
}  // namespace moonstill
