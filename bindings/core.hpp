// Bindings of engine/core: random numbers, clocks, memory, threads.
#pragma once

#include <chrono>
#include <string>

#include "bindings/support/module.hpp"
#include "engine/core/random.hpp"

namespace moonstill::lua {

struct Timer {
  std::chrono::steady_clock::time_point start;
  std::string label;
};

template <>
struct ObjectTraits<Generator> {
  static constexpr const char* name = "ms.Generator";
  static constexpr const char* documentation = "A stream of random numbers, made by ms.random or by split.";
};

template <>
struct ObjectTraits<Timer> {
  static constexpr const char* name = "ms.Timer";
  static constexpr const char* documentation = "A clock, made by ms.timer.";
};

void open_random(Module& ms);
void open_core(Module& ms);

}  // namespace moonstill::lua
