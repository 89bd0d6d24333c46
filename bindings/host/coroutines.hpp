// coroutine.resume and wrap that keep track of the running thread, so that Ctrl-C reaches it, and a yield
// that says why it cannot leave a transform.
#pragma once

#include <lua.hpp>

namespace moonstill::lua {

/// Replaces the three in the global table `coroutine`.
void open_coroutines(lua_State* L);

}  // namespace moonstill::lua
