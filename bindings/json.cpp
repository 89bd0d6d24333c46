#include "bindings/json.hpp"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bindings/support/type.hpp"
#include "bindings/tensor.hpp"
#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

using nlohmann::json;

constexpr std::size_t deepest = 64;
constexpr int between_polls = 1024;  // values, between looks at Ctrl-C

json number_json(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

// The elements of axes axis .. rank-1, from element `at` on.
json tensor_json(const Tensor& tensor, std::size_t axis, std::int64_t& at) {
  if (axis == tensor.rank()) {
    const double value = tensor.at(at++);
    return is_floating(tensor.dtype()) ? number_json(value) : json(static_cast<std::int64_t>(value));
  }
  json list = json::array();
  for (std::int64_t i = 0; i < tensor.size(axis); ++i) {
    if (i % between_polls == 0) poll_interrupt();
    list.push_back(tensor_json(tensor, axis + 1, at));
  }
  return list;
}

class Encoder {
 public:
  explicit Encoder(lua_State* L) : state_(L) {}

  json encode(int index, const std::string& place, std::size_t depth = 0) {
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

  json encode_table(int table, const std::string& place, std::size_t depth) {
    luaL_checkstack(state_, 4, "tables are nested too deeply");
    const auto count = static_cast<lua_Integer>(lua_rawlen(state_, table));
    json result = count > 0 ? json::array() : json::object();
    for (lua_Integer i = 1; i <= count; ++i) {
      if (i % between_polls == 0) poll_interrupt();
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
        result[key] = encode(-1, fmt::format("{}.{}", place, key), depth + 1);
      }
      lua_pop(state_, 1);
    }
    return result;
  }

  lua_State* state_;
};

// Makes Lua values of what the parser meets, and leaves the outermost on the stack.
class Decoder final : public nlohmann::json_sax<json> {
 public:
  explicit Decoder(lua_State* L) : state_(L) {}

  bool null() override {
    lua_pushnil(state_);
    return place();
  }
  bool boolean(bool value) override {
    lua_pushboolean(state_, value ? 1 : 0);
    return place();
  }
  bool number_integer(std::int64_t value) override {
    lua_pushinteger(state_, value);
    return place();
  }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(LUA_MAXINTEGER))
      lua_pushnumber(state_, static_cast<double>(value));
    else
      lua_pushinteger(state_, static_cast<lua_Integer>(value));
    return place();
  }
  bool number_float(double value, const std::string&) override {
    lua_pushnumber(state_, value);
    return place();
  }
  bool string(std::string& value) override {
    lua_pushlstring(state_, value.data(), value.size());
    return place();
  }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open({.is_list = false}); }
  bool key(std::string& name) override {
    lua_pushlstring(state_, name.data(), name.size());
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open({.is_list = true}); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail(ErrorKind::argument, "not JSON at byte {}", position);
  }

 private:
  struct Level {
    bool is_list = false;
    lua_Integer size = 0;  // of a list, so far
  };

  bool open(Level level) {
    if (open_.size() >= deepest) fail(ErrorKind::argument, "JSON is nested deeper than {} levels", deepest);
    luaL_checkstack(state_, 4, "JSON is nested too deeply");
    lua_newtable(state_);
    open_.push_back(level);
    return true;
  }

  bool close() {
    open_.pop_back();
    return place();
  }

  // Puts the value on top into the table around it.
  bool place() {
    if (++values_ % between_polls == 0) poll_interrupt();
    if (open_.empty()) return true;
    if (open_.back().is_list)
      lua_rawseti(state_, -2, ++open_.back().size);
    else
      lua_rawset(state_, -3);
    return true;
  }

  lua_State* state_;
  std::vector<Level> open_;
  std::size_t values_ = 0;
};

}  // namespace

std::string json_from_lua(lua_State* L, int index, int indent) {
  return Encoder(L)
      .encode(index, "value")
      .dump(indent > 0 ? indent : -1, ' ', false, json::error_handler_t::replace);
}

int push_json(lua_State* L, std::string_view text) {
  Decoder decoder(L);
  json::sax_parse(text, &decoder);
  return 1;
}

}  // namespace moonstill::lua
