// The program `moonstill`.
#include <cstdio>
#include <string>

#include "bindings/host/interpreter.hpp"

int main(int argc, char** argv) {
  moonstill::lua::Interpreter lua;
  lua_State* L = lua.state();
  const std::string first = argc > 1 ? argv[1] : "";
  int status = LUA_OK;
  if (first == "-e")
    status = luaL_loadbufferx(L, argv[2], std::string(argv[2]).size(), "=(command line)", "t");
  else
    status = luaL_loadfilex(L, argv[first == "run" ? 2 : 1], "t");
  if (status == LUA_OK) status = lua_pcall(L, 0, 0, 0);
  if (status != LUA_OK) std::fprintf(stderr, "moonstill: %s\n", luaL_tolstring(L, -1, nullptr));
  return status == LUA_OK ? 0 : 1;
}
