// Ctrl-C: a flag that kernels poll, and a hook on the running Lua thread that raises at its next instruction.
// The flag stays, so that no script can swallow an interruption, but variables that wait to be closed are. A
// second Ctrl-C ends the program with 130.
#pragma once

#include "bindings/support/state.hpp"

namespace moonstill::lua {

/// Handles SIGINT for this state, which it must not outlive.
class InterruptHandler {
 public:
  explicit InterruptHandler(Runtime& shared);
  ~InterruptHandler();
  InterruptHandler(const InterruptHandler&) = delete;
  InterruptHandler& operator=(const InterruptHandler&) = delete;
};

/// To be called when L becomes the running thread: hooks it when an interruption is on its way.
void watch_interrupts(lua_State* L);

/// Raises where an interruption is on its way: for what else would go on after an error.
void raise_interrupt(lua_State* L);

/// Forgets the interruption: the prompt is back.
void forget_interrupt(lua_State* L);

}  // namespace moonstill::lua
