// Elementwise primitives and their derivatives.
#include <array>
#include <cmath>
#include <numbers>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/rules.hpp"
#include "engine/core/error.hpp"
#include "engine/tensor/elementwise.hpp"

namespace moonstill {
namespace {

using rules::sample;

// One row for each function of one variable: its kernel, its derivative in operations, and where to check it.
struct UnaryRule {
  std::string_view name;
  std::string_view documentation;
  Unary kernel;
  Value (*derivative)(const Value& x, const Value& y);
  double low = -2.0;
  double high = 2.0;
};

template <const UnaryRule& rule>
struct UnaryRow {
  static std::vector<Tensor> evaluate(const Attributes&, std::span<const Tensor> in) {
    return {unary(rule.kernel, in[0])};
  }
  static std::vector<Value> vjp(const Call& call, std::span<const Value> ct) {
    return {ops::mul(ct[0], rule.derivative(call.inputs[0], call.outputs[0]))};
  }
  static std::vector<Sample> samples() { return {{{}, {sample({2, 3}, rule.low, rule.high)}}}; }
  static constexpr Primitive row{rule.name, rule.documentation, evaluate, vjp, -1, samples};
};

Value one_minus(const Value& x) { return ops::shift(ops::neg(x), 1.0); }

constexpr UnaryRule exp_rule{"exp", "Exponential of each element.", Unary::exp,
                             [](const Value&, const Value& y) { return y; }};
constexpr UnaryRule log_rule{"log",      "Natural logarithm of each element.",
                             Unary::log, [](const Value& x, const Value&) { return ops::pow(x, -1.0); },
                             0.5,        3.0};
constexpr UnaryRule sin_rule{"sin", "Sine of each element.", Unary::sin,
                             [](const Value& x, const Value&) { return ops::cos(x); }};
constexpr UnaryRule cos_rule{"cos", "Cosine of each element.", Unary::cos,
                             [](const Value& x, const Value&) { return ops::neg(ops::sin(x)); }};
constexpr UnaryRule tan_rule{
    "tan",      "Tangent of each element.",
    Unary::tan, [](const Value&, const Value& y) { return ops::shift(ops::square(y), 1.0); },
    -1.0,       1.0};
constexpr UnaryRule asin_rule{
    "asin",      "Inverse sine of each element.",
    Unary::asin, [](const Value& x, const Value&) { return ops::pow(one_minus(ops::square(x)), -0.5); },
    -0.7,        0.7};
constexpr UnaryRule acos_rule{"acos",
                              "Inverse cosine of each element.",
                              Unary::acos,
                              [](const Value& x, const Value&) { return ops::neg(ops::pow(one_minus(ops::square(x)), -0.5)); },
                              -0.7,
                              0.7};
constexpr UnaryRule atan_rule{
    "atan", "Inverse tangent of each element.", Unary::atan,
    [](const Value& x, const Value&) { return ops::pow(ops::shift(ops::square(x), 1.0), -1.0); }};
constexpr UnaryRule tanh_rule{"tanh", "Hyperbolic tangent of each element.", Unary::tanh,
                              [](const Value&, const Value& y) { return one_minus(ops::square(y)); }};
constexpr UnaryRule sigmoid_rule{"sigmoid", "Logistic function 1 / (1 + exp(-x)) of each element.",
                                 Unary::sigmoid,
                                 [](const Value&, const Value& y) { return ops::mul(y, one_minus(y)); }};
constexpr UnaryRule softplus_rule{"softplus", "log(1 + exp(x)) of each element.", Unary::softplus,
                                  [](const Value& x, const Value&) { return ops::sigmoid(x); }};
// The normal distribution, and x times its density.
Value gelu_slope(const Value& x) {
  const Value below = ops::scale(ops::shift(ops::erf(ops::scale(x, 1 / std::numbers::sqrt2)), 1.0), 0.5);
  const Value density =
      ops::scale(ops::exp(ops::scale(ops::square(x), -0.5)), std::numbers::inv_sqrtpi / std::numbers::sqrt2);
  return ops::add(below, ops::mul(x, density));
}
constexpr UnaryRule gelu_rule{"gelu", "x times the normal distribution up to x, of each element.",
                              Unary::gelu, [](const Value& x, const Value&) { return gelu_slope(x); }};
constexpr UnaryRule sqrt_rule{
    "sqrt",      "Square root of each element.",
    Unary::sqrt, [](const Value&, const Value& y) { return ops::scale(ops::pow(y, -1.0), 0.5); },
    0.5,         3.0};
constexpr UnaryRule erf_rule{
    "erf", "Error function of each element.", Unary::erf, [](const Value& x, const Value&) {
      return ops::scale(ops::exp(ops::neg(ops::square(x))), 2.0 * std::numbers::inv_sqrtpi);
    }};
constexpr UnaryRule abs_rule{"abs",      "Absolute value of each element; its derivative at 0 is 0.",
                             Unary::abs, [](const Value& x, const Value&) { return ops::sign(x); },
                             0.5,        2.0};

// Functions of one variable and a number.
using Number = double;

Tensor number_like(const Tensor& x, double number) { return Tensor::scalar(number, x.dtype()); }

std::vector<Tensor> evaluate_scale(const Attributes& a, std::span<const Tensor> in) {
  return {binary(Binary::mul, in[0], number_like(in[0], std::any_cast<Number>(a)))};
}
std::vector<Value> vjp_scale(const Call& call, std::span<const Value> ct) {
  return {ops::scale(ct[0], call.attribute<Number>())};
}

std::vector<Tensor> evaluate_shift(const Attributes& a, std::span<const Tensor> in) {
  return {binary(Binary::add, in[0], number_like(in[0], std::any_cast<Number>(a)))};
}
std::vector<Value> vjp_shift(const Call&, std::span<const Value> ct) { return {ct[0]}; }

// Small whole exponents as products, which the rules ask for all the time: far cheaper than the library's
// pow.
Tensor power_of(const Tensor& x, double exponent) {
  if (exponent == 1.0) return x;
  if (exponent == 2.0) return binary(Binary::mul, x, x);
  if (exponent == 3.0) return binary(Binary::mul, binary(Binary::mul, x, x), x);
  if (exponent == 0.5) return unary(Unary::sqrt, x);
  if (exponent == -0.5 || exponent == -1.0 || exponent == -2.0 || exponent == -3.0)
    return binary(Binary::div, number_like(x, 1.0), power_of(x, -exponent));
  return binary(Binary::pow, x, number_like(x, exponent));
}

std::vector<Tensor> evaluate_power(const Attributes& a, std::span<const Tensor> in) {
  return {power_of(in[0], std::any_cast<Number>(a))};
}
std::vector<Value> vjp_power(const Call& call, std::span<const Value> ct) {
  const double exponent = call.attribute<Number>();
  if (exponent == 0.0) return {Value()};
  if (exponent == 1.0) return {ct[0]};
  return {ops::mul(ct[0], ops::scale(ops::pow(call.inputs[0], exponent - 1.0), exponent))};
}

template <int number>
std::vector<Sample> number_samples() {
  return {{Number{number}, {sample({2, 3}, 0.5, 2.0)}}};
}

constexpr Primitive scale_row{"scale",          "A number times each element.", evaluate_scale, vjp_scale, -1,
                              number_samples<3>};
constexpr Primitive shift_row{
    "shift", "A number added to each element.", evaluate_shift, vjp_shift, -1, number_samples<3>};
constexpr Primitive power_row{
    "power", "Each element to the power of a number.", evaluate_power, vjp_power, -1, [] {
      return std::vector<Sample>{{Number{3.0}, {sample({2, 3}, -2.0, 2.0)}},
                                 {Number{-0.5}, {sample({4}, 0.5, 2.0)}},
                                 {Number{2.0}, {Tensor::zeros({2}, DType::f64)}}};
    }};

// Functions of two tensors that broadcast.
template <Binary op>
std::vector<Tensor> evaluate_binary(const Attributes&, std::span<const Tensor> in) {
  return {binary(op, in[0], in[1])};
}

template <class LeftRule, class RightRule>
std::vector<Value> two_cotangents(const Call& call, LeftRule left, RightRule right) {
  return {call.needs[0] ? ops::sum_to(left(), call.inputs[0].shape()) : Value(),
          call.needs[1] ? ops::sum_to(right(), call.inputs[1].shape()) : Value()};
}

std::vector<Value> vjp_add(const Call& call, std::span<const Value> ct) {
  return two_cotangents(
      call, [&] { return ct[0]; }, [&] { return ct[0]; });
}
std::vector<Value> vjp_sub(const Call& call, std::span<const Value> ct) {
  return two_cotangents(
      call, [&] { return ct[0]; }, [&] { return ops::neg(ct[0]); });
}
std::vector<Value> vjp_mul(const Call& call, std::span<const Value> ct) {
  return two_cotangents(
      call, [&] { return ops::mul(ct[0], call.inputs[1]); }, [&] { return ops::mul(ct[0], call.inputs[0]); });
}
std::vector<Value> vjp_div(const Call& call, std::span<const Value> ct) {
  return two_cotangents(
      call, [&] { return ops::div(ct[0], call.inputs[1]); },
      [&] { return ops::neg(ops::div(ops::mul(ct[0], call.outputs[0]), call.inputs[1])); });
}
std::vector<Value> vjp_pow(const Call& call, std::span<const Value> ct) {
  const Value& a = call.inputs[0];
  const Value& b = call.inputs[1];
  return two_cotangents(
      call, [&] { return ops::mul(ct[0], ops::mul(b, ops::pow(a, ops::shift(b, -1.0)))); },
      [&] { return ops::mul(ct[0], ops::mul(call.outputs[0], ops::log(a))); });
}
std::vector<Value> vjp_positive_part(const Call& call, std::span<const Value> ct) {
  return two_cotangents(
      call, [&] { return ops::positive_part(ct[0], call.inputs[1]); }, [] { return Value(); });
}

// Its derivative depends on the sum's sign alone, which is the result's.
std::vector<Value> vjp_add_relu(const Call& call, std::span<const Value> ct) {
  const Value passed = ops::positive_part(ct[0], call.outputs[0]);
  const auto same = [&] { return Value(passed); };
  return two_cotangents(call, same, same);
}

std::vector<Sample> binary_samples() {
  return {{{}, {sample({2, 3}, 0.5, 2.0, 1), sample({2, 3}, 0.5, 2.0, 2)}},
          {{}, {sample({2, 3}, 0.5, 2.0, 3), sample({3}, 0.5, 2.0, 4)}},
          {{}, {sample({2, 1}, 0.5, 2.0, 5), sample({1, 3}, 0.5, 2.0, 6)}},
          {{}, {sample({3, 2}, 0.5, 2.0, 7).as_tiled(), sample({2}, 0.5, 2.0, 8)}}};
}

constexpr Primitive add_row{
    "add", "Sum of two tensors, broadcast.", evaluate_binary<Binary::add>, vjp_add, -1, binary_samples};
constexpr Primitive sub_row{
    "sub",         "Difference of two tensors, broadcast.", evaluate_binary<Binary::sub>, vjp_sub, -1,
    binary_samples};
constexpr Primitive mul_row{"mul",
                            "Elementwise product of two tensors, broadcast.",
                            evaluate_binary<Binary::mul>,
                            vjp_mul,
                            -1,
                            binary_samples};
constexpr Primitive div_row{"div",
                            "Elementwise quotient of two tensors, broadcast.",
                            evaluate_binary<Binary::div>,
                            vjp_div,
                            -1,
                            binary_samples};
constexpr Primitive pow_row{"pow",
                            "Elements of one tensor to the power of another's, broadcast.",
                            evaluate_binary<Binary::pow>,
                            vjp_pow,
                            -1,
                            binary_samples};
constexpr Primitive positive_part_row{
    "positive_part",
    "v where x > 0, else 0; constant in x. positive_part(x, x) is relu.",
    evaluate_binary<Binary::positive_part>,
    vjp_positive_part,
    -1,
    [] {
      return std::vector<Sample>{
          {{}, {sample({2, 4}, -1.0, 1.0, 1), sample({2, 4}, -1.0, 1.0, 2)}},
          {{}, {sample({3, 2}, -1.0, 1.0, 3).as_tiled(), sample({3, 2}, -1.0, 1.0, 4)}}};
    }};

constexpr Primitive add_relu_row{
    "add_relu",
    "Sum of two tensors, broadcast, where it is positive, else 0.",
    evaluate_binary<Binary::add_relu>,
    vjp_add_relu,
    -1,
    [] {
      return std::vector<Sample>{{{}, {sample({2, 4}, -1.0, 1.0, 1), sample({2, 4}, -1.0, 1.0, 2)}},
                                 {{}, {sample({3, 2}, -1.0, 1.0, 3).as_tiled(), sample({2}, -1.0, 1.0, 4)}}};
    }};

// condition ? a : b, the condition a constant.
std::vector<Tensor> evaluate_where(const Attributes& a, std::span<const Tensor> in) {
  return {select(std::any_cast<const Tensor&>(a), in[0], in[1])};
}
std::vector<Value> vjp_where(const Call& call, std::span<const Value> ct) {
  const Value condition = call.attribute<Tensor>();
  const Value zero = Tensor::scalar(0.0, ct[0].dtype());
  return two_cotangents(
      call, [&] { return ops::where(condition, ct[0], zero); },
      [&] { return ops::where(condition, zero, ct[0]); });
}
constexpr Primitive where_row{
    "where", "One tensor where a condition holds, another elsewhere.", evaluate_where, vjp_where, -1, [] {
      const Tensor condition = unary(Unary::step, sample({2, 3}, -1.0, 1.0));
      return std::vector<Sample>{{condition, {sample({2, 3}, -1.0, 1.0, 2), sample({3}, -1.0, 1.0, 3)}}};
    }};

std::vector<Tensor> evaluate_cast(const Attributes& a, std::span<const Tensor> in) {
  return {in[0].cast(std::any_cast<DType>(a))};
}
std::vector<Value> vjp_cast(const Call& call, std::span<const Value> ct) {
  return {ops::cast(ct[0], call.inputs[0].dtype())};
}
constexpr Primitive cast_row{
    "cast", "The same numbers in another floating type.", evaluate_cast, vjp_cast, -1, [] {
      return std::vector<Sample>{{DType::f64, {sample({3}, -1.0, 1.0)}}};
    }};

void require_floating(const char* name, const Value& x) {
  if (!x) fail(ErrorKind::argument, "{}: a value is missing", name);
  if (!is_floating(x.dtype())) detail::fail_not_floating(x.dtype(), name);
}

Value apply_unary(const Primitive& row, const Value& x) {
  require_floating(row.name.data(), x);
  return apply_one(row, {}, {&x, 1});
}

Value apply_number(const Primitive& row, const Value& x, double number) {
  require_floating(row.name.data(), x);
  return apply_one(row, number, {&x, 1});
}

// Both in one type: f64 when they differ.
std::array<Value, 2> promoted(const char* name, const Value& a, const Value& b) {
  require_floating(name, a);
  require_floating(name, b);
  if (a.dtype() == b.dtype()) return {a, b};
  return {ops::cast(a, DType::f64), ops::cast(b, DType::f64)};
}

Value apply_binary(const Primitive& row, const Value& a, const Value& b) {
  broadcast_shapes(a.shape(), b.shape(), row.name.data());
  return apply_one(row, {}, promoted(row.name.data(), a, b));
}

Value constant_binary(const char* name, Binary op, const Value& a, const Value& b) {
  broadcast_shapes(a.shape(), b.shape(), name);
  const auto [x, y] = promoted(name, ops::stop_gradient(a), ops::stop_gradient(b));
  return binary(op, x.tensor(), y.tensor());
}

Value constant_unary(const char* name, Unary op, const Value& x) {
  require_floating(name, x);
  return unary(op, x.tensor());
}

}  // namespace

rules::Rows rules::elementwise() {
  static constexpr std::array rows{&UnaryRow<exp_rule>::row,
                                   &UnaryRow<log_rule>::row,
                                   &UnaryRow<sin_rule>::row,
                                   &UnaryRow<cos_rule>::row,
                                   &UnaryRow<tan_rule>::row,
                                   &UnaryRow<asin_rule>::row,
                                   &UnaryRow<acos_rule>::row,
                                   &UnaryRow<atan_rule>::row,
                                   &UnaryRow<tanh_rule>::row,
                                   &UnaryRow<sigmoid_rule>::row,
                                   &UnaryRow<softplus_rule>::row,
                                   &UnaryRow<gelu_rule>::row,
                                   &UnaryRow<sqrt_rule>::row,
                                   &UnaryRow<erf_rule>::row,
                                   &UnaryRow<abs_rule>::row,
                                   &scale_row,
                                   &shift_row,
                                   &power_row,
                                   &add_row,
                                   &sub_row,
                                   &mul_row,
                                   &div_row,
                                   &pow_row,
                                   &positive_part_row,
                                   &add_relu_row,
                                   &where_row,
                                   &cast_row};
  return rows;
}

namespace ops {

Value neg(const Value& x) { return scale(x, -1.0); }
Value exp(const Value& x) { return apply_unary(UnaryRow<exp_rule>::row, x); }
Value log(const Value& x) { return apply_unary(UnaryRow<log_rule>::row, x); }
Value sin(const Value& x) { return apply_unary(UnaryRow<sin_rule>::row, x); }
Value cos(const Value& x) { return apply_unary(UnaryRow<cos_rule>::row, x); }
Value tan(const Value& x) { return apply_unary(UnaryRow<tan_rule>::row, x); }
Value asin(const Value& x) { return apply_unary(UnaryRow<asin_rule>::row, x); }
Value acos(const Value& x) { return apply_unary(UnaryRow<acos_rule>::row, x); }
Value atan(const Value& x) { return apply_unary(UnaryRow<atan_rule>::row, x); }
Value tanh(const Value& x) { return apply_unary(UnaryRow<tanh_rule>::row, x); }
Value sigmoid(const Value& x) { return apply_unary(UnaryRow<sigmoid_rule>::row, x); }
Value softplus(const Value& x) { return apply_unary(UnaryRow<softplus_rule>::row, x); }
Value gelu(const Value& x) { return apply_unary(UnaryRow<gelu_rule>::row, x); }
Value sqrt(const Value& x) { return apply_unary(UnaryRow<sqrt_rule>::row, x); }
Value erf(const Value& x) { return apply_unary(UnaryRow<erf_rule>::row, x); }
Value abs(const Value& x) { return apply_unary(UnaryRow<abs_rule>::row, x); }
Value square(const Value& x) { return pow(x, 2.0); }
Value relu(const Value& x) { return positive_part(x, x); }
Value scale(const Value& x, double factor) { return apply_number(scale_row, x, factor); }
Value shift(const Value& x, double offset) { return apply_number(shift_row, x, offset); }
Value pow(const Value& x, double exponent) { return apply_number(power_row, x, exponent); }
Value add(const Value& a, const Value& b) { return apply_binary(add_row, a, b); }
Value sub(const Value& a, const Value& b) { return apply_binary(sub_row, a, b); }
Value mul(const Value& a, const Value& b) { return apply_binary(mul_row, a, b); }
Value div(const Value& a, const Value& b) { return apply_binary(div_row, a, b); }
Value pow(const Value& a, const Value& b) { return apply_binary(pow_row, a, b); }
Value add_relu(const Value& a, const Value& b) { return apply_binary(add_relu_row, a, b); }
Value positive_part(const Value& v, const Value& x) { return apply_binary(positive_part_row, v, x); }

Value where(const Value& condition, const Value& a, const Value& b) {
  const Shape common =
      broadcast_shapes(condition.shape(), broadcast_shapes(a.shape(), b.shape(), "where"), "where");
  const auto operands = promoted("where", a, b);
  if (broadcast_shapes(a.shape(), b.shape(), "where") != common) {
    return where(condition, broadcast_to(operands[0], common, condition.tensor().layout()), operands[1]);
  }
  const Tensor mask = condition.tensor().dtype() == operands[0].dtype()
                          ? condition.tensor()
                          : condition.tensor().cast(operands[0].dtype());
  return apply_one(where_row, mask, operands);
}

Value cast(const Value& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  if (!is_floating(x.dtype()) || !is_floating(dtype)) return x.tensor().cast(dtype);
  return apply_one(cast_row, dtype, {&x, 1});
}

Value step(const Value& x) { return constant_unary("step", Unary::step, x); }
Value sign(const Value& x) { return constant_unary("sign", Unary::sign, x); }
Value floor(const Value& x) { return constant_unary("floor", Unary::floor, x); }
Value round(const Value& x) { return constant_unary("round", Unary::round, x); }
Value less(const Value& a, const Value& b) { return constant_binary("less", Binary::less, a, b); }
Value less_equal(const Value& a, const Value& b) {
  return constant_binary("less_equal", Binary::less_equal, a, b);
}
Value equal(const Value& a, const Value& b) { return constant_binary("equal", Binary::equal, a, b); }
Value stop_gradient(const Value& x) { return x.tensor(); }

}  // namespace ops
}  // namespace moonstill
