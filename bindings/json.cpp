#include "bindings/json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "bindings/support/type.hpp"
#include "bindings/tensor.hpp"
#include "engine/core/error.hpp"

namespace moonstill::lua {
namespace {

using nlohmann::json;

constexpr int deepest = 64;

json number_json(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

// The elements of axes axis .. rank-1, from element `at` on.
json tensor_json(const Tensor& tensor, std::size_t axis, std::int64_t& at) {
  if (axis == tensor.rank()) {
    const double value = tensor.at(at++);
    return is_floating(tensor.dtype()) ? number_json(value) : json(static_cast<std::int64_t>(value));
  }
  json list = json::array();
  for (std::int64_t i = 0; i < tensor.size(axis); ++i) list.push_back(tensor_json(tensor, axis + 1, at));
  return list;
}

class Encoder {
 public:
  explicit Encoder(lua_State* L) : state_(L) {}

  json encode(int index, const std::string& place, int depth = 0) {
    if (depth > deepest)
      fail(ErrorKind::argument, "{}: tables are nested deeper than {} levels (a cycle?)", place, deepest);
    switch (lua_type(state_, index)) {
      case LUA_TNIL:
        return nullptr;
      case LUA_TBOOLEAN:
        return lua_toboolean(state_, index) != 0;
      case LUA_TNUMBER:
        if (lua_isinteger(state_, index) != 0) return lua_tointeger(state_, index);
        return number_json(lua_tonumber(state_, index));
      case LUA_TSTRING:
        return text_at(index);
      case LUA_TTABLE:
        return encode_table(lua_absindex(state_, index), place, depth);
      default:
        break;
    }
    if (const Value* value = find_object<Value>(state_, index)) {
      std::int64_t at = 0;
      return tensor_json(value->tensor(), 0, at);
    }
    fail(ErrorKind::argument, "{}: expected a value that JSON knows, got {}", place, describe(state_, index));
  }

 private:
  // With the zero bytes that a C string would end at.
  [[nodiscard]] std::string text_at(int index) const {
    std::size_t size = 0;
    const char* text = lua_tolstring(state_, index, &size);
    return {text, size};
  }

  json encode_table(int table, const std::string& place, int depth) {
    luaL_checkstack(state_, 4, "tables are nested too deeply");
    const auto count = static_cast<lua_Integer>(lua_rawlen(state_, table));
    json result = count > 0 ? json::array() : json::object();
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(state_, table, i);
      result.push_back(encode(-1, fmt::format("{}[{}]", place, i), depth + 1));
      lua_pop(state_, 1);
    }
    lua_pushnil(state_);
    while (lua_next(state_, table) != 0) {
      const bool listed = lua_isinteger(state_, -2) != 0 && lua_tointeger(state_, -2) >= 1 &&
                          lua_tointeger(state_, -2) <= count;
      if (!listed) {
        if (count > 0 || lua_type(state_, -2) != LUA_TSTRING) {
          fail(ErrorKind::argument, "{}: expected the keys 1, 2, .. or strings only, got {}", place,
               describe(state_, -2));
        }
        const std::string key = text_at(-2);
        result[key] = encode(-1, place + "." + key, depth + 1);
      }
      lua_pop(state_, 1);
    }
    return result;
  }

  lua_State* state_;
};

void push_value(lua_State* L, const json& value, int depth = 0) {
  if (depth > deepest) fail(ErrorKind::argument, "JSON is nested deeper than {} levels", deepest);
  luaL_checkstack(L, 4, "JSON is nested too deeply");
  switch (value.type()) {
    case json::value_t::boolean:
      lua_pushboolean(L, value.get<bool>() ? 1 : 0);
      break;
    case json::value_t::number_integer:
      lua_pushinteger(L, value.get<lua_Integer>());
      break;
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      if (value.is_number_unsigned() &&
          value.get<std::uint64_t>() <= static_cast<std::uint64_t>(LUA_MAXINTEGER)) {
        lua_pushinteger(L, value.get<lua_Integer>());
      } else {
        lua_pushnumber(L, value.get<double>());
      }
      break;
    case json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      lua_pushlstring(L, text.data(), text.size());
      break;
    }
    case json::value_t::array:
      lua_createtable(L, static_cast<int>(value.size()), 0);
      for (std::size_t i = 0; i < value.size(); ++i) {
        push_value(L, value[i], depth + 1);
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
      }
      break;
    case json::value_t::object:
      lua_createtable(L, 0, static_cast<int>(value.size()));
      for (const auto& [key, member] : value.items()) {
        lua_pushlstring(L, key.data(), key.size());
        push_value(L, member, depth + 1);
        lua_rawset(L, -3);
      }
      break;
    default:
      lua_pushnil(L);
  }
}

}  // namespace

std::string json_from_lua(lua_State* L, int index, int indent) {
  return Encoder(L)
      .encode(index, "value")
      .dump(indent > 0 ? indent : -1, ' ', false, json::error_handler_t::replace);
}

int push_json(lua_State* L, std::string_view text) {
  try {
    push_value(L, json::parse(text));
  } catch (const json::parse_error& error) {
    fail(ErrorKind::argument, "not JSON at byte {}", error.byte);
  }
  return 1;
}

}  // namespace moonstill::lua
