// Follows lcorolib.c of Lua 5.4 in everything but the tracking.
#include "bindings/host/coroutines.hpp"

#include "bindings/host/interrupts.hpp"
#include "bindings/support/barrier.hpp"
#include "engine/autograd/transforms.hpp"

namespace moonstill::lua {
namespace {

void set_running(lua_State* L) {
  runtime(L).running = L;
  watch_interrupts(L);
}

// Moves `arguments` values to co and runs it. Results, or the error, end on L; their number, or -1.
int resume(lua_State* L, lua_State* co, int arguments) {
  if (lua_checkstack(co, arguments) == 0) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, co, arguments);
  set_running(co);
  int results = 0;
  const int status = lua_resume(co, L, arguments, &results);
  set_running(L);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (lua_checkstack(L, results + 1) == 0) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

int coroutine_resume(lua_State* L) {
  lua_State* co = lua_tothread(L, 1);
  if (co == nullptr) return luaL_typeerror(L, 1, "coroutine");
  const int results = resume(L, co, lua_gettop(L) - 1);
  if (results < 0) raise_interrupt(L);
  lua_pushboolean(L, results >= 0 ? 1 : 0);
  const int count = results >= 0 ? results : 1;
  lua_insert(L, -(count + 1));
  return count + 1;
}

int wrapped(lua_State* L) {
  lua_State* co = lua_tothread(L, lua_upvalueindex(1));
  const int results = resume(L, co, lua_gettop(L));
  if (results >= 0) return results;
  const int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_resetthread(co);  // closes its variables
    lua_xmove(co, L, 1);
  }
  raise_interrupt(L);
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

int coroutine_wrap(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State* co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, wrapped, 1);
  return 1;
}

int coroutine_yield(lua_State* L) {
  if (lua_isyieldable(L) == 0 && running_transforms() > 0) {
    fail(ErrorKind::state,
         "coroutine.yield: a transform (grad, vjp, jvp, hvp, checkpoint) is running; return the "
         "values instead");
  }
  return lua_yield(L, lua_gettop(L));
}

}  // namespace

void open_coroutines(lua_State* L) {
  constexpr luaL_Reg functions[] = {{"resume", coroutine_resume},
                                    {"wrap", coroutine_wrap},
                                    {"yield", guard<coroutine_yield>},
                                    {nullptr, nullptr}};
  lua_getglobal(L, "coroutine");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}

}  // namespace moonstill::lua
