// Tensors as Lua sees them: the class "ms.Tensor" holds a Value. For the other bindings.
#pragma once

#include <lua.hpp>
#include <string>
#include <vector>

#include "bindings/support/args.hpp"
#include "bindings/support/object.hpp"
#include "engine/autograd/value.hpp"

namespace moonstill::lua {

template <>
struct ObjectTraits<Value> {
  static constexpr const char* name = "ms.Tensor";
  static constexpr const char* documentation =
      "A dense array of numbers: f32 (the default), f64, i32 or u8. Immutable; axes and indices count from "
      "1.";
  static std::size_t bytes(const Value& value) { return value.tensor() ? value.tensor().bytes() : 0; }
};

/// The argument as a value: a tensor, or a number as a scalar of `like`.
[[nodiscard]] Value value_of(const Args& a, Args::Key key, DType like = DType::f32);

/// Numbers in nested Lua tables of equal lengths, as a row-major tensor. Throws Error{shape} where lengths
/// differ.
[[nodiscard]] Tensor tensor_from_table(lua_State* L, int index, DType dtype);

/// A list of sizes ({2, 3}) or one size. Throws Error{range} on a negative one.
[[nodiscard]] Shape shape_of(const Args& a, Args::Key key);

/// The option "dtype", whose type is dtype_type.
inline constexpr const char* dtype_type = "\"f32\"|\"f64\"|\"i32\"|\"u8\"";
inline constexpr const char* floating_type = "\"f32\"|\"f64\"";
[[nodiscard]] DType dtype_of(const Args& a, Args::Key key);

/// The number inside, where the binding cannot pass derivatives on. Throws Error{unsupported}, naming `what`,
/// for a value that a running transform tracks: never a gradient that is silently zero.
[[nodiscard]] const Tensor& constant_of(const Value& value, std::string_view what);

/// Lists of tensors.
[[nodiscard]] std::vector<Value> values_of(lua_State* L, int index);
int push_list(lua_State* L, const std::vector<Value>& values);

/// A tensor as text of at most so many columns: aligned numbers, long axes elided, "[Tensor 2x3 f32]" in the
/// last line.
[[nodiscard]] std::string tensor_text(const Tensor& tensor, int columns);

}  // namespace moonstill::lua
