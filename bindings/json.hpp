// Lua values as JSON text and back.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>

namespace moonstill::lua {

/// nil, booleans, numbers, strings, tensors and tables of them: keys 1 .. n make a list, strings an object,
/// sorted by key; NaN and infinities become null. One line, or `indent` spaces for each level. Throws
/// Error{argument} on anything else, naming the place: "value.loss[2]: ...".
[[nodiscard]] std::string json_from_lua(lua_State* L, int index, int indent = 0);

/// Pushes the value; null becomes nil. Throws Error{argument} with the byte where the text is not JSON, and
/// where lists and objects are nested too deeply.
int push_json(lua_State* L, std::string_view text);

}  // namespace moonstill::lua
