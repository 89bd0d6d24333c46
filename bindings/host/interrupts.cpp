#include "bindings/host/interrupts.hpp"

#include <unistd.h>
#include <chrono>
#include <csignal>

#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

constexpr int exit_interrupted = 130;

// A signal handler can reach nothing but static storage.
constinit std::atomic<Runtime*> handled{nullptr};

// How long what waits to be closed (`<close>`) may take, once the interruption is on its way through it.
constexpr std::chrono::milliseconds for_closing{100};

// A thread that was hooked and then left alone keeps its hook: it takes it off itself.
void stop(lua_State* L, lua_Debug*) {
  if (!interrupt_requested()) {
    lua_sethook(L, nullptr, 0, 0);
    return;
  }
  const auto& raised = runtime(L).interrupt_raised;
  if (!raised || std::chrono::steady_clock::now() - *raised > for_closing) raise_interrupt(L);
}

void hook(lua_State* L) {
  lua_sethook(L, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

extern "C" void on_interrupt(int) {
  if (interrupt_requested()) _exit(exit_interrupted);
  request_interrupt();
  if (Runtime* shared = handled.load()) hook(shared->running.load());
}

}  // namespace

InterruptHandler::InterruptHandler(Runtime& shared) {
  handled = &shared;
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // no SA_RESTART: a blocked read returns
  sigaction(SIGINT, &action, nullptr);
}

InterruptHandler::~InterruptHandler() { handled = nullptr; }

void watch_interrupts(lua_State* L) {
  if (interrupt_requested()) hook(L);
}

void raise_interrupt(lua_State* L) {
  if (!interrupt_requested()) return;
  runtime(L).note_interrupt();
  lua_pushliteral(L, "interrupted");
  lua_error(L);
}

void forget_interrupt(lua_State* L) {
  clear_interrupt();
  runtime(L).interrupt_raised.reset();
  lua_sethook(L, nullptr, 0, 0);
}

}  // namespace moonstill::lua
