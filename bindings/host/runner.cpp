#include "bindings/host/runner.hpp"

#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bindings/host/line_sampler.hpp"
#include "bindings/host/profile_report.hpp"
#include "bindings/support/barrier.hpp"
#include "bindings/support/call_profile.hpp"
#include "bindings/support/callback.hpp"
#include "bindings/support/library.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/io/file.hpp"

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
    case Command::Kind::tool:
      push_library_function(L, "moonstill.commands", "run");
      lua_pushstring(L, command.target.c_str());
      lua_call(L, 1 + push_arguments(L, command), 1);
      return 1;
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
  const int status = load(L, command);
  if (status == LUA_ERRSYNTAX && command.kind == Command::Kind::standard_input) {
    lua_pushliteral(L, "\n'moonstill repl' reads lines as the prompt does.");
    lua_concat(L, 2);
  }
  if (status != LUA_OK) return lua_error(L);
  if (CallProfile* profile = runtime(L).profile) profile->sample(L);  // what came before is not the script's
  lua_call(L, push_arguments(L, command), 0);
  lua_pushboolean(L, 1);
  return 1;
}

// What a run says at its end, after a failure and when the script calls os.exit too: its zero vectors and its
// profile.
class Ending {
 public:
  // Throws Error{io} where the trace cannot be written: before the run, not after it.
  Ending(Runtime& state, const std::optional<std::string>& trace) : state_(state) {
    if (!trace) return;
    recording_ = std::make_unique<Recording>(*trace);
    state_.profile = &recording_->calls;
    sampler_.emplace(state_);
  }
  ~Ending() {
    sampler_.reset();
    state_.profile = nullptr;
  }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  // Gives the exit code: the script's, unless only the trace failed.
  int say(lua_State* L, int code) {
    if (std::exchange(said_, true)) return code;
    say_zero_vectors(L);
    return recording_ ? say_profile(code) : code;
  }

 private:
  struct Recording {
    explicit Recording(const std::string& trace) : path(trace), file(trace) {}
    std::string path;
    io::AtomicFile file;
    CallProfile calls;
  };

  // The first one was said where it was seen.
  static void say_zero_vectors(lua_State* L) {
    const std::uint64_t count = ops::zero_rows_seen();
    if (count < 2) return;
    lua_warning(
        L,
        fmt::format("zero vectors were embedded as basis state 0 {} times, each evaluation counted", count)
            .c_str(),
        0);
  }

  int say_profile(int code) {
    const Profile& profile = recording_->calls.profile();
    std::fprintf(stderr, "\n%s", profile_text(profile).c_str());
    try {
      write_trace(profile, recording_->file);
    } catch (const Error& error) {
      std::fprintf(stderr, "moonstill: %s\n", error.what());
      return code == exit_done ? exit_failed : code;
    }
    const auto written = static_cast<long long>(profile.events().size());
    const auto left_out = static_cast<long long>(profile.event_count()) - written;
    std::fprintf(stderr, "\n%lld spans for chrome://tracing or Perfetto in %s", written,
                 recording_->path.c_str());
    if (left_out > 0) std::fprintf(stderr, " (the later %lld left out)", left_out);
    std::fputc('\n', stderr);
    return code;
  }

  Runtime& state_;
  std::unique_ptr<Recording> recording_;
  std::optional<LineSampler> sampler_;
  bool said_ = false;
};

// os.exit, which is the upvalue before the ending, unwinds nothing.
int say_and_exit(lua_State* L) {
  static_cast<Ending*>(lua_touserdata(L, lua_upvalueindex(2)))->say(L, exit_done);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

void say_before_exit(lua_State* L, Ending& ending) {
  lua_getglobal(L, "os");
  lua_getfield(L, -1, "exit");
  lua_pushlightuserdata(L, &ending);
  lua_pushcclosure(L, guard<say_and_exit>, 2);
  lua_setfield(L, -2, "exit");
  lua_pop(L, 1);
}

}  // namespace

int run_command(Interpreter& interpreter, const Command& command) {
  lua_State* L = interpreter.state();
  interpreter.shared().wants_backtrace = command.backtrace;
  Ending ending(interpreter.shared(), command.trace);
  say_before_exit(L, ending);
  lua_pushcfunction(L, main_body);
  lua_pushlightuserdata(L, const_cast<Command*>(&command));
  const int code = finish(L, 1, 1);
  // The prompt, the tests, the tools and the self-test say themselves whether all went well.
  return ending.say(L, code == exit_done && lua_toboolean(L, -1) == 0 ? exit_failed : code);
}

}  // namespace moonstill::lua
