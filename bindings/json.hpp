// Lua values as JSON and back.
#pragma once

#include <lua.hpp>
#include <nlohmann/json.hpp>

namespace moonstill::lua {

/// nil, booleans, numbers, strings, tensors and tables of them: keys 1 .. n make a list, strings an object;
/// NaN and infinities become null. Throws Error{argument} on anything else, naming the place: "results.loss:
/// ...".
[[nodiscard]] nlohmann::json json_from_lua(lua_State* L, int index);

/// Pushes the value; null becomes nil. Throws Error{argument} where lists and objects are nested too deeply.
int push_json(lua_State* L, const nlohmann::json& value, int depth = 0);

}  // namespace moonstill::lua
