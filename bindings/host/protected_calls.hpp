// pcall and xpcall that an interruption passes through: what a script would do after an error of its own is
// not to be done after Ctrl-C.
#pragma once

#include <lua.hpp>

namespace moonstill::lua {

/// Replaces the two globals.
void open_protected_calls(lua_State* L);

}  // namespace moonstill::lua
