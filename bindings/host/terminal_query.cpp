#include "bindings/host/terminal_query.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

using Clock = std::chrono::steady_clock;

// No lines and no echo, until the end of the scope.
class RawInput {
 public:
  RawInput() {
    tcgetattr(STDIN_FILENO, &saved_);
    termios raw = saved_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  ~RawInput() { tcsetattr(STDIN_FILENO, TCSANOW, &saved_); }
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;

 private:
  termios saved_{};
};

// Signals other than Ctrl-C's, such as a profile's, make it wait on.
bool readable_before(Clock::time_point end) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  int ready = 0;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    ready = poll(&input, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
  } while (ready < 0 && errno == EINTR && !interrupt_requested());
  return ready == 1 && (input.revents & POLLIN) != 0;
}

bool is_report(const std::string& answer) {
  return answer.ends_with('c') && answer.rfind("\033[?") != std::string::npos;
}

}  // namespace

std::optional<std::string> ask_terminal(const std::string& query, double seconds) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) return std::nullopt;
  const RawInput raw;
  if (readable_before(Clock::now())) return std::nullopt;
  std::fflush(stdout);
  if (write(STDOUT_FILENO, query.data(), query.size()) != static_cast<ssize_t>(query.size()))
    return std::nullopt;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::string answer;
  while (!is_report(answer)) {
    char byte = 0;
    if (!readable_before(end) || read(STDIN_FILENO, &byte, 1) != 1) break;
    answer += byte;
  }
  return answer;
}

}  // namespace moonstill::lua
