#include "bindings/host/terminal_query.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace moonstill::lua {
namespace {

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

bool readable_within(int milliseconds) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, milliseconds) == 1 && (input.revents & POLLIN) != 0;
}

bool is_report(const std::string& answer) {
  return answer.ends_with('c') && answer.rfind("\033[?") != std::string::npos;
}

}  // namespace

std::optional<std::string> ask_terminal(const std::string& query, double seconds) {
  using Clock = std::chrono::steady_clock;
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) return std::nullopt;
  const RawInput raw;
  if (readable_within(0)) return std::nullopt;
  std::fflush(stdout);
  if (write(STDOUT_FILENO, query.data(), query.size()) != static_cast<ssize_t>(query.size()))
    return std::nullopt;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::string answer;
  while (!is_report(answer)) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    char byte = 0;
    if (left <= 0 || !readable_within(static_cast<int>(left)) || read(STDIN_FILENO, &byte, 1) != 1) break;
    answer += byte;
  }
  return answer;
}

}  // namespace moonstill::lua
