// Lua functions called from engine code.
//
//   const Callback f(L, a.slot("f"));     // may be copied into a std::function
//   lua_State* running = f.begin();       // the Lua thread that runs now, with the function pushed
//   push(running, 1.0);                   // its arguments
//   Callback::call(running, 1, 1);        // throws LuaError; the results are on top
#pragma once

#include <lua.hpp>
#include <string>

#include "bindings/support/state.hpp"

namespace moonstill::lua {

class Callback {
 public:
  Callback(lua_State* L, int index) : runtime_(&runtime(L)), function_(L, index) {}

  /// Pushes the function onto the Lua thread that runs now, and gives that thread.
  [[nodiscard]] lua_State* begin() const;

  /// Calls what begin() pushed with the `arguments` values above it. Throws LuaError with the error value
  /// unchanged.
  static void call(lua_State* L, int arguments, int results);

  void push(lua_State* L) const { function_.push(L); }

 private:
  Runtime* runtime_;
  Reference function_;
};

/// lua_pcall with the handler that records a backtrace when one is asked for.
int protected_call(lua_State* L, int arguments, int results);

}  // namespace moonstill::lua
