// The flag that Ctrl-C sets and long kernels poll.
#pragma once

namespace moonstill {

/// Asks running work to stop. Safe in a signal handler.
void request_interrupt() noexcept;
void clear_interrupt() noexcept;
[[nodiscard]] bool interrupt_requested() noexcept;

/// Throws Error{interrupted} once an interrupt was requested. The flag stays set until it is cleared.
void poll_interrupt();

}  // namespace moonstill
