// Follows lbaselib.c of Lua 5.4 in everything but the interruption.
#include "bindings/host/protected_calls.hpp"

#include "bindings/host/interrupts.hpp"

namespace moonstill::lua {
namespace {

// Also where a coroutine goes on that had yielded within. Below the results lie `extra` values of the call's
// own.
int finish(lua_State* L, int status, lua_KContext extra) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - static_cast<int>(extra);
  raise_interrupt(L);
  lua_pushboolean(L, 0);
  lua_pushvalue(L, -2);
  return 2;
}

int call(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  const int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish);
  return finish(L, status, 0);
}

int call_with_handler(lua_State* L) {
  const int count = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);
  const int status = lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish);
  return finish(L, status, 2);
}

}  // namespace

void open_protected_calls(lua_State* L) {
  lua_register(L, "pcall", call);
  lua_register(L, "xpcall", call_with_handler);
}

}  // namespace moonstill::lua
