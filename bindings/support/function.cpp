#include "bindings/support/function.hpp"

#include <fmt/core.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "bindings/support/args.hpp"
#include "bindings/support/barrier.hpp"
#include "bindings/support/call_profile.hpp"

namespace moonstill::lua {
namespace {

std::string operator_name(std::string_view class_name, std::string_view metamethod) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> operators{
      {{"__add", "+"},
       {"__sub", "-"},
       {"__mul", "*"},
       {"__div", "/"},
       {"__mod", "%"},
       {"__pow", "^"},
       {"__unm", "unary -"},
       {"__concat", ".."},
       {"__shr", ">>"},
       {"__shl", "<<"},
       {"__eq", "=="},
       {"__len", "#"},
       {"__call", "()"},
       {"__index", "[]"},
       {"__newindex", "[]="},
       {"__tostring", "tostring"}}};
  for (const auto& [name, text] : operators) {
    if (name == metamethod) return fmt::format("{} '{}'", class_name, text);
  }
  return fmt::format("{}:{}", class_name, metamethod);
}

DescribedFunction::Slot make_slot(const Param& param) {
  const bool optional = param.name.ends_with('?');
  const std::string name(param.name.substr(0, param.name.size() - (optional ? 1 : 0)));
  return {name, Type(param.type), !optional && param.fallback.empty(), !param.fallback.empty()};
}

int call(lua_State* L) {
  const auto& function = *static_cast<const DescribedFunction*>(lua_touserdata(L, lua_upvalueindex(1)));
  return guarded(L, &function, [&] {
    const CallSpan span(L, function.display_name());
    Args args(L, function);
    return function.row().body(L, args);
  });
}

}  // namespace

DescribedFunction::DescribedFunction(FunctionRow row) : row_(std::move(row)) {
  const std::string_view name = row_.name;
  const std::size_t colon = name.find(':');
  if (colon != std::string_view::npos) {
    class_name_ = name.substr(0, colon);
    class_type_.emplace_back(class_name_);
  }
  short_name_ = name.substr(colon != std::string_view::npos ? colon + 1 : name.rfind('.') + 1);
  display_name_ = is_metamethod() ? operator_name(class_name_, short_name_) : row_.name;
  for (const Param& param : row_.parameters) {
    if (param.name == "...")
      extra_.emplace_back(param.type);
    else
      slots_.push_back(make_slot(param));
  }
  parameter_count_ = slots_.size();
  for (const Param& param : row_.options) slots_.push_back(make_slot(param));
}

void DescribedFunction::push(lua_State* L) const {
  lua_pushlightuserdata(L, const_cast<DescribedFunction*>(this));
  lua_createtable(L, static_cast<int>(slots_.size()), 0);
  int index = 0;
  for (const auto* params : {&row_.parameters, &row_.options}) {
    for (const Param& param : *params) {
      if (param.name == "...") continue;
      ++index;
      if (param.fallback.empty()) continue;
      const std::string chunk = fmt::format("return {}", param.fallback);
      if (luaL_loadbufferx(L, chunk.data(), chunk.size(), "=default", "t") != LUA_OK) {
        throw std::logic_error(
            fmt::format("{}: default of '{}': {}", row_.name, param.name, lua_tostring(L, -1)));
      }
      lua_call(L, 0, 1);
      lua_rawseti(L, -2, index);
    }
  }
  lua_pushcclosure(L, call, 2);
}

const DescribedFunction* described(lua_State* L, int index) {
  if (lua_tocfunction(L, index) != call) return nullptr;
  lua_getupvalue(L, index, 1);
  const auto* function = static_cast<const DescribedFunction*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return function;
}

}  // namespace moonstill::lua
