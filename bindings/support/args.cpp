#include "bindings/support/args.hpp"

#include <algorithm>
#include <stdexcept>

#include "bindings/support/words.hpp"

namespace moonstill::lua {
namespace {

std::string_view text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

bool plain_table(lua_State* L, int index) {
  if (!lua_istable(L, index)) return false;
  if (lua_getmetatable(L, index) == 0) return true;
  lua_pop(L, 1);
  return false;
}

void raw_field(lua_State* L, int table, const std::string& name) {
  lua_pushlstring(L, name.data(), name.size());
  lua_rawget(L, table);
}

[[noreturn]] void refuse_call(const std::string& text) { throw Error(ErrorKind::argument, text); }

// The texts of all keys that are strings, and whether there are others.
std::vector<std::string> string_keys(lua_State* L, int table, bool& others) {
  std::vector<std::string> keys;
  others = false;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
      keys.emplace_back(text_at(L, -1));
    else
      others = true;
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

std::size_t Args::Key::in(const DescribedFunction& function) const {
  const auto& slots = function.slots();
  if (place_ >= 0) return static_cast<std::size_t>(place_);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].name == name_) return i;
  }
  throw std::logic_error(fmt::format("its description has no argument '{}'", name_));
}

Args::Args(lua_State* L, const DescribedFunction& function) : state_(L), function_(function) {
  luaL_checkstack(L, static_cast<int>(function.slots().size()) + LUA_MINSTACK, "too many arguments");
  if (function.is_method()) {
    check_self();
    base_ = 1;
  }
  if (function.is_metamethod()) check_operands();
  const int count = lua_gettop(L) - base_;
  if (named_call(count)) {
    spread_named();
    check_types(0);
  } else {
    spread_positional(count);
    check_types(count);
  }
}

void Args::check_self() const {
  if (function_.is_own_object(state_, 1)) return;
  refuse_call(fmt::format("self: expected {}, got {} (methods are called with ':')",
                          class_display(function_.class_name()), describe(state_, 1)));
}

// Lua calls a metamethod for either operand, and passes more than some need.
void Args::check_operands() const {
  const int count = std::min(lua_gettop(state_), static_cast<int>(function_.parameter_count()));
  bool found = false;
  for (int i = 1; i <= count && !found; ++i) found = function_.is_own_object(state_, i);
  if (!found) refuse_call(fmt::format("expected an operand of class {}", function_.class_name()));
  if (function_.extra() == nullptr) lua_settop(state_, static_cast<int>(function_.parameter_count()));
}

bool Args::known(std::string_view name) const {
  const auto& slots = function_.slots();
  return std::any_of(slots.begin(), slots.end(), [&](const auto& slot) { return slot.name == name; });
}

// One plain table is a table of named arguments unless it is itself a fit first argument.
bool Args::named_call(int count) const {
  const auto& slots = function_.slots();
  const int table = base_ + 1;
  if (count != 1 || slots.empty() || function_.is_metamethod() || !plain_table(state_, table)) return false;
  if (function_.parameter_count() == 0) return true;
  if (!slots.front().type.accepts(state_, table)) return lua_rawlen(state_, table) == 0;
  raw_field(state_, table, slots.front().name);
  const bool names_first = !lua_isnil(state_, -1);
  lua_pop(state_, 1);
  if (!names_first) return false;  // soon, for lists may be long
  bool others = false;
  const auto keys = string_keys(state_, table, others);
  return !others && std::all_of(keys.begin(), keys.end(), [&](const std::string& key) { return known(key); });
}

void Args::check_keys(std::size_t first, int table) const {
  bool others = false;
  const auto keys = string_keys(state_, table, others);
  if (others) refuse_call("expected a table of named arguments, got one with values that have no name");
  std::vector<std::string_view> names;
  for (std::size_t i = first; i < function_.slots().size(); ++i)
    names.emplace_back(function_.slots()[i].name);
  for (const std::string& key : keys) {
    if (std::find(names.begin(), names.end(), key) == names.end()) refuse_call(unknown_name(key, names));
  }
}

std::string unknown_name(std::string_view name, std::span<const std::string_view> names) {
  std::string hint = suggestion(name, names);
  if (hint.empty() && !names.empty()) {
    hint = " (known: ";
    for (const std::string_view& known : names) hint.append(&known == names.data() ? "" : ", ").append(known);
    hint += ')';
  }
  return fmt::format("unknown argument '{}'{}", name, hint);
}

void Args::spread_table(std::size_t first, int table) {
  const auto& slots = function_.slots();
  for (std::size_t i = first; i < slots.size(); ++i) raw_field(state_, table, slots[i].name);
  lua_remove(state_, table);
}

void Args::spread_named() {
  check_keys(0, base_ + 1);
  spread_table(0, base_ + 1);
}

// Which argument is the table of options, or -1. It may stand early when the parameters between are left out.
int Args::options_place(int count) const {
  const auto parameters = static_cast<int>(function_.parameter_count());
  const int last = count - 1;
  const int index = base_ + count;
  if (!function_.has_options() || last < 0 || last > parameters || lua_isnil(state_, index)) return -1;
  if (last == parameters) {
    if (lua_istable(state_, index)) return last;
    refuse_call(
        fmt::format("argument {}: expected table of options, got {}", count, describe(state_, index)));
  }
  const auto& slot = function_.slots()[static_cast<std::size_t>(last)];
  const bool skipped = !slot.required && plain_table(state_, index) && !slot.type.accepts(state_, index);
  return skipped && lua_rawlen(state_, index) == 0 ? last : -1;
}

void Args::spread_positional(int count) {
  const auto parameters = static_cast<int>(function_.parameter_count());
  if (function_.extra() != nullptr) {
    extra_count_ = std::max(0, count - parameters);
    if (count < parameters) lua_settop(state_, base_ + parameters);
    return;
  }
  const int most = parameters + (function_.has_options() ? 1 : 0);
  if (count > most) {
    refuse_call(fmt::format("expected at most {} argument{}, got {}", most, most == 1 ? "" : "s", count));
  }
  const int place = options_place(count);
  const int first = base_ + 1;
  if (place < 0) {
    lua_settop(state_, base_ + static_cast<int>(function_.slots().size()));
    return;
  }
  check_keys(function_.parameter_count(), first + place);
  lua_pushvalue(state_, first + place);
  lua_insert(state_, first);
  lua_settop(state_, first + place);
  lua_settop(state_, first + parameters);
  spread_table(function_.parameter_count(), first);
}

void Args::check_types(int count) {
  const auto& slots = function_.slots();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const int index = base_ + 1 + static_cast<int>(i);
    if (lua_isnil(state_, index)) {
      if (slots[i].has_default) {
        lua_rawgeti(state_, lua_upvalueindex(2), static_cast<lua_Integer>(i) + 1);
        lua_replace(state_, index);
      } else if (slots[i].required && !slots[i].type.accepts(state_, index)) {
        refuse(i, fmt::format("expected {}, got {}", slots[i].type.expected(),
                              static_cast<int>(i) < count ? "nil" : "nothing"));
      }
    } else if (!slots[i].type.accepts(state_, index)) {
      refuse(i, slots[i].type.mismatch(state_, index));
    }
  }
  for (int i = 0; i < extra_count_; ++i) {
    if (function_.extra()->accepts(state_, extra_slot(i))) continue;
    refuse(slots.size() + static_cast<std::size_t>(i), function_.extra()->mismatch(state_, extra_slot(i)));
  }
}

void Args::refuse(std::size_t place, const std::string& text) const {
  const auto& slots = function_.slots();
  if (place >= slots.size()) refuse_call(fmt::format("argument {}: {}", place + 1, text));
  if (place >= function_.parameter_count())
    refuse_call(fmt::format("argument '{}': {}", slots[place].name, text));
  refuse_call(fmt::format("argument {} '{}': {}", place + 1, slots[place].name, text));
}

std::string_view Args::string(Key key) const { return text_at(state_, slot(key)); }

std::size_t Args::choice(Key key) const {
  const auto names = function_.slots()[key.in(function_)].type.literals();
  const auto found = std::find(names.begin(), names.end(), string(key));
  return static_cast<std::size_t>(found - names.begin());
}

std::vector<double> Args::numbers(Key key) const {
  const int index = slot(key);
  if (lua_type(state_, index) == LUA_TNUMBER) return {lua_tonumber(state_, index)};
  std::vector<double> values(lua_rawlen(state_, index));
  for (std::size_t i = 0; i < values.size(); ++i) {
    lua_rawgeti(state_, index, static_cast<lua_Integer>(i) + 1);
    values[i] = lua_tonumber(state_, -1);
    lua_pop(state_, 1);
  }
  return values;
}

std::vector<std::int64_t> Args::integers(Key key) const {
  const int index = slot(key);
  if (lua_type(state_, index) == LUA_TNUMBER) return {lua_tointeger(state_, index)};
  std::vector<std::int64_t> values(lua_rawlen(state_, index));
  for (std::size_t i = 0; i < values.size(); ++i) {
    lua_rawgeti(state_, index, static_cast<lua_Integer>(i) + 1);
    values[i] = lua_tointeger(state_, -1);
    lua_pop(state_, 1);
  }
  return values;
}

std::size_t Args::size(Key key, std::size_t least) const {
  const std::int64_t value = integer(key);
  if (value < static_cast<std::int64_t>(least)) fail(key, "expected at least {}, got {}", least, value);
  return static_cast<std::size_t>(value);
}

std::size_t Args::in_range(Key key, std::int64_t value, std::size_t count) const {
  if (value >= 1 && value <= static_cast<std::int64_t>(count)) return static_cast<std::size_t>(value - 1);
  if (count == 0) fail(key, "{} is outside an empty range", value);
  fail(key, "{} is outside 1..{}", value, count);
}

std::size_t Args::index(Key key, std::size_t count) const { return in_range(key, integer(key), count); }

std::size_t Args::axis(Key key, std::size_t rank) const { return axes(key, rank).front(); }

std::vector<std::size_t> Args::axes(Key key, std::size_t rank) const {
  std::vector<std::size_t> out;
  for (const std::int64_t value : integers(key)) {
    const bool from_end = value < 0 && value >= -static_cast<std::int64_t>(rank);
    out.push_back(in_range(key, from_end ? value + static_cast<std::int64_t>(rank) + 1 : value, rank));
  }
  return out;
}

std::vector<std::size_t> Args::indices(Key key, std::size_t count) const {
  std::vector<std::size_t> out;
  for (const std::int64_t value : integers(key)) out.push_back(in_range(key, value, count));
  return out;
}

int push(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

namespace {

template <class T, class PushOne>
int push_list(lua_State* L, const std::vector<T>& values, PushOne push_one) {
  lua_createtable(L, static_cast<int>(values.size()), 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    push_one(L, values[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

}  // namespace

int push(lua_State* L, const std::vector<double>& values) { return push_list(L, values, lua_pushnumber); }

int push(lua_State* L, const std::vector<std::int64_t>& values) {
  return push_list(L, values, lua_pushinteger);
}

int push(lua_State* L, const std::vector<std::string>& values) {
  return push_list(L, values, [](lua_State* to, const std::string& text) { push(to, text); });
}

int push_index(lua_State* L, std::size_t index) {
  lua_pushinteger(L, static_cast<lua_Integer>(index) + 1);
  return 1;
}

}  // namespace moonstill::lua
