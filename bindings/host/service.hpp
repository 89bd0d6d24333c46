// The module `moonstill.host`: what the standard library asks of the program. Not for scripts.
#pragma once

#include <lua.hpp>

namespace moonstill::lua {

int open_service(lua_State* L);

}  // namespace moonstill::lua
