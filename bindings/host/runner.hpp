// Runs what the command line asks for.
#pragma once

#include "bindings/host/command_line.hpp"
#include "bindings/host/interpreter.hpp"

namespace moonstill::lua {

/// The exit code: 0 done, 1 the script or run failed, 130 interrupted.
int run_command(Interpreter& interpreter, const Command& command);

}  // namespace moonstill::lua
