// ms.Tensor: making and reading tensors, and what the other bindings share.
#include "bindings/tensor.hpp"

#include <fmt/core.h>

#include <string_view>
#include <vector>

#include "bindings/core.hpp"
#include "bindings/host/modules.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/core/pieces.hpp"

namespace moonstill::lua {
namespace {

Shape table_shape(lua_State* L, int index) {
  std::vector<std::int64_t> sizes;
  lua_pushvalue(L, index);
  int depth = 1;
  while (lua_istable(L, -1)) {
    sizes.push_back(static_cast<std::int64_t>(lua_rawlen(L, -1)));
    if (sizes.back() == 0) break;
    luaL_checkstack(L, 1, nullptr);
    lua_rawgeti(L, -1, 1);
    ++depth;
  }
  lua_pop(L, depth);
  return Shape(sizes);
}

constexpr std::int64_t between_polls = 4096;                 // elements of tables
constexpr std::size_t piece_numbers = std::size_t{1} << 18;  // between looks at Ctrl-C too

void read_table(lua_State* L, int index, const Shape& shape, std::size_t axis, std::vector<double>& out) {
  if (axis == shape.rank()) {
    if (lua_type(L, index) != LUA_TNUMBER)
      fail(ErrorKind::argument, "tensor: element {}: expected number, got {}", out.size() + 1,
           describe(L, index));
    out.push_back(lua_tonumber(L, index));
    return;
  }
  if (!lua_istable(L, index) || static_cast<std::int64_t>(lua_rawlen(L, index)) != shape[axis]) {
    fail(ErrorKind::shape, "tensor: rows differ in length: expected {} elements along axis {}, got {}",
         shape[axis], axis + 1,
         lua_istable(L, index) ? std::to_string(lua_rawlen(L, index)) : describe(L, index));
  }
  luaL_checkstack(L, 2, nullptr);
  for (std::int64_t i = 1; i <= shape[axis]; ++i) {
    if (i % between_polls == 0) poll_interrupt();
    lua_rawgeti(L, index, i);
    read_table(L, lua_gettop(L), shape, axis + 1, out);
    lua_pop(L, 1);
  }
}

int push_nested(lua_State* L, const Tensor& t, std::size_t axis, std::int64_t offset) {
  if (axis == t.rank()) {
    if (is_floating(t.dtype())) return push(L, t.at(offset));
    return push(L, static_cast<std::int64_t>(t.at(offset)));
  }
  luaL_checkstack(L, 2, nullptr);
  lua_createtable(L, static_cast<int>(t.size(axis)), 0);
  for (std::int64_t i = 0; i < t.size(axis); ++i) {
    if (i % between_polls == 0) poll_interrupt();
    push_nested(L, t, axis + 1, offset * t.size(axis) + i);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

void add_makers(Module& ms) {
  ms.add({.name = "ms.tensor",
          .documentation = "Makes a tensor of a number, of nested tables of numbers, or of another "
                           "tensor.\n\nRows of a table must have equal lengths.",
          .parameters = {{"data", "number|table|ms.Tensor", "What it holds."}},
          .options = {{"dtype?", dtype_type, "Element type; f32, or that of the tensor given."}},
          .returns = "ms.Tensor",
          .example = "print(ms.tensor({{1, 2}, {3, 4}}, {dtype = \"f64\"}))",
          .body = [](lua_State* L, Args& a) {
            if (const Value* given = find_object<Value>(L, a.slot("data"))) {
              return push(L, a.given("dtype") ? ops::cast(*given, dtype_of(a, "dtype")) : *given);
            }
            const DType dtype = a.given("dtype") ? dtype_of(a, "dtype") : DType::f32;
            if (lua_istable(L, a.slot("data")))
              return push(L, Value(tensor_from_table(L, a.slot("data"), dtype)));
            return push(L, Value(Tensor::scalar(a.number("data"), dtype)));
          }});
  const auto filled = [&](const char* name, const char* documentation, double value) {
    ms.add({.name = name,
            .documentation = documentation,
            .parameters = {{"shape", "integer|integer[]", "Sizes, such as {2, 3}."}},
            .options = {{"dtype", dtype_type, "Element type.", "\"f32\""}},
            .returns = "ms.Tensor",
            .example = fmt::format("print({}{{2, 3}})", name),
            .body = [value](lua_State* L, Args& a) {
              return push(L, Value(Tensor::full(shape_of(a, "shape"), value, dtype_of(a, "dtype"))));
            }});
  };
  filled("ms.zeros", "Makes a tensor of zeros.", 0.0);
  filled("ms.ones", "Makes a tensor of ones.", 1.0);
  ms.add({.name = "ms.full",
          .documentation = "Makes a tensor that holds one number everywhere.",
          .parameters = {{"shape", "integer|integer[]", "Sizes, such as {2, 3}."},
                         {"value", "number", "The number."}},
          .options = {{"dtype", dtype_type, "Element type.", "\"f32\""}},
          .returns = "ms.Tensor",
          .example = "print(ms.full({ 2, 2 }, 0.5))",
          .body = [](lua_State* L, Args& a) {
            return push(L,
                        Value(Tensor::full(shape_of(a, "shape"), a.number("value"), dtype_of(a, "dtype"))));
          }});
  ms.add({.name = "ms.linspace",
          .documentation = "Makes a vector of evenly spaced numbers, both ends included.",
          .parameters = {{"first", "number", "First number."},
                         {"last", "number", "Last number."},
                         {"count", "integer", "How many; at least 2."}},
          .options = {{"dtype", floating_type, "Element type.", "\"f32\""}},
          .returns = "ms.Tensor: [count]",
          .example = "print(ms.linspace(0, 1, 5))",
          .body = [](lua_State* L, Args& a) {
            const std::size_t count = a.size("count", 2);
            Tensor values = Tensor::empty({static_cast<std::int64_t>(count)}, DType::f64);
            const std::span<double> numbers = values.write<double>();
            const double first = a.number("first");
            const double step = (a.number("last") - first) / static_cast<double>(count - 1);
            in_pieces(count, piece_numbers, [&](std::size_t begin, std::size_t end) {
              for (std::size_t i = begin; i < end; ++i) numbers[i] = first + step * static_cast<double>(i);
            });
            return push(L, ops::cast(Value(std::move(values)), dtype_of(a, "dtype")));
          }});
}

void add_random(Module& ms) {
  constexpr std::string_view generator_prefix = "ms.Generator:";
  const auto drawn = [&](const char* name, const char* documentation,
                         void (Generator::*fill)(std::span<double>, double, double)) {
    ms.add({.name = name,
            .documentation = documentation,
            .parameters = {{"shape", "integer|integer[]", "Sizes."}},
            .options = {{"dtype", floating_type, "Element type.", "\"f32\""}},
            .returns = "ms.Tensor",
            .example = fmt::format("print(ms.random(1):{}{{2, 3}})",
                                   std::string_view(name).substr(generator_prefix.size())),
            .body = [fill](lua_State* L, Args& a) {
              const Shape shape = shape_of(a, "shape");
              Tensor numbers = Tensor::empty(shape, DType::f64);
              (a.self<Generator>().*fill)(numbers.write<double>(), 0.0, 1.0);
              return push(L, ops::cast(Value(std::move(numbers)), dtype_of(a, "dtype")));
            }});
  };
  drawn("ms.Generator:normal", "Draws a tensor of standard normal numbers.", &Generator::fill_normal);
  drawn("ms.Generator:rand", "Draws a tensor of numbers, evenly from [0, 1).", &Generator::fill_uniform);
}

void add_readers(Module& ms) {
  ms.add({.name = "ms.Tensor:shape",
          .documentation = "Gives the sizes of all axes.",
          .returns = "integer[]",
          .example = "print(table.concat(ms.ones { 2, 3 }:shape(), \" x \"))",
          .body = [](lua_State* L, Args& a) {
            const auto sizes = a.self<Value>().shape().sizes();
            return push(L, std::vector<std::int64_t>(sizes.begin(), sizes.end()));
          }});
  ms.add({.name = "ms.Tensor:size",
          .documentation = "Gives the size of one axis, or the number of elements.",
          .parameters = {{"axis?", "integer", "From 1; -1 is the last."}},
          .returns = "integer",
          .example = "print(ms.ones { 2, 3 }:size(), ms.ones { 2, 3 }:size(-1))",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            return push(L, a.given("axis") ? x.size(a.axis("axis", x.rank())) : x.shape().count());
          }});
  ms.add({.name = "ms.Tensor:dtype",
          .documentation = "Gives the element type's name.",
          .returns = "string: \"f32\", \"f64\", \"i32\" or \"u8\"",
          .example = "print(ms.ones(2):dtype())",
          .body = [](lua_State* L, Args& a) { return push(L, dtype_name(a.self<Value>().dtype())); }});
  ms.add({.name = "ms.Tensor:item",
          .documentation = "Gives the number of a tensor that holds just one.",
          .returns = "number",
          .example = "print(ms.tensor { 1, 2 }:sum():item())",
          .body = [](lua_State* L, Args& a) {
            const Value& x = a.self<Value>();
            if (x.shape().count() != 1)
              fail(ErrorKind::shape, "expected one element, got shape {}", x.shape().text());
            return push_nested(L, x.tensor().reshaped({}), 0, 0);
          }});
  ms.add({.name = "ms.Tensor:totable",
          .documentation = "Gives the numbers as nested Lua tables (a number for a scalar).",
          .returns = "table|number",
          .example = "print(ms.tensor { { 1, 2 }, { 3, 4 } }:totable()[2][1])",
          .body = [](lua_State* L, Args& a) {
            return push_nested(L, a.self<Value>().tensor().row_major(), 0, 0);
          }});
  ms.add(
      {.name = "ms.Tensor:to",
       .documentation =
           "Converts to another element type.\n\nA whole type cuts fractions off, and refuses what it cannot "
           "hold.",
       .parameters = {{"dtype", dtype_type, "Element type."}},
       .returns = "ms.Tensor",
       .example = "print(ms.tensor { 1.5, -2.5 }:to \"i32\")",
       .body = [](lua_State* L, Args& a) {
         return push(L, ops::cast(a.self<Value>(), dtype_of(a, "dtype")));
       }});
}

}  // namespace

Value value_of(const Args& a, Args::Key key, DType like) {
  if (const Value* value = find_object<Value>(a.state(), a.slot(key))) return *value;
  if (lua_type(a.state(), a.slot(key)) == LUA_TNUMBER) return Tensor::scalar(a.number(key), like);
  return a.object<Value>(key);
}

const Tensor& constant_of(const Value& value, std::string_view what) {
  if (value.box() != nullptr) {
    fail(ErrorKind::unsupported,
         "derivatives through {} are not offered (x:stop_gradient() makes a constant of x)", what);
  }
  return value.tensor();
}

Tensor tensor_from_table(lua_State* L, int index, DType dtype) {
  index = lua_absindex(L, index);
  const Shape shape = table_shape(L, index);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(shape.count()));
  read_table(L, index, shape, 0, values);
  return Tensor::from(values, shape, dtype);
}

Shape shape_of(const Args& a, Args::Key key) {
  const std::vector<std::int64_t> sizes = a.integers(key);
  for (const std::int64_t size : sizes) {
    if (size < 0) a.fail(key, "a size cannot be negative, got {}", size);
  }
  return Shape(sizes);
}

DType dtype_of(const Args& a, Args::Key key) { return static_cast<DType>(a.choice(key)); }

std::vector<Value> values_of(lua_State* L, int index) {
  std::vector<Value> out;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, index));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    if (const Value* value = find_object<Value>(L, -1))
      out.push_back(*value);
    else
      fail(ErrorKind::argument, "element {}: {}", i,
           object_problem(L, lua_gettop(L), ObjectTraits<Value>::name));
    lua_pop(L, 1);
  }
  return out;
}

int push_list(lua_State* L, const std::vector<Value>& values) {
  lua_createtable(L, static_cast<int>(values.size()), 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    push(L, values[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

void open_tensor(Module& ms) {
  ms.add_class<Value>();
  add_makers(ms);
  add_random(ms);
  add_readers(ms);
}

}  // namespace moonstill::lua
