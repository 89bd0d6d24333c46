// What C++ takes from the Lua side of the standard library.
#pragma once

#include <lua.hpp>

namespace moonstill::lua {

/// Pushes the globals of the standard library's own files. They are the script's globals, but for the names
/// of Lua's that a script may have given to something else: these are what they were at the start.
void push_library_globals(lua_State* L);

/// Makes those, of the globals as they are. `require` is the one that finds the standard library's own files.
void open_library_globals(lua_State* L, lua_CFunction require);

/// Pushes require(module)[function].
void push_library_function(lua_State* L, const char* module, const char* function);

}  // namespace moonstill::lua
