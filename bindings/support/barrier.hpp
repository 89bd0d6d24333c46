// The one place where C++ exceptions become Lua errors, and where the blamed line is found.
#pragma once

#include <exception>
#include <lua.hpp>
#include <new>
#include <string>
#include <string_view>

#include "bindings/support/state.hpp"
#include "engine/core/error.hpp"

namespace moonstill::lua {

class DescribedFunction;

/// A Lua error value on its way through engine code. The barrier raises the value unchanged.
class LuaError : public std::exception {
 public:
  /// Takes the value at the top of the stack.
  explicit LuaError(lua_State* L) : value_(L, -1) { lua_pop(L, 1); }
  void push(lua_State* L) const { value_.push(L); }
  [[nodiscard]] const char* what() const noexcept override { return "error in a Lua function"; }

 private:
  Reference value_;
};

/// Whether a chunk of this name is the standard library's.
[[nodiscard]] bool is_own_chunk(std::string_view source);

/// "file:line: " of the innermost frame that is not ours, or "".
[[nodiscard]] std::string blame(lua_State* L);

namespace detail {
void push_error(lua_State* L, const DescribedFunction* function, const Error& error);
void push_failure(lua_State* L, const DescribedFunction* function, const char* message);
}  // namespace detail

/// Runs body() and returns its result. What it throws becomes a Lua error that names `function` (which may be
/// nullptr) and the script's line. Lua's own errors pass through.
template <class Body>
int guarded(lua_State* L, const DescribedFunction* function, Body&& body) {
  try {
    return body();
  } catch (const LuaError& error) {
    error.push(L);
  } catch (const Error& error) {
    detail::push_error(L, function, error);
  } catch (const std::bad_alloc&) {
    detail::push_failure(L, function, "not enough memory");
  } catch (const std::exception& error) {
    detail::push_failure(L, function, error.what());
  }
  return lua_error(L);  // raised after the exception has gone
}

/// The same for plain C functions: lua_pushcfunction(L, (guard<body>)).
template <int (*body)(lua_State*)>
int guard(lua_State* L) {
  return guarded(L, nullptr, [L] { return body(L); });
}

}  // namespace moonstill::lua
