// Primitives that move elements; each one's derivative is another of them.
#include <array>
#include <numeric>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/rules.hpp"
#include "engine/core/error.hpp"
#include "engine/tensor/movement.hpp"

namespace moonstill {
namespace {

using rules::sample;

std::vector<Tensor> evaluate_reshape(const Attributes& a, std::span<const Tensor> in) {
  return {in[0].reshaped(std::any_cast<const Shape&>(a))};
}
std::vector<Value> vjp_reshape(const Call& call, std::span<const Value> ct) {
  return {ops::reshape(ct[0], call.inputs[0].shape())};
}
constexpr Primitive reshape_row{
    "reshape", "The same elements under another shape.", evaluate_reshape, vjp_reshape, -1, [] {
      return std::vector<Sample>{{Shape{3, 4}, {sample({2, 6}, -1.0, 1.0)}},
                                 {Shape{3, 2, 2}, {sample({3, 4}, -1.0, 1.0).as_tiled()}}};
    }};

using Order = std::vector<std::size_t>;

std::vector<Tensor> evaluate_permute(const Attributes& a, std::span<const Tensor> in) {
  return {permute(in[0], std::any_cast<const Order&>(a))};
}
std::vector<Value> vjp_permute(const Call& call, std::span<const Value> ct) {
  const auto& order = call.attribute<Order>();
  Order inverse(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) inverse[order[i]] = i;
  return {ops::permute(ct[0], inverse)};
}
constexpr Primitive permute_row{
    "permute", "Axes in another order.", evaluate_permute, vjp_permute, -1, [] {
      return std::vector<Sample>{{Order{2, 0, 1}, {sample({2, 3, 4}, -1.0, 1.0)}}};
    }};

// A range of one axis: for slice, `size` elements are taken; for pad, the axis grows to `size`.
struct Range {
  std::size_t axis;
  std::int64_t begin;
  std::int64_t size;
};

std::vector<Tensor> evaluate_slice(const Attributes& a, std::span<const Tensor> in) {
  const auto& [axis, begin, size] = std::any_cast<const Range&>(a);
  return {slice(in[0], axis, begin, size)};
}
std::vector<Value> vjp_slice(const Call& call, std::span<const Value> ct) {
  const auto& [axis, begin, size] = call.attribute<Range>();
  return {ops::pad(ct[0], axis, begin, call.inputs[0].size(axis))};
}
std::vector<Tensor> evaluate_pad(const Attributes& a, std::span<const Tensor> in) {
  const auto& [axis, begin, size] = std::any_cast<const Range&>(a);
  return {pad(in[0], axis, begin, size)};
}
std::vector<Value> vjp_pad(const Call& call, std::span<const Value> ct) {
  const auto& [axis, begin, size] = call.attribute<Range>();
  return {ops::slice(ct[0], axis, begin, call.inputs[0].size(axis))};
}
constexpr Primitive slice_row{
    "slice", "Some consecutive elements along an axis.", evaluate_slice, vjp_slice, -1, [] {
      return std::vector<Sample>{{Range{0, 1, 2}, {sample({4, 2}, -1.0, 1.0)}},
                                 {Range{1, 1, 2}, {sample({2, 4, 2}, -1.0, 1.0)}},
                                 {Range{1, 1, 2}, {sample({3, 4}, -1.0, 1.0).as_tiled()}}};
    }};
constexpr Primitive pad_row{"pad", "A tensor put among zeros along an axis.", evaluate_pad, vjp_pad, -1, [] {
                              return std::vector<Sample>{
                                  {Range{0, 1, 4}, {sample({2, 2}, -1.0, 1.0)}},
                                  {Range{1, 2, 5}, {sample({3, 2}, -1.0, 1.0).as_tiled()}}};
                            }};

std::vector<Tensor> evaluate_concat(const Attributes& a, std::span<const Tensor> in) {
  return {concat(in, std::any_cast<std::size_t>(a))};
}
std::vector<Value> vjp_concat(const Call& call, std::span<const Value> ct) {
  const auto axis = call.attribute<std::size_t>();
  std::vector<Value> parts;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    const std::int64_t size = call.inputs[i].size(axis);
    parts.push_back(call.needs[i] ? ops::slice(ct[0], axis, begin, size) : Value());
    begin += size;
  }
  return parts;
}
constexpr Primitive concat_row{
    "concat", "Tensors joined along an axis.", evaluate_concat, vjp_concat, -1, [] {
      return std::vector<Sample>{
          {std::size_t{1}, {sample({2, 3}, -1.0, 1.0, 1), sample({2, 2}, -1.0, 1.0, 2)}},
          {std::size_t{0}, {sample({1, 2}, -1.0, 1.0, 3), sample({3, 2}, -1.0, 1.0, 4)}}};
    }};

struct Places {
  std::size_t axis;
  Tensor indices;
  std::int64_t size;  // put: how long the axis becomes
};

std::vector<Tensor> evaluate_take(const Attributes& a, std::span<const Tensor> in) {
  const auto& places = std::any_cast<const Places&>(a);
  return {take(in[0], places.axis, places.indices)};
}
std::vector<Value> vjp_take(const Call& call, std::span<const Value> ct) {
  const auto& places = call.attribute<Places>();
  return {ops::put(ct[0], places.axis, places.indices, call.inputs[0].size(places.axis))};
}
std::vector<Tensor> evaluate_put(const Attributes& a, std::span<const Tensor> in) {
  const auto& places = std::any_cast<const Places&>(a);
  return {put(in[0], places.axis, places.indices, places.size)};
}
std::vector<Value> vjp_put(const Call& call, std::span<const Value> ct) {
  const auto& places = call.attribute<Places>();
  return {ops::take(ct[0], places.axis, places.indices)};
}
Tensor sample_indices() { return Tensor::from(std::array{2.0, 0.0, 2.0}, {3}, DType::i32); }
constexpr Primitive take_row{
    "take", "Elements at constant indices along an axis.", evaluate_take, vjp_take, -1, [] {
      return std::vector<Sample>{{Places{0, sample_indices(), 0}, {sample({3, 2}, -1.0, 1.0)}},
                                 {Places{1, sample_indices(), 0}, {sample({2, 3}, -1.0, 1.0)}}};
    }};
constexpr Primitive put_row{
    "put", "Elements added at constant indices among zeros along an axis.", evaluate_put, vjp_put, -1, [] {
      return std::vector<Sample>{{Places{0, sample_indices(), 4}, {sample({3, 2}, -1.0, 1.0)}}};
    }};

std::vector<Tensor> evaluate_flatten(const Attributes&, std::span<const Tensor> in) { return {flatten(in)}; }
std::vector<Value> vjp_flatten(const Call& call, std::span<const Value> ct) {
  std::vector<Shape> shapes;
  for (const Value& part : call.inputs) shapes.push_back(part.shape());
  return ops::unflatten(ct[0], shapes);
}
constexpr Primitive flatten_row{
    "flatten", "All elements of some tensors as one vector.", evaluate_flatten, vjp_flatten, -1, [] {
      return std::vector<Sample>{{{}, {sample({2, 2}, -1.0, 1.0, 1), sample({3}, -1.0, 1.0, 2)}}};
    }};

using Shapes = std::vector<Shape>;

std::vector<Tensor> evaluate_unflatten(const Attributes& a, std::span<const Tensor> in) {
  return unflatten(in[0], std::any_cast<const Shapes&>(a));
}
std::vector<Value> vjp_unflatten(const Call& call, std::span<const Value> ct) {
  std::vector<Value> parts;
  for (std::size_t i = 0; i < ct.size(); ++i) {
    const Value& output = call.outputs[i];
    parts.push_back(ct[i] ? ct[i] : Value(Tensor::zeros(output.shape(), output.dtype())));
  }
  return {ops::flatten(parts)};
}
constexpr Primitive unflatten_row{
    "unflatten", "A vector cut into tensors of given shapes.", evaluate_unflatten, vjp_unflatten, -1, [] {
      return std::vector<Sample>{{Shapes{{2, 2}, {3}}, {sample({7}, -1.0, 1.0)}}};
    }};

void check_axis(const char* name, const Value& x, std::size_t axis) {
  if (axis >= x.rank()) fail(ErrorKind::range, "{}: axis {} is outside 1..{}", name, axis + 1, x.rank());
}

void check_indices(const char* name, const Tensor& indices, std::int64_t size) {
  if (indices.dtype() != DType::i32 || indices.rank() != 1) {
    fail(ErrorKind::argument, "{}: indices: expected an i32 tensor of one axis, got {} {}", name,
         dtype_name(indices.dtype()), indices.shape().text());
  }
  for (const std::int32_t index : indices.data<std::int32_t>()) {
    if (index < 0 || index >= size)
      fail(ErrorKind::range, "{}: index {} is outside 1..{}", name, index + 1, size);
  }
}

// Parts in one floating type.
std::vector<Value> promoted(const char* name, std::span<const Value> parts) {
  if (parts.empty()) fail(ErrorKind::argument, "{}: expected at least one tensor", name);
  DType common = parts.front().dtype();
  for (const Value& part : parts) {
    if (part.dtype() == common) continue;
    if (!is_floating(part.dtype()) || !is_floating(common)) {
      fail(ErrorKind::argument, "{}: cannot join {} and {}", name, dtype_name(common),
           dtype_name(part.dtype()));
    }
    common = DType::f64;
  }
  std::vector<Value> out;
  for (const Value& part : parts) out.push_back(ops::cast(part, common));
  return out;
}

}  // namespace

rules::Rows rules::movement() {
  static constexpr std::array rows{&reshape_row, &permute_row, &slice_row,   &pad_row,      &concat_row,
                                   &take_row,    &put_row,     &flatten_row, &unflatten_row};
  return rows;
}

namespace ops {

Value reshape(const Value& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (x.shape().count() != shape.count()) {
    fail(ErrorKind::shape, "reshape: {} holds {} elements, {} holds {}", x.shape().text(), x.shape().count(),
         shape.text(), shape.count());
  }
  return apply_one(reshape_row, shape, {&x, 1});
}

Value permute(const Value& x, std::span<const std::size_t> order) {
  std::uint32_t seen = 0;
  for (const std::size_t axis : order) {
    check_axis("permute", x, axis);
    seen |= 1U << axis;
  }
  if (order.size() != x.rank() || seen != (1U << x.rank()) - 1) {
    fail(ErrorKind::argument, "permute: expected each of the {} axes once, got {} axes", x.rank(),
         order.size());
  }
  return apply_one(permute_row, Order(order.begin(), order.end()), {&x, 1});
}

Value transpose(const Value& x) {
  if (x.rank() != 2)
    fail(ErrorKind::shape, "transpose: expected 2 axes, got {} (use permute)", x.shape().text());
  return permute(x, std::array<std::size_t, 2>{1, 0});
}

Value slice(const Value& x, std::size_t axis, std::int64_t begin, std::int64_t size) {
  check_axis("slice", x, axis);
  if (begin < 0 || size < 0 || begin + size > x.size(axis)) {
    fail(ErrorKind::range, "slice: {}..{} is outside 1..{} of axis {}", begin + 1, begin + size, x.size(axis),
         axis + 1);
  }
  if (size == x.size(axis)) return x;
  return apply_one(slice_row, Range{axis, begin, size}, {&x, 1});
}

Value pad(const Value& x, std::size_t axis, std::int64_t begin, std::int64_t size) {
  check_axis("pad", x, axis);
  if (begin < 0 || begin + x.size(axis) > size) {
    fail(ErrorKind::range, "pad: {} elements at {} do not fit into {}", x.size(axis), begin + 1, size);
  }
  if (size == x.size(axis)) return x;
  return apply_one(pad_row, Range{axis, begin, size}, {&x, 1});
}

Value concat(std::span<const Value> parts, std::size_t axis) {
  const std::vector<Value> same = promoted("concat", parts);
  check_axis("concat", same.front(), axis);
  for (const Value& part : same) {
    if (part.rank() != same.front().rank() ||
        part.shape().with(axis, 1) != same.front().shape().with(axis, 1)) {
      fail(ErrorKind::shape, "concat: {} and {} differ beside axis {}", same.front().shape().text(),
           part.shape().text(), axis + 1);
    }
  }
  return apply_one(concat_row, axis, same);
}

Value take(const Value& x, std::size_t axis, const Tensor& indices) {
  check_axis("take", x, axis);
  check_indices("take", indices, x.size(axis));
  if (!is_floating(x.dtype())) return moonstill::take(x.tensor(), axis, indices);
  return apply_one(take_row, Places{axis, indices, 0}, {&x, 1});
}

Value put(const Value& x, std::size_t axis, const Tensor& indices, std::int64_t size) {
  check_axis("put", x, axis);
  check_indices("put", indices, size);
  if (indices.count() != x.size(axis)) {
    fail(ErrorKind::shape, "put: {} indices for {} elements of axis {}", indices.count(), x.size(axis),
         axis + 1);
  }
  return apply_one(put_row, Places{axis, indices, size}, {&x, 1});
}

Value flatten(std::span<const Value> parts) { return apply_one(flatten_row, {}, promoted("flatten", parts)); }

std::vector<Value> unflatten(const Value& flat, std::span<const Shape> shapes) {
  const auto add = [](std::int64_t n, const Shape& s) { return n + s.count(); };
  const std::int64_t expected = std::accumulate(shapes.begin(), shapes.end(), std::int64_t{0}, add);
  if (flat.rank() != 1 || flat.size(0) != expected) {
    fail(ErrorKind::shape, "unflatten: the shapes hold {} elements, got a tensor of shape {}", expected,
         flat.shape().text());
  }
  return apply(unflatten_row, Shapes(shapes.begin(), shapes.end()), {&flat, 1});
}

}  // namespace ops
}  // namespace moonstill
