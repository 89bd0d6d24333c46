#include "bindings/editor/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace moonstill::editor {
namespace {

constexpr std::array watched{SIGINT, SIGWINCH, SIGCONT, SIGTERM, SIGHUP};

// What a signal handler must reach is static: the writing end of a pipe, and the handlers that were there.
struct Watch {
  std::array<int, 2> pipe{-1, -1};
  std::array<struct sigaction, watched.size()> before{};
};
constinit Watch watch;

extern "C" void on_signal(int number) {
  const int error = errno;
  const auto byte = static_cast<char>(number);
  [[maybe_unused]] const ssize_t written = ::write(watch.pipe[1], &byte, 1);
  errno = error;
}

}  // namespace

bool is_capable_terminal() {
  const char* kind = std::getenv("TERM");
  const std::string_view name = kind == nullptr ? "" : kind;
  return !name.empty() && name != "dumb" && isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
}

Size terminal_size() {
  winsize window{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) return {};
  return {window.ws_col, window.ws_row};
}

void write_terminal(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

RawMode::RawMode() {
  tcgetattr(STDIN_FILENO, &before_);
  enter();
}

void RawMode::enter() {
  termios raw = before_;
  raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  write_terminal("\x1b[?2004h");
}

void RawMode::leave() {
  write_terminal("\x1b[?2004l");
  tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

Events::Events() {
  if (::pipe2(watch.pipe.data(), O_NONBLOCK | O_CLOEXEC) != 0) watch.pipe = {-1, -1};
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (std::size_t i = 0; i < watched.size(); ++i) sigaction(watched[i], &action, &watch.before[i]);
}

Events::~Events() {
  for (std::size_t i = 0; i < watched.size(); ++i) sigaction(watched[i], &watch.before[i], nullptr);
  char number = 0;
  while (::read(watch.pipe[0], &number, 1) == 1) {
    if (number == SIGINT || number == SIGTERM || number == SIGHUP) std::raise(number);
  }
  for (int& end : watch.pipe) ::close(std::exchange(end, -1));
}

std::optional<Event> Events::take_signal() {
  char number = 0;
  if (::read(watch.pipe[0], &number, 1) != 1) return std::nullopt;
  switch (number) {
    case SIGINT:
      return Event::interrupted;
    case SIGWINCH:
      return Event::resized;
    case SIGCONT:
      return Event::continued;
    default:
      signal_ = static_cast<unsigned char>(number);
      return Event::terminated;
  }
}

bool Events::more_typed() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) == 1 && (input.revents & POLLIN) != 0;
}

void Events::forget() const {
  std::array<char, 64> numbers{};
  while (::read(watch.pipe[0], numbers.data(), numbers.size()) > 0) continue;
}

Event Events::wait(std::string& bytes, std::optional<int> milliseconds) {
  while (true) {
    std::array<pollfd, 2> sources{{{STDIN_FILENO, POLLIN, 0}, {watch.pipe[0], POLLIN, 0}}};
    const int ready = ::poll(sources.data(), sources.size(), milliseconds.value_or(-1));
    if (ready == 0) return Event::timeout;
    if (const auto event = take_signal()) return *event;
    if (ready < 0 && errno != EINTR) return Event::end;
    if (ready < 0 || sources[0].revents == 0) continue;
    std::array<char, 4096> chunk{};
    const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return Event::end;
    bytes.append(chunk.data(), static_cast<std::size_t>(count));
    return Event::input;
  }
}

void suspend_process() { ::kill(0, SIGTSTP); }

}  // namespace moonstill::editor
