#include "bindings/host/modules.hpp"

#include "bindings/core.hpp"

namespace moonstill::lua {

void open_modules(Module& ms) { open_random(ms); }

}  // namespace moonstill::lua
