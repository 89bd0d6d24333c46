// What the prompt asks of the program, calls that end interruptions, backtraces, profiles and the terminal's
// width: functions of the module `moonstill.host`. Not for scripts.
#pragma once

#include <lua.hpp>

namespace moonstill::lua {

/// Adds them to the table at the top.
void add_prompt_functions(lua_State* L);

}  // namespace moonstill::lua
