#include "bindings/support/tree.hpp"

#include <algorithm>

#include "bindings/support/type.hpp"
#include "engine/core/error.hpp"

namespace moonstill::lua {
namespace {

constexpr int deepest = 64;

}  // namespace

Tree Tree::read(lua_State* L, int index, const TakeLeaf& take) {
  Tree tree;
  tree.root_ = tree.read_node(L, lua_absindex(L, index), take, 0);
  return tree;
}

Tree::Node Tree::read_node(lua_State* L, int index, const TakeLeaf& take, int depth) {
  if (take(L, index)) return {Node::Kind::leaf, leaf_count_++, {}};
  if (lua_istable(L, index)) return read_table(L, index, take, depth);
  return {Node::Kind::constant, 0, Reference(L, index)};
}

Tree::Node Tree::read_table(lua_State* L, int index, const TakeLeaf& take, int depth) {
  if (depth == deepest)
    fail(ErrorKind::argument, "tables are nested deeper than {} levels (a cycle?)", deepest);
  luaL_checkstack(L, 4, "tables are nested too deeply");
  Node node{Node::Kind::table, 0, {}};
  if (lua_getmetatable(L, index) != 0) {
    node.value = Reference(L, -1);
    lua_pop(L, 1);
  }
  for (Key& key : sorted_keys(L, index)) {
    push_key(L, key);
    lua_rawget(L, index);
    node.children.emplace_back(std::move(key), read_node(L, lua_gettop(L), take, depth + 1));
    lua_pop(L, 1);
  }
  return node;
}

std::vector<Tree::Key> Tree::sorted_keys(lua_State* L, int table) {
  std::vector<Key> keys;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    if (lua_isinteger(L, -1) != 0) {
      keys.emplace_back(lua_tointeger(L, -1));
    } else if (lua_type(L, -1) == LUA_TSTRING) {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, -1, &size);
      keys.emplace_back(std::string(text, size));
    } else {
      fail(ErrorKind::argument, "expected whole numbers or strings as keys of nested tables, got {}",
           describe(L, -1));
    }
  }
  std::sort(keys.begin(), keys.end());  // numbers before strings
  return keys;
}

void Tree::push_key(lua_State* L, const Key& key) {
  if (const auto* number = std::get_if<lua_Integer>(&key)) {
    lua_pushinteger(L, *number);
  } else {
    const auto& text = std::get<std::string>(key);
    lua_pushlstring(L, text.data(), text.size());
  }
}

void Tree::push(lua_State* L, const std::function<void(std::size_t)>& push_leaf, Constants constants) const {
  push_node(L, root_, push_leaf, constants);
}

void Tree::push_node(lua_State* L, const Node& node, const std::function<void(std::size_t)>& push_leaf,
                     Constants constants) {
  luaL_checkstack(L, LUA_MINSTACK, "tables are nested too deeply");
  if (node.kind == Node::Kind::leaf) return push_leaf(node.leaf);
  if (node.kind == Node::Kind::constant) {
    if (constants == Constants::keep)
      node.value.push(L);
    else
      lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 0);
  for (const auto& [key, child] : node.children) {
    push_key(L, key);
    push_node(L, child, push_leaf, constants);
    lua_rawset(L, -3);
  }
  if (node.value) {
    node.value.push(L);
    lua_setmetatable(L, -2);
  }
}

std::vector<std::string> Tree::paths() const {
  std::vector<std::string> out;
  collect_paths(root_, "", out);
  return out;
}

void Tree::collect_paths(const Node& node, const std::string& path, std::vector<std::string>& out) {
  if (node.kind == Node::Kind::leaf) out.push_back(path);
  for (const auto& [key, child] : node.children) {
    const auto* number = std::get_if<lua_Integer>(&key);
    const std::string step = number != nullptr
                                 ? fmt::format("[{}]", *number)
                                 : fmt::format("{}{}", path.empty() ? "" : ".", std::get<std::string>(key));
    collect_paths(child, path + step, out);
  }
}

}  // namespace moonstill::lua
