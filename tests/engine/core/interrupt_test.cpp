#include "engine/core/interrupt.hpp"

#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

TEST_CASE("an interrupt stays until it is cleared", "[core][interrupt]") {
  clear_interrupt();
  CHECK_NOTHROW(poll_interrupt());
  request_interrupt();
  CHECK(interrupt_requested());
  for (int i = 0; i < 2; ++i) {
    try {
      poll_interrupt();
      FAIL("not interrupted");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::interrupted);
    }
  }
  clear_interrupt();
  CHECK_FALSE(interrupt_requested());
  CHECK_NOTHROW(poll_interrupt());
}

}  // namespace
}  // namespace moonstill
