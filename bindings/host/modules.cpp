#include "bindings/host/modules.hpp"

namespace moonstill::lua {

void open_modules(Module& ms) {
  for (const auto open : {open_random, open_tensor, open_autograd, open_nn, open_optim}) open(ms);
}

}  // namespace moonstill::lua
