// Types of arguments, written as in LuaCATS ("ms.Tensor|number", "integer[]"), and their check.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace moonstill::lua {

class Type {
 public:
  /// Alternatives are separated by '|': any, nil, boolean, number, integer, string, table, function, a
  /// literal string in double quotes, or the name of a class (__name of the metatable); "T[]" is a list of T.
  explicit Type(std::string_view text);

  [[nodiscard]] bool accepts(lua_State* L, int index) const;

  /// "list of integers or tensor"
  [[nodiscard]] std::string expected() const;

  /// Why the value is refused: "expected tensor, got string "half"".
  [[nodiscard]] std::string mismatch(lua_State* L, int index) const;

  /// The literal strings among the alternatives, in order.
  [[nodiscard]] std::vector<std::string_view> literals() const;

 private:
  enum class Kind { any, nil, boolean, number, integer, string, table, function, literal, object };
  struct Alternative {
    Kind kind;
    bool list;
    std::string name;
    mutable const void* metatable = nullptr;  // of the class, once one of its objects was seen
  };
  static Alternative parse(std::string_view text);
  static bool accepts_one(const Alternative& alternative, lua_State* L, int index);
  static bool is_object(const Alternative& alternative, lua_State* L, int index);
  static bool accepts_list(const Alternative& alternative, lua_State* L, int index);
  static std::string display(const Alternative& alternative);

  std::vector<Alternative> alternatives_;
};

/// What a value is, for error messages: `string "half"`, `number 2.5`, `tensor`, `nothing`.
[[nodiscard]] std::string describe(lua_State* L, int index);

/// "ms.Tensor" -> "tensor"
[[nodiscard]] std::string class_display(std::string_view name);

/// Whether __name of the value's metatable is this.
[[nodiscard]] bool has_class(lua_State* L, int index, std::string_view name);

/// __name of the value's metatable, or "".
[[nodiscard]] std::string class_of(lua_State* L, int index);

}  // namespace moonstill::lua
