// Functions of Lua's own library that run long without ever looking at Ctrl-C, made to look.
#pragma once

#include <lua.hpp>

namespace moonstill::lua {

/// Replaces table.sort, string.rep and load, which do the same as before.
void open_long_calls(lua_State* L);

}  // namespace moonstill::lua
