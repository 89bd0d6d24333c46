// Bindings of engine/core.
#pragma once

#include "bindings/support/module.hpp"
#include "engine/core/random.hpp"

namespace moonstill::lua {

template <>
struct ObjectTraits<Generator> {
  static constexpr const char* name = "ms.Generator";
  static constexpr const char* documentation = "A stream of random numbers, made by ms.random or by split.";
};

void open_random(Module& ms);

}  // namespace moonstill::lua
