#include "bindings/support/callback.hpp"

#include "bindings/support/barrier.hpp"
#include "bindings/support/call_profile.hpp"

namespace moonstill::lua {
namespace {

// Message handler: keeps the stack of the place where the error arose, and leaves the error value alone. On
// the way out an error passes several handlers; the first has seen the most.
int record_backtrace(lua_State* L) {
  Runtime& state = runtime(L);
  if (!state.wants_backtrace) return 1;
  const char* text = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
  if (!state.backtrace.empty() && state.backtrace_error == text) return 1;
  state.backtrace_error = text;
  luaL_traceback(L, L, nullptr, 1);
  state.backtrace = lua_tostring(L, -1);
  lua_settop(L, 1);
  return 1;
}

}  // namespace

int protected_call(lua_State* L, int arguments, int results) {
  const int handler = lua_gettop(L) - arguments;
  lua_pushcfunction(L, record_backtrace);
  lua_insert(L, handler);
  const int status = lua_pcall(L, arguments, results, handler);
  lua_remove(L, handler);
  return status;
}

lua_State* Callback::begin() const {
  lua_State* L = runtime_->running.load();
  luaL_checkstack(L, LUA_MINSTACK, "too many nested calls");
  function_.push(L);
  return L;
}

void Callback::call(lua_State* L, int arguments, int results) {
  const ScriptSpan span(L);
  if (protected_call(L, arguments, results) != LUA_OK) throw LuaError(L);
}

}  // namespace moonstill::lua
