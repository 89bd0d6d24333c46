#include "bindings/support/object.hpp"

#include <fmt/core.h>

#include "bindings/support/type.hpp"

namespace moonstill::lua {

std::string object_problem(lua_State* L, int index, const char* class_name) {
  const std::string name = class_display(class_name);
  if (has_class(L, index, class_name)) return fmt::format("the {} was closed", name);
  return fmt::format("expected {}, got {}", name, describe(L, index));
}

void push_new_metatable(lua_State* L, const char* name, const void* key, lua_CFunction close) {
  luaL_newmetatable(L, name);  // sets __name
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
  for (const char* event : {"__gc", "__close"}) {
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, event);
  }
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
}

}  // namespace moonstill::lua
