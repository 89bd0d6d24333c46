#include "engine/core/interrupt.hpp"

#include <atomic>

#include "engine/core/error.hpp"

namespace moonstill {
namespace {

// A signal handler can reach nothing but static storage.
constinit std::atomic<bool> requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

}  // namespace

void request_interrupt() noexcept { requested.store(true, std::memory_order_relaxed); }
void clear_interrupt() noexcept { requested.store(false, std::memory_order_relaxed); }
bool interrupt_requested() noexcept { return requested.load(std::memory_order_relaxed); }

void poll_interrupt() {
  if (interrupt_requested()) throw Error(ErrorKind::interrupted, "interrupted");
}

}  // namespace moonstill
