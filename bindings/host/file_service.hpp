// What the standard library asks of the program about folders, archives and checksums: functions of the
// module `moonstill.host`. Not for scripts.
#pragma once

#include <lua.hpp>

namespace moonstill::lua {

/// Adds them to the table at the top.
void add_file_functions(lua_State* L);

}  // namespace moonstill::lua
