// C++ values as Lua userdata. A class says its name (and, where it holds tensors, its bytes):
//
//   template <>
//   struct moonstill::lua::ObjectTraits<Generator> {
//     static constexpr const char* name = "ms.Generator";
//     static constexpr const char* documentation = "A stream of random numbers.";
//   };
//
// and is opened by Module::add_class<Generator>(), before the rows of its methods ("ms.Generator:uniform")
// and metamethods ("ms.Generator:__tostring"). push(L, Generator(1)) makes one,
// Args::object<Generator>("rng") reads one. T may be a std::shared_ptr. Every access checks the type; close()
// and the collector may both come, in any order. A body that calls back into Lua copies the T first: the
// script may close the object meanwhile.
#pragma once

#include <concepts>
#include <cstddef>
#include <lua.hpp>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "bindings/support/state.hpp"

namespace moonstill::lua {

template <class T>
struct ObjectTraits;

template <class T>
struct Holder {
  std::optional<T> value;
  std::size_t bytes = 0;
};

/// The registry keeps T's metatable under this address.
template <class T>
inline constexpr char class_key = 0;

template <class T>
[[nodiscard]] std::size_t held_bytes(const T& value) {
  if constexpr (requires { ObjectTraits<T>::bytes(value); })
    return ObjectTraits<T>::bytes(value);
  else
    return 0;
}

/// The userdata's holder, or nullptr when the value at `index` is something else.
template <class T>
[[nodiscard]] Holder<T>* find_holder(lua_State* L, int index) {
  void* memory = lua_touserdata(L, index);
  if (memory == nullptr || lua_getmetatable(L, index) == 0) return nullptr;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &class_key<T>);
  const bool same = lua_istable(L, -1) && lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same ? static_cast<Holder<T>*>(memory) : nullptr;
}

/// The object at `index`, or nullptr when it is something else or closed.
template <class T>
[[nodiscard]] T* find_object(lua_State* L, int index) {
  Holder<T>* holder = find_holder<T>(L, index);
  return holder != nullptr && holder->value ? &*holder->value : nullptr;
}

/// Why find_object gave nothing: "expected tensor, got number 1" or "the tensor was closed".
[[nodiscard]] std::string object_problem(lua_State* L, int index, const char* class_name);

template <class T>
T& push_object(lua_State* L, T value) {
  static_assert(alignof(Holder<T>) <= alignof(std::max_align_t));
  void* memory = lua_newuserdatauv(L, sizeof(Holder<T>), 0);
  auto* holder = new (memory) Holder<T>{std::move(value), 0};
  lua_rawgetp(L, LUA_REGISTRYINDEX, &class_key<T>);
  lua_setmetatable(L, -2);
  holder->bytes = held_bytes<T>(*holder->value);
  account(L, holder->bytes);
  return *holder->value;
}

/// __gc, __close and :close(). Harmless when called twice, by hand, or on something else.
template <class T>
int close_object(lua_State* L) {
  if (Holder<T>* holder = find_holder<T>(L, 1); holder != nullptr && holder->value) {
    holder->value.reset();
    release(L, std::exchange(holder->bytes, 0));
  }
  return 0;
}

/// Makes a metatable named `name` (also in the registry, under `key` and the name) and pushes it.
void push_new_metatable(lua_State* L, const char* name, const void* key, lua_CFunction close);

/// For objects without described methods.
template <class T>
void add_metatable(lua_State* L) {
  push_new_metatable(L, ObjectTraits<T>::name, &class_key<T>, close_object<T>);
  lua_pop(L, 1);
}

}  // namespace moonstill::lua
