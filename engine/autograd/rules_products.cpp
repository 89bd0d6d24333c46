// Matrix products and convolutions: bilinear, so each one's derivatives are others of the same family.
#include <array>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/rules.hpp"
#include "engine/core/error.hpp"
#include "engine/tensor/linalg.hpp"

namespace moonstill {
namespace {

using rules::sample;

struct Transposed {
  bool a;
  bool b;
};

std::vector<Tensor> evaluate_matmul(const Attributes& a, std::span<const Tensor> in) {
  const auto& t = std::any_cast<const Transposed&>(a);
  return {matmul(in[0], in[1], t.a, t.b)};
}

// With y = op(a) op(b): d op(a) = ct op(b)^T, d op(b) = op(a)^T ct.
std::vector<Value> vjp_matmul(const Call& call, std::span<const Value> ct) {
  const auto& t = call.attribute<Transposed>();
  const Value& a = call.inputs[0];
  const Value& b = call.inputs[1];
  std::vector<Value> out(2);
  if (call.needs[0]) out[0] = t.a ? ops::matmul(b, ct[0], t.b, true) : ops::matmul(ct[0], b, false, !t.b);
  if (call.needs[1]) out[1] = t.b ? ops::matmul(ct[0], a, true, t.a) : ops::matmul(a, ct[0], !t.a, false);
  return out;
}

constexpr Primitive matmul_row{
    "matmul", "Product of two matrices, either transposed on request.", evaluate_matmul, vjp_matmul, -1, [] {
      const Tensor a = sample({2, 3}, -1.0, 1.0, 1);
      const Tensor b = sample({3, 4}, -1.0, 1.0, 2);
      return std::vector<Sample>{
          {Transposed{false, false}, {a, b}},
          {Transposed{true, false}, {sample({3, 2}, -1.0, 1.0, 3), b}},
          {Transposed{false, true}, {a.as_tiled(), sample({4, 3}, -1.0, 1.0, 4)}},
          {Transposed{true, true}, {sample({3, 2}, -1.0, 1.0, 5), sample({4, 3}, -1.0, 1.0, 6)}},
          {Transposed{true, false}, {sample({3, 2}, -1.0, 1.0, 7).as_tiled(), b.as_tiled()}}};
    }};

struct Convolution {
  ConvGeometry geometry;
  Shape target = {};         // of the result, for the two adjoints
  Selection selection = {};  // what pooling keeps of the convolution; without places, all of it

  [[nodiscard]] const Selection* selected() const { return selection.places ? &selection : nullptr; }
  [[nodiscard]] Convolution to(const Shape& shape) const { return {geometry, shape, selection}; }
};

Value conv_of(const Convolution& c, const Value& x, const Value& w);
Value conv_input_of(const Convolution& c, const Value& y, const Value& w);
Value conv_weight_of(const Convolution& c, const Value& x, const Value& y);

// The cotangents of x and w where y = conv(x, w), from that of y.
std::vector<Value> two_adjoints(const Convolution& c, const Call& call, const Value& ct) {
  const Value& x = call.inputs[0];
  const Value& w = call.inputs[1];
  return {call.needs[0] ? conv_input_of(c.to(x.shape()), ct, w) : Value(),
          call.needs[1] ? conv_weight_of(c.to(w.shape()), x, ct) : Value()};
}

std::vector<Tensor> evaluate_conv(const Attributes& a, std::span<const Tensor> in) {
  const auto& c = std::any_cast<const Convolution&>(a);
  return {conv(in[0], in[1], c.geometry, c.selected())};
}
std::vector<Value> vjp_conv(const Call& call, std::span<const Value> ct) {
  return two_adjoints(call.attribute<Convolution>(), call, ct[0]);
}

// The selection is what this finds: its attribute holds the windows' geometry alone.
std::vector<Tensor> evaluate_conv_max(const Attributes& a, std::span<const Tensor> in) {
  const auto& c = std::any_cast<const Convolution&>(a);
  WindowMax largest = conv_max(in[0], in[1], c.geometry, c.selection.geometry);
  return {std::move(largest.values), std::move(largest.places)};
}
std::vector<Value> vjp_conv_max(const Call& call, std::span<const Value> ct) {
  Convolution c = call.attribute<Convolution>();
  c.selection.places = call.outputs[1].tensor();
  return two_adjoints(c, call, ct[0]);
}

std::vector<Tensor> evaluate_conv_input(const Attributes& a, std::span<const Tensor> in) {
  const auto& c = std::any_cast<const Convolution&>(a);
  return {conv_input(in[0], in[1], c.geometry, c.target, c.selected())};
}
std::vector<Value> vjp_conv_input(const Call& call, std::span<const Value> ct) {
  const auto& c = call.attribute<Convolution>();
  const Value& y = call.inputs[0];
  const Value& w = call.inputs[1];
  return {call.needs[0] ? conv_of(c, ct[0], w) : Value(),
          call.needs[1] ? conv_weight_of(c.to(w.shape()), ct[0], y) : Value()};
}

std::vector<Tensor> evaluate_conv_weight(const Attributes& a, std::span<const Tensor> in) {
  const auto& c = std::any_cast<const Convolution&>(a);
  return {conv_weight(in[0], in[1], c.geometry, c.target, c.selected())};
}
std::vector<Value> vjp_conv_weight(const Call& call, std::span<const Value> ct) {
  const auto& c = call.attribute<Convolution>();
  const Value& x = call.inputs[0];
  const Value& y = call.inputs[1];
  return {call.needs[0] ? conv_input_of(c.to(x.shape()), y, ct[0]) : Value(),
          call.needs[1] ? conv_of(c, x, ct[0]) : Value()};
}

constexpr ConvGeometry plain{1, 0};
constexpr ConvGeometry strided{2, 1};

// A convolution of [2, 1, 6, 6] by [2, 1, 3, 3] that leaves a column over beside its windows, and what they
// keep.
constexpr ConvGeometry pooled_geometry{1, 1};
constexpr PoolGeometry pooled_windows{2, 3};
Tensor pooled_x() { return sample({2, 1, 6, 6}, -1.0, 1.0, 5); }
Tensor pooled_w() { return sample({2, 1, 3, 3}, -1.0, 1.0, 6); }
Tensor pooled_y() { return sample({2, 2, 2, 2}, -1.0, 1.0, 7); }
Convolution pooled(const Shape& target) {
  return {pooled_geometry,
          target,
          {pooled_windows, conv_max(pooled_x(), pooled_w(), pooled_geometry, pooled_windows).places}};
}

constexpr Primitive conv_row{
    "conv",
    "Two-dimensional convolution (cross-correlation) of [N, C, H, W] with [O, C, KH, KW].",
    evaluate_conv,
    vjp_conv,
    -1,
    [] {
      return std::vector<Sample>{
          {Convolution{plain, {}}, {sample({3, 2, 5, 4}, -1.0, 1.0, 1), sample({2, 2, 3, 2}, -1.0, 1.0, 2)}},
          {Convolution{strided, {}},
           {sample({2, 1, 5, 5}, -1.0, 1.0, 3), sample({2, 1, 3, 3}, -1.0, 1.0, 4)}},
          {pooled({}), {pooled_x(), pooled_w()}}};
    }};
constexpr Primitive conv_max_row{
    "conv_max",
    "The largest element of each pooling window of a convolution, and (a constant) its place.",
    evaluate_conv_max,
    vjp_conv_max,
    -1,
    [] {
      return std::vector<Sample>{
          {Convolution{pooled_geometry, {}, {pooled_windows, {}}}, {pooled_x(), pooled_w()}}};
    }};
constexpr Primitive conv_input_row{
    "conv_input", "The adjoint of a convolution in its input.", evaluate_conv_input, vjp_conv_input, -1, [] {
      return std::vector<Sample>{{Convolution{plain, {3, 2, 5, 4}},
                                  {sample({3, 2, 3, 3}, -1.0, 1.0, 1), sample({2, 2, 3, 2}, -1.0, 1.0, 2)}},
                                 {Convolution{strided, {2, 1, 5, 5}},
                                  {sample({2, 2, 3, 3}, -1.0, 1.0, 3), sample({2, 1, 3, 3}, -1.0, 1.0, 4)}},
                                 {pooled(pooled_x().shape()), {pooled_y(), pooled_w()}}};
    }};
constexpr Primitive conv_weight_row{
    "conv_weight",
    "The adjoint of a convolution in its weights.",
    evaluate_conv_weight,
    vjp_conv_weight,
    -1,
    [] {
      return std::vector<Sample>{{Convolution{plain, {2, 2, 3, 2}},
                                  {sample({3, 2, 5, 4}, -1.0, 1.0, 1), sample({3, 2, 3, 3}, -1.0, 1.0, 2)}},
                                 {Convolution{strided, {2, 1, 3, 3}},
                                  {sample({2, 1, 5, 5}, -1.0, 1.0, 3), sample({2, 2, 3, 3}, -1.0, 1.0, 4)}},
                                 {pooled(pooled_w().shape()), {pooled_x(), pooled_y()}}};
    }};

// Two operands in one type: f64 when they differ.
std::array<Value, 2> promoted(const char* name, const Value& a, const Value& b) {
  for (const Value* v : {&a, &b}) {
    if (!is_floating(v->dtype())) detail::fail_not_floating(v->dtype(), name);
  }
  if (a.dtype() == b.dtype()) return {a, b};
  return {ops::cast(a, DType::f64), ops::cast(b, DType::f64)};
}

Value conv_of(const Convolution& c, const Value& x, const Value& w) {
  return apply_one(conv_row, c, promoted("conv", x, w));
}
Value conv_input_of(const Convolution& c, const Value& y, const Value& w) {
  return apply_one(conv_input_row, c, promoted("conv_input", y, w));
}
Value conv_weight_of(const Convolution& c, const Value& x, const Value& y) {
  return apply_one(conv_weight_row, c, promoted("conv_weight", x, y));
}

void check_conv(const Value& x, const Value& w, ConvGeometry g) {
  if (x.rank() != 4 || w.rank() != 4) {
    fail(ErrorKind::shape, "conv: expected x [N, C, H, W] and w [O, C, KH, KW], got {} and {}",
         x.shape().text(), w.shape().text());
  }
  if (x.size(1) != w.size(1)) {
    fail(ErrorKind::shape, "conv: x has {} channels, w expects {} (x is {}, w is {})", x.size(1), w.size(1),
         x.shape().text(), w.shape().text());
  }
  if (g.stride < 1 || g.padding < 0)
    fail(ErrorKind::range, "conv: stride {} and padding {}: expected at least 1 and 0", g.stride, g.padding);
  for (const std::size_t axis : {std::size_t{2}, std::size_t{3}}) {
    if (conv_output_size(x.size(axis), w.size(axis), g) < 1) {
      fail(ErrorKind::shape, "conv: a kernel of {} does not fit into {} with padding {}", w.size(axis),
           x.size(axis), g.padding);
    }
  }
}

}  // namespace

rules::Rows rules::products() {
  static constexpr std::array rows{&matmul_row, &conv_row, &conv_max_row, &conv_input_row, &conv_weight_row};
  return rows;
}

namespace ops {

Value matmul(const Value& a, const Value& b, bool transpose_a, bool transpose_b) {
  if (a.rank() != 2 || b.rank() != 2) {
    fail(ErrorKind::shape, "matmul: expected two matrices, got shapes {} and {}", a.shape().text(),
         b.shape().text());
  }
  const std::int64_t inner_a = a.size(transpose_a ? 0 : 1);
  const std::int64_t inner_b = b.size(transpose_b ? 1 : 0);
  if (inner_a != inner_b) {
    fail(ErrorKind::shape, "matmul: inner sizes differ: a is {}{}, b is {}{}", a.shape().text(),
         transpose_a ? " transposed" : "", b.shape().text(), transpose_b ? " transposed" : "");
  }
  return apply_one(matmul_row, Transposed{transpose_a, transpose_b}, promoted("matmul", a, b));
}

Value conv(const Value& x, const Value& w, ConvGeometry g) {
  check_conv(x, w, g);
  return conv_of({g}, x, w);
}

Value conv_max_pool(const Value& x, const Value& w, ConvGeometry g, PoolGeometry pool) {
  check_conv(x, w, g);
  const std::int64_t height = conv_output_size(x.size(2), w.size(2), g);
  const std::int64_t width = conv_output_size(x.size(3), w.size(3), g);
  rules::check_pool("conv_max_pool", {x.size(0), w.size(0), height, width}, pool);
  // The adjoints spread windows that share no element.
  if (pool.stride < pool.window) return max_pool(conv(x, w, g), pool);
  return apply_one(conv_max_row, Convolution{g, {}, {pool, {}}}, promoted("conv_max_pool", x, w));
}

Value conv_input(const Value& y, const Value& w, ConvGeometry g, const Shape& input_shape) {
  return conv_input_of({g, input_shape}, y, w);
}

Value conv_weight(const Value& x, const Value& y, ConvGeometry g, const Shape& weight_shape) {
  return conv_weight_of({g, weight_shape}, x, y);
}

}  // namespace ops
}  // namespace moonstill
