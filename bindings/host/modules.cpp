#include "bindings/host/modules.hpp"

namespace moonstill::lua {

void open_modules(Module& ms) {
  for (const auto open : {open_core, open_random, open_tensor, open_tensor_operations, open_autograd, open_nn,
                          open_optim, open_data, open_io, open_quantum})
    open(ms);
}

}  // namespace moonstill::lua
