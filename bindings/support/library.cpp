#include "bindings/support/library.hpp"

#include <initializer_list>

namespace moonstill::lua {
namespace {

constexpr const char* library_globals = "moonstill.library_globals";  // in the registry

// The script's `print` where that is a function, else Lua's, its upvalue: who replaces it means all that is
// printed.
int print(lua_State* L) {
  lua_pushglobaltable(L);
  lua_pushliteral(L, "print");
  if (lua_rawget(L, -2) != LUA_TFUNCTION) lua_copy(L, lua_upvalueindex(1), -1);
  lua_insert(L, 1);
  lua_pop(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

}  // namespace

void push_library_globals(lua_State* L) { lua_getfield(L, LUA_REGISTRYINDEX, library_globals); }

void open_library_globals(lua_State* L, lua_CFunction require) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, library_globals);
  lua_pushglobaltable(L);
  for (lua_pushnil(L); lua_next(L, -2) != 0;) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_createtable(L, 0, 2);
  for (const char* event : {"__index", "__newindex"}) {
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, event);
  }
  lua_setmetatable(L, -3);
  lua_pop(L, 1);
  lua_getfield(L, -1, "print");
  lua_pushcclosure(L, print, 1);
  lua_setfield(L, -2, "print");
  lua_pushcfunction(L, require);
  lua_setfield(L, -2, "require");
  lua_pop(L, 1);
}

void push_library_function(lua_State* L, const char* module, const char* function) {
  push_library_globals(L);
  lua_getfield(L, -1, "require");
  lua_remove(L, -2);
  lua_pushstring(L, module);
  lua_call(L, 1, 1);
  lua_getfield(L, -1, function);
  lua_remove(L, -2);
}

}  // namespace moonstill::lua
