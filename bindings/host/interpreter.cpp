#include "bindings/host/interpreter.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>
#include <utility>

#include "bindings/host/coroutines.hpp"
#include "bindings/host/embedded.hpp"
#include "bindings/host/long_calls.hpp"
#include "bindings/host/modules.hpp"
#include "bindings/host/protected_calls.hpp"
#include "bindings/host/service.hpp"
#include "bindings/support/barrier.hpp"
#include "bindings/support/library.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

// What the standard library loaded of itself, by name: a table of the registry.
constexpr const char* own_modules = "moonstill.own_modules";

const EmbeddedSource* find_embedded(std::string_view module) {
  for (const EmbeddedSource& source : embedded_sources()) {
    if (source.module == module) return &source;
  }
  return nullptr;
}

// The `require` of the standard library's own files: its own modules, whatever has their names elsewhere.
int require_own(lua_State* L) {
  const std::string_view name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, own_modules);
  if (lua_getfield(L, 2, name.data()) != LUA_TNIL) return 1;
  const EmbeddedSource* source = find_embedded(name);
  if (source == nullptr) fail(ErrorKind::argument, "no module '{}' in the standard library", name);
  const std::string chunk = "=[moonstill]/" + std::string(source->file);
  if (luaL_loadbufferx(L, source->text.data(), source->text.size(), chunk.c_str(), "t") != LUA_OK)
    return lua_error(L);
  push_library_globals(L);
  lua_setupvalue(L, -2, 1);
  lua_call(L, 0, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, 2, name.data());
  return 1;
}

// One of package.searchers: the standard library.
int search_own(lua_State* L) {
  const std::string_view name = luaL_checkstring(L, 1);
  const EmbeddedSource* source = find_embedded(name);
  if (source == nullptr) {
    lua_pushfstring(L, "no module '%s' in the standard library", name.data());
    return 1;
  }
  lua_pushcfunction(L, guard<require_own>);
  lua_pushlstring(L, source->file.data(), source->file.size());
  return 2;
}

// What warn() does, in scripts and here: lines on standard error. warn "@off" turns them off, warn "@once"
// leaves out those that were shown before.
void warn(void* data, const char* message, int to_be_continued) {
  auto& warnings = *static_cast<Warnings*>(data);
  const std::string_view part = message;
  if (warnings.text.empty() && to_be_continued == 0 && part.starts_with('@')) {
    if (part == "@off") warnings.shown = false;
    if (part == "@on") warnings.shown = true;
    if (part == "@once") warnings.once = true;
    return;
  }
  warnings.text += part;
  if (to_be_continued != 0) return;
  const std::string text = std::exchange(warnings.text, {});
  if (warnings.once && !warnings.said.insert(text).second) return;
  if (warnings.shown) std::fprintf(stderr, "moonstill: warning: %s\n", text.c_str());
}

// The pages of a large block cost more than what Lua does in them. They are touched here, piece by piece, and
// left after Ctrl-C: Lua then finds no memory, and what runs ends.
void* allocate(void*, void* block, std::size_t, std::size_t size) {
  constexpr std::size_t large = std::size_t{16} << 20;
  constexpr std::size_t page = 4096;
  if (size == 0) {
    std::free(block);
    return nullptr;
  }
  if (block != nullptr || size < large) return std::realloc(block, size);
  auto* bytes = static_cast<volatile char*>(std::malloc(size));
  for (std::size_t at = 0; bytes != nullptr && at < size; at += page) {
    if (at % large == 0 && interrupt_requested()) {
      std::free(const_cast<char*>(bytes));
      return nullptr;
    }
    bytes[at] = 0;
  }
  return const_cast<char*>(bytes);
}

int open_native(lua_State* L) {
  Module ms(L);
  open_modules(ms);
  ms.push();
  return 1;
}

int open_everything(lua_State* L) {
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, own_modules);
  luaL_requiref(L, "moonstill.native", guard<open_native>, 0);
  lua_setfield(L, -2, "moonstill.native");
  luaL_requiref(L, "moonstill.host", guard<open_service>, 0);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "loaded");
  lua_getglobal(L, "require");
  lua_setfield(L, -2, "require");
  lua_setfield(L, -2, "moonstill.host");
  lua_pop(L, 1);
  open_coroutines(L);
  open_long_calls(L);
  open_protected_calls(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "searchers");
  const int searchers = lua_gettop(L);
  for (auto i = static_cast<lua_Integer>(lua_rawlen(L, searchers)); i >= 2; --i) {
    lua_rawgeti(L, searchers, i);
    lua_rawseti(L, searchers, i + 1);
  }
  lua_pushcfunction(L, search_own);
  lua_rawseti(L, searchers, 2);
  open_library_globals(L, guard<require_own>);
  return 0;
}

}  // namespace

Interpreter::Interpreter() : state_(luaL_newstate()) {
  if (state_ == nullptr) throw std::bad_alloc();
  *static_cast<Runtime**>(lua_getextraspace(state_)) = &runtime_;
  runtime_.main = state_;
  runtime_.running = state_;
  lua_setallocf(state_, allocate, nullptr);  // which luaL_newstate's blocks fit
  tune_collector(state_);
  lua_setwarnf(state_, warn, &warnings_);
  lua_pushcfunction(state_, open_everything);
  if (lua_pcall(state_, 0, 0, 0) != LUA_OK) {
    const std::string message = luaL_tolstring(state_, -1, nullptr);
    lua_close(state_);
    throw Error(ErrorKind::state, message);
  }
}

Interpreter::~Interpreter() { lua_close(state_); }

}  // namespace moonstill::lua
