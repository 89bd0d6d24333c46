// The arguments of a described function, checked against its row, in order, read by name or by place.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <lua.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bindings/support/function.hpp"
#include "bindings/support/object.hpp"
#include "engine/core/error.hpp"

namespace moonstill::lua {

class Args {
 public:
  /// A parameter or option, by its name or by its 0-based place in the row.
  class Key {
   public:
    Key(std::string_view name) : name_(name) {}  // NOLINT: meant to convert
    Key(const char* name) : name_(name) {}       // NOLINT
    Key(int place) : place_(place) {}            // NOLINT
    [[nodiscard]] std::size_t in(const DescribedFunction& function) const;

   private:
    std::string_view name_;
    int place_ = -1;
  };

  /// Checks what is on the stack. Throws Error{argument}.
  Args(lua_State* L, const DescribedFunction& function);

  [[nodiscard]] lua_State* state() const { return state_; }
  [[nodiscard]] const DescribedFunction& function() const { return function_; }

  /// False when the argument was left out and has no default.
  [[nodiscard]] bool given(Key key) const { return !lua_isnil(state_, slot(key)); }

  [[nodiscard]] double number(Key key) const { return lua_tonumber(state_, slot(key)); }
  [[nodiscard]] std::int64_t integer(Key key) const { return lua_tointeger(state_, slot(key)); }
  [[nodiscard]] bool boolean(Key key) const { return lua_toboolean(state_, slot(key)) != 0; }
  /// Valid while the argument is on the stack: for the whole body.
  [[nodiscard]] std::string_view string(Key key) const;
  /// Which of the literal strings of the argument's type, from 0.
  [[nodiscard]] std::size_t choice(Key key) const;

  template <class T>
  [[nodiscard]] T& object(Key key) const {
    if (T* object = find_object<T>(state_, slot(key))) return *object;
    fail(key, "{}", object_problem(state_, slot(key), ObjectTraits<T>::name));
  }
  template <class T>
  [[nodiscard]] T& self() const {
    if (T* object = find_object<T>(state_, 1)) return *object;
    throw Error(ErrorKind::argument, object_problem(state_, 1, ObjectTraits<T>::name));
  }

  /// Lists of numbers. A lone number counts as a list of one.
  [[nodiscard]] std::vector<std::int64_t> integers(Key key) const;
  [[nodiscard]] std::vector<double> numbers(Key key) const;

  /// A count: 0 or more. Throws Error{range} below `least`.
  [[nodiscard]] std::size_t size(Key key, std::size_t least = 0) const;

  /// From 1-based to 0-based, the only place where that happens. Throw Error{range} with the Lua number.
  [[nodiscard]] std::size_t index(Key key, std::size_t count) const;
  /// -1 is the last axis.
  [[nodiscard]] std::size_t axis(Key key, std::size_t rank) const;
  [[nodiscard]] std::vector<std::size_t> axes(Key key, std::size_t rank) const;
  [[nodiscard]] std::size_t qubit(Key key, std::size_t qubits) const { return index(key, qubits); }
  [[nodiscard]] std::vector<std::size_t> indices(Key key, std::size_t count) const;

  /// Place on the stack, for everything else.
  [[nodiscard]] int slot(Key key) const { return base_ + 1 + static_cast<int>(key.in(function_)); }

  /// Values taken by a last parameter "...".
  [[nodiscard]] int extra_count() const { return extra_count_; }
  [[nodiscard]] int extra_slot(int i) const {
    return base_ + 1 + static_cast<int>(function_.slots().size()) + i;
  }

  /// Throws Error{argument}: "argument 2 'b': <text>".
  template <class... Values>
  [[noreturn]] void fail(Key key, fmt::format_string<Values...> format, Values&&... values) const {
    refuse(key.in(function_), fmt::format(format, std::forward<Values>(values)...));
  }

 private:
  void check_self() const;
  void check_operands() const;
  [[nodiscard]] bool named_call(int count) const;
  [[nodiscard]] bool known(std::string_view name) const;
  void spread_named();
  void spread_positional(int count);
  void spread_table(std::size_t first, int table);
  [[nodiscard]] int options_place(int count) const;
  void check_keys(std::size_t first, int table) const;
  void check_types(int count);
  [[nodiscard]] std::size_t in_range(Key key, std::int64_t value, std::size_t count) const;
  [[noreturn]] void refuse(std::size_t place, const std::string& text) const;

  lua_State* state_;
  const DescribedFunction& function_;
  int base_ = 0;
  int extra_count_ = 0;
};

/// "unknown argument 'dept' (did you mean 'depth'?)"
[[nodiscard]] std::string unknown_name(std::string_view name, std::span<const std::string_view> names);

/// Results. Each returns 1, so that a body can end in `return push(L, value);`.
template <class T>
requires std::is_arithmetic_v<T>
int push(lua_State* L, T value) {
  if constexpr (std::is_same_v<T, bool>)
    lua_pushboolean(L, value ? 1 : 0);
  else if constexpr (std::is_integral_v<T>)
    lua_pushinteger(L, static_cast<lua_Integer>(value));
  else
    lua_pushnumber(L, value);
  return 1;
}
int push(lua_State* L, std::string_view text);
inline int push(lua_State* L, const char* text) { return push(L, std::string_view(text)); }
inline int push(lua_State* L, const std::string& text) { return push(L, std::string_view(text)); }
int push(lua_State* L, const std::vector<double>& values);
int push(lua_State* L, const std::vector<std::int64_t>& values);
int push(lua_State* L, const std::vector<std::string>& values);
/// From 0-based to 1-based.
int push_index(lua_State* L, std::size_t index);
/// An object of a described class.
template <class T>
requires requires { ObjectTraits<T>::name; }
int push(lua_State* L, T object) {
  push_object<T>(L, std::move(object));
  return 1;
}

}  // namespace moonstill::lua
