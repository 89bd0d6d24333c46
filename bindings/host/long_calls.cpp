#include "bindings/host/long_calls.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "bindings/support/barrier.hpp"
#include "engine/core/pieces.hpp"

namespace moonstill::lua {
namespace {

constexpr lua_Unsigned long_list = 100'000;                  // that takes longer to sort than anyone waits
constexpr std::size_t piece_bytes = std::size_t{16} << 20;   // copied between looks at Ctrl-C
constexpr std::size_t piece_of_code = std::size_t{1} << 16;  // compiled between them

int is_less(lua_State* L) {
  lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
  return 1;
}

// table.sort, its upvalue. What it calls to compare is where the hook of an interruption gets in; comparing
// by itself it calls nothing.
int sort(lua_State* L) {
  if (lua_istable(L, 1) && lua_isnoneornil(L, 2) && lua_rawlen(L, 1) > long_list) {
    lua_settop(L, 1);
    lua_pushcfunction(L, is_less);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

// string.rep, by doubling what is there.
int repeat(lua_State* L) {
  std::size_t size = 0;
  std::size_t gap = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  const lua_Integer count = luaL_checkinteger(L, 2);
  const char* separator = luaL_optlstring(L, 3, "", &gap);
  if (count <= 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  const std::size_t unit = size + gap;
  constexpr auto largest = static_cast<std::size_t>(std::numeric_limits<lua_Integer>::max());
  if (unit < size || unit > largest / static_cast<std::size_t>(count))
    return luaL_error(L, "resulting string too large");
  const std::size_t total = unit * static_cast<std::size_t>(count) - gap;
  luaL_Buffer buffer;
  char* out = luaL_buffinitsize(L, &buffer, total);
  std::size_t filled = std::min(unit, total);
  std::memcpy(out, text, size);
  std::memcpy(out + size, separator, filled - size);
  while (filled < total) {
    const std::size_t more = std::min(filled, total - filled);
    in_pieces(more, piece_bytes, [&](std::size_t begin, std::size_t end) {
      std::memcpy(out + filled + begin, out + begin, end - begin);
    });
    filled += more;
  }
  luaL_pushresultsize(&buffer, total);
  return 1;
}

// What load reads code from: upvalues are the code and how much of it was given.
int next_piece(lua_State* L) {
  std::size_t size = 0;
  const char* code = lua_tolstring(L, lua_upvalueindex(1), &size);
  const auto given = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(2)));
  const std::size_t more = std::min(piece_of_code, size - given);
  lua_pushinteger(L, static_cast<lua_Integer>(given + more));
  lua_replace(L, lua_upvalueindex(2));
  lua_pushlstring(L, code + given, more);
  return 1;
}

// load, its upvalue, which gets long code in pieces: their reader is where the hook of an interruption gets
// in.
int load(lua_State* L) {
  if (lua_type(L, 1) == LUA_TSTRING && lua_rawlen(L, 1) > piece_of_code) {
    if (lua_isnoneornil(L, 2)) {
      lua_settop(L, std::max(2, lua_gettop(L)));
      lua_pushvalue(L, 1);  // code without a name is called by what it says
      lua_replace(L, 2);
    }
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_piece, 2);
    lua_replace(L, 1);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

}  // namespace

void open_long_calls(lua_State* L) {
  lua_getglobal(L, "load");
  lua_pushcclosure(L, load, 1);
  lua_setglobal(L, "load");
  lua_getglobal(L, LUA_TABLIBNAME);
  lua_getfield(L, -1, "sort");
  lua_pushcclosure(L, sort, 1);
  lua_setfield(L, -2, "sort");
  lua_getglobal(L, LUA_STRLIBNAME);
  lua_pushcfunction(L, guard<repeat>);
  lua_setfield(L, -2, "rep");
  lua_pop(L, 2);
}

}  // namespace moonstill::lua
