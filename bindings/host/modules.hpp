// Every binding file's opening function, called in order.
#pragma once

#include "bindings/support/module.hpp"

namespace moonstill::lua {

void open_core(Module& ms);
void open_random(Module& ms);
void open_tensor(Module& ms);
void open_tensor_operations(Module& ms);
void open_autograd(Module& ms);
void open_nn(Module& ms);
void open_optim(Module& ms);
void open_data(Module& ms);
void open_io(Module& ms);
void open_quantum(Module& ms);

void open_modules(Module& ms);

}  // namespace moonstill::lua
