// How wide what is printed may be.
#pragma once

#include <lua.hpp>

namespace moonstill::lua {

/// Columns of standard output: those set for this state, else those of the terminal, else 80.
[[nodiscard]] int output_columns(lua_State* L);

}  // namespace moonstill::lua
