#include "bindings/host/prompt_service.hpp"

#include <string>
#include <utility>

#include "bindings/editor/utf8.hpp"
#include "bindings/host/interrupts.hpp"
#include "bindings/host/line_sampler.hpp"
#include "bindings/host/profile_report.hpp"
#include "bindings/host/terminal_query.hpp"
#include "bindings/support/barrier.hpp"
#include "bindings/support/call_profile.hpp"
#include "bindings/support/callback.hpp"
#include "bindings/support/state.hpp"
#include "bindings/support/terminal.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

// Calls the function below its arguments, and ends an interruption. Leaves true, results... or false, error,
// interrupted, from `first` on.
int call_at_prompt(lua_State* L, int first) {
  const int status = protected_call(L, lua_gettop(L) - first, LUA_MULTRET);
  const bool interrupted = interrupt_requested();
  forget_interrupt(L);
  const bool fine = status == LUA_OK && !interrupted;
  if (status != LUA_ERRRUN && interrupted) {  // no error of Lua's, or that it got no memory
    lua_settop(L, first - 1);
    lua_pushliteral(L, "interrupted");
  }
  lua_pushboolean(L, fine ? 1 : 0);
  lua_insert(L, first);
  if (!fine) lua_pushboolean(L, interrupted ? 1 : 0);
  return lua_gettop(L) - first + 1;
}

// call(f, ...) -> true, results... | false, error, interrupted
int host_call(lua_State* L) { return call_at_prompt(L, 1); }

// rounds(f, value): calls f(value, error, interrupted) with the last round's failure, until one gives true.
// Lua code around f would be where an interruption ends the prompt.
int host_rounds(lua_State* L) {
  constexpr int failure = 3, round = 5;
  lua_settop(L, 2);
  while (true) {
    lua_settop(L, round - 1);
    for (int i = 1; i < round; ++i) lua_pushvalue(L, i);
    call_at_prompt(L, round);
    const bool fine = lua_toboolean(L, round) != 0;
    lua_settop(L, round + 2);
    if (fine && lua_toboolean(L, round + 1) != 0) return 0;
    for (int i = 0; i < 2; ++i) {
      if (fine)
        lua_pushnil(L);
      else
        lua_pushvalue(L, round + 1 + i);
      lua_replace(L, failure + i);
    }
  }
}

// profile(f, ...) -> where time went, then as call()
int host_profile(lua_State* L) {
  Runtime& state = runtime(L);
  CallProfile calls;
  CallProfile* outer = std::exchange(state.profile, &calls);
  int count = 0;
  {
    const LineSampler sampler(state);
    count = call_at_prompt(L, 1);
  }
  state.profile = outer;
  const std::string text = profile_text(calls.profile());
  lua_pushlstring(L, text.data(), text.size());
  lua_insert(L, 1);
  return count + 1;
}

// keep_backtraces(): errors record their stack from here on
int host_keep_backtraces(lua_State* L) {
  runtime(L).wants_backtrace = true;
  return 0;
}

// take_backtrace() -> the stack of the last error since the last time, or ""
int host_take_backtrace(lua_State* L) {
  const std::string text = std::exchange(runtime(L).backtrace, {});
  runtime(L).backtrace_error.clear();
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

// output_columns() -> how wide output may be
int host_output_columns(lua_State* L) {
  lua_pushinteger(L, output_columns(L));
  return 1;
}

// set_output_columns(columns), 0 leaves it to the terminal
int host_set_output_columns(lua_State* L) {
  runtime(L).columns = static_cast<int>(luaL_checkinteger(L, 1));
  return 0;
}

// columns_of(text) -> how many columns a terminal gives it
int host_columns_of(lua_State* L) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  lua_pushinteger(L, static_cast<lua_Integer>(editor::columns_of({text, size})));
  return 1;
}

// ask_terminal(query, seconds) -> what it answered, or nil where there is none, or keys wait to be read
int host_ask_terminal(lua_State* L) {
  const auto answer = ask_terminal(luaL_checkstring(L, 1), luaL_checknumber(L, 2));
  if (!answer) return 0;
  lua_pushlstring(L, answer->data(), answer->size());
  return 1;
}

constexpr luaL_Reg functions[] = {{"call", guard<host_call>},
                                  {"rounds", guard<host_rounds>},
                                  {"profile", guard<host_profile>},
                                  {"keep_backtraces", guard<host_keep_backtraces>},
                                  {"take_backtrace", guard<host_take_backtrace>},
                                  {"output_columns", guard<host_output_columns>},
                                  {"set_output_columns", guard<host_set_output_columns>},
                                  {"columns_of", guard<host_columns_of>},
                                  {"ask_terminal", guard<host_ask_terminal>},
                                  {nullptr, nullptr}};

}  // namespace

void add_prompt_functions(lua_State* L) { luaL_setfuncs(L, functions, 0); }

}  // namespace moonstill::lua
