// ms.Angle: places in a circuit's inputs, indexed, scaled and shifted.
#include "bindings/quantum.hpp"
#include "engine/core/error.hpp"

namespace moonstill::lua {
namespace {

void add_angle_arithmetic(Module& ms, const char* event, LuaAngle (*apply)(const LuaAngle&, double, bool)) {
  ms.add({.name = std::string("ms.Angle:") + event,
          .documentation = "",
          .parameters = {{"a", "any", ""}, {"b", "any", ""}},
          .returns = "ms.Angle",
          .body = [apply](lua_State* L, Args& a) {
            const LuaAngle* left = find_object<LuaAngle>(L, a.slot("a"));
            const LuaAngle* right = find_object<LuaAngle>(L, a.slot("b"));
            const int number = a.slot(left != nullptr ? "b" : "a");
            // Neither, where the angle was closed.
            const bool one_angle = (left == nullptr) != (right == nullptr);
            if (!one_angle || lua_type(L, number) != LUA_TNUMBER) {
              fail(ErrorKind::argument,
                   "an angle takes + - * / with numbers only, got {}: do other arithmetic on tensors before "
                   "the call",
                   describe(L, number));
            }
            return push(L, apply(left != nullptr ? *left : *right, lua_tonumber(L, number), left != nullptr));
          }});
}

LuaAngle affine(LuaAngle angle, double scale, double offset) {
  angle.scale *= scale;
  angle.offset = angle.offset * scale + offset;
  return angle;
}

}  // namespace

std::string angle_name(const LuaAngle& angle) {
  const std::shared_ptr<LuaCircuit> owner = angle.owner.lock();
  return owner ? owner->circuit.inputs()[static_cast<std::size_t>(angle.input)].name : "input";
}

void check_bits(const LuaAngle& row, const Value& input) {
  const Tensor numbers = input.tensor().row_major().cast(DType::f64);
  const auto values = numbers.data<double>();
  const auto whole = row.owner.lock()->circuit.inputs()[static_cast<std::size_t>(row.input)].shape.count();
  for (std::int64_t first = row.begin; first < numbers.count(); first += whole) {
    for (std::int64_t i = first; i < first + row.shape.count(); ++i) {
      const double bit = row.scale * values[static_cast<std::size_t>(i)] + row.offset;
      if (bit != 0 && bit != 1) {
        fail(ErrorKind::argument, "input '{}': basis embedding takes 0 and 1, got {}", angle_name(row), bit);
      }
    }
  }
}

void open_angles(Module& ms) {
  ms.add_class<LuaAngle>();
  add_angle_arithmetic(ms, "__add", [](const LuaAngle& x, double b, bool) { return affine(x, 1, b); });
  add_angle_arithmetic(ms, "__sub", [](const LuaAngle& x, double b, bool first) {
    return first ? affine(x, 1, -b) : affine(x, -1, b);
  });
  add_angle_arithmetic(ms, "__mul", [](const LuaAngle& x, double b, bool) { return affine(x, b, 0); });
  add_angle_arithmetic(ms, "__div", [](const LuaAngle& x, double b, bool first) {
    if (!first)
      fail(ErrorKind::argument, "a number cannot be divided by an angle: do it on tensors before the call");
    return affine(x, 1 / b, 0);
  });
  ms.add({.name = "ms.Angle:__unm",
          .documentation = "",
          .parameters = {{"a", "ms.Angle", ""}, {"unused?", "any", ""}},
          .returns = "ms.Angle",
          .body = [](lua_State* L, Args& a) { return push(L, affine(a.object<LuaAngle>("a"), -1, 0)); }});
  ms.add({.name = "ms.Angle:__len",
          .documentation = "",
          .parameters = {{"a", "ms.Angle", ""}, {"unused?", "any", ""}},
          .returns = "integer",
          .body = [](lua_State* L, Args& a) {
            const auto& angle = a.object<LuaAngle>("a");
            if (angle.shape.rank() == 0)
              a.fail("a", "one number of input '{}' has no length", angle_name(angle));
            return push(L, angle.shape[0]);
          }});
  ms.add({.name = "ms.Angle:__index",
          .documentation = "",
          .parameters = {{"a", "ms.Angle", ""}, {"index", "integer", ""}},
          .returns = "ms.Angle",
          .body = [](lua_State* L, Args& a) {
            LuaAngle angle = a.object<LuaAngle>("a");
            if (angle.shape.rank() == 0) {
              a.fail("index", "input '{}' has no axis left to index", angle_name(angle));
            }
            const auto index =
                static_cast<std::int64_t>(a.index("index", static_cast<std::size_t>(angle.shape[0])));
            const Shape rest = angle.shape.without(0);
            angle.begin += index * rest.count();
            angle.shape = rest;
            return push(L, std::move(angle));
          }});
  ms.add({.name = "ms.Angle:__tostring",
          .documentation = "",
          .parameters = {{"a", "ms.Angle", ""}, {"unused?", "any", ""}},
          .body = [](lua_State* L, Args& a) {
            const auto& angle = a.object<LuaAngle>("a");
            return push(
                L, fmt::format("[Angle of input '{}', shape {}]", angle_name(angle), angle.shape.text()));
          }});
}

}  // namespace moonstill::lua
