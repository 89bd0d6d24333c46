// The `ms` tree under construction: described functions and classes land in it by their names.
#pragma once

#include <lua.hpp>
#include <source_location>
#include <string>
#include <string_view>

#include "bindings/support/args.hpp"
#include "bindings/support/barrier.hpp"
#include "bindings/support/function.hpp"
#include "bindings/support/object.hpp"

namespace moonstill::lua {

class Module {
 public:
  /// Starts an empty tree in the registry.
  explicit Module(lua_State* L);

  [[nodiscard]] lua_State* state() const { return state_; }

  /// "ms.nn.linear" lands in ms.nn, "ms.Tensor:sum" among the methods of ms.Tensor, "ms.Tensor:__add" in its
  /// metatable. Help says where it was added.
  void add(FunctionRow row, std::source_location place = std::source_location::current());

  /// A constant, such as ms.version. The value is at the top of the stack and is popped.
  void set(std::string_view name);

  /// Makes T's metatable and its table of methods, which is `name` in the tree.
  template <class T>
  void add_class() {
    open_class(ObjectTraits<T>::name, ObjectTraits<T>::documentation, &class_key<T>, close_object<T>);
    add({.name = std::string(ObjectTraits<T>::name) + ":close",
         .documentation = "Gives the object's memory back at once; using it afterwards is an error.",
         .body = [](lua_State* L, Args&) { return close_object<T>(L); }});
  }

  /// Pushes the tree.
  void push() const;

 private:
  void open_class(const char* name, const char* documentation, const void* key, lua_CFunction close);
  void push_parent(std::string_view name) const;

  lua_State* state_;
};

/// Documentation of the classes, by name, in the order of their opening.
void push_classes(lua_State* L);

/// Pushes the described functions' rows as a list of tables, each with its function.
void push_functions(lua_State* L);

}  // namespace moonstill::lua
