// Nested Lua tables <-> a flat list of leaves, and the shape that puts other leaves into the same tables.
//
//   std::vector<Value> leaves;
//   const Tree tree = Tree::read(L, a.slot("x"), [&](lua_State* L, int index) {
//     const Value* value = find_object<Value>(L, index);
//     if (value != nullptr) leaves.push_back(*value);
//     return value != nullptr;  // else a table is walked, and anything else is a constant
//   });
//   tree.push(L, [&](std::size_t i) { push(L, gradients[i]); }, Tree::Constants::drop);
//
// The order of the leaves depends on the keys only: whole numbers first, then strings in byte order.
#pragma once

#include <cstddef>
#include <functional>
#include <lua.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bindings/support/state.hpp"

namespace moonstill::lua {

class Tree {
 public:
  /// What becomes of values that are neither leaf nor table (names, flags) when a tree is rebuilt.
  enum class Constants { keep, drop };
  /// Keeps the value at a stack index and returns true, or returns false when it is not a leaf.
  using TakeLeaf = std::function<bool(lua_State*, int index)>;

  /// Throws Error{argument} on keys that are neither whole numbers nor strings, and on tables nested too
  /// deeply.
  static Tree read(lua_State* L, int index, const TakeLeaf& take);

  [[nodiscard]] std::size_t leaf_count() const { return leaf_count_; }

  /// Pushes one value: the same tables (and metatables), their leaves pushed by `push_leaf(number)`.
  void push(lua_State* L, const std::function<void(std::size_t)>& push_leaf,
            Constants constants = Constants::keep) const;

  /// Where each leaf lies: "conv[1].weight", or "" for a lone leaf. Trees of equal paths have equal shapes.
  [[nodiscard]] std::vector<std::string> paths() const;

 private:
  using Key = std::variant<lua_Integer, std::string>;
  struct Node {
    enum class Kind { leaf, table, constant };
    Kind kind = Kind::constant;
    std::size_t leaf = 0;
    Reference value;  // the constant, or the table's metatable
    std::vector<std::pair<Key, Node>> children = {};
  };
  Node read_node(lua_State* L, int index, const TakeLeaf& take, int depth);
  Node read_table(lua_State* L, int index, const TakeLeaf& take, int depth);
  static std::vector<Key> sorted_keys(lua_State* L, int table);
  static void push_key(lua_State* L, const Key& key);
  static void push_node(lua_State* L, const Node& node, const std::function<void(std::size_t)>& push_leaf,
                        Constants constants);
  static void collect_paths(const Node& node, const std::string& path, std::vector<std::string>& out);

  Node root_;
  std::size_t leaf_count_ = 0;
};

}  // namespace moonstill::lua
