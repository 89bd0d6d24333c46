#include "bindings/support/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include "bindings/support/state.hpp"

namespace moonstill::lua {
namespace {

constexpr int usual_columns = 80;  // of a pipe, and of a terminal that does not say

}  // namespace

int output_columns(lua_State* L) {
  if (runtime(L).columns > 0) return runtime(L).columns;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual_columns;
  return size.ws_col;
}

}  // namespace moonstill::lua
