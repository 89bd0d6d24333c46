// A Lua state with everything of ours in it.
#pragma once

#include <set>
#include <string>

#include "bindings/support/state.hpp"

namespace moonstill::lua {

/// Whether warnings are shown, each perhaps once; those said, and the beginning of one that goes on.
struct Warnings {
  bool shown = true;
  bool once = false;
  std::set<std::string> said;
  std::string text;
};

class Interpreter {
 public:
  Interpreter();
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  [[nodiscard]] lua_State* state() const { return state_; }
  [[nodiscard]] Runtime& shared() { return runtime_; }

 private:
  Runtime runtime_;
  Warnings warnings_;
  lua_State* state_;
};

}  // namespace moonstill::lua
