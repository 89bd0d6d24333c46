#include "bindings/support/state.hpp"

#include <algorithm>

#include "bindings/support/function.hpp"
#include "engine/core/memory.hpp"

namespace moonstill::lua {
namespace {

constexpr std::size_t first_collection = std::size_t{64} << 20;

// Twice what is held, but no more than half of what the limit still allows on top of it, so that garbage
// alone never meets the limit.
std::size_t next_collection(std::size_t held) {
  const MemoryStats stats = memory_stats();
  const std::size_t room = stats.limit_bytes - std::min(stats.limit_bytes, stats.live_bytes);
  return std::min(std::max(first_collection, 2 * held), held + room / 2);
}

}  // namespace

Runtime::Runtime() : collect_at(next_collection(0)) {}
Runtime::~Runtime() = default;

// An entry of the registry's list of references.
struct Reference::Anchor {
  explicit Anchor(lua_State* L) : main(runtime(L).main), key(luaL_ref(L, LUA_REGISTRYINDEX)) {}
  ~Anchor() { luaL_unref(main, LUA_REGISTRYINDEX, key); }
  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;

  lua_State* main;
  int key;
};

Reference::Reference(lua_State* L, int index) {
  lua_pushvalue(L, index);
  anchor_ = std::make_shared<const Anchor>(L);
}

void Reference::push(lua_State* L) const {
  if (anchor_)
    lua_rawgeti(L, LUA_REGISTRYINDEX, anchor_->key);
  else
    lua_pushnil(L);
}

// An object with a finalizer is counted when a cycle ends and freed by the next one. At Lua's own pause of
// 200 % garbage G then follows upon live bytes B and garbage G' as G = B + G', without end; at 150 % it stays
// at B.
void tune_collector(lua_State* L) { lua_gc(L, LUA_GCINC, 150, 0, 0); }

void account(lua_State* L, std::size_t bytes) {
  if (bytes == 0) return;
  Runtime& state = runtime(L);
  state.held_bytes += bytes;
  if (state.held_bytes >= state.collect_at) collect(L);
}

void collect(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT);
  Runtime& state = runtime(L);
  state.collect_at = next_collection(state.held_bytes);
}

void release(lua_State* L, std::size_t bytes) noexcept {
  Runtime& state = runtime(L);
  state.held_bytes -= std::min(bytes, state.held_bytes);
}

}  // namespace moonstill::lua
