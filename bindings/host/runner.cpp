#include "bindings/host/runner.hpp"

#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "bindings/host/profile_report.hpp"
#include "bindings/support/call_profile.hpp"
#include "bindings/support/callback.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

constexpr int exit_done = 0, exit_failed = 1, exit_interrupted = 130;

// The error value as text. Called in protected mode: __tostring is the script's.
int error_text(lua_State* L) {
  if (lua_type(L, 1) == LUA_TSTRING || luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL)
    luaL_tolstring(L, 1, nullptr);
  else
    lua_pushfstring(L, "the error is a %s, not a message", luaL_typename(L, 1));
  return 1;
}

int report(lua_State* L) {
  if (interrupt_requested()) {
    clear_interrupt();
    std::fputs("moonstill: interrupted\n", stderr);
    return exit_interrupted;
  }
  lua_pushcfunction(L, error_text);
  lua_insert(L, -2);
  const bool readable = lua_pcall(L, 1, 1, 0) == LUA_OK;
  std::fprintf(stderr, "moonstill: %s\n",
               readable ? lua_tostring(L, -1) : "the error cannot be shown as text");
  const std::string& backtrace = runtime(L).backtrace;
  if (!backtrace.empty()) std::fprintf(stderr, "%s\n", backtrace.c_str());
  return exit_failed;
}

// Calls the function below the arguments. `results` as for lua_call.
int finish(lua_State* L, int arguments, int results) {
  const int status = protected_call(L, arguments, results);
  return status == LUA_OK && !interrupt_requested() ? exit_done : report(L);
}

// require(module)[function], pushed.
void push_library_function(lua_State* L, const char* module, const char* function) {
  lua_getglobal(L, "require");
  lua_pushstring(L, module);
  lua_call(L, 1, 1);
  lua_getfield(L, -1, function);
  lua_remove(L, -2);
}

// The script's `arg`, and its arguments as `...`.
int push_arguments(lua_State* L, const Command& command) {
  luaL_checkstack(L, static_cast<int>(command.arguments.size()) + LUA_MINSTACK, "too many arguments");
  lua_newtable(L);
  lua_pushstring(L, command.target.c_str());
  lua_rawseti(L, -2, 0);
  lua_Integer i = 0;
  for (const std::string& argument : command.arguments) {
    lua_pushlstring(L, argument.data(), argument.size());
    lua_rawseti(L, -2, ++i);
  }
  lua_pushglobaltable(L);
  lua_insert(L, -2);
  lua_pushliteral(L, "arg");
  lua_insert(L, -2);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  for (const std::string& argument : command.arguments) lua_pushlstring(L, argument.data(), argument.size());
  return static_cast<int>(command.arguments.size());
}

int load(lua_State* L, const Command& command) {
  if (command.kind == Command::Kind::code) {
    return luaL_loadbufferx(L, command.target.data(), command.target.size(), "=(command line)", "t");
  }
  return luaL_loadfilex(L, command.kind == Command::Kind::file ? command.target.c_str() : nullptr, "t");
}

// Lua code that is run here and may raise: called in protected mode.
int main_body(lua_State* L) {
  const auto& command = *static_cast<const Command*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  push_library_function(L, "moonstill.loader", "open");
  if (command.kind == Command::Kind::file)
    lua_pushstring(L, command.target.c_str());
  else
    lua_pushnil(L);
  lua_call(L, 1, 0);
  switch (command.kind) {
    case Command::Kind::prompt:
      push_library_function(L, "moonstill.repl", "run");
      lua_call(L, 0, 1);
      return 1;
    case Command::Kind::test: {
      push_library_function(L, "moonstill.test", "run");
      lua_pushstring(L, command.target.c_str());
      lua_call(L, 1 + push_arguments(L, command), 1);
      return 1;
    }
    case Command::Kind::selftest:
      push_library_function(L, "moonstill.selftest", "run");
      lua_call(L, 0, 1);
      return 1;
    case Command::Kind::code:
      push_library_function(L, "moonstill.repl", "open_globals");
      lua_call(L, 0, 0);
      break;
    default:
      break;
  }
  if (load(L, command) != LUA_OK) return lua_error(L);
  lua_call(L, push_arguments(L, command), 0);
  lua_pushboolean(L, 1);
  return 1;
}

// Shown last, after a failure too. The script's exit code counts, unless only the trace failed.
int report_profile(const Profile& profile, const std::string& trace, int code) {
  std::fprintf(stderr, "\n%s", profile_text(profile).c_str());
  try {
    write_trace(profile, trace);
  } catch (const Error& error) {
    std::fprintf(stderr, "moonstill: %s\n", error.what());
    return code == exit_done ? exit_failed : code;
  }
  const auto written = static_cast<long long>(profile.events().size());
  const auto left_out = static_cast<long long>(profile.event_count()) - written;
  std::fprintf(stderr, "\n%lld spans for chrome://tracing or Perfetto in %s", written, trace.c_str());
  if (left_out > 0) std::fprintf(stderr, " (the later %lld left out)", left_out);
  std::fputc('\n', stderr);
  return code;
}

// The first one was said where it was seen.
void report_zero_vectors(lua_State* L) {
  const std::uint64_t count = ops::zero_rows_seen();
  if (count > 1)
    lua_warning(L, fmt::format("{} zero vectors were embedded as basis state 0", count).c_str(), 0);
}

}  // namespace

int run_command(Interpreter& interpreter, const Command& command) {
  lua_State* L = interpreter.state();
  interpreter.shared().wants_backtrace = command.backtrace;
  std::optional<CallProfile> profile;
  if (command.trace) interpreter.shared().profile = &profile.emplace();
  lua_pushcfunction(L, main_body);
  lua_pushlightuserdata(L, const_cast<Command*>(&command));
  const int code = finish(L, 1, 1);
  report_zero_vectors(L);
  interpreter.shared().profile = nullptr;
  // The prompt, the tests and the self-test say themselves whether all went well.
  const int outcome = code == exit_done && lua_toboolean(L, -1) == 0 ? exit_failed : code;
  return profile ? report_profile(profile->profile(), *command.trace, outcome) : outcome;
}

}  // namespace moonstill::lua
