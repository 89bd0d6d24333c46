#include "bindings/support/type.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "bindings/support/words.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

constexpr lua_Integer between_polls = 4096;  // elements of a list

// A short, printable form of a string.
std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string out = "\"";
  for (const char c : text.substr(0, longest)) {
    if (c == '\n')
      out += "\\n";
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 32 || c == 127)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + (text.size() > longest ? "...\"" : "\"");
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace

Type::Type(std::string_view text) {
  while (true) {
    const std::size_t bar = text.find('|');
    alternatives_.push_back(parse(text.substr(0, bar)));
    if (bar == std::string_view::npos) break;
    text.remove_prefix(bar + 1);
  }
}

Type::Alternative Type::parse(std::string_view text) {
  if (text.starts_with('"')) return {Kind::literal, false, std::string(text.substr(1, text.size() - 2))};
  const bool list = text.ends_with("[]");
  if (list) text.remove_suffix(2);
  constexpr std::array<std::pair<std::string_view, Kind>, 8> kinds{{{"any", Kind::any},
                                                                    {"nil", Kind::nil},
                                                                    {"boolean", Kind::boolean},
                                                                    {"number", Kind::number},
                                                                    {"integer", Kind::integer},
                                                                    {"string", Kind::string},
                                                                    {"table", Kind::table},
                                                                    {"function", Kind::function}}};
  for (const auto& [name, kind] : kinds) {
    if (text == name) return {kind, list, std::string(text)};
  }
  return {Kind::object, list, std::string(text)};
}

bool Type::accepts(lua_State* L, int index) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Alternative& alternative) {
    return alternative.list ? accepts_list(alternative, L, index) : accepts_one(alternative, L, index);
  });
}

bool Type::accepts_one(const Alternative& alternative, lua_State* L, int index) {
  const int type = lua_type(L, index);
  switch (alternative.kind) {
    case Kind::any:
      return type != LUA_TNONE;
    case Kind::nil:
      return type <= LUA_TNIL;
    case Kind::boolean:
      return type == LUA_TBOOLEAN;
    case Kind::number:
      return type == LUA_TNUMBER;
    case Kind::integer: {
      int whole = 0;
      if (type == LUA_TNUMBER) lua_tointegerx(L, index, &whole);
      return whole != 0;
    }
    case Kind::string:
      return type == LUA_TSTRING;
    case Kind::table:
      return type == LUA_TTABLE;
    case Kind::function: {
      if (type == LUA_TFUNCTION) return true;
      if (type <= LUA_TNIL || luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
      lua_pop(L, 1);
      return true;
    }
    case Kind::literal: {
      if (type != LUA_TSTRING) return false;
      std::size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      return std::string_view(text, size) == alternative.name;
    }
    case Kind::object:
      return (type == LUA_TUSERDATA || type == LUA_TTABLE) && is_object(alternative, L, index);
  }
  return false;
}

// By the metatable's name. Those of userdata are the host's and stay, so that the name is read once.
bool Type::is_object(const Alternative& alternative, lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TTABLE) return has_class(L, index, alternative.name);
  if (lua_getmetatable(L, index) == 0) return false;
  const void* metatable = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (metatable == alternative.metatable) return true;
  if (!has_class(L, index, alternative.name)) return false;
  alternative.metatable = metatable;
  return true;
}

bool Type::accepts_list(const Alternative& alternative, lua_State* L, int index) {
  if (!lua_istable(L, index)) return false;
  index = lua_absindex(L, index);
  const auto size = static_cast<lua_Integer>(lua_rawlen(L, index));
  for (lua_Integer i = 1; i <= size; ++i) {
    if (i % between_polls == 0) poll_interrupt();
    lua_rawgeti(L, index, i);
    const bool fits = accepts_one(alternative, L, -1);
    lua_pop(L, 1);
    if (!fits) return false;
  }
  // A table with other keys is no list.
  lua_Integer keys = 0;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    if (++keys % between_polls == 0) poll_interrupt();
  }
  return keys == size;
}

std::string Type::display(const Alternative& alternative) {
  std::string name = alternative.name;
  if (alternative.kind == Kind::literal) return quoted(name);
  if (alternative.kind == Kind::any) name = "value";
  if (alternative.kind == Kind::object) name = class_display(name);
  return alternative.list ? fmt::format("list of {}s", name) : name;
}

std::string Type::expected() const {
  std::vector<std::string> words;
  for (const Alternative& alternative : alternatives_) words.push_back(display(alternative));
  return joined(words);
}

std::string Type::mismatch(lua_State* L, int index) const {
  const int type = lua_type(L, index);
  std::string text = fmt::format("expected {}, got {}", expected(), describe(L, index));
  if (type == LUA_TSTRING) return text + suggestion(lua_tostring(L, index), literals(), '"');
  if (type != LUA_TTABLE) return text;
  // Name the element that spoils a list.
  for (const Alternative& alternative : alternatives_) {
    if (!alternative.list) continue;
    const auto size = static_cast<lua_Integer>(lua_rawlen(L, index));
    for (lua_Integer i = 1; i <= size; ++i) {
      lua_rawgeti(L, index, i);
      const bool fits = accepts_one(alternative, L, -1);
      if (!fits) text += fmt::format(" with {} at {}", describe(L, -1), i);
      lua_pop(L, 1);
      if (!fits) return text;
    }
  }
  return text;
}

std::vector<std::string_view> Type::literals() const {
  std::vector<std::string_view> names;
  for (const Alternative& alternative : alternatives_) {
    if (alternative.kind == Kind::literal) names.emplace_back(alternative.name);
  }
  return names;
}

std::string describe(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TNONE:
      return "nothing";
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) != 0 ? "boolean true" : "boolean false";
    case LUA_TNUMBER:
      return lua_isinteger(L, index) != 0 ? fmt::format("number {}", lua_tointeger(L, index))
                                          : fmt::format("number {:.14g}", lua_tonumber(L, index));
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      return "string " + quoted({text, size});
    }
    case LUA_TTABLE:
    case LUA_TUSERDATA: {
      const std::string name = class_of(L, index);
      if (!name.empty()) return class_display(name);
      break;
    }
    default:
      break;
  }
  return luaL_typename(L, index);
}

std::string class_display(std::string_view name) {
  std::string last(name.substr(name.rfind('.') + 1));
  std::transform(last.begin(), last.end(), last.begin(), [](unsigned char c) { return std::tolower(c); });
  return last;
}

bool has_class(lua_State* L, int index, std::string_view name) {
  if (lua_type(L, index) <= LUA_TNIL || luaL_getmetafield(L, index, "__name") == LUA_TNIL) return false;
  std::size_t size = 0;
  const char* text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : nullptr;
  const bool same = text != nullptr && std::string_view(text, size) == name;
  lua_pop(L, 1);
  return same;
}

std::string class_of(lua_State* L, int index) {
  if (lua_type(L, index) <= LUA_TNIL || luaL_getmetafield(L, index, "__name") == LUA_TNIL) return {};
  std::string name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  lua_pop(L, 1);
  return name;
}

}  // namespace moonstill::lua
