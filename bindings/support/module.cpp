#include "bindings/support/module.hpp"

#include <fmt/core.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "bindings/support/words.hpp"

namespace moonstill::lua {
namespace {

constexpr char tree_key = 0;
constexpr char functions_key = 0;
constexpr char classes_key = 0;

// __index of a table of methods: the name was not found.
int missing_method(lua_State* L) {
  const char* class_name = lua_tostring(L, lua_upvalueindex(1));
  if (lua_type(L, 2) != LUA_TSTRING) {
    fail(ErrorKind::argument, "{} '[]': expected the name of a method, got {}", class_name, describe(L, 2));
  }
  std::vector<std::string_view> names;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) names.emplace_back(lua_tostring(L, -1));
  }
  const std::string_view name = lua_tostring(L, 2);
  fail(ErrorKind::argument, "{}: no method '{}'{}", class_display(class_name), name, suggestion(name, names));
}

// __index of a class with a row of its own for it: names are methods, all else goes to the row.
int index_object(lua_State* L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    lua_gettable(L, lua_upvalueindex(1));
    return 1;
  }
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

void push_text(lua_State* L, const char* key, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, key);
}

void push_params(lua_State* L, const std::vector<Param>& params) {
  lua_createtable(L, static_cast<int>(params.size()), 0);
  lua_Integer i = 0;
  for (const Param& param : params) {
    lua_createtable(L, 0, 5);
    const bool optional = param.name.ends_with('?');
    push_text(L, "name", param.name.substr(0, param.name.size() - (optional ? 1 : 0)));
    push_text(L, "type", param.type);
    push_text(L, "doc", param.doc);
    if (!param.fallback.empty()) push_text(L, "default", param.fallback);
    lua_pushboolean(L, optional || !param.fallback.empty() || param.name == "..." ? 1 : 0);
    lua_setfield(L, -2, "optional");
    lua_rawseti(L, -2, ++i);
  }
}

// "bindings/tensor.cpp:12"
std::string source_text(const std::source_location& place) {
  std::string_view file = place.file_name();
  const std::size_t root = file.rfind("bindings/");
  if (root != std::string_view::npos) file.remove_prefix(root);
  return fmt::format("{}:{}", file, place.line());
}

}  // namespace

Module::Module(lua_State* L) : state_(L) {
  for (const char* key : {&tree_key, &functions_key, &classes_key}) {
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
  }
}

void Module::push() const { lua_rawgetp(state_, LUA_REGISTRYINDEX, &tree_key); }

// Pushes the table that "ms.a.b" goes into, making it where needed.
void Module::push_parent(std::string_view name) const {
  push();
  name.remove_prefix(std::string_view("ms.").size());
  while (true) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return;
    luaL_getsubtable(state_, -1, std::string(name.substr(0, dot)).c_str());
    lua_remove(state_, -2);
    name.remove_prefix(dot + 1);
  }
}

void Module::set(std::string_view name) {
  push_parent(name);
  lua_insert(state_, -2);
  lua_setfield(state_, -2, std::string(name.substr(name.rfind('.') + 1)).c_str());
  lua_pop(state_, 1);
}

void Module::add(FunctionRow row, std::source_location place) {
  lua_State* L = state_;
  row.source = source_text(place);
  const StackMark mark(L);
  Runtime& state = runtime(L);
  for (const auto& known : state.functions) {
    if (known->row().name == row.name) throw std::logic_error(fmt::format("{} is described twice", row.name));
  }
  const DescribedFunction& function =
      *state.functions.emplace_back(std::make_unique<DescribedFunction>(std::move(row)));
  function.push(L);
  const int closure = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
  lua_pushvalue(L, closure);
  lua_rawseti(L, -2, static_cast<lua_Integer>(state.functions.size()));
  const std::string short_name(function.short_name());
  if (function.class_name().empty()) {
    push_parent(function.row().name);
  } else if (luaL_getmetatable(L, std::string(function.class_name()).c_str()) != LUA_TTABLE) {
    throw std::logic_error(fmt::format("{}: its class is not open", function.row().name));
  }
  const int target = lua_gettop(L);
  if (short_name == "__index") {
    lua_getfield(L, target, "__index");
    lua_pushvalue(L, closure);
    lua_pushcclosure(L, index_object, 2);
  } else {
    if (function.is_method()) lua_getfield(L, target, "methods");
    lua_pushvalue(L, closure);
  }
  lua_setfield(L, function.is_method() ? -2 : target, short_name.c_str());
}

void Module::open_class(const char* name, const char* documentation, const void* key, lua_CFunction close) {
  lua_State* L = state_;
  const StackMark mark(L);
  push_new_metatable(L, name, key, close);
  const int metatable = lua_gettop(L);
  lua_newtable(L);  // methods
  lua_createtable(L, 0, 1);
  lua_pushstring(L, name);
  lua_pushcclosure(L, guard<missing_method>, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  for (const char* field : {"__index", "methods"}) {
    lua_pushvalue(L, -1);
    lua_setfield(L, metatable, field);
  }
  set(name);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key);
  lua_createtable(L, 0, 2);
  push_text(L, "name", name);
  push_text(L, "documentation", documentation);
  lua_rawseti(L, -2, static_cast<lua_Integer>(lua_rawlen(L, -2)) + 1);
}

void push_classes(lua_State* L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &classes_key); }

void push_functions(lua_State* L) {
  const auto& functions = runtime(L).functions;
  lua_createtable(L, static_cast<int>(functions.size()), 0);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const FunctionRow& row = functions[i]->row();
    lua_createtable(L, 0, 8);
    push_text(L, "name", row.name);
    push_text(L, "documentation", row.documentation);
    push_text(L, "returns", row.returns);
    push_text(L, "example", row.example);
    push_text(L, "source", row.source);
    push_params(L, row.parameters);
    lua_setfield(L, -2, "parameters");
    push_params(L, row.options);
    lua_setfield(L, -2, "options");
    lua_rawgeti(L, -2, static_cast<lua_Integer>(i) + 1);
    lua_setfield(L, -2, "call");
    lua_rawseti(L, -3, static_cast<lua_Integer>(i) + 1);
  }
  lua_pop(L, 1);
}

}  // namespace moonstill::lua
