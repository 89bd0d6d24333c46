// Finds the lines at which a script spends its own time: a timer's signal hooks the running Lua thread, whose
// next step says where it is.
#pragma once

#include <ctime>

#include "bindings/support/state.hpp"

namespace moonstill::lua {

/// Samples for the profile that the state has, on the thread that makes this.
class LineSampler {
 public:
  explicit LineSampler(Runtime& shared);
  ~LineSampler();
  LineSampler(const LineSampler&) = delete;
  LineSampler& operator=(const LineSampler&) = delete;

 private:
  timer_t timer_{};
};

}  // namespace moonstill::lua
