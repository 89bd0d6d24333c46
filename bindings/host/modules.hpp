// Every binding file's opening function, called in order.
#pragma once

#include "bindings/support/module.hpp"

namespace moonstill::lua {

void open_modules(Module& ms);

}  // namespace moonstill::lua
