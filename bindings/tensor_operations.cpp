// ms.Tensor: arithmetic, reductions, shapes and products, all of them differentiable.
#include <array>

#include "bindings/host/modules.hpp"
#include "bindings/support/terminal.hpp"
#include "bindings/tensor.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"

namespace moonstill::lua {
namespace {

constexpr std::string_view tensor_type = "ms.Tensor";
constexpr std::string_view operand_type = "ms.Tensor|number";

// A number takes part in the type of the tensor beside it.
DType partner_type(const Value* partner) {
  return partner != nullptr && is_floating(partner->dtype()) ? partner->dtype() : DType::f32;
}

template <Value (*op)(const Value&, const Value&)>
int binary_body(lua_State* L, Args& a) {
  const Value* left = find_object<Value>(L, a.slot(0));
  const Value* right = find_object<Value>(L, a.slot(1));
  if (left != nullptr && right != nullptr) return push(L, op(*left, *right));
  return push(L, op(value_of(a, 0, partner_type(right)), value_of(a, 1, partner_type(left))));
}

int power_body(lua_State* L, Args& a) {
  if (lua_isnumber(L, a.slot(1)) != 0 && find_object<Value>(L, a.slot(0)) != nullptr) {
    return push(L, ops::pow(a.object<Value>(0), a.number(1)));
  }
  return binary_body<ops::pow>(L, a);
}

struct UnaryName {
  const char* name;
  Value (*op)(const Value&);
  const char* documentation;
};

constexpr std::array unary_names{
    UnaryName{"exp", ops::exp, "Computes e to the power of each element."},
    UnaryName{"log", ops::log, "Computes the natural logarithm of each element."},
    UnaryName{"sin", ops::sin, "Computes the sine of each element (radians)."},
    UnaryName{"cos", ops::cos, "Computes the cosine of each element (radians)."},
    UnaryName{"tan", ops::tan, "Computes the tangent of each element (radians)."},
    UnaryName{"asin", ops::asin, "Computes the inverse sine of each element."},
    UnaryName{"acos", ops::acos, "Computes the inverse cosine of each element."},
    UnaryName{"atan", ops::atan, "Computes the inverse tangent of each element."},
    UnaryName{"tanh", ops::tanh, "Computes the hyperbolic tangent of each element."},
    UnaryName{"sigmoid", ops::sigmoid, "Computes 1 / (1 + exp(-x)) of each element."},
    UnaryName{"softplus", ops::softplus, "Computes log(1 + exp(x)) of each element."},
    UnaryName{
        "gelu", ops::gelu,
        "Computes x times the normal distribution up to x, of each element (Hendrycks and Gimpel, 2016)."},
    UnaryName{"sqrt", ops::sqrt, "Computes the square root of each element."},
    UnaryName{"erf", ops::erf, "Computes the error function of each element."},
    UnaryName{"abs", ops::abs, "Computes the absolute value of each element."},
    UnaryName{"square", ops::square, "Computes the square of each element."},
    UnaryName{"relu", ops::relu, "Computes max(x, 0) of each element; the derivative at 0 is 0."},
    UnaryName{"unit", ops::unit,
              "Divides each row (along the last axis) by its 2-norm.\n\nA zero row becomes (1, 0, ..., 0), "
              "with zero derivatives."},
    UnaryName{"step", ops::step,
              "Gives 1 where an element is positive, else 0. Constant: its derivative is zero."},
    UnaryName{"sign", ops::sign, "Gives -1, 0 or 1 by each element's sign. Constant."},
    UnaryName{"floor", ops::floor, "Rounds each element down. Constant."},
    UnaryName{"round", ops::round,
              "Rounds each element to the nearest whole number, halves to even. Constant."},
    UnaryName{"stop_gradient", ops::stop_gradient,
              "Gives the same numbers as a constant: no derivative passes through."},
};

// Both ms.exp(x) and x:exp().
void add_unary(Module& ms, const UnaryName& row) {
  const auto op = row.op;
  ms.add({.name = std::string("ms.") + row.name,
          .documentation = row.documentation,
          .parameters = {{"x", operand_type, "Any shape."}},
          .returns = "ms.Tensor: the shape of x",
          .example = "print(ms." + std::string(row.name) + "(ms.tensor{0.25, 0.5}))",
          .body = [op](lua_State* L, Args& a) { return push(L, op(value_of(a, 0))); }});
  ms.add({.name = std::string("ms.Tensor:") + row.name,
          .documentation = row.documentation,
          .returns = "ms.Tensor: the same shape",
          .example = "print(ms.tensor{0.25, 0.5}:" + std::string(row.name) + "())",
          .body = [op](lua_State* L, Args& a) { return push(L, op(a.self<Value>())); }});
}

struct BinaryName {
  const char* name;
  int (*body)(lua_State*, Args&);
  const char* documentation;
};

constexpr std::array operators{
    BinaryName{"__add", binary_body<ops::add>, "Adds, broadcasting shapes."},
    BinaryName{"__sub", binary_body<ops::sub>, "Subtracts, broadcasting shapes."},
    BinaryName{"__mul", binary_body<ops::mul>,
               "Multiplies element by element, broadcasting shapes (a:matmul(b) for matrices)."},
    BinaryName{"__div", binary_body<ops::div>, "Divides element by element, broadcasting shapes."},
    BinaryName{"__pow", power_body, "Raises each element to a power."},
};

constexpr std::array comparisons{
    BinaryName{"lt", binary_body<ops::less>, "Gives 1 where a < b, else 0, broadcasting shapes. Constant."},
    BinaryName{"le", binary_body<ops::less_equal>,
               "Gives 1 where a <= b, else 0, broadcasting shapes. Constant."},
    BinaryName{"eq", binary_body<ops::equal>,
               "Gives 1 where a equals b, else 0, broadcasting shapes. Constant."},
};

void add_operators(Module& ms) {
  for (const BinaryName& row : operators) {
    ms.add({.name = std::string("ms.Tensor:") + row.name,
            .documentation = row.documentation,
            .parameters = {{"a", operand_type, "Left."}, {"b", operand_type, "Right."}},
            .returns = "ms.Tensor",
            .body = row.body});
  }
  for (const BinaryName& row : comparisons) {
    ms.add({.name = std::string("ms.") + row.name,
            .documentation = row.documentation,
            .parameters = {{"a", operand_type, "Left."}, {"b", operand_type, "Right."}},
            .returns = "ms.Tensor",
            .example = "print(ms." + std::string(row.name) + "(ms.tensor{1, 2, 3}, 2))",
            .body = row.body});
  }
  ms.add({.name = "ms.Tensor:__unm",
          .documentation = "Changes each element's sign.",
          .parameters = {{"a", tensor_type, "Operand."}, {"b?", "any", "Lua passes the operand twice."}},
          .returns = "ms.Tensor",
          .body = [](lua_State* L, Args& a) { return push(L, ops::neg(a.object<Value>(0))); }});
  ms.add({.name = "ms.Tensor:__len",
          .documentation = "Gives the size of the first axis.",
          .parameters = {{"x", tensor_type, "At least one axis."},
                         {"y?", "any", "Lua passes the operand twice."}},
          .returns = "integer",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.object<Value>(0);
            if (x.rank() == 0) fail(ErrorKind::shape, "a scalar has no length");
            return push(L, x.size(0));
          }});
  ms.add({.name = "ms.Tensor:__tostring",
          .documentation = "Prints the numbers, then shape and type.",
          .parameters = {{"x", tensor_type, "Any tensor."}, {"y?", "any", "Unused."}},
          .returns = "string",
          .body = [](lua_State* L, Args& a) {
            return push(L, tensor_text(a.object<Value>(0).tensor(), output_columns(L)));
          }});
}

struct ReductionName {
  const char* name;
  Value (*op)(const Value&, AxisSet, bool);
  const char* documentation;
};

constexpr std::array reduction_names{
    ReductionName{"sum", ops::sum, "Sums over some axes, or over all."},
    ReductionName{"mean", ops::mean, "Averages over some axes, or over all."},
    ReductionName{"max", ops::max,
                  "Gives the largest element over some axes, or over all; ties share the derivative."},
    ReductionName{"min", ops::min,
                  "Gives the smallest element over some axes, or over all; ties share the derivative."},
};

AxisSet axes_of(const Args& a, const Value& x) {
  AxisSet set = 0;
  if (!a.given("axes")) return (AxisSet{1} << x.rank()) - 1;
  for (const std::size_t axis : a.axes("axes", x.rank())) set |= AxisSet{1} << axis;
  return set;
}

void add_reductions(Module& ms) {
  for (const ReductionName& row : reduction_names) {
    const auto op = row.op;
    ms.add({.name = std::string("ms.Tensor:") + row.name,
            .documentation = row.documentation,
            .parameters = {{"axes?", "integer|integer[]", "Axes from 1; -1 is the last. All when left out."}},
            .options = {{"keep", "boolean", "Keep the axes with size 1.", "false"}},
            .returns = "ms.Tensor",
            .example = "local x = ms.tensor{{1, 2}, {3, 4}}\nprint(x:" + std::string(row.name) +
                       "(), x:" + std::string(row.name) + "(1))",
            .body = [op](lua_State* L, Args& a) {
              const Value& x = a.self<Value>();
              return push(L, op(x, axes_of(a, x), a.boolean("keep")));
            }});
  }
  ms.add({.name = "ms.Tensor:argmax",
          .documentation = "Gives the index, from 1, of the first largest element along an axis. Constant.",
          .parameters = {{"axis", "integer", "From 1; -1 is the last.", "-1"}},
          .returns = "ms.Tensor: i32, without that axis",
          .example = "print(ms.tensor { { 1, 5, 2 }, { 7, 0, 3 } }:argmax())",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            const Tensor indices = ops::argmax(x, a.axis("axis", x.rank())).tensor().row_major();
            Tensor from_one = Tensor::empty(indices.shape(), DType::i32);
            for (std::size_t i = 0; const std::int32_t index : indices.data<std::int32_t>())
              from_one.write<std::int32_t>()[i++] = index + 1;
            return push(L, Value(from_one));
          }});
  ms.add({.name = "ms.Tensor:logsumexp",
          .documentation = "Computes log(sum(exp(x))) along an axis without overflow.",
          .parameters = {{"axis", "integer", "From 1; -1 is the last.", "-1"}},
          .options = {{"keep", "boolean", "Keep the axis with size 1.", "false"}},
          .returns = "ms.Tensor",
          .example = "print(ms.tensor { 1000, 1000 }:logsumexp())",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            return push(L, ops::logsumexp(x, a.axis("axis", x.rank()), a.boolean("keep")));
          }});
  ms.add({.name = "ms.Tensor:softmax",
          .documentation = "Computes exp(x) / sum(exp(x)) along an axis.",
          .parameters = {{"axis", "integer", "From 1; -1 is the last.", "-1"}},
          .returns = "ms.Tensor: the same shape",
          .example = "print(ms.tensor { 1, 2, 3 }:softmax())",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            return push(L, ops::exp(ops::sub(x, ops::logsumexp(x, a.axis("axis", x.rank()), true))));
          }});
}

Shape shape_at(lua_State* L, int index) {
  std::vector<std::int64_t> sizes;
  for (std::size_t i = 1; lua_istable(L, index) && i <= lua_rawlen(L, index); ++i) {
    lua_rawgeti(L, index, static_cast<lua_Integer>(i));
    int whole = 0;
    sizes.push_back(lua_tointegerx(L, -1, &whole));
    if (whole == 0) fail(ErrorKind::argument, "a size must be a whole number, got {}", describe(L, -1));
    lua_pop(L, 1);
  }
  return Shape(sizes);
}

Shape reshape_target(const Value& x, const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> out = sizes;
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& size : out) {
    if (size == -1 && open != nullptr) fail(ErrorKind::shape, "shape: only one size may be -1");
    if (size == -1)
      open = &size;
    else
      known *= size;
  }
  if (open != nullptr) {
    if (known <= 0 || x.shape().count() % known != 0)
      fail(ErrorKind::shape, "shape: {} elements do not divide into {}", x.shape().count(), known);
    *open = x.shape().count() / known;
  }
  return Shape(out);
}

void add_shapers(Module& ms) {
  ms.add({.name = "ms.Tensor:reshape",
          .documentation = "Gives the same elements under another shape.",
          .parameters = {{"shape", "integer|integer[]", "Sizes; one may be -1, to be found from the rest."}},
          .returns = "ms.Tensor",
          .example = "print(ms.linspace(1, 6, 6):reshape{2, -1})",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            return push(L, ops::reshape(x, reshape_target(x, a.integers("shape"))));
          }});
  ms.add({.name = "ms.Tensor:transpose",
          .documentation = "Swaps the two axes of a matrix.",
          .returns = "ms.Tensor",
          .example = "print(ms.tensor { { 1, 2, 3 }, { 4, 5, 6 } }:transpose())",
          .body = [](lua_State* L, Args& a) { return push(L, ops::transpose(a.self<Value>())); }});
  ms.add({.name = "ms.Tensor:permute",
          .documentation = "Puts the axes in another order.",
          .parameters = {{"order", "integer[]", "Each axis once: axis i of the result is axis order[i]."}},
          .returns = "ms.Tensor",
          .example = "print(table.concat(ms.ones { 2, 3, 4 }:permute { 3, 1, 2 }:shape(), \" \"))",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            return push(L, ops::permute(x, a.axes("order", x.rank())));
          }});
  ms.add({.name = "ms.Tensor:slice",
          .documentation = "Takes consecutive elements along an axis, both ends included.",
          .parameters = {{"axis", "integer", "From 1; -1 is the last."},
                         {"first", "integer", "First element, from 1."},
                         {"last", "integer", "Last element; -1 is the end.", "-1"}},
          .returns = "ms.Tensor",
          .example = "print(ms.linspace(1, 6, 6):slice(1, 2, 4))",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            const std::size_t axis = a.axis("axis", x.rank());
            const auto size = static_cast<std::size_t>(x.size(axis));
            const auto first = static_cast<std::int64_t>(a.index("first", size));
            const std::int64_t last = a.integer("last") < 0
                                          ? x.size(axis) + a.integer("last")
                                          : static_cast<std::int64_t>(a.index("last", size));
            return push(L, ops::slice(x, axis, first, last - first + 1));
          }});
  ms.add({.name = "ms.Tensor:take",
          .documentation = "Takes the elements at some indices along an axis.",
          .parameters = {{"indices", "integer[]", "From 1, in any order, repeats allowed."},
                         {"axis", "integer", "From 1; -1 is the last.", "1"}},
          .returns = "ms.Tensor",
          .example = "print(ms.linspace(1, 6, 6):take { 6, 1, 1 })",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            const std::size_t axis = a.axis("axis", x.rank());
            const std::vector<std::size_t> indices =
                a.indices("indices", static_cast<std::size_t>(x.size(axis)));
            const std::vector<double> wide(indices.begin(), indices.end());
            return push(
                L,
                ops::take(x, axis, Tensor::from(wide, {static_cast<std::int64_t>(wide.size())}, DType::i32)));
          }});
  ms.add({.name = "ms.Tensor:__index",
          .documentation =
              "Takes one element of the first axis: t[i] has the other axes.\n\nOne past the end is "
              "nil, where ipairs stops.",
          .parameters = {{"a", "ms.Tensor", "The tensor."}, {"index", "integer", "From 1."}},
          .returns = "ms.Tensor",
          .body = [](lua_State* L, Args& a) {
            const auto& x = a.object<Value>("a");
            if (x.rank() == 0) a.fail("index", "a tensor of one number has no axis to index");
            if (a.integer("index") == x.size(0) + 1) {
              lua_pushnil(L);
              return 1;
            }
            const auto at = static_cast<std::int64_t>(a.index("index", static_cast<std::size_t>(x.size(0))));
            return push(L, ops::reshape(ops::slice(x, 0, at, 1), x.shape().without(0)));
          }});
  ms.add({.name = "ms.Tensor:__newindex",
          .documentation = "Refuses: tensors never change in place.",
          .parameters = {{"a", "ms.Tensor", "The tensor."},
                         {"index", "any", "Any key."},
                         {"value", "any|nil", "Any value."}},
          .body = [](lua_State*, Args&) -> int {
            fail(ErrorKind::argument,
                 "tensors never change in place: make a new one (ms.where, ms.concat, ms.stack)");
          }});
  ms.add({.name = "ms.Tensor:broadcast_to",
          .documentation = "Repeats axes of size 1, and adds leading ones, up to a shape.",
          .parameters = {{"shape", "integer|integer[]", "The shape wanted."}},
          .returns = "ms.Tensor",
          .example = "print(ms.tensor { 1, 2 }:broadcast_to { 2, 2 })",
          .body = [](lua_State* L, Args& a) {
            return push(L, ops::broadcast_to(a.self<Value>(), shape_of(a, "shape")));
          }});
  ms.add({.name = "ms.concat",
          .documentation = "Joins tensors along an axis.",
          .parameters = {{"parts", "ms.Tensor[]", "At least one; alike but for that axis."},
                         {"axis", "integer", "From 1; -1 is the last.", "1"}},
          .returns = "ms.Tensor",
          .example = "print(ms.concat({ms.zeros{1, 2}, ms.ones{2, 2}}))",
          .body = [](lua_State* L, Args& a) {
            const std::vector<Value> parts = values_of(L, a.slot("parts"));
            if (parts.empty()) a.fail("parts", "expected at least one tensor, got none");
            return push(L, ops::concat(parts, a.axis("axis", parts.front().rank())));
          }});
  ms.add({.name = "ms.stack",
          .documentation = "Joins tensors of one shape along a new first axis.",
          .parameters = {{"parts", "ms.Tensor[]", "At least one, all of one shape."}},
          .returns = "ms.Tensor",
          .example = "print(ms.stack { ms.zeros(2), ms.ones(2) })",
          .body = [](lua_State* L, Args& a) {
            std::vector<Value> parts = values_of(L, a.slot("parts"));
            if (parts.empty()) a.fail("parts", "expected at least one tensor, got none");
            for (Value& part : parts) part = ops::reshape(part, part.shape().inserted(0, 1));
            return push(L, ops::concat(parts, 0));
          }});
  ms.add(
      {.name = "ms.flatten",
       .documentation = "Puts all elements of some tensors end to end into one vector.",
       .parameters = {{"parts", "ms.Tensor[]", "At least one."}},
       .returns = "ms.Tensor: one axis",
       .example = "print(ms.flatten { ms.zeros { 1, 2 }, ms.ones(2) })",
       .body = [](lua_State* L, Args& a) { return push(L, ops::flatten(values_of(L, a.slot("parts")))); }});
  ms.add({.name = "ms.unflatten",
          .documentation = "Cuts a vector into tensors of given shapes: the reverse of ms.flatten.",
          .parameters = {{"flat", tensor_type, "One axis."},
                         {"shapes", "table", "List of shapes, each a list of sizes."}},
          .returns = "ms.Tensor[]",
          .example = "local a, b = table.unpack(ms.unflatten(ms.linspace(1, 6, 6), {{2, 2}, {2}}))\n"
                     "print(a, b)",
          .body = [](lua_State* L, Args& a) {
            std::vector<Shape> shapes;
            const auto count = static_cast<lua_Integer>(lua_rawlen(L, a.slot("shapes")));
            for (lua_Integer i = 1; i <= count; ++i) {
              lua_rawgeti(L, a.slot("shapes"), i);
              shapes.push_back(shape_at(L, lua_gettop(L)));
              lua_pop(L, 1);
            }
            return push_list(L, ops::unflatten(a.object<Value>("flat"), shapes));
          }});
}

void add_products(Module& ms) {
  const auto matmul = [](lua_State* L, Args& a, const Value& left) {
    return push(L,
                ops::matmul(left, a.object<Value>("b"), a.boolean("transpose_a"), a.boolean("transpose_b")));
  };
  const std::vector<Param> options{{"transpose_a", "boolean", "Transpose the left matrix.", "false"},
                                   {"transpose_b", "boolean", "Transpose the right matrix.", "false"}};
  ms.add({.name = "ms.matmul",
          .documentation = "Multiplies two matrices.",
          .parameters = {{"a", tensor_type, "[N, K]"}, {"b", tensor_type, "[K, M]"}},
          .options = options,
          .returns = "ms.Tensor: [N, M]",
          .example = "print(ms.matmul(ms.ones { 2, 3 }, ms.ones { 3, 2 }))",
          .body = [matmul](lua_State* L, Args& a) { return matmul(L, a, a.object<Value>("a")); }});
  ms.add({.name = "ms.Tensor:matmul",
          .documentation = "Multiplies two matrices.",
          .parameters = {{"b", tensor_type, "[K, M]"}},
          .options = options,
          .returns = "ms.Tensor: [N, M]",
          .example = "print(ms.ones { 2, 3 }:matmul(ms.ones { 2, 3 }, { transpose_b = true }))",
          .body = [matmul](lua_State* L, Args& a) { return matmul(L, a, a.self<Value>()); }});
  ms.add({.name = "ms.where",
          .documentation = "Takes elements of one tensor where a condition holds, of another elsewhere.",
          .parameters = {{"condition", tensor_type, "Non-zero is true; a constant."},
                         {"a", operand_type, "Where true."},
                         {"b", operand_type, "Where false."}},
          .returns = "ms.Tensor",
          .example = "local x = ms.linspace(-1, 1, 5)\n"
                     "print(ms.where(ms.lt(x, 0), 0, x))",
          .body = [](lua_State* L, Args& a) {
            const DType left = partner_type(find_object<Value>(L, a.slot("b")));
            const DType right = partner_type(find_object<Value>(L, a.slot("a")));
            return push(
                L, ops::where(a.object<Value>("condition"), value_of(a, "a", left), value_of(a, "b", right)));
          }});
}
}  // namespace

void open_tensor_operations(Module& ms) {
  add_operators(ms);
  for (const UnaryName& row : unary_names) add_unary(ms, row);
  add_reductions(ms);
  add_shapers(ms);
  add_products(ms);
}

}  // namespace moonstill::lua
