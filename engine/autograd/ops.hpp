// The closed set of operations: every derivative of these is made of these. Floating operands of unlike types
// meet in f64; shapes broadcast as in NumPy. Errors name the operation and the shapes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/autograd/value.hpp"
#include "engine/tensor/convolution.hpp"
#include "engine/tensor/pooling.hpp"
#include "engine/tensor/reduce.hpp"
#include "engine/tensor/smooth_pooling.hpp"

namespace moonstill::ops {

// Elementwise.
Value neg(const Value& x);
Value exp(const Value& x);
Value log(const Value& x);
Value sin(const Value& x);
Value cos(const Value& x);
Value tan(const Value& x);
Value asin(const Value& x);
Value acos(const Value& x);
Value atan(const Value& x);
Value tanh(const Value& x);
Value sigmoid(const Value& x);
Value softplus(const Value& x);
Value gelu(const Value& x);
Value sqrt(const Value& x);
Value erf(const Value& x);
Value abs(const Value& x);
Value square(const Value& x);
Value relu(const Value& x);
Value add(const Value& a, const Value& b);
Value sub(const Value& a, const Value& b);
Value mul(const Value& a, const Value& b);
Value div(const Value& a, const Value& b);
Value pow(const Value& a, const Value& b);
Value pow(const Value& x, double exponent);
/// value * x and x + value for a number, without a tensor made of it.
Value scale(const Value& x, double factor);
Value shift(const Value& x, double offset);
/// relu(add(a, b)), in one pass.
Value add_relu(const Value& a, const Value& b);
/// v where x > 0, else 0: the derivative of relu, constant in x.
Value positive_part(const Value& v, const Value& x);
/// condition ? a : b. The condition is a constant (non-zero is true).
Value where(const Value& condition, const Value& a, const Value& b);

// Constants: results that no derivative passes through.
Value step(const Value& x);
Value sign(const Value& x);
Value floor(const Value& x);
Value round(const Value& x);
Value less(const Value& a, const Value& b);
Value less_equal(const Value& a, const Value& b);
Value equal(const Value& a, const Value& b);
Value argmax(const Value& x, std::size_t axis);
Value stop_gradient(const Value& x);

// Reductions and shapes.
Value sum(const Value& x, AxisSet axes, bool keep_axes = false);
Value sum(const Value& x);  // over everything
Value mean(const Value& x, AxisSet axes, bool keep_axes = false);
Value mean(const Value& x);
/// Largest and smallest elements, shared evenly by ties in the derivative.
Value max(const Value& x, AxisSet axes, bool keep_axes = false);
Value min(const Value& x, AxisSet axes, bool keep_axes = false);
Value logsumexp(const Value& x, std::size_t axis, bool keep_axes = false);
Value broadcast_to(const Value& x, const Shape& shape, Layout layout = Layout::row_major);
Value sum_to(const Value& x, const Shape& shape);
Value reshape(const Value& x, const Shape& shape);
Value permute(const Value& x, std::span<const std::size_t> order);
Value transpose(const Value& x);  // rank 2
Value slice(const Value& x, std::size_t axis, std::int64_t begin, std::int64_t size);
Value pad(const Value& x, std::size_t axis, std::int64_t begin, std::int64_t size);
Value concat(std::span<const Value> parts, std::size_t axis);
Value take(const Value& x, std::size_t axis, const Tensor& indices);
Value put(const Value& x, std::size_t axis, const Tensor& indices, std::int64_t size);
Value flatten(std::span<const Value> parts);
std::vector<Value> unflatten(const Value& flat, std::span<const Shape> shapes);
Value cast(const Value& x, DType dtype);

// Linear algebra, convolution, pooling.
Value matmul(const Value& a, const Value& b, bool transpose_a = false, bool transpose_b = false);
Value conv(const Value& x, const Value& w, ConvGeometry g);
/// max_pool(conv(x, w, g), pool), without storing the convolution.
Value conv_max_pool(const Value& x, const Value& w, ConvGeometry g, PoolGeometry pool);
Value conv_input(const Value& y, const Value& w, ConvGeometry g, const Shape& input_shape);
Value conv_weight(const Value& x, const Value& y, ConvGeometry g, const Shape& weight_shape);
Value max_pool(const Value& x, PoolGeometry g);
Value average_pool(const Value& x, PoolGeometry g);
/// max_pool without kinks: each window's mean, weighted by exp(sharpness * x).
Value smooth_max_pool(const Value& x, SmoothPooling pooling);

/// Each row of x [..., M] divided by its 2-norm. A zero row becomes (1, 0, ..., 0) with zero derivatives, and
/// is counted by zero_rows_seen().
Value unit(const Value& x);
/// For kernels that normalise rows themselves.
void see_zero_rows(std::int64_t count);
[[nodiscard]] std::uint64_t zero_rows_seen();

}  // namespace moonstill::ops
